from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from ocrbatch.page.kinds import KINDS
from ocrbatch.page.lattice import best_path
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
    return kind.read(field, best_path(kind.lattice(field), scores), accept)


@pytest.mark.parametrize("shear", [-0.2, 0.0, 0.2])
@pytest.mark.parametrize("pen", [2, 3, 5])
@pytest.mark.parametrize("name", MARKS)
def test_a_mark_is_told_by_its_shape_whatever_the_pen(name: str, pen: int, shear: float) -> None:
    strokes, value = MARKS[name]
    reading = read(*drawn(strokes, pen, shear))
    assert reading.value == value
    assert reading.cell_values == (value,)
    assert 0 <= reading.confidence <= 1
