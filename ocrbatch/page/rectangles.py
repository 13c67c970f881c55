"""From lines to candidate cells: lines → crossings → rectangles, all in the levelled frame of ``lines``."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ocrbatch.page.chains import Floats, Indices, Lines, ranges
from ocrbatch.page.lines import LineMap

MIN_CELL = 12.0
MAX_HEIGHT_SHARE = 0.22
MAX_STRIP_SHARE = 0.1
MAX_WIDTH_SHARE = 0.75
MIN_ASPECT = 0.42
REACH = 6
SURE_SUPPORT = 0.75
FAINT_SUPPORT = 0.3
CORNER_SUPPORT = 0.35
MAX_CANDIDATES = 3000  # Fewer than 32768, for sorting.
LOOK_AHEAD = 7
MANY_CORNERS = 4000
STRANGE_CONTRAST = 1.6
GAP = 4.0
GAP_SAMPLES = 40

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Cells:
    """Rectangles between lines: ``quads`` (n, 4, 2) float64 of corners from the upper left, clockwise.

    ``lines`` (n, 4) are the numbers of the top, right, bottom and left line, ``support`` (n, 4) the seen share of
    those sides and ``contrast`` (n, 4) their lines' darkness; ``parted`` (n,) tells through which cells a long line
    runs; ``sure`` (n,) which stand by themselves: the others are believed only beside them.
    """

    quads: Floats
    lines: Indices
    support: Floats
    contrast: Floats
    parted: Bools
    sure: Bools

    def __len__(self) -> int:
        return len(self.quads)

    def take(self, index: Indices | Bools) -> "Cells":
        """Give some of the cells, by index or mask."""
        return Cells(*(getattr(self, name)[index] for name in self.__slots__))


def sizes(quads: Floats) -> Floats:
    """Give the widths and heights (n, 2) of quadrilaterals (n, 4, 2)."""
    sides = quads[:, [[1, 2], [3, 2]]] - quads[:, [[0, 3], [0, 1]]]
    return np.asarray(np.hypot(sides[..., 0], sides[..., 1]).sum(axis=2) / 2)


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


def seen_shares(lines: Lines, index: Indices, start: Floats, end: Floats) -> Floats:
    """Give the seen shares (n,) of many stretches at once: of lines ``index``, from ``start`` to ``end``."""
    size = lines.cover.shape[1]
    low, high = (np.minimum(np.maximum(np.rint(t), 0), size - 1).astype(np.intp) for t in (start, end))
    # One number for each place is looked up twice as quickly as a row and a column.
    flat, first = lines.cover.ravel(), index * size
    return np.asarray((flat.take(first + high) - flat.take(first + low)) / np.maximum(high - low, 1))


def meetings(line_map: LineMap, points: Floats) -> tuple[Indices, Indices]:
    """Give the horizontals and the verticals that meet, a pair for each of those of their crossings (h, v, 2).

    A line that ends a little before the crossing counts, as at a rounded corner.
    """
    rows, x = np.arange(len(points))[:, None], points[..., 0]
    row, column = np.nonzero(seen_shares(line_map.horizontals, rows, x - REACH, x + REACH) > 0)
    return row, column


def pairs_within(one: Floats, other: Floats, reach: Floats) -> tuple[Indices, Indices]:
    """Give the pairs of two lists' numbers (n,) and (m,) that are no further apart than the first's ``reach`` (n,)."""
    order = np.argsort(other, kind="stable")
    ascending = other[order]
    low, high = np.searchsorted(ascending, one - reach), np.searchsorted(ascending, one + reach, side="right")
    first, place = ranges(low, high)
    return first, order[place]


def _corners(line_map: LineMap, points: Floats) -> tuple[Bools, Bools]:
    """Tell where a vertical hangs below a horizontal, and where it stands on one: two arrays (h, v)."""
    row, column = meetings(line_map, points)
    y = points[row, column, 1]
    hanging, standing = np.zeros(points.shape[:2], np.bool_), np.zeros(points.shape[:2], np.bool_)
    hanging[row, column] = seen_shares(line_map.verticals, column, y + 2, y + 2 * REACH) >= 0.4
    standing[row, column] = seen_shares(line_map.verticals, column, y - 2 * REACH, y - 2) >= 0.4
    while True:
        # A cell's vertical hangs below one line and stands on another, and its horizontals meet two of those.
        columns_kept = hanging.any(axis=0) & standing.any(axis=0)
        upper = hanging & columns_kept & ((hanging & columns_kept).sum(axis=1) >= 2)[:, None]
        lower = standing & columns_kept & ((standing & columns_kept).sum(axis=1) >= 2)[:, None]
        if (upper == hanging).all() and (lower == standing).all():
            return np.asarray(upper), np.asarray(lower)
        hanging, standing = upper, lower


def candidates(line_map: LineMap) -> Cells:
    """Find every rectangle that some support speaks for; many overlap."""
    none = Cells(
        np.empty((0, 4, 2)), np.empty((0, 4), np.intp), np.empty((0, 4)), np.empty((0, 4)), *2 * [np.empty(0, np.bool_)]
    )
    if not len(line_map.horizontals.curves) or not len(line_map.verticals.curves):
        return none
    points = cross(line_map)
    hanging, standing = _corners(line_map, points)
    top, left, right = _upper_sides(line_map, points, hanging)
    if not len(top):
        return none
    bottom, pair = _lower_sides(line_map, points, standing, top, left, right)
    return _measured(line_map, points, top[pair], bottom, left[pair], right[pair])


def _upper_sides(line_map: LineMap, points: Floats, hanging: Bools) -> tuple[Indices, Indices, Indices]:
    """Pair the verticals that stand on a horizontal with the next few to their right."""
    tops, lefts, rights = [], [], []
    # On squared paper the nearest lines are cells enough, and all pairs would be millions.
    reach = LOOK_AHEAD if np.count_nonzero(hanging) <= MANY_CORNERS else 1
    for line in np.nonzero(hanging.any(axis=1))[0]:
        reached = np.nonzero(hanging[line])[0]
        reached = reached[np.argsort(points[line, reached, 0], kind="stable")]
        # A stroke of writing may stand between two dividers, so the nearest is not always the right one.
        for ahead in range(1, reach + 1):
            tops.append(np.full(max(len(reached) - ahead, 0), line))
            lefts.append(reached[:-ahead])
            rights.append(reached[ahead:])
    if not tops:
        empty = np.empty(0, np.intp)
        return empty, empty, empty
    top, left, right = (np.concatenate(parts) for parts in (tops, lefts, rights))
    start, end = points[top, left, 0], points[top, right, 0]
    fits = (end - start >= 0.7 * MIN_CELL) & (end - start <= MAX_WIDTH_SHARE * line_map.width)
    fits &= seen_shares(line_map.horizontals, top, start, end) >= FAINT_SUPPORT
    return top[fits], left[fits], right[fits]


def largest_height(line_map: LineMap) -> float:
    """Give how high a cell may be: a share of the page, but a narrow strip may be little more than one comb."""
    sides = (line_map.width, line_map.height)
    return max(MAX_HEIGHT_SHARE * min(sides), MAX_STRIP_SHARE * max(sides))


def _lower_sides(
    line_map: LineMap, points: Floats, standing: Bools, top: Indices, left: Indices, right: Indices
) -> tuple[Indices, Indices]:
    """For every upper side find the next three horizontals that can close it: their indices, and the side's."""
    by_height = np.argsort(points[..., 1].mean(axis=1), kind="stable")
    stands = standing[by_height].T
    pair, row = np.nonzero(stands.take(left, axis=0) & stands.take(right, axis=0))
    width = (points[top, right, 0] - points[top, left, 0])[pair]
    height = points[by_height[row], left[pair], 1] - points[top, left, 1][pair]
    closes = (height >= MIN_CELL) & (height <= largest_height(line_map)) & (width >= MIN_ASPECT * height)
    pair, row = pair[closes], row[closes]
    nearest = np.arange(len(pair)) - np.searchsorted(pair, pair) < 3
    pair, row = pair[nearest], row[nearest]
    order = np.argsort(row, kind="stable")
    return by_height[row[order]], pair[order]


