"""The page's own ruling: its boxes, combs and table grids, joined to runs in reading order."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ocrbatch.geometry import transform_points
from ocrbatch.page.boxes import find_cells
from ocrbatch.page.chains import Floats
from ocrbatch.page.combs import open_combs, straighten_rows
from ocrbatch.page.grids import complete_grids, neighbours
from ocrbatch.page.lines import find_lines
from ocrbatch.page.rectangles import sizes
from ocrbatch.records import Page, read_only

MIN_RUN_HEIGHT = 18.0
MIN_LONE_HEIGHT = 26.0
MIN_LONE_ASPECT = 0.66
MAX_TAPER = 0.12
SINGLE_DIGIT_ASPECT = 2.2
MAX_RUN_GAP = 0.8
RUN_SIZE = 0.25


@dataclass(frozen=True, slots=True)
class Ruling:
    """A page's runs of boxes in reading order: ``runs`` of (n, 4, 2) float32 quadrilaterals in page pixels.

    ``skew_degrees`` is the tilt of the rows, clockwise.
    """

    runs: tuple[npt.NDArray[np.float32], ...]
    skew_degrees: float


def find_ruling(page: Page) -> Ruling:
    """Find the boxes, combs and table cells that a page's own lines draw, and join them to runs."""
    line_map = find_lines(page)
    cells = complete_grids(find_cells(line_map).quads, line_map)
    # A row that was filled can show its table where another cell is missing.
    filled = straighten_rows(cells, line_map)
    cells = complete_grids(filled, line_map) if len(filled) != len(cells) else filled
    cells = np.concatenate([cells, open_combs(line_map, cells)])
    runs = order_runs(join_runs(cells))
    to_page = np.linalg.inv(line_map.to_levelled)
    quads = tuple(read_only(transform_points(to_page, run)) for run in runs)
    origin, along = transform_points(to_page, np.array([[0.0, 0.0], [100.0, 0.0]]))
    tilt = float(np.degrees(np.arctan2(along[1] - origin[1], along[0] - origin[0])))
    return Ruling(quads, tilt)


def join_runs(cells: Floats) -> list[Floats]:
    """Join cells (n, 4, 2) of one size that stand side by side to runs, from left to right.

    Cells that share their sides make a run of their own; single boxes make one where their gaps are narrow.
    """
    if not len(cells):
        return []
    beside, _ = neighbours(cells, RUN_SIZE)
    size = sizes(cells)
    beside &= (size[:, 0] <= SINGLE_DIGIT_ASPECT * size[:, 1])[:, None]
    following = np.where(beside.any(axis=1), beside.argmax(axis=1), -1)
    heads = np.nonzero(~beside.any(axis=0))[0]
    runs: list[Floats] = []
    for head in heads[np.argsort(cells[heads, 0, 0], kind="stable")]:
        chain = [int(head)]
        while following[chain[-1]] >= 0 and following[chain[-1]] not in chain:
            chain.append(int(following[chain[-1]]))
        run = cells[chain]
        before = [i for i, other in enumerate(runs) if len(run) == 1 and _continues(other, run[0])]
        if before:
            runs[before[-1]] = np.concatenate([runs[before[-1]], run])
        else:
            runs.append(run)
    return [run for run in runs if _large_enough(run)]


def _size(quads: Floats) -> tuple[float, float]:
    """Give the mean width and height of quadrilaterals (n, 4, 2)."""
    width = np.linalg.norm(quads[:, [1, 2]] - quads[:, [0, 3]], axis=-1).mean()
    height = np.linalg.norm(quads[:, [3, 2]] - quads[:, [0, 1]], axis=-1).mean()
    return float(width), float(height)


def _continues(run: Floats, quad: Floats) -> bool:
    """Tell whether a single box stands right of a run of single boxes as their next."""
    width, height = _size(quad[None])
    last_width, last_height = _size(run[-1:])
    gaps = np.concatenate([run, quad[None]])
    gaps = (gaps[1:, [0, 3], 0] - gaps[:-1, [1, 2], 0]).mean(axis=1)
    step = np.abs(quad[[0, 3], 1] - run[-1, [1, 2], 1]).max()
    return bool(
        gaps.min() > 0.05 * width
        and gaps[-1] <= MAX_RUN_GAP * width
        and step < 0.2 * height
        and abs(last_width - width) < RUN_SIZE * width
        and abs(last_height - height) < RUN_SIZE * height
        and width <= SINGLE_DIGIT_ASPECT * height
    )


def _large_enough(run: Floats) -> bool:
    """Tell a run of cells from letters of the print, which can look like one or two small boxes."""
    width, height = _size(run)
    if len(run) >= 3:
        return height >= MIN_RUN_HEIGHT
    above, below = (np.linalg.norm(run[:, i] - run[:, j], axis=1).mean() for i, j in ((0, 1), (3, 2)))
    straight = abs(above - below) <= MAX_TAPER * max(above, below)
    return bool(straight and height >= MIN_LONE_HEIGHT and width >= MIN_LONE_ASPECT * height)


def order_runs(runs: list[Floats]) -> list[Floats]:
    """Sort runs from the top down, and those that share a line of the page from left to right."""
    extents = [(float(run[:, :2, 1].mean()), float(run[:, 2:, 1].mean())) for run in runs]
    lines: list[list[int]] = []
    for index in sorted(range(len(runs)), key=lambda i: sum(extents[i])):
        top, bottom = extents[index]
        for line in reversed(lines):
            first_top, first_bottom = extents[line[0]]
            shared = min(bottom, first_bottom) - max(top, first_top)
            if shared > 0.5 * min(bottom - top, first_bottom - first_top):
                line.append(index)
                break
        else:
            lines.append([index])
    return [runs[i] for line in lines for i in sorted(line, key=lambda i: float(runs[i][0, 0, 0]))]
