"""Grids of like cells: which cells are neighbours, and the cells that a grid lacks where its lines are faint."""

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.page.chains import Floats, Lines
from ocrbatch.page.lines import LineMap
from ocrbatch.page.rectangles import Bools, pairs_within, sizes

LIKE = 0.14
MIN_CELLS = 6
LARGE_GRID = 20
MIN_SPAN = 3
MIN_FILLED = 0.5
MIN_EVIDENCE = 0.25
NEAR = 4.0
OVERLAP = 0.2
RIGHT, LEFT = 1, 3

Place = tuple[int, int]


def neighbours(quads: Floats, tolerance: float = LIKE) -> tuple[Bools, Bools]:
    """Tell which of the cells (n, 4, 2) share a side and are of like size.

    Gives two arrays (n, n): ``[i, j]`` where j stands right of i, and where j stands below i.
    """
    size = sizes(quads)
    reach = 0.1 * size.min(axis=1) + 2
    beside, below = np.zeros((2, len(quads), len(quads)), np.bool_)
    for found, ends, starts, axis in ((beside, (1, 2), (0, 3), 1), (below, (3, 2), (0, 1), 0)):
        # Only the cells of a row, or column, come into question: all pairs would be too many on a dense page.
        one, other = pairs_within(quads[:, ends[0], axis], quads[:, starts[0], axis], reach)
        joined = (np.abs(quads[one][:, ends] - quads[other][:, starts]) <= reach[one, None, None]).all(axis=(1, 2))
        one, other = one[joined], other[joined]
        alike = np.abs(size[one] - size[other]) <= tolerance * np.maximum(size[one], size[other]) + 1
        found[one, other] = alike.all(axis=1)
    return beside, below


def complete_grids(quads: Floats, line_map: LineMap) -> Floats:
    """Add to the cells (n, 4, 2) those that their grids lack; the corners of the rest tell where they lie.

    In a large grid a cell of another size, as two that a faint line should part, gives way.
    """
    if not len(quads):
        return quads
    added: list[Floats] = []
    kept = np.ones(len(quads), np.bool_)
    for places in _grids(quads):
        missing = _missing(quads, places, line_map)
        if not missing:
            continue
        members = np.isin(np.arange(len(quads)), list(places.values()))
        firm = members if len(places) >= LARGE_GRID else kept
        for quad in missing:
            if not (covered(quad, quads) & firm).any():
                kept &= ~covered(quad, quads) | firm
                added.append(quad)
    return np.concatenate([quads[kept], np.stack(added)]) if added else quads


def _grids(quads: Floats) -> list[dict[Place, int]]:
    """Give every cell of every group of neighbours its row and column: the grid's cells by place."""
    around = _around(quads)
    grids: list[dict[Place, int]] = []
    seen: set[int] = set()
    for first in range(len(quads)):
        if first in seen:
            continue
        places: dict[Place, int] = {(0, 0): first}
        seen.add(first)
        queue: list[tuple[int, Place]] = [(first, (0, 0))]
        while queue:
            index, (row, column) = queue.pop()
            for other, down, right in around[index]:
                place = row + down, column + right
                if other not in seen and place not in places:
                    seen.add(other)
                    places[place] = other
                    queue.append((other, place))
        grids.append(places)
    return grids


def _around(quads: Floats) -> list[list[tuple[int, int, int]]]:
    """Give every cell's neighbours, each with its steps down and to the right: right, left, lower and upper ones."""
    beside, below = neighbours(quads)
    around: list[list[tuple[int, int, int]]] = [[] for _ in quads]
    for found, down, right in ((beside, 0, 1), (beside.T, 0, -1), (below, 1, 0), (below.T, -1, 0)):
        for index, other in zip(*(indices.tolist() for indices in np.nonzero(found)), strict=True):
            around[index].append((other, down, right))
    return around


def _missing(quads: Floats, places: dict[Place, int], line_map: LineMap) -> list[Floats]:
    """Find the cells that a grid lacks within its outline."""
    rows, columns = [p[0] for p in places], [p[1] for p in places]
    size = (max(rows) - min(rows) + 1) * (max(columns) - min(columns) + 1)
    if len(places) < MIN_CELLS or len(places) == size or len(places) < MIN_FILLED * size:
        return []
    if min(len(set(rows)), len(set(columns))) < MIN_SPAN:
        return []
    corners: dict[Place, list[npt.NDArray[np.float64]]] = {}
    for (row, column), index in places.items():
        for corner, (down, right) in zip(quads[index], ((0, 0), (0, 1), (1, 1), (1, 0)), strict=True):
            corners.setdefault((row + down, column + right), []).append(corner)
    known = {place: np.mean(points, axis=0) for place, points in corners.items()}
    grid = np.array([(column, row) for row, column in known], dtype=np.float64)
    matrix, _ = cv2.findHomography(grid, np.array(list(known.values())), cv2.LMEDS)
    if matrix is None:
        return []
    found = []
    for row in range(min(rows), max(rows) + 1):
        for column in range(min(columns), max(columns) + 1):
            if (row, column) in places:
                continue
            outline = [(row, column), (row, column + 1), (row + 1, column + 1), (row + 1, column)]
            quad = np.stack([known.get(p, _projected(matrix, p)) for p in outline])
            seen = evidence(quad, line_map)
            shared = np.array([(row + r, column + c) in places for r, c in ((-1, 0), (0, 1), (1, 0), (0, -1))])
            # In a notch of the table only the sides that it shares with its cells are seen.
            if seen.mean() >= MIN_EVIDENCE and (shared.sum() >= 3 or seen[~shared].mean() >= MIN_EVIDENCE):
                found.append(quad)
    return found


def _projected(matrix: npt.NDArray[np.float64], place: Place) -> npt.NDArray[np.float64]:
    """Give where the corner of a grid at a row and column lies in the levelled frame."""
    x, y, w = matrix @ np.array([place[1], place[0], 1.0])
    return np.array([x / w, y / w])


def evidence(quad: Floats, line_map: LineMap) -> Floats:
    """Give the shares (4,) 0–1 of a cell's top, right, bottom and left side on which some line is seen."""
    upright = quad[:, ::-1]
    return np.array(
        [
            _seen(line_map.horizontals, quad[0], quad[1]),
            _seen(line_map.verticals, upright[1], upright[2]),
            _seen(line_map.horizontals, quad[3], quad[2]),
            _seen(line_map.verticals, upright[0], upright[3]),
        ]
    )


def _seen(lines: Lines, start: npt.NDArray[np.float64], end: npt.NDArray[np.float64]) -> float:
    """Give the share of a stretch on which lines run that lie near it."""
    if not len(lines.curves):
        return 0.0
    t = (start[0] + end[0]) / 2
    places = (lines.curves[:, 0] * t + lines.curves[:, 1]) * t + lines.curves[:, 2]
    near = (np.abs(places - (start[1] + end[1]) / 2) <= NEAR).nonzero()[0]
    return min(lines.support(near, float(start[0]), float(end[0])), 1.0)


def covered(quad: Floats, quads: Floats) -> Bools:
    """Tell which of the cells (n, 4, 2) a cell overlaps by more than a fifth of itself."""
    low, high = quad.min(axis=0), quad.max(axis=0)
    shared = np.minimum(quads.max(axis=1), high) - np.maximum(quads.min(axis=1), low)
    return np.asarray(np.clip(shared, 0, None).prod(axis=1) > OVERLAP * (high - low).prod())