def _measured(line_map: LineMap, points: Floats, top: Indices, bottom: Indices, left: Indices, right: Indices) -> Cells:
    """Keep the rectangles whose sides and corners are seen well enough; a circle has no corners."""
    quads = np.stack([points[top, left], points[top, right], points[bottom, right], points[bottom, left]], axis=1)
    sides = (
        (line_map.horizontals, top, quads[:, 0, 0], quads[:, 1, 0]),
        (line_map.verticals, right, quads[:, 1, 1], quads[:, 2, 1]),
        (line_map.horizontals, bottom, quads[:, 3, 0], quads[:, 2, 0]),
        (line_map.verticals, left, quads[:, 0, 1], quads[:, 3, 1]),
    )
    support = np.stack([seen_shares(*side) for side in sides], axis=1)
    near = [np.maximum(0.15 * (end - start), 2.0) for _, _, start, end in sides]
    first = [seen_shares(s[0], s[1], s[2], s[2] + n) >= CORNER_SUPPORT for s, n in zip(sides, near, strict=True)]
    last = [seen_shares(s[0], s[1], s[3] - n, s[3]) >= CORNER_SUPPORT for s, n in zip(sides, near, strict=True)]
    corners = np.stack([first[0] & first[3], last[0] & first[1], last[2] & last[1], first[2] & last[3]], axis=1).sum(
        axis=1
    )
    weakest, mean = support.min(axis=1), support.mean(axis=1)
    sure = (weakest >= SURE_SUPPORT) & (corners == 4)
    faint = (weakest >= FAINT_SUPPORT) & (mean >= 0.5) & (corners >= 1)
    keep = np.nonzero(sure | faint)[0]
    keep = keep[~_gapped(line_map.horizontals, top[keep], bottom[keep], quads[keep])]
    keep = keep[np.argsort(-mean[keep], kind="stable")]
    if len(keep) > MAX_CANDIDATES:
        # The smallest of the well seen make up the table.
        extent = (quads[keep, 2] - quads[keep, 0]).prod(axis=1)
        keep = keep[np.lexsort((extent, -np.round(mean[keep], 1)))][:MAX_CANDIDATES]
    lines = np.column_stack([top, right, bottom, left])
    contrast = np.stack([side[0].contrast[side[1]] for side in sides], axis=1)
    parted = _parted(line_map.verticals, quads[keep], contrast[keep].max(axis=1))
    return Cells(quads[keep], lines[keep], support[keep], contrast[keep], parted, sure[keep])


