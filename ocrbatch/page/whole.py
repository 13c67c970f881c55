"""Pictures that are one field each, cut out already: an amount from a cheque, a row of boxes, a single digit."""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.errors import UsageError
from ocrbatch.geometry import Matrix, enclosing_box, transform_points
from ocrbatch.page.cells import cut_boxes
from ocrbatch.page.crop import ink_of
from ocrbatch.page.cuts import FieldCut, Pyramid
from ocrbatch.page.ruling import find_ruling
from ocrbatch.records import CellImage, FieldImage, FieldPlace, Page, RegisteredPage, cell_quads, read_only

Quads = npt.NDArray[np.float32]
NAME = "whole"
"""The name of the form, and of its one field."""
NO_BOXES = "no boxes found"
NO_PAPER = "no paper"
DARK = 64
"""A picture of one level is blank paper, unless that is darker than any."""
LARGEST = 1800
"""More pixels than this a side tell nothing more of boxes."""
SIDES, ABOVE = 0.25, 2.2
"""Of the picture's width and height, how much paper is laid beside it, and above and below."""
SIDES_LEAST = 40
ROW = "row"
ROOM = 0.85
"""Of a box's width: so much room beside another may hold one that was not found."""
BESIDE = "writing beside the box"
ENOUGH_PIXELS = 1_000_000
"""So many tell whether a picture is bright on dark."""


class Whole(StrEnum):
    """What such pictures hold."""

    BOXES = "boxes"
    """One comb or row of boxes."""
    STRING = "string"
    """A free run of digits."""
    DIGIT = "digit"
    """A single digit."""


def asked_whole(kind: str | None, *, with_forms: bool = False) -> Whole | None:
    """Give the kind that is meant by a word. Raises UsageError for another word, and where forms were given too."""
    if kind is None:
        return None
    if kind not in set(Whole):
        raise UsageError(f"whole is {kind!r}; it is {', '.join(Whole)}")
    if with_forms:
        raise UsageError("whole and forms exclude each other: a picture that is one field has no form")
    return Whole(kind)


def whole_page(page: Page, kind: str) -> RegisteredPage:
    """Take a picture for one field: ``kind`` is ``boxes``, ``string`` or ``digit``; ValueError of another.

    The place of a run of digits, or of one digit, is the picture; boxes are looked for in it, and all that are found
    are cells of the one field, in reading order. A page of boxes or a run comes back dark on bright, whatever it was.
    """
    if Whole(kind) is Whole.BOXES:
        return _boxes(_dark_on_bright(page))
    height, width = page.pixels.shape
    if page.pixels.max() < DARK:
        return RegisteredPage(page, NAME, (), 0.0, 0.0, problem=NO_PAPER)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    place = FieldPlace(NAME, kind, cell_quads([corners]))
    # A digit's ink is found in either polarity, and better so: its picture may be hardly larger than it.
    return RegisteredPage(page if kind == Whole.DIGIT else _dark_on_bright(page), NAME, (place,), 1.0, 0.0)


def cut_digit(pyramid: Pyramid, place: FieldPlace) -> FieldCut:
    """Cut a picture of one digit, as a field of one box.

    Nothing is known of where a box's sides would be, and the digit may touch the picture's.
    """
    ink = ink_of(pyramid(0))
    cell = CellImage(ink, blank=not ink.any())
    image = FieldImage(replace(place, kind="boxes"), enclosing_box(place.cells), (cell,))
    # The only digit of its page: there is no other writing beside which it could be faint.
    return FieldCut((), lambda faintest: image)


def _boxes(page: Page) -> RegisteredPage:
    """Look for the boxes as on a sheet that the picture lies on: rows that fill a page are taken for frames there."""
    sheet, to_page = _on_a_sheet(page)
    ruling = find_ruling(sheet)
    if not ruling.runs:
        return RegisteredPage(page, NAME, (), 0.0, ruling.skew_degrees, problem=NO_BOXES)
    cells = transform_points(to_page, np.concatenate(ruling.runs))
    return RegisteredPage(page, NAME, (FieldPlace(NAME, ROW, read_only(cells)),), 1.0, ruling.skew_degrees)


def cut_row(pyramid: Pyramid, place: FieldPlace) -> FieldCut:
    """Cut a row of boxes that was found in its picture; what is written where one may be missing is noted."""
    field = replace(place, kind="boxes")
    numbers, rooms = _rooms(place.cells, pyramid(0).shape)
    own, beside = cut_boxes(pyramid, [field, replace(field, cells=rooms)])
    return FieldCut(own.peaks, partial(_row, own, beside, numbers))


def _row(own: FieldCut, beside: FieldCut, numbers: Sequence[int], faintest: float) -> FieldImage:
    image = own.image(faintest)
    written = beside.image(faintest).cells if numbers else ()
    noted = {number for number, cell in zip(numbers, written, strict=True) if not cell.blank}
    cells = (replace(c, notes=(*c.notes, BESIDE)) if i in noted else c for i, c in enumerate(image.cells))
    return replace(image, cells=tuple(cells))


def _rooms(cells: Quads, shape: tuple[int, ...]) -> tuple[list[int], Quads]:
    """Give where one more box has room beside a cell of the row, and the numbers of those cells."""
    steps = cells[:, [1, 2]].mean(axis=1) - cells[:, [0, 3]].mean(axis=1)
    wide = np.median(np.linalg.norm(steps, axis=1))
    left, right = cells[:, [0, 3], 0].mean(axis=1), cells[:, [1, 2], 0].mean(axis=1)
    gaps = np.concatenate([[left[0]], left[1:] - right[:-1], [shape[1] - right[-1]]])
    places = [(0, cells[0] - steps[0])] if gaps[0] >= ROOM * wide else []
    places += [(i, cells[i] + steps[i]) for i in range(len(cells)) if gaps[i + 1] >= ROOM * wide]
    return [number for number, _ in places], cell_quads([quad for _, quad in places])


def _on_a_sheet(page: Page) -> tuple[Page, Matrix]:
    """Lay the picture, reduced where it is large, on blank paper; gives the sheet, and the matrix (3, 3) back."""
    height, width = page.pixels.shape
    scale = min(1.0, LARGEST / max(height, width))
    pixels = page.pixels
    if scale < 1:
        size = (max(round(scale * width), 1), max(round(scale * height), 1))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    across, down = max(round(SIDES * pixels.shape[1]), SIDES_LEAST), max(round(ABOVE * pixels.shape[0]), SIDES_LEAST)
    paper = int(np.median(pixels[::4, ::4]))
    sheet = cv2.copyMakeBorder(pixels, down, down, across, across, cv2.BORDER_CONSTANT, value=(paper,))
    to_page = np.array([[1 / scale, 0, -across / scale], [0, 1 / scale, -down / scale], [0, 0, 1]])
    return Page(page.number, read_only(sheet), None if page.dpi is None else page.dpi * scale), to_page


def _dark_on_bright(page: Page) -> Page:
    """Invert what is written bright on dark: most of it is darker than middling, and the rest differs by brightness.

    Grey paper that a white edge or a dark border leaves on a picture is no dark one.
    """
    height, width = page.pixels.shape
    step = max(round(np.sqrt(height * width / ENOUGH_PIXELS)), 1)
    low, usual, high = np.percentile(page.pixels[::step, ::step], [1, 50, 99])
    is_bright = usual < 128 and high - usual > usual - low
    return replace(page, pixels=read_only(255 - page.pixels)) if is_bright else page
