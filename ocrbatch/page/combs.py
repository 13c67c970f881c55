"""Rows of boxes at an equal pitch: the boxes that a row lacks or has askew, and combs that are open at the top."""

import numpy as np

from ocrbatch.page.chains import Floats, Indices, Lines
from ocrbatch.page.grids import LEFT, OVERLAP, RIGHT, covered, evidence, neighbours
from ocrbatch.page.lines import LineMap
from ocrbatch.page.rectangles import Bools, cross, largest_height, meetings, pairs_within, seen_shares, sizes

ROW_SIZE = 0.25
MIN_ROW = 3
PITCH_TOLERANCE = 0.13
ASKEW = 0.1
MAX_PITCH = 1.9
INNER_EVIDENCE = 0.5
OUTER_EVIDENCE = 0.75
THREE_SIDES = 0.9
"""A digit's foot may hide all of one side of a small box: three sides that are seen so well are evidence enough."""
MIN_TEETH = 5
MIN_TOOTH = 16.0
TOOTH_RANGE = (0.3, 2.2)
SHORT_TOOTH = 0.7
OPEN_HEIGHT = 1.25


def straighten_rows(quads: Floats, line_map: LineMap) -> Floats:
    """Fill and straighten the rows of cells (n, 4, 2) that stand at an equal pitch, boxes apart or in a comb.

    The cells of a table hold each other in place, so they are left where they are.
    """
    below = neighbours(quads)[1]
    in_table = np.asarray(below.any(axis=0) | below.any(axis=1))
    for members in _rows(quads):
        row = members[quads[members].any(axis=(1, 2))]
        fitted = _fit_row(quads[row]) if len(row) >= MIN_ROW else None
        if fitted is None:
            continue
        numbers, model = fitted
        quads = quads.copy()
        pitch = float(np.linalg.norm(model(1.0)[0] - model(0.0)[0]))
        expected = model.cells(np.array(numbers))
        askew = ~in_table[row] & (np.abs(quads[row] - expected).max(axis=(1, 2)) > ASKEW * pitch)
        quads[row[askew]] = expected[askew]
        quads = _filled(quads, row, numbers, model, line_map)
    return np.asarray(quads[sizes(quads).min(axis=1) > 0])


def _rows(quads: Floats) -> list[Indices]:
    """Group cells of like size that stand level with each other: arrays of indices from left to right."""
    if not len(quads):
        return []
    following, centres = _following(quads), quads[..., 0].mean(axis=1)
    rows: list[Indices] = []
    free = [True] * len(quads)
    for first in np.argsort(centres, kind="stable").tolist():
        row: list[int] = []
        found = first if free[first] else None
        while found is not None:
            row.append(found)
            free[found] = False
            found = next((other for other in following[found] if free[other]), None)
        if len(row) >= MIN_ROW:
            rows.append(np.array(row))
    return rows


def _following(quads: Floats) -> list[list[int]]:
    """Give for every cell those of like size that stand level with it a little to the right, the nearest first."""
    size, centres = sizes(quads), quads.mean(axis=1)
    one, other = pairs_within(centres[:, 1], centres[:, 1], 0.3 * size[:, 1])
    linked = (np.abs(size[one] - size[other]) <= ROW_SIZE * np.minimum(size[one], size[other])).all(axis=1)
    apart, level = (centres[other] - centres[one]).T
    linked &= (apart > 0) & (apart < 2 * MAX_PITCH * size[one, 0]) & (np.abs(level) < 0.3 * size[one, 1])
    one, other = one[linked], other[linked]
    following: list[list[int]] = [[] for _ in quads]
    order = np.lexsort((other, centres[other, 0]))
    for cell, next_cell in zip(one[order].tolist(), other[order].tolist(), strict=True):
        following[cell].append(next_cell)
    return following


