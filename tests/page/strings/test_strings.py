from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from ocrbatch.geometry import Box
from ocrbatch.page.candidates import value_of
from ocrbatch.page.choose import Choice
from ocrbatch.page.lattice import Step, Way, best_ways
from ocrbatch.page.normalize import normalize
from ocrbatch.page.segment import segment
from ocrbatch.page.strings.joins import MOST_CANDIDATES
from ocrbatch.page.strings.lattice import string_lattice
from ocrbatch.page.strings.pieces import CUT_OFF
from ocrbatch.page.strings.read import NO_DIGITS, SIGN, read_string
from ocrbatch.records import (
    CellImage,
    Edge,
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


def candidates(image: FieldImage) -> list[tuple[int, int, Edge]]:
    """Give the left and right side of each candidate digit, in pixels of the field, and its edge."""
    places = [(round(q[:, 0].mean() - np.ptp(q[:2, 0]) / 2 - LEFT), round(np.ptp(q[:2, 0]))) for q in image.place.cells]
    assert len(image.cells) == len(places) == len(image.edges)
    return [(x, x + w, e) for (x, w), e in zip(places, image.edges, strict=True) if e.tile is not None]


def one_at(image: FieldImage, left: float, right: float, near: float = 0.3 * DIGIT) -> Edge:
    """Give the likeliest candidate that lies between these columns of the field."""
    found = [e for x0, x1, e in candidates(image) if abs(x0 - left) <= near and abs(x1 - right) <= near]
    assert found, (left, right, candidates(image))
    return max(found, key=lambda edge: edge.weight)


def likeliest(image: FieldImage) -> list[Edge]:
    """Give the edges of the way of the largest weight, as if every tile were surely a digit."""
    edges = image.edges
    best: dict[int, tuple[float, list[Edge]]] = {0: (0.0, [])}
    for edge in edges:
        weight, way = best[edge.start]
        if edge.end not in best or weight + edge.weight > best[edge.end][0]:
            best[edge.end] = (weight + edge.weight, [*way, edge])
    return [edge for edge in best[max(edge.end for edge in edges)][1] if edge.tile is not None]


@pytest.mark.parametrize("line", [0, 1, 3])
@pytest.mark.parametrize("print_", [False, True])
def test_an_empty_field_is_one_blank_cell(line: int, print_: bool) -> None:
    image = cut(*field([], line=line, print_=print_))
    assert [cell.blank for cell in image.cells] == [True]
    assert image.place.cells.shape == (1, 4, 2)
    reading = read_string(image, chosen(best_ways(string_lattice(image), np.zeros((0, 11), np.float32), 1)[0]), 0.9)
    assert (reading.value, reading.status, reading.reasons) == ("", Status.BLANK, ())


@pytest.mark.parametrize("print_", [False, True])
@pytest.mark.parametrize("shear", [0.0, 0.35])
def test_digits_apart_are_a_candidate_each_and_their_way_is_the_likeliest(shear: float, print_: bool) -> None:
    places = [20, 70, 120, 200, 260]
    image = cut(*field([(SEVEN if i % 2 else RING, at) for i, at in enumerate(places)], shear=shear, print_=print_))
    assert [one_at(image, at, at + 0.68 * DIGIT) for at in places] == likeliest(image)


def test_the_box_stays_the_field_s_and_the_candidates_lie_on_their_digits() -> None:
    image = cut(*field([(RING, 20), (RING, 100)]))
    assert image.box == Box(LEFT, TOP, WIDTH, HEIGHT)
    assert image.place.cells[0][:, 1].min() == pytest.approx(TOP + 18, abs=3)
    assert all(cell.ink.max() > 200 and not cell.ink.flags.writeable for cell in image.cells)
    assert not image.place.cells.flags.writeable


def test_commas_dots_and_a_dash_at_the_end_are_left_out() -> None:
    image = cut(*field([(RING, 20), (COMMA, 58), (RING, 80), (SEVEN, 130), (DOT, 180), (RING, 200), (DASH, 280)]))
    assert likeliest(image) == [one_at(image, at, at + 0.68 * DIGIT) for at in (20, 80, 130, 200)]


def test_a_slash_before_a_dash_is_left_out() -> None:
    slash: list[Stroke] = [[(0.5, -0.1), (0.1, 1.1)]]
    image = cut(*field([(SEVEN, 20), (RING, 80), (RING, 140), (slash, 200), (DASH, 235)]))
    assert len(likeliest(image)) == 3


def test_a_comma_as_long_as_half_a_digit_is_left_out() -> None:
    comma: list[Stroke] = [[(0.2, 0.75), (0.0, 1.35)]]
    image = cut(*field([(RING, 20), (comma, 58), (RING, 80), (RING, 130)]))
    assert len(likeliest(image)) == 3


def test_a_broken_digit_is_a_candidate_whole() -> None:
    image = cut(*field([(RING, 20), (FIVE_IN_TWO, 80), (RING, 150)]))
    assert len(likeliest(image)) == 3
    one_at(image, 80, 80 + 0.6 * DIGIT)


@pytest.mark.parametrize("shear", [0.0, 0.35])
def test_touching_digits_are_cut_where_they_touch(shear: float) -> None:
    image = cut(*field([(SEVEN, 20), (RING, 100), (RING, 127), (RING, 200)], shear=shear))
    for at in (100, 127):
        assert one_at(image, at, at + 0.7 * DIGIT, near=0.2 * DIGIT).weight > -2.5


def test_a_line_under_the_digits_leaves_them_their_feet() -> None:
    feet = (RING, 20), (RING, 80), (RING, 140), (RING, 200), (RING, 260), (RING, 320)
    pixels, place = field(feet, line=0)
    plain = cut(pixels, place)
    lined = pixels.copy()
    cv2.line(lined, (0, TOP + 20 + DIGIT), (lined.shape[1], TOP + 20 + DIGIT), 90, 2)
    image = cut(lined, place)
    assert len(likeliest(image)) == len(likeliest(plain)) == 6
    for edge, other in zip(likeliest(image), likeliest(plain), strict=True):
        heights = [np.ptp(i.place.cells[i.edges.index(e)][:, 1]) for i, e in ((image, edge), (plain, other))]
        assert heights[0] == pytest.approx(heights[1], abs=4)


def test_digits_that_stand_in_a_row_are_no_line() -> None:
    flat: list[Stroke] = [[(0.05, 0.1), (0.6, 0.1), (0.1, 1.0), (0.75, 1.0)]]
    image = cut(*field([(flat, 10 + 36 * i) for i in range(11)], line=0))
    assert min(np.ptp(image.place.cells[image.edges.index(e)][:, 1]) for e in likeliest(image)) > 0.85 * DIGIT


@pytest.mark.parametrize("seed", range(3))
def test_a_hostile_picture_costs_no_more_candidates_than_are_allowed(seed: int) -> None:
    pixels, place = field([], line=0)
    rng = np.random.default_rng(seed)
    for _ in range(400):
        start = np.array([rng.integers(pixels.shape[1]), rng.integers(pixels.shape[0])])
        cv2.line(pixels, start.tolist(), (start + rng.integers(-40, 40, 2)).tolist(), (20,), int(rng.integers(1, 4)))
    image = cut(pixels, place)
    assert len(image.edges) <= MOST_CANDIDATES
    lattice = string_lattice(image)
    ways = best_ways(lattice, np.full((len(lattice.tiles), 11), 1 / 11, np.float32), 8)
    assert 1 <= len(ways) <= 8


def test_the_lattice_has_the_tiles_of_its_candidates_and_goes_from_the_first_to_the_last() -> None:
    image = cut(*field([(RING, 20), (RING, 43), (COMMA, 90), (SEVEN, 110)]))
    lattice = string_lattice(image)
    assert [edge.tile for edge in lattice.edges if edge.tile is not None] == list(range(len(lattice.tiles)))
    for edge, cell in zip(lattice.edges, image.cells, strict=True):
        assert edge.tile is None or np.array_equal(lattice.tiles[edge.tile], normalize(cell.ink))
    assert [edge.start for edge in lattice.edges] == sorted(edge.start for edge in lattice.edges)
    assert {edge.start for edge in lattice.edges} == set(range(lattice.nodes - 1))
    assert not lattice.tiles.flags.writeable


def test_what_the_page_s_edge_cuts_off_is_noted() -> None:
    pixels, place = field([(RING, -12), (SEVEN, 60)], line=0)
    (image,) = segment(
        RegisteredPage(
            Page(1, np.ascontiguousarray(pixels[:, LEFT:]), 200.0),
            "form",
            (FieldPlace("amount", "string", cell_quads([place.cells[0] - np.array([LEFT, 0], np.float32)])),),
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
    cells = tuple(CellImage(ink, False, (notes[i],) if notes and i in notes else ()) for i in range(len(text) + 1))
    quads = np.zeros((len(text) + 1, 4, 2), np.float32)
    quads[:, :, 0] = np.arange(len(text) + 1)[:, None]
    place = FieldPlace("amount", "string", read_only(quads), blank)
    steps = tuple(Step(c, sure, "7" if c != "7" else "1", 1 - sure) for c in text)
    way = Way(steps, tuple(range(len(steps))), len(steps) * float(np.log(sure)))
    return read_string(FieldImage(place, Box(1, 2, 30, 10), cells), Choice(way, way, "77"), 0.9)


def test_plain_digits_are_accepted() -> None:
    reading = read("1250")
    assert (reading.value, reading.status, reading.reasons) == ("1250", Status.ACCEPTED, ())
    assert reading.confidence >= 0.9
    assert len(reading.digit_confidence) == len(reading.cell_values) == 4


@pytest.mark.parametrize("text", ["?1250", "1250?", "?1250??"])
def test_signs_at_the_ends_are_left_out_and_looked_at(text: str) -> None:
    reading = read(text)
    assert (reading.value, reading.status, reading.reasons) == ("1250", Status.REVIEW, (SIGN,))
    assert reading.cell_values == tuple("1250")
    assert reading.cells[:, 0, 0].tolist() == [float(text.index("1") + i) for i in range(4)]
    assert len(reading.digit_confidence) == 4


@pytest.mark.parametrize("text", ["", "?", "??", "???", "12", "?12??", "1?2", "?1??2"])
def test_the_value_is_the_one_that_the_rules_judged(text: str) -> None:
    way = Way(tuple(Step(sign, 0.9, "", 0.1) for sign in text), tuple(range(len(text))), -0.1)
    assert read(text).value == (value_of("string", way) or "?")


@pytest.mark.parametrize("place", [1, 2])
def test_what_cannot_be_read_between_digits_stays_in_the_value(place: int) -> None:
    reading = read("1234"[:place] + "?" + "1234"[place + 1 :])
    assert reading.value[place] == "?"
    assert (reading.confidence, reading.reasons) == (0.0, (f"not a digit in cell {place + 1}",))


def test_notes_count_for_the_cells_that_were_read() -> None:
    assert read("1234", {2: CUT_OFF}).reasons == (CUT_OFF,)
    assert read("1234", {4: CUT_OFF}).reasons == ()


def test_a_way_beside_likelier_ones_is_not_accepted() -> None:
    way = Way((Step("1", 1.0, "7", 0.0),), (0,), np.log(0.4))
    image = FieldImage(
        FieldPlace("amount", "string", read_only(np.zeros((1, 4, 2), np.float32))),
        Box(1, 2, 30, 10),
        (CellImage(read_only(np.ones((4, 4), np.uint8)), blank=False),),
    )
    reading = read_string(image, Choice(way, way, "7"), 0.9)
    assert (reading.status, reading.runner_up) == (Status.REVIEW, "7")


def test_writing_of_which_nothing_is_a_digit_is_not_blank() -> None:
    reading = read("")
    assert (reading.value, reading.status, reading.reasons) == ("?", Status.REVIEW, (NO_DIGITS,))


def test_ink_without_any_digit_is_no_blank_field() -> None:
    reading = read("??")
    assert (reading.value, reading.raw, reading.status) == ("?", "?", Status.REVIEW)
    assert reading.confidence == 0.0


def test_a_run_follows_the_rule_of_its_field() -> None:
    reading = read("12", blank="required")
    assert (reading.status, reading.reasons) == (Status.INVALID, ("must be blank",))
    assert read("12", blank="forbidden").status is Status.ACCEPTED


def test_an_unsure_digit_is_named() -> None:
    reading = read("12", sure=0.6)
    assert reading.status is Status.REVIEW
    assert reading.reasons == ("low confidence in cells 1 2",)
    assert reading.runner_up == "77"


def chosen(way: Way) -> Choice:
    return Choice(way, way)
