"""The kinds of fields: how each is cut from the page, what of it goes to the classifier, and how it is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ocrbatch.page.cells import cut_boxes
from ocrbatch.page.choose import Choice
from ocrbatch.page.confidence import read_field
from ocrbatch.page.cuts import FieldCut, Pyramid
from ocrbatch.page.lattice import blank_lattice, boxes_lattice
from ocrbatch.page.marks import cut_mark, read_mark
from ocrbatch.page.strings.lattice import string_lattice
from ocrbatch.page.strings.read import read_string
from ocrbatch.page.strings.run import cut_run
from ocrbatch.page.whole import cut_digit, cut_row
from ocrbatch.records import FieldImage, FieldPlace, FieldReading, Lattice


@dataclass(frozen=True, slots=True)
class FieldKind:
    """One kind's way: from the page to its cut, from its picture to its tiles, from the way to its reading.

    The last argument of ``read`` is the confidence (0–1) from which a field is accepted.
    """

    cut: Callable[[Pyramid, FieldPlace], FieldCut]
    lattice: Callable[[FieldImage], Lattice]
    read: Callable[[FieldImage, Choice, float], FieldReading]


KINDS: Mapping[str, FieldKind] = {
    "boxes": FieldKind(cut_boxes, boxes_lattice, read_field),
    "string": FieldKind(cut_run, string_lattice, read_string),
    "mark": FieldKind(cut_mark, blank_lattice, read_mark),
    "row": FieldKind(cut_row, boxes_lattice, read_field),
    "digit": FieldKind(cut_digit, boxes_lattice, read_field),
}
"""By the name in a form's file; a new kind is one module and one line here."""
