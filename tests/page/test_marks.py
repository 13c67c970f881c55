from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from ocrbatch.page.choose import Choice
from ocrbatch.page.kinds import KINDS
from ocrbatch.page.lattice import best_ways
from ocrbatch.page.segment import segment
from ocrbatch.records import FieldPlace, FieldReading, Grey, Page, Probabilities, RegisteredPage, Status, cell_quads

SIDE, LEFT, TOP = 44, 70, 60
Strokes = Sequence[Sequence[tuple[float, float]]]
"""Points in boxes from the box's upper left corner."""

TICK: Strokes = [[(0.2, 0.5), (0.42, 0.8), (0.85, 0.15)]]
TICK_THAT_LEAVES: Strokes = [[(0.15, 0.4), (0.4, 0.85), (1.3, -0.35)]]
SMALL_TICK: Strokes = [[(0.3, 0.5), (0.45, 0.72), (0.75, 0.3)]]
CROSS: Strokes = [[(0.15, 0.15), (0.85, 0.85)], [(0.85, 0.15), (0.15, 0.85)]]
CROSS_THAT_LEAVES: Strokes = [[(-0.15, -0.1), (1.15, 1.1)], [(1.1, -0.15), (-0.1, 1.15)]]
ZIGZAG: Strokes = [[(0.1 + 0.8 * (i % 2), 0.1 + 0.8 * i / 12) for i in range(13)]]
SCRIBBLE: Strokes = [
    [(0.5 + 0.42 * np.sin(7.3 * a), 0.5 + 0.42 * np.cos(5.1 * a)) for a in np.linspace(0, 12, 300)],
]
MARKS = {
    "tick": (TICK, "ticked"),
    "tick that leaves": (TICK_THAT_LEAVES, "ticked"),
    "small tick": (SMALL_TICK, "ticked"),
    "cross": (CROSS, "crossed"),
    "cross that leaves": (CROSS_THAT_LEAVES, "crossed"),
    "zigzag": (ZIGZAG, "struck out"),
    "scribble": (SCRIBBLE, "struck out"),
}