def _gapped(horizontals: Lines, top: Indices, bottom: Indices, quads: Floats) -> Bools:
    """Tell which rectangles (n,) have a gap in their upper and lower side at once: boxes in line make no third."""
    gapped = np.zeros(len(quads), np.bool_)
    # A few samples at a time: on squared paper all at once would be much memory.
    for shares in np.linspace(0, 1, GAP_SAMPLES).reshape(-1, 8):
        above = quads[:, 0, 0] + shares[:, None] * (quads[:, 1, 0] - quads[:, 0, 0] - GAP)
        sample, quad = np.nonzero(seen_shares(horizontals, top, above, above + GAP) == 0)
        below = quads[quad, 3, 0] + shares[sample] * (quads[quad, 2, 0] - quads[quad, 3, 0] - GAP)
        gapped[quad[seen_shares(horizontals, bottom[quad], below, below + GAP) == 0]] = True
    return gapped


def _parted(verticals: Lines, quads: Floats, contrast: Floats) -> Bools:
    """Tell which quadrilaterals (n,) a line runs through that is longer than they are high and about as dark."""
    upper, lower = quads[:, :2, 1].mean(axis=1), quads[:, 2:, 1].mean(axis=1)
    left, right = quads[:, [0, 3], 0].mean(axis=1), quads[:, [1, 2], 0].mean(axis=1)
    middle, edge = (upper + lower) / 2, 0.15 * (right - left)
    long = np.nonzero(verticals.cover[:, -1] > 2.5 * (lower - upper).min(initial=np.inf))[0]
    curves = verticals.curves[long]
    x = (curves[:, 0] * middle[:, None] + curves[:, 1]) * middle[:, None] + curves[:, 2]
    quad, line = np.nonzero((x > (left + edge)[:, None]) & (x < (right - edge)[:, None]))
    line = long[line]
    parting = verticals.cover[line, -1] > 2.5 * (lower - upper)[quad]
    parting &= verticals.contrast[line] <= STRANGE_CONTRAST * contrast[quad]
    parting &= seen_shares(verticals, line, upper[quad], lower[quad]) >= 0.9
    parted = np.zeros(len(quads), np.bool_)
    parted[quad[parting]] = True
    return parted