class _Model:
    """A row's cells by their number: each corner runs along a parabola, as bent paper and perspective want."""

    def __init__(self, numbers: Floats, quads: Floats) -> None:
        flat = quads.reshape(len(quads), 8)
        powers = np.vander(numbers, 3 if len(numbers) >= 6 else 2)
        weights = np.ones((len(numbers), 1))
        for _ in range(4):
            self._curves = np.linalg.lstsq(powers * weights, flat * weights)[0]
            miss = np.abs(powers @ self._curves - flat).max(axis=1)
            if miss.max() < 1:
                break
            # Cells that writing has drawn askew must not bend the row.
            weights = 1 / np.maximum(miss, 0.7)[:, None]

    def cells(self, numbers: Floats | Indices) -> Floats:
        """Give the cells (n, 4, 2) of these numbers."""
        return np.asarray(np.vander(numbers, len(self._curves)) @ self._curves).reshape(-1, 4, 2)

    def __call__(self, number: float) -> Floats:
        return np.asarray(self.cells(np.array([float(number)]))[0])


def _fit_row(quads: Floats) -> tuple[list[int], _Model] | None:
    """Give a row's cells (n, 4, 2) their numbers by their pitch; None where they have no common one."""
    centres = quads.mean(axis=1)[:, 0]
    steps = np.diff(centres)
    pitch = float(np.median(steps[steps <= 1.4 * steps.min()]))
    if pitch > MAX_PITCH * sizes(quads)[:, 0].mean():
        return None
    counts = np.round(steps / pitch)
    if (np.abs(steps / pitch - counts) > PITCH_TOLERANCE * np.maximum(counts, 1) + 0.05).any():
        return None
    numbers = np.concatenate([[0], counts.cumsum()])
    return [int(n) for n in numbers], _Model(numbers, quads)


def _filled(quads: Floats, row: Indices, numbers: list[int], model: _Model, line_map: LineMap) -> Floats:
    """Add the cells that a row lacks: between its own on some evidence, before and after them on more."""

    def believed(number: int, least: float, side: int | None = None) -> bool:
        quad = model(number)
        seen = evidence(quad, line_map)
        # What ends a row is a side of its own, not the words beside it.
        ended = side is None or seen[side] >= least
        enough = seen.mean() >= least or np.sort(seen)[1] >= THREE_SIDES
        return bool(enough and ended) and not (covered(quad, quads) & others).any()

    others = np.ones(len(quads), np.bool_)
    others[row] = False
    size = sizes(quads)
    # Half cells between strokes of writing, and pairs of cells, give way to the row's own.
    others &= (np.abs(size - size[row].mean(axis=0)) <= ROW_SIZE * size[row].mean(axis=0)).all(axis=1)
    found = [n for n in range(numbers[-1]) if n not in numbers and believed(n, INNER_EVIDENCE)]
    for start, step, side in ((-1, -1, LEFT), (numbers[-1] + 1, 1, RIGHT)):
        number = start
        while believed(number, OUTER_EVIDENCE, side):
            found.append(number)
            number += step
    if not found:
        return quads
    added = np.stack([model(n) for n in found])
    keep = ~np.any([covered(quad, quads) for quad in added], axis=0)
    keep[row] = True
    # Indices of later rows stay valid: what gives way is emptied, not taken out.
    quads = quads.copy()
    quads[~keep] = 0.0
    return np.concatenate([quads, added])


def open_combs(line_map: LineMap, quads: Floats) -> Floats:
    """Find the combs (n, 4, 2) that have a line below and teeth, but no line above, beside the cells ``quads``."""
    rows, columns = line_map.horizontals, line_map.verticals
    if not len(rows.curves) or not len(columns.curves):
        return np.empty((0, 4, 2))
    points = cross(line_map)
    found: list[Floats] = []
    row, column = meetings(line_map, points)
    y = points[row, column, 1]
    stands = seen_shares(columns, column, y - 10, y - 2) > 0.8
    stands &= seen_shares(columns, column, y + 4, y + 14) < 0.5
    row, column = row[stands], column[stands]
    heights = _heights(columns, column, y[stands])
    for line in np.nonzero(np.bincount(row) >= MIN_TEETH)[0].tolist():
        teeth = np.nonzero(row == line)[0]
        teeth = teeth[np.argsort(points[line, column[teeth], 0], kind="stable")]
        comb = _comb(line_map, line, points[line, column[teeth]], heights[teeth])
        if len(comb):
            small = comb[:, 3, 1] - comb[:, 0, 1] <= largest_height(line_map)
            found.append(comb[small & ~_holding(comb, quads)])
    return np.concatenate(found) if found else np.empty((0, 4, 2))


