"""From lines to candidate cells: lines → crossings → rectangles, all in the levelled frame of ``lines``."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ocrbatch.page.chains import Floats, Indices, Lines
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
MAX_CANDIDATES = 3000
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
    across = np.linalg.norm(quads[:, [1, 2]] - quads[:, [0, 3]], axis=2).mean(axis=1)
    down = np.linalg.norm(quads[:, [3, 2]] - quads[:, [0, 1]], axis=2).mean(axis=1)
    return np.column_stack([across, down])


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
    size = lines.cover.shape[1] - 1
    low = np.clip(np.round(start), 0, size).astype(int)
    high = np.clip(np.round(end), 0, size).astype(int)
    seen = lines.cover[index, high] - lines.cover[index, low]
    return np.asarray(seen / np.maximum(high - low, 1))


def _corners(line_map: LineMap, points: Floats) -> tuple[Bools, Bools]:
    """Tell where a vertical hangs below a horizontal, and where it stands on one: two arrays (h, v).

    A line that ends a little before the crossing counts, as at a rounded corner.
    """
    rows, columns = np.arange(len(points))[:, None], np.arange(points.shape[1])[None]
    x, y = points[..., 0], points[..., 1]
    met = seen_shares(line_map.horizontals, rows, x - REACH, x + REACH) > 0
    hanging = met & (seen_shares(line_map.verticals, columns, y + 2, y + 2 * REACH) >= 0.4)
    standing = met & (seen_shares(line_map.verticals, columns, y - 2 * REACH, y - 2) >= 0.4)
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
    y = points[by_height][:, left, 1]
    width = points[top, right, 0] - points[top, left, 0]
    height = y - points[top, left, 1]
    closes = standing[by_height][:, left] & standing[by_height][:, right]
    closes &= (height >= MIN_CELL) & (height <= largest_height(line_map))
    closes &= width >= MIN_ASPECT * height
    closes &= np.cumsum(closes, axis=0) <= 3
    row, pair = np.nonzero(closes)
    return by_height[row], pair


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
    whole = ~_gapped(line_map.horizontals, top, bottom, quads)
    sure = (weakest >= SURE_SUPPORT) & (corners == 4) & whole
    faint = (weakest >= FAINT_SUPPORT) & (mean >= 0.5) & (corners >= 1) & whole
    keep = np.nonzero(sure | faint)[0]
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
    for share in np.linspace(0, 1, GAP_SAMPLES):
        above = quads[:, 0, 0] + share * (quads[:, 1, 0] - quads[:, 0, 0] - GAP)
        below = quads[:, 3, 0] + share * (quads[:, 2, 0] - quads[:, 3, 0] - GAP)
        missing = seen_shares(horizontals, top, above, above + GAP) == 0
        gapped |= missing & (seen_shares(horizontals, bottom, below, below + GAP) == 0)
    return gapped


def _parted(verticals: Lines, quads: Floats, contrast: Floats) -> Bools:
    """Tell which quadrilaterals (n,) a line runs through that is longer than they are high and about as dark."""
    upper, lower = quads[:, :2, 1].mean(axis=1), quads[:, 2:, 1].mean(axis=1)
    left, right = quads[:, [0, 3], 0].mean(axis=1), quads[:, [1, 2], 0].mean(axis=1)
    middle = (upper + lower) / 2
    curves, index = verticals.curves, np.arange(len(verticals.curves))[None]
    x = (curves[None, :, 0] * middle[:, None] + curves[None, :, 1]) * middle[:, None] + curves[None, :, 2]
    edge = 0.15 * (right - left)
    inside = (x > (left + edge)[:, None]) & (x < (right - edge)[:, None])
    inside &= verticals.cover[:, -1][None] > 2.5 * (lower - upper)[:, None]
    inside &= verticals.contrast[None] <= STRANGE_CONTRAST * contrast[:, None]
    inside &= seen_shares(verticals, index, upper[:, None], lower[:, None]) >= 0.9
    return np.asarray(inside.any(axis=1))
