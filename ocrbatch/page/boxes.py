"""From lines to cells: lines → crossings → candidate cells → cells, all in the levelled frame of ``lines``."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ocrbatch.page.lines import Floats, LineMap, Lines

MIN_CELL = 12.0
MAX_HEIGHT_SHARE = 0.22
MAX_WIDTH_SHARE = 0.75
MIN_ASPECT = 0.28
REACH = 6
SURE_SUPPORT = 0.6
FAINT_SUPPORT = 0.25
CORNER_SUPPORT = 0.35
SAME_SIZE = 0.14
MAX_CANDIDATES = 6000

Bools = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Cells:
    """Rectangles between lines: ``quads`` (n, 4, 2) float64, and ``support`` (n,), the seen share of their sides.

    ``sure`` tells which stand by themselves; the others are believed only beside a like one.
    """

    quads: Floats
    support: Floats
    sure: Bools

    def __len__(self) -> int:
        return len(self.quads)

    def take(self, index: Indices | Bools) -> "Cells":
        """Give some of the cells, by index or mask."""
        return Cells(self.quads[index], self.support[index], self.sure[index])

    @property
    def sizes(self) -> Floats:
        """Widths and heights (n, 2)."""
        q = self.quads
        across = np.linalg.norm(q[:, 1] - q[:, 0], axis=1) + np.linalg.norm(q[:, 2] - q[:, 3], axis=1)
        down = np.linalg.norm(q[:, 3] - q[:, 0], axis=1) + np.linalg.norm(q[:, 2] - q[:, 1], axis=1)
        return np.column_stack([across, down]) / 2


def find_cells(line_map: LineMap) -> Cells:
    """Find the cells of a page: every smallest rectangle whose sides and corners are seen.

    A faint cell is taken where it continues a sure one of the same size, as in a table of worn print.
    """
    candidates = _candidates(line_map)
    return _choose(candidates)


def cross(line_map: LineMap) -> Floats:
    """Give where every horizontal meets every vertical: (h, v, 2) in the levelled frame."""
    rows, columns = line_map.horizontals.curves, line_map.verticals.curves
    x = np.full((len(rows), len(columns)), line_map.width / 2)
    y = np.full_like(x, line_map.height / 2)
    # Both are nearly level, so the alternation contracts by the product of their slopes at each step.
    for _ in range(4):
        x = (columns[None, :, 0] * y + columns[None, :, 1]) * y + columns[None, :, 2]
        y = (rows[:, None, 0] * x + rows[:, None, 1]) * x + rows[:, None, 2]
    return np.stack([x, y], axis=-1)


def _supports(lines: Lines, index: Indices, start: Floats, end: Floats) -> Floats:
    """Give the seen share of many stretches at once."""
    size = lines.cover.shape[1] - 1
    low = np.clip(np.round(start), 0, size).astype(int)
    high = np.clip(np.round(end), 0, size).astype(int)
    seen = lines.cover[index, high] - lines.cover[index, low]
    return np.asarray(seen / np.maximum(high - low, 1))


def _touching(line_map: LineMap, points: Floats) -> Bools:
    """Tell which horizontal and vertical really reach their crossing: (h, v)."""
    rows, columns = np.indices(points.shape[:2])
    x, y = points[..., 0], points[..., 1]
    touching = _supports(line_map.horizontals, rows, x - REACH, x + REACH) > 0
    touching &= _supports(line_map.verticals, columns, y - REACH, y + REACH) > 0
    while True:
        # A line that meets fewer than two others bounds no cell.
        keep = touching & (touching.sum(axis=1) >= 2)[:, None] & (touching.sum(axis=0) >= 2)[None, :]
        if (keep == touching).all():
            return np.asarray(keep)
        touching = keep


def _candidates(line_map: LineMap) -> Cells:
    """Find every rectangle that some support speaks for; many overlap."""
    none = Cells(np.empty((0, 4, 2)), np.empty(0), np.empty(0, np.bool_))
    if not len(line_map.horizontals.curves) or not len(line_map.verticals.curves):
        return none
    points = cross(line_map)
    touching = _touching(line_map, points)
    top, left, right = _upper_sides(line_map, points, touching)
    if not len(top):
        return none
    bottom, pair = _lower_sides(line_map, points, touching, top, left, right)
    return _measured(line_map, points, top[pair], bottom, left[pair], right[pair])


def _upper_sides(line_map: LineMap, points: Floats, touching: Bools) -> tuple[Indices, Indices, Indices]:
    """Pair the verticals that stand on a horizontal with the next three to their right."""
    tops, lefts, rights = [], [], []
    for top in np.nonzero(touching.any(axis=1))[0]:
        reached = np.nonzero(touching[top])[0]
        reached = reached[np.argsort(points[top, reached, 0], kind="stable")]
        # A stroke of writing may stand between two dividers, so the nearest is not always the right one.
        for ahead in (1, 2, 3):
            tops.append(np.full(max(len(reached) - ahead, 0), top))
            lefts.append(reached[:-ahead])
            rights.append(reached[ahead:])
    if not tops:
        empty = np.empty(0, np.intp)
        return empty, empty, empty
    top, left, right = np.concatenate(tops), np.concatenate(lefts), np.concatenate(rights)
    start, end = points[top, left, 0], points[top, right, 0]
    fits = (end - start >= 0.7 * MIN_CELL) & (end - start <= MAX_WIDTH_SHARE * line_map.width)
    fits &= _supports(line_map.horizontals, top, start, end) >= FAINT_SUPPORT
    return top[fits], left[fits], right[fits]


def _lower_sides(
    line_map: LineMap, points: Floats, touching: Bools, top: Indices, left: Indices, right: Indices
) -> tuple[Indices, Indices]:
    """For every upper side find the next three horizontals that can close it: their indices, and the side's."""
    by_height = np.argsort(points[..., 1].mean(axis=1), kind="stable")
    y = points[by_height][:, left, 1]
    width = points[top, right, 0] - points[top, left, 0]
    height = y - points[top, left, 1]
    closes = touching[by_height][:, left] & touching[by_height][:, right]
    closes &= (height >= MIN_CELL) & (height <= MAX_HEIGHT_SHARE * min(line_map.width, line_map.height))
    closes &= width >= MIN_ASPECT * height
    closes &= np.cumsum(closes, axis=0) <= 3
    row, pair = np.nonzero(closes)
    return by_height[row], pair