def _holding(cells: Floats, quads: Floats) -> Bools:
    """Tell which cells (n, 4, 2) overlap one of others (m, 4, 2), or have one's middle within them."""
    near = (quads.max(axis=1) > cells.min(axis=(0, 1))).all(axis=1)
    near &= (quads.min(axis=1) < cells.max(axis=(0, 1))).all(axis=1)
    quads = quads[near]
    middles, lows, highs = quads.mean(axis=1), quads.min(axis=1), quads.max(axis=1)
    low, high = cells.min(axis=1)[:, None], cells.max(axis=1)[:, None]
    inside = ((middles > low) & (middles < high)).all(axis=2)
    shared = np.clip(np.minimum(highs, high) - np.maximum(lows, low), 0, None).prod(axis=2)
    return np.asarray((inside | (shared > OVERLAP * (high - low).prod(axis=2))).any(axis=1))


def _heights(columns: Lines, column: Indices, foot: Floats) -> Floats:
    """Give how far up from its foot each vertical is seen without a gap of more than 4 pixels."""
    top = np.maximum(foot.astype(int) - 1, 1)
    used, owner = np.unique(column, return_inverse=True)
    cover = columns.cover[used]
    # For every place the start of the last gap that ends before it.
    gap = np.where(cover[:, 4:] == cover[:, :-4], np.arange(cover.shape[1] - 4, dtype=np.int32), np.int32(-1))
    last = np.maximum.accumulate(gap, axis=1)
    stop = np.where(top >= 5, last[owner, np.maximum(top - 5, 0)], -1)
    return np.asarray(np.where(stop >= 0, top - 5 - stop, top - 1), dtype=np.float64)


def _comb(line_map: LineMap, line: int, feet: Floats, heights: Floats) -> Floats:
    """Find the longest row of teeth (n, 2) of one height and one pitch, and give its cells.

    Strokes of writing may stand between teeth, so each pair of them proposes a pitch.
    """
    best: list[int] = []
    for first in range(len(feet)):
        for second in range(first + 1, min(first + 4, len(feet))):
            if len(feet) - second + 1 <= len(best):
                break  # No row that starts so late can be longer.
            row = _row_of_teeth(feet[:, 0], first, second)
            if len(row) > len(best) and _even(feet[row], heights[row], line_map, line):
                best = row
    if len(best) < MIN_TEETH:
        return np.empty((0, 4, 2))
    feet, heights = feet[best], heights[best]
    pitch, height = float(np.diff(feet[:, 0]).mean()), float(np.median(heights))
    if height < SHORT_TOOTH * pitch:
        height = OPEN_HEIGHT * pitch
    up = np.array([0.0, -height])
    return np.stack([feet[:-1] + up, feet[1:] + up, feet[1:], feet[:-1]], axis=1)


def _row_of_teeth(x: Floats, first: int, second: int) -> list[int]:
    """Follow the teeth from two on, at the pitch that these have."""
    row = [first, second]
    while True:
        pitch = (x[row[-1]] - x[first]) / (len(row) - 1)
        nearest = int(np.abs(x - (x[row[-1]] + pitch)).argmin())
        if nearest <= row[-1] or abs(x[nearest] - x[row[-1]] - pitch) > 0.1 * pitch + 1:
            return row
        row.append(nearest)


def _even(feet: Floats, heights: Floats, line_map: LineMap, line: int) -> bool:
    """Tell whether teeth have one pitch and one height, and their line runs on between them."""
    steps = np.diff(feet[:, 0])
    pitch, height = float(np.median(steps)), float(np.median(heights))
    low, high = TOOTH_RANGE
    return bool(
        pitch >= 14
        and height >= MIN_TOOTH
        and low * pitch <= height <= high * pitch
        and np.abs(steps - pitch).max() <= 0.12 * pitch + 1
        and np.abs(heights - height).max() <= 0.15 * height + 3
        and line_map.horizontals.support(line, feet[0, 0], feet[-1, 0]) > 0.8
    )
