"""``results.xlsx``: what waits for a person, the worst first, with its pictures and a place for the right value.

Written row by row through files beside it, so that a job of any size takes the same memory but for what waits.
"""

import datetime
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from heapq import nsmallest
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ocrbatch.form.template import Blank, Form
from ocrbatch.output.files import PARTS, make_folder
from ocrbatch.output.workbook_cells import Sink, add_check, insert_picture
from ocrbatch.output.workbook_checks import LONGEST, Check, check_of
from ocrbatch.output.workbook_sheets import Column, Sheet, SheetNames, as_text
from ocrbatch.records import FieldReading, FilePage, Status

if TYPE_CHECKING:
    from ocrbatch.form.rules import FormRule

REVIEW, FIELDS, SUMMARY = "review", "fields", "summary"
MOST_WAITING = 50_000
"""More rows of work are none for a spreadsheet: the worst are there, the others after these are settled."""
MOST_FORMS = 100
"""Each is an open file while the workbook is written."""
DOUBTFUL = 0.99
"""A digit that is less sure is coloured."""
SURE = 0.999
"""One that is surer never is."""
SETTLED = "corrected"
"""Among the reasons of a field of which a person has said that nobody can read it: it waits no longer."""
ROW_HEIGHT = 36

REVIEW_COLUMNS = (
    Column("picture", 49),
    Column("file", 28),
    Column("page", 6, "number"),
    Column("form", 14),
    Column("field", 16),
    Column("value", 20),
    Column("confidence", 11, "share"),
    Column("reasons", 34, "wrapped"),
    Column("runner_up", 18),
    Column("corrected", 22, "typed"),
    Column("rules", 24, "wrapped"),
    Column("sha256", 20, hidden=True),
    Column("was", 20, hidden=True),
)
FIELD_COLUMNS = (
    Column("file", 28),
    Column("page", 6, "number"),
    Column("form", 14),
    Column("field", 16),
    Column("value", 20),
    Column("confidence", 11, "share"),
    Column("status", 10),
    Column("reasons", 34),
    Column("raw", 20),
    Column("runner_up", 18),
)
_NAMES = [column.name for column in REVIEW_COLUMNS]
VALUE, CORRECTED = _NAMES.index("value"), _NAMES.index("corrected")
HELP = (
    ("How to correct", "In the sheet review, write into the column corrected what the picture shows."),
    ("", "blank: nothing is written there. not readable, or ?: nobody can read it. An empty cell says nothing."),
    ("", "Then: ocrbatch corrections apply OUT FILE, with this job's folder and this file."),
)


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A field that waits, with no more than its row needs."""

    file: str
    page: int
    form: str
    sha256: str
    crop: str
    field: FieldReading


class WorkbookWriter:
    """A workbook that is being written."""

    def __init__(
        self, workbook: Any, folder: Path, forms: Sequence[Form], columns: Mapping[str, tuple[str, ...]]
    ) -> None:
        self._workbook, self._folder = workbook, folder
        self._rules = {(form.name, field.name): field for form in forms for page in form.pages for field in page.fields}
        names = SheetNames()
        self._review = Sheet(workbook, names, REVIEW, REVIEW_COLUMNS)
        self._review.sheet.set_default_row(ROW_HEIGHT)
        # Some settle it on paper.
        self._review.sheet.set_landscape()
        self._review.sheet.fit_to_pages(1, 0)
        self._review.sheet.repeat_rows(0)
        self._fields = Sheet(workbook, names, FIELDS, FIELD_COLUMNS)
        self._left_out = len(columns) - MOST_FORMS
        self._forms = {
            form: Sheet(workbook, names, form, _form_columns(own)) for form, own in list(columns.items())[:MOST_FORMS]
        }
        self._summary = Sheet(workbook, names, SUMMARY, (Column("what", 30), Column("number", 70, "number")))
        self._waiting: list[_Waiting] = []
        self._number_waiting = 0

    def page(self, page: FilePage) -> None:
        """Write a page's fields."""
        crops = page.crops or ("",) * len(page.result.fields)
        for field, crop in zip(page.result.fields, crops, strict=True):
            self._fields.row(
                (
                    page.file,
                    page.result.page,
                    page.result.form,
                    field.name,
                    field.value,
                    float(field.confidence),
                    field.status.value,
                    "; ".join(field.reasons),
                    field.raw,
                    field.runner_up,
                )
            )
            if field.status in (Status.REVIEW, Status.INVALID) and SETTLED not in field.reasons:
                self._wait(page, field, crop)

    def document(self, form: str, row: Sequence[object]) -> None:
        """Write the row of a document in its form's sheet: file, page, values, lowest confidence, status."""
        sheet = self._forms.get(form)
        if sheet is not None:
            file, page, *values, lowest, status = row
            sheet.row((file, page, *values, float(str(lowest)) if lowest else None, status))

    def close(self, totals: Mapping[str, Any]) -> None:
        """Write what was waited with, and the whole workbook."""
        checks: dict[Check, list[int]] = {}
        for waiting in self._worst():
            checks.setdefault(self._write_waiting(waiting), []).append(self._review.next_row - 1)
        for check, rows in checks.items():
            add_check(self._review.sheet, check, CORRECTED, rows)
        self._summarize(totals)
        for sheet in (self._review, self._fields, *self._forms.values()):
            sheet.close()
        self._review.sheet.activate()
        self._workbook.close()

    def _wait(self, page: FilePage, field: FieldReading, crop: str) -> None:
        self._number_waiting += 1
        # The cells' places are the most of a reading, and nobody needs them here.
        light = replace(field, cells=field.cells[:0])
        self._waiting.append(_Waiting(page.file, page.result.page, page.result.form, page.sha256, crop, light))
        if len(self._waiting) >= 2 * MOST_WAITING:
            self._waiting = self._worst()

    def _worst(self) -> list[_Waiting]:
        return nsmallest(MOST_WAITING, self._waiting, key=lambda one: one.field.confidence)

    def _write_waiting(self, one: _Waiting) -> Check:
        field, review = one.field, self._review
        own = self._rules.get((one.form, field.name))
        rules: Sequence[FormRule] = own.rules if own else ()
        row = review.next_row
        review.row(
            (
                None,
                one.file,
                one.page,
                one.form,
                field.name,
                None,
                float(field.confidence),
                "; ".join(field.reasons),
                field.runner_up,
                None,
                "; ".join(rule.text for rule in rules),
                one.sha256,
                field.value,
            )
        )
        value = as_text(field.value)
        review.marked(row, VALUE, value, doubtful(value, field.digit_confidence))
        if one.crop:
            insert_picture(review.sheet, row, self._folder / one.crop)
        # Of boxes that were found without a form, some may have been missed.
        cells = len(own.cells) if own else LONGEST
        return check_of(field.kind, cells, own.blank if own else Blank.ALLOWED, rules)

    def _summarize(self, totals: Mapping[str, Any]) -> None:
        self._summary.row(("files", totals.get("files", 0)))
        for kind in ("pages", "fields"):
            for state, number in totals.get(kind, {}).items():
                self._summary.row((f"{kind} {state}", number))
        if self._number_waiting > MOST_WAITING:
            self._summary.row(("fields that wait and are not in the sheet review", self._number_waiting - MOST_WAITING))
        if self._left_out > 0:
            self._summary.row(("forms that have no sheet here, but a table in forms", self._left_out))
        for what, told in HELP:
            self._summary.row((what, told))


