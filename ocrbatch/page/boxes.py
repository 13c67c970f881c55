"""From candidate cells to cells: of the rectangles that overlap, those that others of like size confirm."""

import numpy as np

from ocrbatch.page.chains import Floats, Indices, ranges
from ocrbatch.page.lines import LineMap, connected_groups
from ocrbatch.page.rectangles import STRANGE_CONTRAST, Bools, Cells, candidates, sizes

FIRM_SUPPORT = 0.9
SAME_SIZE = 0.14
ENOUGH_COMPANY = 4
ONE_PEN = 0.5
MIN_EVENNESS = 0.15
EVEN = 0.7


def find_cells(line_map: LineMap) -> Cells:
    """Find the cells of a page: every smallest rectangle whose sides and corners are seen.

    A faint cell is taken where it continues a sure one of the same size, as in a table of worn print.
    """
    return _choose(candidates(line_map))


def _company(cells: Cells) -> Indices:
    """Count for every cell (n,) the sure cells of like size that it reaches from side to side.

    The strokes of a 1 may split a cell, and print may stand in one, but only true cells are alike in rows. A cell
    that shares a side with a sure one of another size only, as in a table with a wide column, counts 1. Beyond 4
    the count tells no more: pairs of cells make rows too.

    A cell counts none where it is doubtful: it is faint and a long line parts it, or one of its sides, between cells
    that are not alike, is faint, or much darker or paler than the others, and so rather a stroke of writing.
    """
    size, sure = sizes(cells.quads), cells.sure
    doubtful, shaky, met = cells.parted & ~sure, np.zeros(len(cells), np.bool_), np.zeros(len(cells), np.bool_)
    weak = _weak_sides(cells)
    links: list[tuple[Indices, Indices]] = []
    for side in range(4):
        one, far = _beyond(cells.lines, side)
        like = (np.abs(size[one] - size[far]) <= SAME_SIZE * np.maximum(size[one], size[far]) + 1).all(axis=1)
        links.append((one[like & sure[far]], far[like & sure[far]]))
        met[one[sure[far]]] = True
        bounded, matched = np.zeros(len(cells), np.bool_), np.zeros(len(cells), np.bool_)
        bounded[one], matched[one[like]] = True, True
        doubtful |= bounded & ~matched & weak[:, side]
        shaky |= bounded & weak[:, side]
    cell, mate = (np.concatenate(parts) for parts in zip(*links, strict=True))
    group = connected_groups(len(cells), cell[sure[cell]], mate[sure[cell]])
    count = np.bincount(group[sure], minlength=len(cells))
    company = met.astype(np.intp)
    np.maximum.at(company, cell, count[group[mate]] - 1)
    # Print may part a box into two like halves, but hardly into three.
    doubtful |= shaky & (company < 2)
    return np.where(doubtful, 0, np.minimum(company, ENOUGH_COMPANY))


def _weak_sides(cells: Cells) -> Bools:
    """Tell which sides (n, 4) are faint, or much darker or paler than the cell's others."""
    others = np.stack([np.delete(cells.contrast, side, axis=1) for side in range(4)], axis=1)
    weak = (cells.support < FIRM_SUPPORT) | (cells.contrast > STRANGE_CONTRAST * others.max(axis=2))
    return np.asarray(weak | (STRANGE_CONTRAST * cells.contrast < others.min(axis=2)))


def _beyond(lines: Indices, side: int) -> tuple[Indices, Indices]:
    """Give the pairs of cells, by their ``lines`` (n, 4), of which the second lies right beyond a side of the first."""
    # What lies beyond a side has that line on its other side and the same two lines along.
    base = int(lines.max(initial=0)) + 1
    along = lines[:, (side + 1) % 4] * base + lines[:, (side + 3) % 4]
    near, far = (along * base + lines[:, edge] for edge in (side, (side + 2) % 4))
    order = np.argsort(far, kind="stable")
    sorted_far = far[order]
    one, place = ranges(np.searchsorted(sorted_far, near, side="left"), np.searchsorted(sorted_far, near, side="right"))
    return one, order[place]


def _choose(cells: Cells) -> Cells:
    """Of the candidates that overlap keep those that no line parts, then those in company, then the smallest.

    The faint are kept beside the sure.
    """
    company = _company(cells)
    boxes = np.concatenate([cells.quads.min(axis=1), cells.quads.max(axis=1)], axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    one, rival = _overlapping(boxes, areas)
    first = np.searchsorted(one, np.arange(len(cells) + 1)).tolist()
    # The four sides of a box are drawn with one pen, where no row of like ones shows that they are not.
    evenness = cells.contrast.min(axis=1) / np.maximum(cells.contrast.max(axis=1), 1)
    believed = (company == ENOUGH_COMPANY) & (evenness >= MIN_EVENNESS)
    believed |= (cells.sure | (company > 0)) & (evenness >= ONE_PEN)
    believed[_outdone(cells.sure, company, evenness, areas, one, rival)] = False
    taken, left = np.zeros(len(cells), np.bool_), believed
    for i in np.lexsort((areas, ~cells.sure, -company, cells.parted)).tolist():
        if left[i]:
            taken[i] = True
            left[rival[first[i] : first[i + 1]]] = False
    return cells.take(taken)


def _outdone(sure: Bools, company: Indices, evenness: Floats, areas: Floats, one: Indices, rival: Indices) -> Indices:
    """Give the cells that one of the cells they overlap shows not to be any; ``rival[i]`` overlaps ``one[i]``."""
    print_like = (company < ENOUGH_COMPANY) & (evenness < EVEN)
    doubted = (print_like | ~sure)[one] & sure[rival]
    one, rival = one[doubted], rival[doubted]
    # Print within a box stands out from its lines; the box itself is drawn evenly.
    around = print_like[one] & (areas[rival] > areas[one]) & (evenness[rival] >= EVEN)
    # Faint sides around a sure cell are those of the gap beside it.
    within = ~sure[one] & (areas[rival] < areas[one])
    within &= company[rival] >= np.where(company[one] < ENOUGH_COMPANY, 0, company[one])
    return np.asarray(one[around | within])


def _overlapping(boxes: Floats, areas: Floats) -> tuple[Indices, Indices]:
    """Give the pairs of boxes (n, 4) that share over a fifth of the smaller: each both ways, ordered by the first."""
    # In the order of their upper (or left) edges only those before a box's lower (right) edge come into question.
    sweeps = []
    for axis in (1, 0):
        order = np.argsort(boxes[:, axis], kind="stable")
        before = np.searchsorted(boxes[order, axis], boxes[order, axis + 2], side="left")
        sweeps.append((int(before.sum()), axis, order, before))
    _, axis, order, before = min(sweeps, key=lambda sweep: sweep[0])
    start, low, end, high = boxes[order][:, [axis, 1 - axis, axis + 2, 3 - axis]].T.copy()
    one, other = ranges(np.arange(1, len(order) + 1), before)
    meet = (low[other] < high[one]) & (low[one] < high[other])
    one, other = one[meet], other[meet]
    shared = np.minimum(end[one], end[other]) - start[other]
    shared *= np.minimum(high[one], high[other]) - np.maximum(low[one], low[other])
    areas = areas[order]
    rivals = shared > 0.2 * np.minimum(areas[one], areas[other])
    one, other = order[one[rivals]], order[other[rivals]]
    one, other = np.concatenate([one, other]), np.concatenate([other, one])
    # Numbers of 16 bits are sorted many times more quickly.
    by_first = np.argsort(one.astype(np.int16), kind="stable")
    return one[by_first], other[by_first]
