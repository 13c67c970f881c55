"""Handwriting in the cells: each digit with its own size, slant, place and pressure."""

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from tests.helpers.render.clouds import clouds
from tests.helpers.render.digits import ENLARGED, Digits, Floats, stroke_of
from tests.helpers.render.plan import Box, Colour, Hand, PageSpec, runs

Bools = npt.NDArray[np.bool_]
Placed = tuple[int, int, Floats]
"""A patch of ink and the page's pixel of its upper left: x, y, (h, w)."""

TRIES = 40
SEEN = 0.1
KEEP_OFF = 0.35
"""Millimetres that two digits keep between them."""


def write(
    spec: PageSpec, digits: Digits, shape: tuple[int, int], scale: float, random: np.random.Generator
) -> Iterator[tuple[Floats, Colour]]:
    """Write every run: its ink's coverage over the page, and the pen's colour."""
    taken = np.zeros(shape, np.bool_)
    if spec.flourishes:
        strokes = np.zeros(shape, np.uint8)
        for flourish in spec.flourishes:
            points = np.round(np.array(flourish) * scale * 16).astype(np.int32)
            cv2.polylines(strokes, [points], False, 255, max(1, round(0.45 * scale)), cv2.LINE_AA, 4)
        yield np.asarray(strokes / 255, np.float32), spec.hand.pen
    for grid, row in runs(spec):
        ink = np.zeros(shape, np.float32)
        for column, text in enumerate(grid.rows[row]):
            if text != " ":
                stroke = stroke_of(digits.pictures[random.choice(digits.of(int(text)))])
                x, y, patch = _place(stroke, grid.cell_box(row, column), spec.hand, taken, scale, random=random)
                window = np.s_[y : y + patch.shape[0], x : x + patch.shape[1]]
                ink[window] = np.maximum(ink[window], patch)
                taken[window] |= patch > SEEN
        pressure = np.clip(0.88 + 0.16 * clouds(shape, 0.9 * scale, random), 0.55, 1)
        lighter = int(random.integers(0, 28))
        red, green, blue = spec.hand.pen
        yield np.asarray(ink * pressure, np.float32), (red + lighter, green + lighter, blue + lighter // 2)


def _place(
    stroke: Floats, box: Box, hand: Hand, taken: Bools, scale: float, *, random: np.random.Generator
) -> Placed:
    """Try places for a stroke in and about its cell until it keeps off the digits before it."""
    crossing = random.random() < hand.crossing
    for _ in range(TRIES):
        x, y, patch = _placed(stroke, box, hand, scale, crossing=crossing, random=random)
        height, width = patch.shape
        if x < 0 or y < 0 or y + height > taken.shape[0] or x + width > taken.shape[1]:
            continue
        around = 2 * round(KEEP_OFF * scale) + 1
        near = cv2.dilate((patch > SEEN).astype(np.uint8), np.ones((around, around), np.uint8)) > 0
        if not (near & taken[y : y + height, x : x + width]).any():
            return x, y, patch
    raise ValueError(f"no room for a digit in the cell at {box}")


def _placed(
    stroke: Floats, box: Box, hand: Hand, scale: float, *, crossing: bool, random: np.random.Generator
) -> Placed:
    """Size, slant and shift a stroke for a cell: the patch and the page's pixel of its upper left."""
    left, top, right, bottom = (side * scale for side in box)
    rows, columns = (stroke > SEEN).nonzero()
    x0, y0, x1, y1 = columns.min(), rows.min(), columns.max(), rows.max()
    slant, turn = random.uniform(-hand.slant, hand.slant), np.radians(random.normal(0, 3))
    size = random.uniform(*hand.fill) * (bottom - top) / (20 * ENLARGED)
    size = min(size, 0.8 * (right - left) / (x1 - x0 + abs(slant) * (y1 - y0) + 0.15 * ENLARGED))
    shear = np.array([[1, -slant], [0, 1]])
    cosine, sine = np.cos(turn), np.sin(turn)
    linear = size * np.array([[cosine, -sine], [sine, cosine]]) @ shear
    room = np.array([right - left, bottom - top]) - size * np.array([x1 - x0, y1 - y0])
    shift = random.uniform(-0.5, 0.5, 2) * np.clip(room * (0.55, 0.7), 0, None)
    if crossing:
        side = -1 if random.random() < 0.3 else 1
        shift[1] = side * (room[1] / 2 + random.uniform(0.3, 0.9) * scale)
    middle = np.array([(left + right) / 2, (top + bottom) / 2]) + shift
    reach = int(np.ceil(0.75 * size * np.hypot(*stroke.shape))) + 2
    x, y = int(middle[0]) - reach, int(middle[1]) - reach
    offset = middle - (x, y) - linear @ np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    patch = cv2.warpAffine(
        cv2.GaussianBlur(stroke, (0, 0), max(0.3 / size, 0.5)), np.column_stack([linear, offset]),
        (2 * reach, 2 * reach), flags=cv2.INTER_LINEAR,
    )  # fmt: skip
    rows, columns = np.nonzero((patch > 0.02).any(axis=1))[0], np.nonzero((patch > 0.02).any(axis=0))[0]
    patch = patch[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return x + int(columns[0]), y + int(rows[0]), np.asarray(patch, dtype=np.float32)
