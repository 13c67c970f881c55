"""Pictures that are one field each, cut out already: an amount from a cheque, a row of boxes, a single digit."""

from dataclasses import replace
from enum import StrEnum

import numpy as np

from ocrbatch.errors import UsageError
from ocrbatch.geometry import enclosing_box
from ocrbatch.page.crop import ink_of, paper_is_dark
from ocrbatch.page.cuts import FieldCut, Pyramid
from ocrbatch.page.ruling import find_ruling
from ocrbatch.records import CellImage, FieldImage, FieldPlace, Page, RegisteredPage, cell_quads, read_only

NAME = "whole"
"""The name of the form, and of its one field."""
NO_BOXES = "no boxes found"


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
    ruling = find_ruling(page)
    if not ruling.runs:
        return RegisteredPage(page, NAME, (), 0.0, ruling.skew_degrees, problem=NO_BOXES)
    place = FieldPlace(NAME, "boxes", read_only(np.concatenate(ruling.runs)))
    return RegisteredPage(page, NAME, (place,), 1.0, ruling.skew_degrees)


def _dark_on_bright(page: Page) -> Page:
    """Invert what is written bright on dark."""
    return replace(page, pixels=read_only(255 - page.pixels)) if paper_is_dark(page.pixels) else page