@contextmanager
def a_workbook(
    file: BinaryIO, folder: Path, forms: Sequence[Form], columns: Mapping[str, tuple[str, ...]]
) -> Iterator[WorkbookWriter]:
    """Begin a workbook in an open file of a job's ``folder``; whole once the writer is closed.

    ``columns`` has the names of the fields of each form that was read. Its parts are gone when the context ends.
    Raises OSError where it cannot be written.
    """
    import xlsxwriter
    from xlsxwriter.exceptions import XlsxFileError

    parts = folder / PARTS
    remove_parts(folder)
    make_folder(parts)
    asked = {
        "constant_memory": True,
        "tmpdir": str(parts),
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
        "use_zip64": True,
    }
    sink = Sink(file)
    workbook = xlsxwriter.Workbook(sink, asked)
    # Nothing in a table depends on the time.
    workbook.set_properties({"title": "Readings", "created": datetime.datetime(2000, 1, 1)})
    try:
        yield WorkbookWriter(workbook, folder, forms, columns)
    except XlsxFileError as error:
        cause = error.args[0] if error.args else None
        raise cause if isinstance(cause, OSError) else OSError(str(error)) from error
    finally:
        # Where something went wrong, its archive is closed by nobody but the collector, after the file.
        sink.let_go()
        for sheet in workbook.worksheets():
            sheet._opt_close()
        remove_parts(folder)


def remove_parts(folder: Path) -> None:
    """Remove what a killed job has left of a workbook."""
    shutil.rmtree(folder / PARTS, ignore_errors=True)


def doubtful(value: str, digit_confidence: Sequence[float]) -> list[bool]:
    """Tell for each sign of a value whether it is doubtful: what is no digit, and each digit that is not sure.

    Where all are fairly sure, the weakest is.
    """
    known = digit_confidence if len(digit_confidence) == sum(not sign.isspace() for sign in value) else ()
    limit = max(DOUBTFUL, min(SURE, *known)) if known else 0.0
    sure = iter(known)
    found = []
    for sign in value:
        own = 1.0 if sign.isspace() else next(sure, 1.0)
        found.append(sign == "?" or own < DOUBTFUL or (own < SURE and own <= limit))
    return found


def _form_columns(names: Iterable[str]) -> list[Column]:
    ends = [Column("lowest_confidence", 11, "share"), Column("status", 10)]
    return [Column("file", 28), Column("page", 6, "number"), *(Column(name, 14) for name in names), *ends]
