"""The digit sheet: all cells of a job that were accepted as one digit, side by side, the least sure first.

A person sees one wrong digit among hundreds of right ones at a glance.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ocrbatch.job.corrected import Verdict
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
        spoken = field.said is not None and field.said.verdict is not Verdict.UNDONE
        if not spoken and field.read.status is Status.ACCEPTED:
            for cell, digit, confidence in _cells(field):
                if digit in sheets:
                    sheets[digit].append(SheetCell(field, cell, confidence))
    for cells in sheets.values():
        cells.sort(key=lambda one: one.confidence)
    return sheets


def is_for_the_sheet(verdict: Verdict, field: ReviewField, source: str) -> bool:
    """Tell whether the sheet may say this of a field now: it takes back its own word alone, ``source``'s.

    A sheet may have been open for hours: who has settled one of its fields meanwhile has looked longer.
    """
    said = field.said
    if said is None or said.verdict is Verdict.UNDONE:
        return said is not None or verdict is Verdict.REVIEW
    return said.verdict is Verdict.REVIEW and (verdict is Verdict.REVIEW or said.source == source)


def _cells(field: ReviewField) -> Iterable[tuple[int, str, float]]:
    """Give place, digit and confidence of each written cell of a field."""
    read = field.read
    written = [place for place, text in enumerate(read.cell_values) if text]
    same = len(read.digit_confidence) == len(written)
    sure = read.digit_confidence if same else (read.confidence,) * len(written)
    return [(place, read.cell_values[place], own) for place, own in zip(written, sure, strict=True)]
