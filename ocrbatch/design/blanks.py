"""Printed lines to write on: each with paper above it, no part of a box, after the words that name it."""

import numpy as np
import numpy.typing as npt

from ocrbatch.design.ink import Ink, Rects, part, share
from ocrbatch.geometry import transform_points
from ocrbatch.page.lines import LineMap

LEAST_LENGTH = 18.0
MOST_LENGTH = 75.0
"""Millimetres: on longer lines people write words."""
HEIGHT = 8.0
LEAST_HEIGHT = 5.0
MAX_GAP = 2.5
"""Millimetres between the dots of a dotted line, or where writing crosses it."""
MIN_SEEN = 0.8
MIN_THIN = 0.7
"""Of its length: the feet of type run in a line as well, but their letters stand on it."""
MAX_INK = 0.13
"""Of the stretch above: digits leave more paper than type."""
LABEL = 25.0
LABEL_INK = 0.02
NEAR = 2.0
MOST = 12
"""A page with more of them is ruled paper."""


def find_underlines(line_map: LineMap, taken: Rects, ink: Ink, unit: float) -> Rects:
    """Find lines to write on and give the stretches above them (n, 4), in the page's pixels.

    They keep off the boxes ``taken`` (m, 4); ``unit`` is a millimetre in pixels.
    """
    lines = _segments(line_map, unit)
    kept: list[npt.NDArray[np.float64]] = []
    for line in lines:
        left, right, y = line
        height = _free_height(line, lines, unit)
        rect = np.array([left, y - height, right, y])
        if height < LEAST_HEIGHT * unit or rect[1] < 0 or _near_box(rect, taken, unit):
            continue
        if _thin_share(line, ink, unit) < MIN_THIN or _ends_in_line(line, line_map, unit):
            continue
        above = share(ink, left, y - 0.9 * height, right, y - 0.8 * unit)
        label = share(ink, left - LABEL * unit, y - 4 * unit, left - 0.3 * unit, y + 0.5 * unit)
        if above <= MAX_INK and label >= LABEL_INK:
            kept.append(rect)
    return np.stack(kept) if 0 < len(kept) <= MOST else np.empty((0, 4))


def _segments(line_map: LineMap, unit: float) -> Rects:
    """Give the stretches of level lines of the wanted lengths: rows (n, 3) of left, right and y on the page."""
    to_page = np.linalg.inv(line_map.to_levelled)
    scale = unit * float(np.sqrt(abs(np.linalg.det(line_map.to_levelled[:2, :2]))))
    found = []
    for curve, cover in zip(line_map.horizontals.curves, line_map.horizontals.cover, strict=True):
        seen = np.flatnonzero(np.diff(cover))
        if not len(seen):
            continue
        cuts = np.flatnonzero(np.diff(seen) > MAX_GAP * scale) + 1
        for stretch in np.split(seen, cuts):
            start, end = float(stretch[0]), float(stretch[-1] + 1)
            if LEAST_LENGTH * scale <= end - start <= MOST_LENGTH * scale and len(stretch) >= MIN_SEEN * (end - start):
                points = np.array([[t, np.polyval(curve, t)] for t in (start, end)])
                (left, first), (right, last) = transform_points(to_page, points)
                found.append((left, right, (first + last) / 2))
    return np.array(found, np.float64).reshape(-1, 3)


def _thin_share(line: npt.NDArray[np.float64], ink: Ink, unit: float) -> float:
    """Give the share of a line's length on which there is ink on it, and none close above and below."""
    left, right, y = line
    near, far = max(0.5 * unit, 2.0), 1.6 * unit
    seen, above, below = (
        part(ink, left, y + start, right, y + end).any(axis=0)
        for start, end in ((-near, near), (-far, -near - 1), (near + 1, far))
    )
    return float((seen & ~above & ~below).mean()) if seen.size else 0.0


def _free_height(line: npt.NDArray[np.float64], lines: Rects, unit: float) -> float:
    """Give the height that a line has for itself, up to the next line above."""
    left, right, y = line
    shared = np.minimum(lines[:, 1], right) - np.maximum(lines[:, 0], left)
    apart = y - lines[:, 2]
    above = apart[(shared > 0.3 * (right - left)) & (apart > 0.3 * unit)]
    return min(HEIGHT * unit, float(above.min()) - 0.5 * unit if len(above) else np.inf)


def _near_box(rect: npt.NDArray[np.float64], taken: Rects, unit: float) -> bool:
    """Tell whether the stretch meets a box, or its line is one of a box's sides."""
    grown = taken + np.array([-1, -1, 1, 1]) * NEAR * unit
    low, high = np.maximum(grown[:, :2], rect[:2]), np.minimum(grown[:, 2:], rect[2:])
    return bool((high > low).all(axis=1).any())


def _ends_in_line(line: npt.NDArray[np.float64], line_map: LineMap, unit: float) -> bool:
    """Tell whether a vertical line meets one of the ends: then it is a side of a box that was not found."""
    left, right, y = line
    ends = transform_points(line_map.to_levelled, np.array([[left, y], [right, y]]))
    scale = unit * float(np.sqrt(abs(np.linalg.det(line_map.to_levelled[:2, :2]))))
    verticals = line_map.verticals
    for x, t in ends.tolist():
        places = (verticals.curves[:, 0] * t + verticals.curves[:, 1]) * t + verticals.curves[:, 2]
        for index in np.flatnonzero(np.abs(places - x) <= NEAR * scale).tolist():
            stretches = ((t - 4 * scale, t - 0.5 * scale), (t + 0.5 * scale, t + 4 * scale))
            if max(verticals.support(index, *stretch) for stretch in stretches) >= 0.6:
                return True
    return False
