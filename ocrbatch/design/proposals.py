"""What a scan's own lines propose as fields: runs of boxes, wide boxes, boxes to tick, lines to write on."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ocrbatch.design.blanks import find_underlines
from ocrbatch.design.ink import Ink, Rects, count_written, find_ink, print_beside
from ocrbatch.design.marks import find_marks, refine_square
from ocrbatch.design.tables import place_in_tables
from ocrbatch.form.template import Kind
from ocrbatch.page.lines import find_lines
from ocrbatch.page.ruling import Ruling
from ocrbatch.records import Page

LEAST_HEIGHT = 3.5
LEAST_STRING = 4.5
MOST_HEIGHT = 16.0
MOST_CELL = 18.0
"""Millimetres: what is lower is print, what is higher is no place for a line of digits."""
STRING_ASPECT = 1.2
"""A box of its own that is wider is hardly meant for one digit, and a string may have one digit, too."""
MARK_SIDE = 6.0
CAPTION_SHARE = 1.8
TYPICAL_HEIGHT = 7.5
LONG_SIDE = 279.4
GUESSED_DPI = (75.0, 600.0)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A field that a scan proposes: ``rects`` (n, 4), its cells' left, top, right and bottom in the page's pixels.

    ``table`` and ``row`` count from 1 where it is a row of a table, else they are 0; ``written`` is the number of
    cells with print or writing in them.
    """

    kind: Kind
    rects: Rects
    written: int = 0
    table: int = 0
    row: int = 0


def probable_dpi(page: Page, ruling: Ruling) -> float:
    """Give a page's dpi; where nobody tells, that at which its combs are as high as most, or it is a letter sheet."""
    if page.dpi is not None:
        return page.dpi
    heights = [float((run[:, 3] - run[:, 0])[:, 1].mean()) for run in ruling.runs if len(run) >= 4]
    dpi = float(np.median(heights)) / TYPICAL_HEIGHT if heights else max(page.pixels.shape) / LONG_SIDE
    return float(np.clip(dpi * 25.4, *GUESSED_DPI))


def propose(page: Page, ruling: Ruling, dpi: float) -> tuple[Proposal, ...]:
    """Propose the fields of a level page by its ``ruling``, which may be filled in; few rather than many.

    Sizes are judged in millimetres, by ``dpi``. They come in no certain order.
    """
    unit = dpi / 25.4
    ink = find_ink(page.pixels, unit)
    runs = [_rects(run) for run in ruling.runs]
    runs = [run for run in runs if _of_writing_size(run, unit)]
    runs = [run for run in runs if not _is_caption(run, runs, ink)]
    found = [_proposal(run, table, row, ink, unit) for run, table, row in place_in_tables(runs, ink)]
    line_map = find_lines(page)
    taken = np.concatenate([np.empty((0, 4)), *(_rects(run) for run in ruling.runs)])
    marks = find_marks(line_map, taken, ink, unit)
    found += [Proposal(Kind.MARK, mark[None], count_written(mark[None], ink)) for mark in marks]
    lines = find_underlines(line_map, np.concatenate([taken, marks]), ink, unit)
    return (*found, *(Proposal(Kind.STRING, line[None], count_written(line[None], ink)) for line in lines))


def _rects(run: npt.NDArray[np.float32]) -> Rects:
    """Set the cells (n, 4, 2) of a run upright; those that share a side still do."""
    quads = run.astype(np.float64)
    left, right = quads[:, [0, 3], 0].mean(axis=1), quads[:, [1, 2], 0].mean(axis=1)
    top, bottom = quads[:, [0, 1], 1].mean(axis=1), quads[:, [2, 3], 1].mean(axis=1)
    return np.column_stack([left, top, right, bottom])


def _of_writing_size(rects: Rects, unit: float) -> bool:
    width, height = np.median(rects[:, 2:] - rects[:, :2], axis=0) / unit
    if len(rects) > 1:
        return bool(LEAST_HEIGHT <= height <= MOST_HEIGHT and width <= MOST_CELL)
    # A wide box as low as type is a word of the print in which letters touch.
    return bool((LEAST_STRING if width > STRING_ASPECT * height else LEAST_HEIGHT) <= height <= MOST_HEIGHT)


def _is_caption(rects: Rects, runs: list[Rects], ink: Ink) -> bool:
    """Tell whether a box of its own only names the much wider one to which it is joined on its right."""
    if len(rects) != 1 or not count_written(rects, ink):
        return False
    left, top, right, bottom = rects[0]
    near = 0.12 * (bottom - top)
    return any(
        len(other) == 1
        and abs(other[0, 0] - right) <= near
        and abs(other[0, 1] - top) <= near
        and abs(other[0, 3] - bottom) <= near
        and other[0, 2] - other[0, 0] >= CAPTION_SHARE * (right - left)
        for other in runs
    )


def _proposal(rects: Rects, table: int, row: int, ink: Ink, unit: float) -> Proposal:
    width, height = np.median(rects[:, 2:] - rects[:, :2], axis=0)
    kind = Kind.STRING if len(rects) == 1 and width > STRING_ASPECT * height else Kind.BOXES
    small = len(rects) == 1 and not table and max(width, height) <= MARK_SIDE * unit
    if small and kind is Kind.BOXES and print_beside(rects[0], ink):
        kind, rects = Kind.MARK, refine_square(rects[0], ink, unit)[None]
    return Proposal(kind, rects, count_written(rects, ink), table, row)
