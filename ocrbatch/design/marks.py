"""Small lone squares to tick, which a page's ruling leaves out: they look much like letters of its print."""

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
NOISY_SIDES = 1
"""A tick may leave its square on one side."""


def find_marks(line_map: LineMap, taken: Rects, ink: Ink, unit: float) -> Rects:
    """Find the squares (n, 4) to tick, in the page's pixels, that overlap none of the boxes ``taken`` (m, 4).

    Each has four straight sides, paper around it and print beside it; ``unit`` is a millimetre in pixels.
    """
    quads = find_cells(line_map).quads
    if not len(quads):
        return np.empty((0, 4))
    corners = transform_points(np.linalg.inv(line_map.to_levelled), quads).astype(np.float64)
    rects = np.concatenate([corners[:, [0, 3]].mean(axis=1)[:, :1], corners[:, :2, 1:].mean(axis=1)], axis=1)
    rects = np.column_stack([rects, corners[:, [1, 2], 0].mean(axis=1), corners[:, 2:, 1].mean(axis=1)])
    kept = [rect for rect in rects if not _meets(rect, taken) and _is_square(rect, ink, unit)]
    return np.stack(kept) if kept else np.empty((0, 4))


def _meets(rect: npt.NDArray[np.float64], taken: Rects) -> bool:
    low, high = np.maximum(taken[:, :2], rect[:2]), np.minimum(taken[:, 2:], rect[2:])
    return bool((high > low).all(axis=1).any())


def _is_square(rect: npt.NDArray[np.float64], ink: Ink, unit: float) -> bool:
    width, height = rect[2:] - rect[:2]
    if not LEAST_SIDE * unit <= min(width, height) <= max(width, height) <= MOST_SIDE * unit:
        return False
    if max(width, height) > MOST_ASPECT * min(width, height):
        return False
    quiet = sum(seen <= QUIET_INK for seen in _around(rect, ink))
    drawn = min(_sides(rect, ink, unit)) >= MIN_SIDE_SEEN
    return bool(drawn and quiet >= 4 - NOISY_SIDES and print_beside(rect, ink))


def _sides(rect: npt.NDArray[np.float64], ink: Ink, unit: float) -> list[float]:
    """Give the share of each side on which ink lies within a third of a millimetre of it."""
    left, top, right, bottom = rect
    near = max(0.35 * unit, 1.5)
    trim = 0.1 * (right - left)
    level = [part(ink, left + trim, y - near, right - trim, y + near).any(axis=0) for y in (top, bottom)]
    upright = [part(ink, x - near, top + trim, x + near, bottom - trim).any(axis=1) for x in (left, right)]
    return [float(line.mean()) if line.size else 0.0 for line in (*level, *upright)]


def _around(rect: npt.NDArray[np.float64], ink: Ink) -> list[float]:
    """Give the share of ink in the strips above, below, left and right of a square."""
    left, top, right, bottom = rect
    near, far = (share_ * (bottom - top) for share_ in QUIET)
    return [
        share(ink, left - near, top - far, right + near, top - near),
        share(ink, left - near, bottom + near, right + near, bottom + far),
        share(ink, left - far, top - near, left - near, bottom + near),
        share(ink, right + near, top - near, right + far, bottom + near),
    ]
