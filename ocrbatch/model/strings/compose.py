"""Runs of digits as they come from a page: written with one hand on printed paper, scanned, and cut to a strip."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from ocrbatch.model.strings.glyphs import HIGH, INKED, GlyphBank
from ocrbatch.model.strings.paper import Floats, draw_paper, draw_ruling, scan
from ocrbatch.model.strings.writing import SIGN, Writing, write
from ocrbatch.page.cuts import halved
from ocrbatch.page.strings.strip import cut_strip
from ocrbatch.records import Grey

Write = Callable[[GlyphBank, np.random.Generator], Writing]

TRIES = 4
LEAST_INK = 15
"""A digit that nobody could read shows fewer inked pixels of a strip."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field as on a page: ``picture`` (h, w) uint8 dark on bright, its ``quad`` (4, 2) there, and its labels.

    Labels are 0–9 from left to right, and 10 for a sign.
    """

    picture: Grey
    quad: Floats
    labels: tuple[int, ...]


def compose_field(bank: GlyphBank, rng: np.random.Generator, write: Write = write) -> Field:
    """Write a run into a field of a page, or fill a picture with it as a cheque sorter cuts it."""
    high = float(rng.choice([rng.uniform(18, 36), rng.uniform(26, 62)]))
    writing = _resized(write(bank, rng), high / HIGH, float(rng.normal(0, 0.025)))
    ink = writing.ink
    rows, columns = ink.shape
    cropped = rng.random() < 0.5
    around = 2 if cropped else int(0.6 * high)
    above, below = (int(rng.uniform(0.02, 0.45) * high) for _ in range(2))
    left, right = (
        int(rng.choice([rng.uniform(0, 0.25), rng.uniform(0, 3.0)], p=[0.75, 0.25]) * high) for _ in range(2)
    )
    if not cropped and rng.random() < 0.25:
        above, below = (-int(rng.uniform(0, 0.15) * high) if rng.random() < 0.5 else side for side in (above, below))
    box = (around, around, columns + left + right, rows + above + below)
    shape = (box[3] + 2 * around, box[2] + 2 * around)
    paper = draw_paper(shape, rng)
    draw_ruling(paper, _ruled(box, cropped, high, rng), rng)
    pen = np.zeros(shape, np.float32)
    _lay(pen, ink, around + above, around + left)
    if not cropped and rng.random() < 0.2:
        _neighbour(pen, bank, rng, high / HIGH)
    depth = float(rng.uniform(0.25, 0.92))
    if rng.random() < 0.3:
        grain = cv2.resize(rng.uniform(0.55, 1, (shape[0] // 3 + 1, shape[1] // 3 + 1)).astype(np.float32), shape[::-1])
        pen = pen * grain
    picture = scan(paper * (1 - np.float32(depth) * pen), rng)
    shift = rng.normal(0, 0.02 * high, (4, 2)) if not cropped else np.zeros((4, 2))
    x, y, width, height = box
    quad = np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]]) + shift
    if cropped:
        picture = picture[y : y + height, x : x + width]
        quad = quad - [x, y]
    return Field(np.ascontiguousarray(picture), quad.astype(np.float32), writing.labels)


def compose_strip(bank: GlyphBank, rng: np.random.Generator) -> tuple[Grey, tuple[int, ...]]:
    """Give a composed field's strip (32, w) uint8 and its labels; one that hardly shows any ink is composed anew."""
    for _ in range(TRIES):
        field = compose_field(bank, rng)
        ink = cut_strip(halved(field.picture), field.quad).ink
        digits = sum(label < SIGN for label in field.labels)
        if np.count_nonzero(ink >= INKED) >= LEAST_INK * digits:
            break
    return ink, field.labels


def _ruled(
    box: tuple[int, int, int, int], cropped: bool, high: float, rng: np.random.Generator
) -> tuple[int, int, int, int]:
    """Give the box that is ruled: a field's own, or one that a crop has cut through."""
    x, y, width, height = box
    if not cropped:
        return box
    inset = int(rng.uniform(0, 0.3) * high)
    return (x - int(rng.uniform(-0.1, 0.5) * high), y + inset, width + int(high), height - 2 * inset)


def _resized(writing: Writing, scale: float, turn: float) -> Writing:
    rows, columns = writing.ink.shape
    size = (max(int(columns * scale + 0.5), 3), max(int(rows * scale + abs(turn) * columns * scale + 0.5), 3))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    ink = cv2.resize(writing.ink, (size[0], max(int(rows * scale + 0.5), 3)), interpolation=way)
    matrix = np.array([[1, 0, 0], [turn, 1, max(-turn, 0) * size[0]]], np.float32)
    return Writing(cv2.warpAffine(ink, matrix, size, flags=cv2.INTER_LINEAR), writing.labels)


def _lay(pen: Floats, ink: Floats, top: int, left: int) -> None:
    """Lay ink on the page; what would lie off it is lost."""
    first = max(-top, 0)
    part = ink[first:, max(-left, 0) :]
    spot = pen[max(top, 0) :, max(left, 0) :][: part.shape[0], : part.shape[1]]
    np.maximum(spot, part[: spot.shape[0], : spot.shape[1]], out=spot)


def _neighbour(pen: Floats, bank: GlyphBank, rng: np.random.Generator, scale: float) -> None:
    """Write something beside or above the field that reaches in a little at most."""
    other = _resized(write(bank, rng), scale, 0.0).ink
    side = rng.random()
    reach = int(rng.uniform(0, 0.3) * scale * HIGH)
    if side < 0.5:
        _lay(pen, other, -other.shape[0] + int(0.55 * scale * HIGH) + reach // 2, int(rng.integers(-20, 60)))
    else:
        _lay(pen, other, pen.shape[0] - int(0.55 * scale * HIGH) - reach // 2, int(rng.integers(-20, 60)))
