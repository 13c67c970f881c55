"""What will make a form hard to find or to read, told before a thousand copies of it are printed."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ocrbatch.design.landmarks import look_at_landmarks
from ocrbatch.form.template import Field, Form, FormPage, Kind
from ocrbatch.geometry import quad_size
from ocrbatch.page.registration.reference import reference_picture

LEAST_MM = 3.5
LEAST_PIXELS = 20.0
GOOD_SHARE = 28.0 / 300.0
"""The least pixels of a cell for each dpi of its page: at 300 dpi a digit wants 28."""
EDGE_MM = 3.0
EDGE_SHARE = 0.01
"""Of the page's longer side, where no dpi tells what a millimetre is."""
LEAST_ASPECT, MOST_ASPECT = 0.4, 1.6
MOST_MARK_ASPECT = 2.0
LEAST_DPI = 100.0
LEAST_SIDE = 800
OVERLAP = 1.5
"""Pixels: cells share their line, and boxes are rounded."""

Rects = npt.NDArray[np.float64]
"""(n, 4): left, top, right, bottom."""


@dataclass(frozen=True, slots=True)
class FormWarning:
    """A weakness of a form: ``what`` it is, ``where`` (fields by name, or a page), and its ``mend``."""

    what: str
    where: str
    mend: str


def lint(form: Form) -> tuple[FormWarning, ...]:
    """Look for what makes a form hard to find on a scan or to read: it works as it is, but some pages will not."""
    found: list[FormWarning] = []
    for page in form.pages:
        where = f"page {page.number}" if len(form.pages) > 1 else "the page"
        for field in page.fields:
            found += [*_of_size(field, page.dpi), *_of_shape(field), *_of_place(field, page)]
        found += [*_of_pairs(page), *_of_reference(page, where)]
    return tuple(found)


def _of_size(field: Field, dpi: float | None) -> Iterator[FormWarning]:
    if field.kind is Kind.MARK:
        return
    sizes = np.array([quad_size(cell) for cell in field.cells])
    least = float(sizes.min() if field.kind is Kind.BOXES else sizes[:, 1].min())
    wanted = max(LEAST_PIXELS, GOOD_SHARE * dpi if dpi else 0.0)
    if dpi and least < LEAST_MM * dpi / 25.4:
        what = f"its cells are small ({least * 25.4 / dpi:.1f} mm)"
        yield FormWarning(
            what, field.name, f"print them 5 mm large or more; hardly a digit is legible under {LEAST_MM} mm"
        )
    elif least < wanted:
        what = f"its cells have few pixels ({least:.0f})"
        yield FormWarning(
            what, field.name, f"make the form of a finer scan, so that they have {np.ceil(wanted):.0f} or more"
        )


def _of_shape(field: Field) -> Iterator[FormWarning]:
    aspects = [width / max(height, 1e-6) for width, height in map(quad_size, field.cells)]
    widest, narrowest = max(aspects), min(aspects)
    if field.kind is Kind.BOXES and widest > MOST_ASPECT:
        what = f"its cells are wide for one digit ({widest:.1f} times their height)"
        yield FormWarning(what, field.name, 'count its cells again; a box for several digits has the kind "string"')
    elif field.kind is Kind.BOXES and narrowest < LEAST_ASPECT:
        what = f"its cells are narrow ({narrowest:.2f} of their height)"
        yield FormWarning(what, field.name, "count its cells again, or make its box wider")
    elif field.kind is Kind.MARK and max(widest, 1 / max(narrowest, 1e-6)) > MOST_MARK_ASPECT:
        yield FormWarning(
            "its box is no square", field.name, 'give the box to tick alone; digits have the kind "string"'
        )


def _of_place(field: Field, page: FormPage) -> Iterator[FormWarning]:
    box = field.box
    room = min(box.x, box.y, page.width - box.right, page.height - box.bottom)
    edge = EDGE_SHARE * max(page.width, page.height) if page.dpi is None else EDGE_MM * page.dpi / 25.4
    if room < 0:
        yield FormWarning("it lies partly off the page", field.name, "move its box into the page's width and height")
    elif room < edge:
        mend = f"keep {EDGE_MM:g} mm from the edge, which scanners cut off"
        yield FormWarning("it lies at the very edge of the page", field.name, mend)


def _of_pairs(page: FormPage) -> Iterator[FormWarning]:
    """Tell which fields overlap, or have cells that touch side by side; the rows of a table may touch."""
    boxes = np.array([(f.box.x, f.box.y, f.box.right, f.box.bottom) for f in page.fields], np.float64).reshape(-1, 4)
    across, down = (
        np.minimum(boxes[:, None, axis + 2], boxes[None, :, axis + 2])
        - np.maximum(boxes[:, None, axis], boxes[None, :, axis])
        for axis in (0, 1)
    )
    for one, other in np.argwhere(np.triu((across >= -OVERLAP) & (down > OVERLAP), 1)).tolist():
        first, second = page.fields[one], page.fields[other]
        where = f"{first.name}, {second.name}"
        if across[one, other] > OVERLAP:
            both = _overlap(_rects(first), _rects(second))
            what = "their cells overlap" if both else "their boxes overlap"
            mend = "move one, or make it smaller: what is written where they meet is read twice"
            yield FormWarning(what, where, mend if both else "give each its own place, or list the cells in cell_boxes")
        elif _touch(_rects(first), _rects(second)):
            yield FormWarning(
                "their cells touch side by side", where, "leave room between them, or make one field of both"
            )


def _rects(field: Field) -> Rects:
    return np.column_stack([field.cells.min(axis=1), field.cells.max(axis=1)]).astype(np.float64)


def _shared(one: Rects, other: Rects) -> npt.NDArray[np.float64]:
    """Give how far (n, m, 2) each cell of one reaches into each of the other, across and down; negative: the gap."""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    return np.asarray(np.minimum(one[:, None, 2:], other[None, :, 2:]) - low)


def _overlap(one: Rects, other: Rects) -> bool:
    return bool((_shared(one, other) > OVERLAP).all(axis=2).any())


def _touch(one: Rects, other: Rects) -> bool:
    shared = _shared(one, other)
    return bool(((np.abs(shared[..., 0]) <= OVERLAP) & (shared[..., 1] > OVERLAP)).any())


def _of_reference(page: FormPage, where: str) -> Iterator[FormWarning]:
    if page.dpi is None:
        yield FormWarning("its dpi is not told", where, "write that of the reference picture, as dpi = 300")
    if (page.dpi or LEAST_DPI) < LEAST_DPI or (page.dpi is None and max(page.width, page.height) < LEAST_SIDE):
        yield FormWarning("its resolution is low", where, "make the form of a scan at 200 or 300 dpi")
    if page.reference is None:
        mend = "put a clean scan beside the form and name it by reference = ...; form draft makes one"
        yield FormWarning("it has no reference picture", where, mend)
        return
    found = reference_picture(page)
    if isinstance(found, str):
        mend = "put the right picture beside the form, a PNG; all boxes are in its pixels"
        yield FormWarning(f"its reference picture {found}", where, mend)
        return
    for what, mend in look_at_landmarks(found.pixels, [field.box for field in page.fields], page.dpi):
        yield FormWarning(what, where, mend)