def _measured(
    line_map: LineMap, points: Floats, top: Indices, bottom: Indices, left: Indices, right: Indices
) -> Cells:
    """Keep the rectangles whose sides and corners are seen well enough; a circle has no corners."""
    quads = np.stack([points[top, left], points[top, right], points[bottom, right], points[bottom, left]], axis=1)
    sides = (
        (line_map.horizontals, top, quads[:, 0, 0], quads[:, 1, 0]),
        (line_map.verticals, right, quads[:, 1, 1], quads[:, 2, 1]),
        (line_map.horizontals, bottom, quads[:, 3, 0], quads[:, 2, 0]),
        (line_map.verticals, left, quads[:, 0, 1], quads[:, 3, 1]),
    )
    support = np.stack([_supports(*side) for side in sides], axis=1)
    near = [np.maximum(0.15 * (end - start), 2.0) for _, _, start, end in sides]
    first = [_supports(s[0], s[1], s[2], s[2] + n) >= CORNER_SUPPORT for s, n in zip(sides, near, strict=True)]
    last = [_supports(s[0], s[1], s[3] - n, s[3]) >= CORNER_SUPPORT for s, n in zip(sides, near, strict=True)]
    corners = np.stack(
        [first[0] & first[3], last[0] & first[1], last[2] & last[1], first[2] & last[3]], axis=1
    ).sum(axis=1)
    weakest, mean = support.min(axis=1), support.mean(axis=1)
    sure = (weakest >= SURE_SUPPORT) & (corners == 4)
    faint = (weakest >= FAINT_SUPPORT) & (mean >= 0.45) & (corners >= 1)
    keep = np.nonzero(sure | faint)[0]
    keep = keep[np.argsort(-mean[keep], kind="stable")][:MAX_CANDIDATES]
    return Cells(quads[keep], mean[keep], sure[keep])


def neighbours(cells: Cells, tolerance: float = SAME_SIZE) -> tuple[Bools, Bools]:
    """Tell which cells of like size share a side: (n, n), ``[i, j]`` where j stands right of, or below, i."""
    q, size = cells.quads, cells.sizes
    like = np.abs(size[:, None] - size[None]) <= tolerance * np.maximum(size[:, None], size[None]) + 1
    alike = like.all(axis=2)
    reach = 0.1 * size.min(axis=1) + 2
    sides = [(q[:, [1, 2]], q[:, [0, 3]]), (q[:, [3, 2]], q[:, [0, 1]])]
    beside, below = (
        alike & ((np.abs(end[:, None] - start[None]).max(axis=(2, 3)) <= reach[:, None]))
        for end, start in sides
    )
    return beside, below


def _choose(cells: Cells) -> Cells:
    """Of the candidates that overlap keep the smallest, those with like neighbours before those without.

    The strokes of a 1 may split a cell, and print may stand in one, but only true cells are alike in rows.
    """
    beside, below = neighbours(cells)
    touching = beside | beside.T | below | below.T
    in_company = (touching & cells.sure[None]).any(axis=1)
    boxes = np.concatenate([cells.quads.min(axis=1), cells.quads.max(axis=1)], axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    taken = np.zeros(len(cells), np.bool_)
    open_ = np.ones(len(cells), np.bool_)
    for tier, continues in ((in_company & cells.sure, False), (in_company, True), (cells.sure, False)):
        while True:
            ready = np.nonzero(tier & open_ & ((touching & taken[None]).any(axis=1) if continues else True))[0]
            if not len(ready):
                break
            i = ready[areas[ready].argmin()]
            shared = np.minimum(boxes[:, 2:], boxes[i, 2:]) - np.maximum(boxes[:, :2], boxes[i, :2])
            overlap = np.clip(shared, 0, None).prod(axis=1) > 0.2 * np.minimum(areas, areas[i])
            taken[i] = True
            open_ &= ~overlap
            open_[i] = False
    return cells.take(taken)
