"""Where the boxes of a form stand on the paper that ocrbatch prints: apart, so that writing stays apart too."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ocrbatch.form.template import FormPage
from ocrbatch.geometry import enclosing_box
from ocrbatch.records import cell_quads

LINE_MM = 0.3
GAP_MM = 1.0
"""White between the lines of two boxes."""
LARGEST_INSET = 1 / 6
"""Of a cell's side, on each of its ends: a small cell keeps room for a digit, and gives up some of the gap."""
NESTED = 1 / 3
"""Cells that overlap by more of the smaller one than this do not stand side by side."""

Sides = npt.NDArray[np.float64]


def as_printed(page: FormPage) -> FormPage:
    """Give a form's page with its cells where its print has them: what the reader needs on a page with its markers.

    Each cell is upright and about the form's own middle; where cells lie closer than a millimetre, all of their field
    are narrower, or lower, so that as much white stays between two lines. Without dpi the page comes back as it is.
    """
    if page.dpi is None:
        return page
    cells = [cell for field in page.fields for cell in field.cells]
    sides = np.array([[*cell.min(axis=0), *cell.max(axis=0)] for cell in cells], np.float64).reshape(-1, 4)
    counts = [len(field.cells) for field in page.fields]
    owners = np.repeat(np.arange(len(counts)), counts)
    millimetre = page.dpi / 25.4
    across = _insets(sides[:, 0::2], sides[:, 1::2], owners, millimetre)
    down = _insets(sides[:, 1::2], sides[:, 0::2], owners, millimetre)
    left, top, right, bottom = (sides + np.column_stack([across, down, -across, -down])).T
    quads = np.stack([left, top, right, top, right, bottom, left, bottom], axis=1).reshape(-1, 4, 2)
    fields = []
    for number, field in enumerate(page.fields):
        own = cell_quads(list(quads[owners == number]))
        fields.append(replace(field, cells=own, box=enclosing_box(own) if len(own) else field.box))
    return replace(page, fields=tuple(fields))


def _insets(along: Sides, across: Sides, owners: npt.NDArray[np.intp], millimetre: float) -> Sides:
    """Say by how much each cell (n,) is shorter at both ends, from the cells' ends (n, 2) along and across.

    ``owners`` (n,) numbers each one's field; ``millimetre`` is in pixels.
    """
    length = along[:, 1] - along[:, 0]
    needed = np.zeros(len(along))
    for at, (start, end) in enumerate(along):
        beside = np.minimum(across[:, 1], across[at, 1]) > np.maximum(across[:, 0], across[at, 0])
        gap = np.maximum(along[:, 0] - end, start - along[:, 1])
        near = beside & (gap < GAP_MM * millimetre) & (gap > -NESTED * np.minimum(length, length[at]))
        near[at] = False
        if near.any():
            needed[at] = ((GAP_MM + LINE_MM) * millimetre - gap[near].min()) / 2
    for owner in np.unique(owners):
        needed[owners == owner] = needed[owners == owner].max()
    return np.minimum(needed, LARGEST_INSET * length)
