"""The digit sheet: all cells of a job that were accepted as one digit, side by side, the least sure first.

A person sees one wrong digit among hundreds of right ones at a glance.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ocrbatch.records import LABELS, Status
from ocrbatch.review.fields import ReviewField


@dataclass(frozen=True, slots=True)
class SheetCell:
    """A cell on the sheet: of which field, the how manieth, and how sure its digit is (0–1)."""

    field: ReviewField
    cell: int
    confidence: float


Sheets = dict[str, list[SheetCell]]


def digit_sheets(fields: Iterable[ReviewField]) -> Sheets:
    """Give the cells of each digit, the least sure first, of the fields that were accepted and nobody spoke of."""
    sheets: Sheets = {digit: [] for digit in LABELS}
    for field in fields:
        if field.said is None and field.read.status is Status.ACCEPTED:
            for cell, digit, confidence in _cells(field):
                if digit in sheets:
                    sheets[digit].append(SheetCell(field, cell, confidence))
    for cells in sheets.values():
        cells.sort(key=lambda one: one.confidence)
    return sheets


def _cells(field: ReviewField) -> Iterable[tuple[int, str, float]]:
    """Give place, digit and confidence of each written cell of a field."""
    read = field.read
    written = [place for place, text in enumerate(read.cell_values) if text]
    same = len(read.digit_confidence) == len(written)
    sure = read.digit_confidence if same else (read.confidence,) * len(written)
    return [(place, read.cell_values[place], own) for place, own in zip(written, sure, strict=True)]
