"""The kinds of fields: how each is cut from the page, what of it goes to the classifier, and how it is read."""

from collections.abc import Callable, Mapping, Sequence
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
    """One kind's way: from the page to the cuts of its fields, from a picture to its tiles, from a way to its reading.

    The last argument of ``read`` is the confidence (0–1) from which a field is accepted.
    """

    cut: Callable[[Pyramid, Sequence[FieldPlace]], list[FieldCut]]
    lattice: Callable[[FieldImage], Lattice]
    read: Callable[[FieldImage, Choice, float], FieldReading]


def _each(cut: Callable[[Pyramid, FieldPlace], FieldCut]) -> Callable[[Pyramid, Sequence[FieldPlace]], list[FieldCut]]:
    """Cut fields one by one."""
    return lambda pyramid, places: [cut(pyramid, place) for place in places]


KINDS: Mapping[str, FieldKind] = {
    "boxes": FieldKind(cut_boxes, boxes_lattice, read_field),
    "string": FieldKind(_each(cut_run), string_lattice, read_string),
    "mark": FieldKind(_each(cut_mark), blank_lattice, read_mark),
    "row": FieldKind(_each(cut_row), boxes_lattice, read_field),
    "digit": FieldKind(_each(cut_digit), boxes_lattice, read_field),
}
"""By the name in a form's file; a new kind is one module and one line here."""