def drawn(
    strokes: Strokes, pen: int = 3, shear: float = 0.0, *, line: int = 2, side: int = SIDE, noise: float = 2.0
) -> tuple[Grey, FieldPlace]:
    """Draw a box and write in it."""
    pixels = np.full((TOP * 2 + side, LEFT * 2 + side), 236, np.uint8)
    if line:
        cv2.rectangle(pixels, (LEFT, TOP), (LEFT + side, TOP + side), 60, line)
    for stroke in strokes:
        points = np.array([(LEFT + (x + shear * (0.5 - y)) * side, TOP + y * side) for x, y in stroke])
        cv2.polylines(pixels, [np.round(points * 16).astype(np.int32)], False, 45, pen, cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(pixels, (0, 0), 0.8).astype(np.float64)
    soft += np.random.default_rng(5).normal(0, noise, soft.shape)
    return np.clip(soft, 0, 255).astype(np.uint8), place(LEFT, TOP, side)


def place(left: float, top: float, side: float, blank: str = "allowed") -> FieldPlace:
    box = np.array([(left, top), (left + side, top), (left + side, top + side), (left, top + side)], np.float32) + 0.5
    return FieldPlace("agreed", "mark", cell_quads([box]), blank)


def read(pixels: Grey, where: FieldPlace, accept: float = 0.9) -> FieldReading:
    (field,) = segment(RegisteredPage(Page(1, pixels, 200.0), "form", (where,), 1.0, 0.0))
    kind = KINDS["mark"]
    scores: Probabilities = np.zeros((0, 11), np.float32)
    (way,) = best_ways(kind.lattice(field), scores, 1)
    return kind.read(field, Choice(way, way), accept)


@pytest.mark.parametrize("shear", [-0.2, 0.0, 0.2])
@pytest.mark.parametrize("pen", [2, 3, 5])
@pytest.mark.parametrize("name", MARKS)
def test_a_mark_is_told_by_its_shape_whatever_the_pen(name: str, pen: int, shear: float) -> None:
    strokes, value = MARKS[name]
    reading = read(*drawn(strokes, pen, shear))
    assert reading.value == value
    assert reading.cell_values == (value,)
    assert 0 <= reading.confidence <= 1


@pytest.mark.parametrize(("side", "line"), [(20, 1), (20, 2), (44, 0), (44, 1), (44, 2), (44, 4), (80, 2), (80, 6)])
def test_an_empty_box_is_blank_whatever_its_lines(side: int, line: int) -> None:
    reading = read(*drawn([], line=line, side=side))
    assert (reading.value, reading.status, reading.cell_values) == ("", Status.BLANK, ("",))


@pytest.mark.parametrize("shift", [(-3, 2), (4, -3), (4, 4)])
def test_an_empty_box_is_blank_where_its_place_is_a_little_off(shift: tuple[int, int]) -> None:
    pixels, _ = drawn([])
    assert read(pixels, place(LEFT + shift[0], TOP + shift[1], SIDE)).status is Status.BLANK


def test_a_speck_is_blank() -> None:
    assert read(*drawn([[(0.4, 0.6), (0.45, 0.62)]], pen=2)).status is Status.BLANK


def test_a_shadow_over_half_of_the_box_is_blank() -> None:
    pixels, where = drawn([])
    light = 1 - 0.3 / (1 + np.exp(-(np.arange(pixels.shape[1]) - LEFT - SIDE / 2) / 3))
    assert read((pixels * light[None]).astype(np.uint8), where).status is Status.BLANK


def test_a_filled_box_is_struck_out() -> None:
    pixels, where = drawn([])
    cv2.rectangle(pixels, (LEFT + 4, TOP + 4), (LEFT + SIDE - 4, TOP + SIDE - 4), 50, -1)
    assert read(pixels, where).value == "struck out"


@pytest.mark.parametrize("stroke", [[(0.1, 0.9), (0.9, 0.1)], [(-0.2, 0.5), (1.2, 0.5)], [(0.5, 0.1), (0.5, 0.9)]])
def test_a_single_straight_stroke_is_doubtful(stroke: list[tuple[float, float]]) -> None:
    reading = read(*drawn([stroke]))
    assert reading.status is Status.REVIEW
    assert reading.reasons == ("low confidence in mark",)
    assert reading.runner_up != reading.value


def test_a_mark_in_a_box_of_few_pixels_is_seen_and_its_kind_doubtful() -> None:
    reading = read(*drawn(CROSS, pen=2, side=18, line=1))
    assert reading.value
    assert reading.status is Status.REVIEW


@pytest.mark.parametrize("name", ["tick", "cross"])
def test_a_plain_mark_is_accepted(name: str) -> None:
    strokes, value = MARKS[name]
    reading = read(*drawn(strokes), accept=0.995)
    assert (reading.value, reading.status, reading.reasons) == (value, Status.ACCEPTED, ())
    assert reading.digit_confidence == ()


def test_writing_beside_the_box_is_no_mark() -> None:
    assert read(*drawn([[(1.15, 0.2), (1.4, 0.5), (1.15, 0.8)], [(-0.4, 0.1), (-0.15, 0.9)]])).status is Status.BLANK


def test_a_mark_follows_the_rule_of_its_field() -> None:
    ticked, empty = drawn(TICK)[0], drawn([])[0]
    assert read(ticked, place(LEFT, TOP, SIDE, "required")).reasons[0] == "must be blank"
    assert read(empty, place(LEFT, TOP, SIDE, "forbidden")).status is Status.INVALID
    assert read(empty, place(LEFT, TOP, SIDE, "required")).status is Status.BLANK


def test_a_box_off_the_page_is_blank() -> None:
    assert read(drawn([])[0], place(5000, 20, SIDE)).status is Status.BLANK
