from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from ocrbatch.geometry import Box
from ocrbatch.page.choose import Choice
from ocrbatch.page.lattice import Step, Way, best_ways, boxes_lattice
from ocrbatch.page.segment import segment
from ocrbatch.page.strings.pieces import SIGN, TOUCHING
from ocrbatch.page.strings.read import read_string
from ocrbatch.records import (
    CellImage,
    FieldImage,
    FieldPlace,
    FieldReading,
    Grey,
    Page,
    RegisteredPage,
    Status,
    cell_quads,
    read_only,
)

LEFT, TOP, WIDTH, HEIGHT = 60, 50, 420, 80
DIGIT = 40
Stroke = Sequence[tuple[float, float]]
"""Points in heights of a digit from its upper left corner."""

RING: list[Stroke] = [[(0.35 + 0.3 * np.sin(a), 0.5 - 0.5 * np.cos(a)) for a in np.linspace(0, 2 * np.pi, 40)]]
SEVEN: list[Stroke] = [[(0.05, 0.0), (0.65, 0.0), (0.25, 1.0)]]
FIVE_IN_TWO: list[Stroke] = [
    [(0.15, 0.05), (0.1, 0.45), (0.5, 0.45), (0.6, 0.75), (0.35, 1.0), (0.05, 0.9)],
    [(0.28, -0.05), (0.65, -0.08)],
]
COMMA: list[Stroke] = [[(0.15, 0.85), (0.0, 1.3)]]
DOT: list[Stroke] = [[(0.1, 0.95), (0.12, 0.98)]]
DASH: list[Stroke] = [[(0.1, 0.55), (0.8, 0.5)]]
SLASH: list[Stroke] = [[(0.5, -0.35), (0.1, 1.35)]]


