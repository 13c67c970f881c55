"""Small lone squares to tick, which a page's ruling leaves out: they look much like letters of its print."""

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.design.ink import Ink, Rects, part, print_beside, share
from ocrbatch.geometry import transform_points
from ocrbatch.page.boxes import find_cells
from ocrbatch.page.lines import LineMap

LEAST_SIDE = 2.4
MOST_SIDE = 6.0
MOST_ASPECT = 1.25
MIN_SIDE_SEEN = 0.9
QUIET = (0.18, 0.45)
"""The ring around a square that is paper, in its sides."""
QUIET_INK = 0.04
FILLED = 0.85
OFF_PAGE = np.full(4, -1.0)
REACH = 0.7
"""Millimetres by which a side may be off at first."""
NOISY_SIDES = 1
"""A tick may leave its square on one side."""

Rect = npt.NDArray[np.float64]
"""(4,): left, top, right, bottom."""


def find_marks(line_map: LineMap, taken: Rects, ink: Ink, unit: float) -> Rects:
    """Find the squares (n, 4) to tick, in the page's pixels, that overlap none of the boxes ``taken`` (m, 4).

    Each has four straight sides, paper around it and print beside it; ``unit`` is a millimetre in pixels.
    """
    kept: list[Rect] = []
    for rect in (*_ruled(line_map), *_enclosed(ink, unit)):
        square = refine_square(rect, ink, unit)
        if not _meets(square, np.stack([*taken, *kept, OFF_PAGE])) and _is_square(square, ink, unit):
            kept.append(square)
    return np.stack(kept) if kept else np.empty((0, 4))


def _ruled(line_map: LineMap) -> Rects:
    """Give what the page's lines enclose, ticked or not."""
    quads = transform_points(np.linalg.inv(line_map.to_levelled), find_cells(line_map).quads).astype(np.float64)
    sides = quads[:, [0, 3], 0], quads[:, [0, 1], 1], quads[:, [1, 2], 0], quads[:, [2, 3], 1]
    return np.column_stack([side.mean(axis=1) for side in sides])


def _enclosed(ink: Ink, unit: float) -> Rects:
    """Give the stretches of paper that ink encloses squarely: squares that the ruling has lost among its letters."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(1 - ink, connectivity=4)
    left, top, width, height, area = stats.astype(np.float64).T
    fitting = (np.minimum(width, height) >= 0.7 * LEAST_SIDE * unit) & (np.maximum(width, height) <= MOST_SIDE * unit)
    rects = np.column_stack([left, top, left + width, top + height])
    return np.asarray(rects[fitting & (area >= FILLED * width * height)])


def refine_square(rect: Rect, ink: Ink, unit: float) -> Rect:
    """Move the sides of a small box onto the nearest lines: of so short ones the ruling is less sure than of others."""
    left, top, right, bottom = rect.tolist()
    reach, trim = REACH * unit, 0.15 * (bottom - top)
    upright = [part(ink, x - reach, top + trim, x + reach, bottom - trim).mean(axis=0) for x in (left, right)]
    level = [part(ink, left + trim, y - reach, right - trim, y + reach).mean(axis=1) for y in (top, bottom)]
    places = zip((left, top, right, bottom), (upright[0], level[0], upright[1], level[1]), strict=True)
    return np.array([_line_within(place, shares, reach) for place, shares in places])


def _line_within(place: float, shares: npt.NDArray[np.float64], reach: float) -> float:
    """Give the middle of the line among the ``shares`` (n,) of ink around a place, or the place where there is none."""
    if not len(shares) or len(shares) < 2 * reach - 1 or not shares.max() >= MIN_SIDE_SEEN:
        return place
    on_line = np.flatnonzero(shares >= MIN_SIDE_SEEN * shares.max())
    return float(round(place - reach) + on_line.mean() + 0.5)


def _meets(rect: Rect, taken: Rects) -> bool:
    low, high = np.maximum(taken[:, :2], rect[:2]), np.minimum(taken[:, 2:], rect[2:])
    return bool((high > low).all(axis=1).any())


def _is_square(rect: Rect, ink: Ink, unit: float) -> bool:
    width, height = rect[2:] - rect[:2]
    if not LEAST_SIDE * unit <= min(width, height) <= max(width, height) <= MOST_SIDE * unit:
        return False
    if max(width, height) > MOST_ASPECT * min(width, height):
        return False
    quiet = sum(seen <= QUIET_INK for seen in _around(rect, ink))
    drawn = min(_sides(rect, ink, unit)) >= MIN_SIDE_SEEN
    return bool(drawn and quiet >= 4 - NOISY_SIDES and print_beside(rect, ink))


def _sides(rect: Rect, ink: Ink, unit: float) -> list[float]:
    """Give the share of each side on which ink lies within a third of a millimetre of it."""
    left, top, right, bottom = rect
    near = max(0.35 * unit, 1.5)
    trim = 0.1 * (right - left)
    level = [part(ink, left + trim, y - near, right - trim, y + near).any(axis=0) for y in (top, bottom)]
    upright = [part(ink, x - near, top + trim, x + near, bottom - trim).any(axis=1) for x in (left, right)]
    return [float(line.mean()) if line.size else 0.0 for line in (*level, *upright)]


def _around(rect: Rect, ink: Ink) -> list[float]:
    """Give the share of ink in the strips above, below, left and right of a square."""
    left, top, right, bottom = rect
    near, far = (share_ * (bottom - top) for share_ in QUIET)
    return [
        share(ink, left - near, top - far, right + near, top - near),
        share(ink, left - near, bottom + near, right + near, bottom + far),
        share(ink, left - far, top - near, left - near, bottom + near),
        share(ink, right + near, top - near, right + far, bottom + near),
    ]
