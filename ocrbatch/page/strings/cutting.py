"""Where touching digits may be cut: paths from above to below that cross as little ink as they can.

A path is the cheapest seam through a point: it runs through paper at no cost, falls along contours as a drop would, and
goes through ink where that is shortest. The points are those where the outline turns in from above and from below, and
those where paths are cheaper than their neighbours. After G. Congedo, G. Dimauro, S. Impedovo, G. Pirlo, "Segmentation
of numeric strings" (1995), for the fall, and S. Avidan, A. Shamir, "Seam carving" (2007), for the seam.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.records import Grey

BEND = 0.15
"""What a step aside costs, in pixels of ink: a straight path wins among equals."""
NARROWEST = 0.1
"""Of a digit's height: paths nearer to one another than this are one."""
LOOP = 0.25
"""What a pixel of paper inside a loop costs, in pixels of ink: touching digits part beside their loops."""
LEAST_INK = 0.35
"""Of the ink of an upright stroke as high as a digit: less between two cuts is no digit."""
LOWEST = 0.28
"""Of a digit's height: what is lower on either side of a cut is no digit."""
DEAREST = 0.9
"""Of a digit's height: a path through more ink than this goes along a stroke."""

Floats = npt.NDArray[np.float64]
Columns = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Seam:
    """A path through a part: its first column (h,) right of the cut in each row, and what it costs in pixels of ink."""

    columns: Columns
    cost: float


def find_seams(mask: Grey, high: float, stroke: float, most: int) -> tuple[Seam, ...]:
    """Give the seams that may cut a part to digits, from left to right, at most so many, the cheapest ones.

    ``mask`` (h, w) uint8 is 1 where the part's ink is, upright; ``high`` is the height of a digit
    and ``stroke`` the width of the pen, in pixels.
    """
    height, width = mask.shape
    least = max(NARROWEST * high, 2.0)
    if width < 2 * least + 1:
        return ()
    ink = mask + LOOP * _loops(mask)
    down, up = _costs(ink), _costs(ink[::-1])[::-1]
    through = down + up - ink
    found = []
    above, below = _steps(down).tolist(), _steps(up).tolist()
    for row, column in _points(mask, through, least):
        columns = _traced(above, below, row, column)
        found.append(Seam(columns, float(ink[np.arange(height), np.minimum(columns, width - 1)].sum())))
    cheap = [seam for seam in found if seam.cost <= DEAREST * high and _parts_digits(seam, mask, high)]
    return _apart(cheap, mask, LEAST_INK * high * stroke, most)


def _parts_digits(seam: Seam, mask: Grey, high: float) -> bool:
    """Tell whether there is enough on both sides of a seam, by its height."""
    left = np.arange(mask.shape[1]) < seam.columns[:, None]
    sides = (mask > 0) & left, (mask > 0) & ~left
    return all(np.ptp(np.flatnonzero(side.any(axis=1))) >= LOWEST * high if side.any() else False for side in sides)


def _loops(mask: Grey) -> Floats:
    """Tell where (h, w) paper is enclosed by ink: 1 there."""
    around = np.pad(1 - mask, 1, constant_values=1)
    _, papers = cv2.connectedComponents(around, connectivity=4)
    return np.asarray((papers != papers[0, 0]) & (around > 0), np.float64)[1:-1, 1:-1]


def _costs(ink: Floats) -> Floats:
    """Give the cost (h, w) of the cheapest path from the upper side to each pixel, it included."""
    costs = ink.copy()
    side = np.full(1, np.inf)
    for row in range(1, len(ink)):
        before = costs[row - 1]
        left = np.concatenate([side, before[:-1]]) + BEND
        right = np.concatenate([before[1:], side]) + BEND
        costs[row] += np.minimum(before, np.minimum(left, right))
    return costs


def _steps(costs: Floats) -> Columns:
    """Give for each pixel's row the column (h, w) through which a path goes that is in the pixel's column a row on."""
    side = np.full((len(costs), 1), np.inf)
    left = np.hstack([side, costs[:, :-1]]) + BEND
    right = np.hstack([costs[:, 1:], side]) + BEND
    aside = np.stack([left, costs, right]).argmin(axis=0) - 1
    return np.asarray(np.arange(costs.shape[1]) + aside, np.int32)


def _traced(above: list[list[int]], below: list[list[int]], row: int, column: int) -> Columns:
    """Follow the cheapest path through a point to both sides, by the steps there."""
    columns = [column] * len(above)
    for steps, rows in ((above, range(row - 1, -1, -1)), (below, range(row + 1, len(below)))):
        at = column
        for here in rows:
            at = steps[here][at]
            columns[here] = at
    return np.array(columns, np.int32)


def _points(mask: Grey, through: Floats, least: float) -> list[tuple[int, int]]:
    """Give the points (row, column) that a cut may pass."""
    height, width = mask.shape
    inked = mask > 0
    top = np.where(inked.any(axis=0), inked.argmax(axis=0), height)
    bottom = np.where(inked.any(axis=0), height - 1 - inked[::-1].argmax(axis=0), -1)
    reach = max(int(least), 2)
    points = [(min(int(top[x]), height - 1), x) for x in _peaks(top.astype(np.float64), reach)]
    points += [(max(int(bottom[x]), 0), x) for x in _peaks(-bottom.astype(np.float64), reach)]
    for row in {height // 4, height // 2, 3 * height // 4}:
        points += [(row, x) for x in _peaks(-through[row], reach)]
    return [(row, x) for row, x in points if least / 2 <= x < width - least / 2]


def _peaks(values: Floats, reach: int) -> list[int]:
    """Give the middles of the runs of greatest values among those ``reach`` to both sides, none that is level there."""
    padded = np.pad(values, reach, mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    best = (values >= around.max(axis=1)) & (values > around.min(axis=1))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], best.astype(np.int8), [0]])))
    return [int(first + last - 1) // 2 for first, last in zip(edges[::2], edges[1::2], strict=True)]


def _apart(seams: list[Seam], mask: Grey, enough: float, most: int) -> tuple[Seam, ...]:
    """Keep the cheapest seams that leave enough ink, in pixels, between one another and on both sides."""
    if not seams:
        return ()
    ink = mask.astype(np.int64)
    places = np.arange(mask.shape[1])
    kept: list[Seam] = []
    shares: list[npt.NDArray[np.bool_]] = []
    for seam in sorted(seams, key=lambda seam: seam.cost):
        left = places < seam.columns[:, None]
        sides = [left, *shares, np.zeros_like(left), np.ones_like(left)]
        if min(int(ink[left ^ other].sum()) for other in sides[1:]) >= enough:
            kept.append(seam)
            shares.append(left)
        if len(kept) == most:
            break
    return tuple(sorted(kept, key=lambda seam: float(seam.columns.mean())))
