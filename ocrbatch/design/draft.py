"""A form made of a scan: its boxes, combs, tables and lines to write on become named fields."""

import re
import unicodedata
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np

from ocrbatch.design.level import LEVEL_ENOUGH, is_oblique, level_page, reduce_page, tilt
from ocrbatch.design.names import Nameless, in_reading_order, propose_names
from ocrbatch.design.proposals import Proposal, probable_dpi, propose
from ocrbatch.form.template import Field, Form, FormPage, Kind
from ocrbatch.geometry import Box, Quad
from ocrbatch.page.ruling import find_ruling
from ocrbatch.records import Page, cell_quads

EVEN = 0.06
"""How far, in cells, the dividers of a comb of equal cells may be off."""
FILLED = 0.5
LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Draft:
    """A form of one page; ``written`` counts, for each field, its cells with print or writing in them.

    ``notes`` tell a person what was done and what stands in the way of a good form.
    """

    form: Form
    reference: Page
    written: tuple[int, ...]
    notes: tuple[str, ...]


def draft_form(page: Page, name: str, dpi: float | None = None) -> Draft:
    """Make a form of a blank or filled scan, which is set level first; fields in reading order, perhaps none.

    The form's reference is the level page as a grey PNG. ``dpi`` takes the place of the page's own; without either
    the form has none, and sizes are judged by what boxes usually measure.
    """
    page = reduce_page(page if dpi is None else replace(page, dpi=dpi))
    notes = []
    ruling = find_ruling(page)
    degrees = tilt(ruling)
    if abs(degrees) > LEVEL_ENOUGH:
        notes.append(f"the scan was tilted by {degrees:.1f} degrees; the reference picture is level")
        page = level_page(page, degrees)
        ruling = find_ruling(page)
    if is_oblique(ruling):
        notes.append(
            "the boxes are not square to each other, as on a photograph; use a flat scan of the form, "
            "or cells will lie beside their places"
        )
    if page.dpi is None:
        notes.append(
            "the file tells no dpi; give it with --dpi: the picture's width in pixels divided by the paper's in inches"
        )
    fields, written = _fields(propose(page, ruling, probable_dpi(page, ruling)), page)
    if sum(written) > FILLED * sum(len(field.cells) for field in fields):
        notes.append("most boxes bear writing; where there is a blank sheet, a scan of it makes a better reference")
    height, width = page.pixels.shape
    picture = bytes(cv2.imencode(".png", page.pixels)[1])
    form = Form(name, (FormPage(1, width, height, page.dpi, picture, fields),), "")
    return Draft(form, page, written, tuple(notes))


def form_name(text: str) -> str:
    """Make a form's name of any text, as of a file's name: small letters, digits, ``-`` and ``_``; never empty."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9_]+", "-", plain)[:LONGEST_NAME].strip("-_") or "form"


def _fields(proposals: tuple[Proposal, ...], page: Page) -> tuple[tuple[Field, ...], tuple[int, ...]]:
    """Give the proposals names and whole pixels, in reading order, with their counts of written cells."""
    height, width = page.pixels.shape
    cells = [_whole(proposal, width, height) for proposal in proposals]
    boxes = [_around(listed) for listed in cells]
    order = [i for line in in_reading_order(boxes) for i in line]
    names = propose_names(
        [Nameless(boxes[i], proposals[i].kind is Kind.MARK, proposals[i].table, proposals[i].row) for i in order],
        width,
        height,
    )
    fields = []
    for name, index in zip(names, order, strict=True):
        quads = cell_quads([_quad(box.x, box.y, box.right, box.bottom) for box in cells[index]])
        if _is_even(cells[index]):
            quads = _equal_cells(boxes[index], len(cells[index]))
        fields.append(Field(name, proposals[index].kind, boxes[index], quads))
    return tuple(fields), tuple(proposals[i].written for i in order)


def _whole(proposal: Proposal, width: int, height: int) -> list[Box]:
    """Give a proposal's cells in whole pixels within the page; cells that share a side still do."""
    rects = proposal.rects.copy()
    # One height for all of a row; and one divider between two cells, whose own sides are a pixel apart at most.
    rects[:, 1], rects[:, 3] = np.median(rects[:, 1]), np.median(rects[:, 3])
    size = np.median(rects[:, 2] - rects[:, 0])
    for left, right in pairwise(rects):
        if abs(right[0] - left[2]) <= EVEN * size:
            left[2] = right[0] = (left[2] + right[0]) / 2
    whole = np.clip(np.rint(rects), 0, (width, height, width, height)).astype(int).tolist()
    return [Box(x, y, right - x, bottom - y) for x, y, right, bottom in whole]


def _around(cells: list[Box]) -> Box:
    left, top = min(box.x for box in cells), min(box.y for box in cells)
    return Box(left, top, max(box.right for box in cells) - left, max(box.bottom for box in cells) - top)


def _is_even(cells: list[Box]) -> bool:
    """Tell whether cells are the equal parts of the box around them, as closely as matters."""
    whole = _around(cells)
    step = whole.width / len(cells)
    near = max(1.0, EVEN * step)
    return all(
        abs(cell.x - (whole.x + i * step)) <= near and abs(cell.right - (whole.x + (i + 1) * step)) <= near
        for i, cell in enumerate(cells)
    )


def _equal_cells(box: Box, count: int) -> Quad:
    edges = np.linspace(box.x, box.right, count + 1)
    return cell_quads([_quad(edges[i], box.y, edges[i + 1], box.bottom) for i in range(count)])


def _quad(left: float, top: float, right: float, bottom: float) -> Quad:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
