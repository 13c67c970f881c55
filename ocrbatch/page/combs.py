"""Rows of boxes at an equal pitch: the boxes that a row lacks or has askew, and combs that are open at the top."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ocrbatch.page.chains import Floats
from ocrbatch.page.grids import LEFT, RIGHT, covered, evidence, neighbours
from ocrbatch.page.lines import LineMap
from ocrbatch.page.rectangles import cross, largest_height, seen_shares, sizes

ROW_SIZE = 0.25
MIN_ROW = 3
PITCH_TOLERANCE = 0.13
ASKEW = 0.1
MAX_PITCH = 1.9
INNER_EVIDENCE = 0.5
OUTER_EVIDENCE = 0.75
MIN_TEETH = 5
MIN_TOOTH = 16.0
TOOTH_RANGE = (0.3, 2.2)
SHORT_TOOTH = 0.7
OPEN_HEIGHT = 1.25

Indices = npt.NDArray[np.intp]


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
        for index, number in zip(row, numbers, strict=True):
            if not in_table[index] and np.abs(quads[index] - model(number)).max() > ASKEW * pitch:
                quads[index] = model(number)
        quads = _filled(quads, row, numbers, model, line_map)
    return np.asarray(quads[sizes(quads).min(axis=1) > 0])


def _rows(quads: Floats) -> list[Indices]:
    """Group cells of like size that stand level with each other: arrays of indices from left to right."""
    if not len(quads):
        return []
    size, centres = sizes(quads), quads.mean(axis=1)
    like = np.abs(size[:, None] - size[None]) <= ROW_SIZE * np.minimum(size[:, None], size[None])
    level = np.abs(centres[:, None, 1] - centres[None, :, 1]) < 0.3 * size[:, 1, None]
    near = np.abs(centres[:, None, 0] - centres[None, :, 0]) < 2 * MAX_PITCH * size[:, 0, None]
    linked = like.all(axis=2) & level & near
    rows: list[Indices] = []
    free = np.ones(len(quads), np.bool_)
    for first in np.argsort(centres[:, 0], kind="stable"):
        if not free[first]:
            continue
        row = [int(first)]
        free[first] = False
        while True:
            following = np.nonzero(linked[row[-1]] & free & (centres[:, 0] > centres[row[-1], 0]))[0]
            if not len(following):
                break
            row.append(int(following[centres[following, 0].argmin()]))
            free[row[-1]] = False
        if len(row) >= MIN_ROW:
            rows.append(np.array(row))
    return rows


class _Model:
    """A row's cells by their number: each corner runs along a parabola, as bent paper and perspective want."""

    def __init__(self, numbers: Floats, quads: Floats) -> None:
        flat = quads.reshape(len(quads), 8)
        degree = 2 if len(numbers) >= 6 else 1
        weights = np.ones(len(numbers))
        for _ in range(4):
            self._curves = np.polyfit(numbers, flat, degree, w=weights)
            miss = np.abs(self._values(numbers) - flat).max(axis=1)
            if miss.max() < 1:
                break
            # Cells that writing has drawn askew must not bend the row.
            weights = 1 / np.maximum(miss, 0.7)

    def _values(self, numbers: Floats) -> Floats:
        powers = np.vander(numbers, len(self._curves))
        return np.asarray(powers @ self._curves)

    def __call__(self, number: float) -> Floats:
        return self._values(np.array([float(number)])).reshape(4, 2)


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
        return bool(seen.mean() >= least and ended) and not (covered(quad, quads) & others).any()

    others = ~np.isin(np.arange(len(quads)), row)
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
    keep = np.isin(np.arange(len(quads)), row) | ~np.any([covered(quad, quads) for quad in added], axis=0)
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
    x, y = points[..., 0], points[..., 1]
    row, column = np.arange(len(rows.curves))[:, None], np.arange(len(columns.curves))[None]
    stands = seen_shares(columns, column, y - 10, y - 2) > 0.8
    stands &= seen_shares(columns, column, y + 4, y + 14) < 0.5
    stands &= seen_shares(rows, row, x - 6, x + 6) > 0
    for line in np.nonzero(stands.sum(axis=1) >= MIN_TEETH)[0].tolist():
        teeth = np.nonzero(stands[line])[0]
        teeth = teeth[np.argsort(x[line, teeth], kind="stable")]
        heights = np.array([_tooth(columns.cover[t], y[line, t]) for t in teeth])
        found.extend(_comb(line_map, line, points[line, teeth], heights))
    limit = largest_height(line_map)
    kept = [quad for quad in found if quad[3, 1] - quad[0, 1] <= limit and not _holds(quad, quads)]
    return np.stack(kept) if kept else np.empty((0, 4, 2))


def _holds(quad: Floats, quads: Floats) -> bool:
    """Tell whether a cell overlaps one of others (n, 4, 2), or has one's middle within it."""
    if not len(quads):
        return False
    middles = quads.mean(axis=1)
    inside = ((middles > quad.min(axis=0)) & (middles < quad.max(axis=0))).all(axis=1)
    return bool(inside.any() or covered(quad, quads).any())


def _tooth(cover: npt.NDArray[np.int32], foot: float) -> float:
    """Give how far up from its foot a vertical is seen without a gap of more than 4 pixels."""
    seen = np.diff(cover[: max(int(foot) - 1, 1)])[::-1]
    gaps = np.convolve(seen == 0, np.ones(4), mode="valid")
    stop = np.nonzero(gaps == 4)[0]
    return float(stop[0] if len(stop) else len(seen))


def _comb(line_map: LineMap, line: int, feet: Floats, heights: Floats) -> list[Floats]:
    """Find the longest row of teeth (n, 2) of one height and one pitch, and give its cells.

    Strokes of writing may stand between teeth, so each pair of them proposes a pitch.
    """
    best: list[int] = []
    for first in range(len(feet)):
        for second in range(first + 1, min(first + 4, len(feet))):
            row = _row_of_teeth(feet[:, 0], first, second)
            if len(row) > len(best) and _even(feet[row], heights[row], line_map, line):
                best = row
    if len(best) < MIN_TEETH:
        return []
    feet, heights = feet[best], heights[best]
    pitch, height = float(np.diff(feet[:, 0]).mean()), float(np.median(heights))
    if height < SHORT_TOOTH * pitch:
        height = OPEN_HEIGHT * pitch
    up = np.array([0.0, -height])
    return [np.stack([a + up, b + up, b, a]) for a, b in pairwise(feet)]


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