def field(
    signs: Sequence[tuple[Sequence[Stroke], float]], *, line: int = 2, shear: float = 0.0, print_: bool = False
) -> tuple[Grey, FieldPlace]:
    """Draw a field's box and write signs in it, each at its place along the box in pixels."""
    pixels = np.full((TOP * 2 + HEIGHT, LEFT * 2 + WIDTH), 230, np.uint8)
    if print_:
        y, x = np.indices(pixels.shape)
        pixels = (pixels - 14 - 12 * np.sin(x / 2.5 + y / 4)).astype(np.uint8)
    if line:
        cv2.rectangle(pixels, (LEFT, TOP), (LEFT + WIDTH, TOP + HEIGHT), 70, line)
    for strokes, place in signs:
        for stroke in strokes:
            points = [(LEFT + place + DIGIT * (x + shear * (0.5 - y)), TOP + 20 + DIGIT * y) for x, y in stroke]
            cv2.polylines(pixels, [np.round(np.array(points) * 16).astype(np.int32)], False, 50, 4, cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(pixels, (0, 0), 0.8).astype(np.float64)
    soft += np.random.default_rng(5).normal(0, 2.0, soft.shape)
    right, bottom = LEFT + WIDTH, TOP + HEIGHT
    quad = np.array([(LEFT, TOP), (right, TOP), (right, bottom), (LEFT, bottom)], np.float32)
    return np.clip(soft, 0, 255).astype(np.uint8), FieldPlace("amount", "string", cell_quads([quad]))


def cut(pixels: Grey, place: FieldPlace) -> FieldImage:
    (image,) = segment(RegisteredPage(Page(1, pixels, 200.0), "form", (place,), 1.0, 0.0))
    return image


def pieces(signs: Sequence[tuple[Sequence[Stroke], float]], **how: bool | float) -> list[tuple[int, int]]:
    """Give the left and right side of each piece, in pixels of the field."""
    image = cut(*field(signs, **how))  # type: ignore[arg-type]
    assert not any(cell.blank for cell in image.cells)
    return [(round(q[:, 0].min() - LEFT), round(q[:, 0].max() - LEFT)) for q in image.place.cells]


@pytest.mark.parametrize("line", [0, 1, 3])
@pytest.mark.parametrize("print_", [False, True])
def test_an_empty_field_is_one_blank_cell(line: int, print_: bool) -> None:
    image = cut(*field([], line=line, print_=print_))
    assert [cell.blank for cell in image.cells] == [True]
    assert image.place.cells.shape == (1, 4, 2)
    reading = read_string(image, chosen(best_ways(boxes_lattice(image), np.zeros((0, 11), np.float32), 1)[0]), 0.9)
    assert (reading.value, reading.status, reading.reasons) == ("", Status.BLANK, ())


@pytest.mark.parametrize("print_", [False, True])
@pytest.mark.parametrize("shear", [0.0, 0.35])
def test_digits_apart_are_a_piece_each_from_left_to_right(shear: float, print_: bool) -> None:
    places = [20, 70, 120, 200, 260]
    found = pieces([(SEVEN if i % 2 else RING, at) for i, at in enumerate(places)], shear=shear, print_=print_)
    assert len(found) == 5
    assert found == sorted(found)
    for (left, right), at in zip(found, places, strict=True):
        assert left == pytest.approx(at, abs=0.25 * DIGIT)
        assert right - left < 1.15 * DIGIT


def test_the_box_stays_the_field_s_and_the_cells_are_the_pieces() -> None:
    image = cut(*field([(RING, 20), (RING, 100)]))
    assert image.box == Box(LEFT, TOP, WIDTH, HEIGHT)
    assert image.place.cells.shape == (2, 4, 2)
    assert image.place.cells[0][:, 1].min() == pytest.approx(TOP + 18, abs=3)
    assert all(cell.ink.max() > 200 and not cell.ink.flags.writeable for cell in image.cells)


def test_commas_dots_and_a_dash_at_the_end_are_no_pieces() -> None:
    assert len(pieces([(RING, 20), (COMMA, 58), (RING, 80), (SEVEN, 130), (DOT, 180), (RING, 200), (DASH, 280)])) == 4


def test_a_broken_digit_is_one_piece() -> None:
    assert len(pieces([(RING, 20), (FIVE_IN_TWO, 80), (RING, 150)])) == 3


def test_touching_digits_are_one_piece_that_is_noted() -> None:
    image = cut(*field([(SEVEN, 20), (RING, 100), (RING, 123), (RING, 200)]))
    assert [TOUCHING in cell.notes for cell in image.cells] == [False, True, False]


def test_a_slash_with_a_dash_after_it_is_a_sign() -> None:
    image = cut(*field([(SEVEN, 20), (RING, 80), (RING, 140), (SLASH, 200), (DASH, 235)]))
    assert [SIGN in cell.notes for cell in image.cells] == [False, False, False, True]


def test_what_the_page_s_edge_cuts_off_is_noted() -> None:
    pixels, place = field([(RING, -12), (SEVEN, 60)], line=0)
    (image,) = segment(
        RegisteredPage(
            Page(1, np.ascontiguousarray(pixels[:, LEFT:]), 200.0),
            "form",
            (FieldPlace("amount", "string", cell_quads([place.cells[0] - np.float32([LEFT, 0])])),),
            1.0,
            0.0,
        )
    )
    assert any("edge" in note for cell in image.cells for note in cell.notes)


def test_a_field_off_the_page_is_blank() -> None:
    pixels, place = field([(RING, 20)])
    moved = FieldPlace("amount", "string", cell_quads([place.cells[0] + np.float32(5000)]))
    assert cut(pixels, moved).cells[0].blank


def read(text: str, notes: dict[int, str] | None = None, sure: float = 0.99, blank: str = "allowed") -> FieldReading:
    ink = read_only(np.ones((4, 4), np.uint8))
    cells = tuple(CellImage(ink, False, (notes[i],) if notes and i in notes else ()) for i in range(len(text)))
    place = FieldPlace("amount", "string", read_only(np.zeros((len(text), 4, 2), np.float32)), blank)
    steps = tuple(Step(c, sure, "7" if c != "7" else "1", 1 - sure) for c in text)
    return read_string(
        FieldImage(place, Box(1, 2, 30, 10), cells), chosen(Way(steps, tuple(range(len(steps))), 0.0)), 0.9
    )


def test_plain_digits_are_accepted() -> None:
    reading = read("1250")
    assert (reading.value, reading.status, reading.reasons) == ("1250", Status.ACCEPTED, ())
    assert reading.confidence == pytest.approx(0.99**4)
    assert len(reading.digit_confidence) == len(reading.cell_values) == 4


@pytest.mark.parametrize("text", ["?1250", "1250?", "?1250??"])
def test_signs_at_the_ends_are_left_out_and_looked_at(text: str) -> None:
    reading = read(text)
    assert (reading.value, reading.status, reading.reasons) == ("1250", Status.REVIEW, (SIGN,))
    assert reading.cell_values == tuple(text)
    assert len(reading.digit_confidence) == 4


def test_a_sign_by_its_shape_is_left_out_whatever_digit_it_resembles() -> None:
    reading = read("12501", {4: SIGN})
    assert (reading.value, reading.reasons) == ("1250", (SIGN,))


@pytest.mark.parametrize("place", [0, 1, 3])
def test_touching_digits_stay_in_the_value_as_unread(place: int) -> None:
    reading = read("1234"[:place] + "?" + "1234"[place + 1 :], {place: TOUCHING})
    assert reading.value[place] == "?"
    assert len(reading.value) == 4
    assert (reading.confidence, reading.reasons) == (0.0, (TOUCHING,))


def test_touching_digits_that_read_as_one_are_not_accepted() -> None:
    assert read("1234", {2: TOUCHING}).status is Status.REVIEW


def test_ink_without_any_digit_is_no_blank_field() -> None:
    reading = read("??")
    assert reading.status is Status.REVIEW
    assert reading.confidence == 0.0


def test_a_run_follows_the_rule_of_its_field() -> None:
    reading = read("12", blank="required")
    assert (reading.status, reading.reasons) == (Status.INVALID, ("must be blank",))
    assert read("12", blank="forbidden").status is Status.ACCEPTED


def test_an_unsure_digit_is_named_and_the_runner_up_differs_there() -> None:
    reading = read("12", sure=0.6)
    assert reading.status is Status.REVIEW
    assert reading.reasons == ("low confidence in cells 1 2",)
    assert reading.runner_up == "72"


def chosen(way: Way) -> Choice:
    return Choice(way, way)
