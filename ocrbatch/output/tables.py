"""The tables of a job: values to files, row by row, whatever the number of pages.

Every text is spelled by ``escape_name``; nothing depends on the time, the machine or the order of work.
"""

import csv
import io
import json
import shutil
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import quote

from ocrbatch.form.documents import documents
from ocrbatch.form.template import Form
from ocrbatch.output.escape import escape_name
from ocrbatch.output.files import Drafts, make_folder, output_errors
from ocrbatch.records import FieldReading, FilePage, PageStatus, Status

if TYPE_CHECKING:
    from ocrbatch.output.workbook import WorkbookWriter

RESULTS = "results.csv"
PAGES = "pages.csv"
FORMS = "forms"
JSONL = "results.jsonl"
MANIFEST = "manifest.json"
WORKBOOK = "results.xlsx"
PARTS = f".{WORKBOOK}.parts"
"""The folder that holds the workbook's parts while it is written."""
Row = dict[str, object]
RESULT_COLUMNS = [
    "file",
    "page",
    "form",
    "field",
    "value",
    "confidence",
    "status",
    "reasons",
    "raw",
    "runner_up",
    "digit_confidence",
    "x",
    "y",
    "width",
    "height",
    "crop",
]
PAGE_COLUMNS = [
    "file",
    "page",
    "sha256",
    "form",
    "status",
    "reason",
    "registration",
    "skew_degrees",
    "fields",
    "accepted",
    "review",
]


@dataclass(frozen=True, slots=True)
class TableOptions:
    """How tables are written: ``excel`` adds the BOM, ``separator`` parts the cells, the others add a file each."""

    excel: bool = False
    separator: str = ","
    jsonl: bool = False
    xlsx: bool = False


def write_tables(
    folder: Path,
    pages: Callable[[], Iterable[FilePage]],
    manifest: Mapping[str, Any],
    *,
    forms: Sequence[Form] = (),
    options: TableOptions | None = None,
) -> None:
    """Write every table of a job to ``folder``; each is the old one until all are written.

    ``pages`` gives all pages, sorted by file and page, and is called twice; ``forms`` are those that were looked for,
    none where boxes were read wherever they were. Raises OutputError where a file cannot be written.
    """
    options = options or TableOptions()
    columns = form_fields(pages(), forms)
    make_folder(folder)
    if columns:
        make_folder(folder / FORMS)
    with Drafts() as drafts, output_errors(folder), ExitStack() as stack:
        book = _workbook(folder, forms, columns, drafts, stack) if options.xlsx else None
        write = _Writers(folder, columns, {form.name for form in forms}, drafts, options, book)
        for document in _documents(pages(), forms):
            write.document(document)
        if book is not None:
            book.close(manifest.get("totals", {}))
        text = drafts.open(folder / MANIFEST)
        text.write(json.dumps(manifest, indent=2, ensure_ascii=True, sort_keys=True) + "\n")
        drafts.publish()
    _remove_stale(folder, columns, options)


def _workbook(
    folder: Path, forms: Sequence[Form], columns: Mapping[str, tuple[str, ...]], drafts: Drafts, stack: ExitStack
) -> "WorkbookWriter":
    """Begin the workbook; what writes it is loaded only where one is asked for."""
    from ocrbatch.output.workbook import a_workbook

    return stack.enter_context(a_workbook(drafts.open_bytes(folder / WORKBOOK), folder, forms, columns))


def form_fields(pages: Iterable[FilePage], forms: Sequence[Form] = ()) -> dict[str, tuple[str, ...]]:
    """Give the names of the fields of each form that was read: in the form's order, all of them.

    Where a page's form is none of ``forms``, they are those of its pages, in the order in which these have them.
    """
    known = {form.name: tuple(field.name for page in form.pages for field in page.fields) for form in forms}
    found: dict[str, dict[str, None]] = {}
    for page in pages:
        if _has_row([page], known):
            names = found.setdefault(page.result.form, dict.fromkeys(known.get(page.result.form, ())))
            names.update(dict.fromkeys(field.name for field in page.result.fields))
    return {form: tuple(names) for form, names in sorted(found.items())}


def _has_row(pages: Sequence[FilePage], known: Container[str]) -> bool:
    """Tell whether pages of one form have a row in its table: not where none could be registered, so none was read."""
    form = pages[0].result.form if pages else ""
    return bool(form) and (form not in known or any(page.result.fields for page in pages))


def _documents(pages: Iterable[FilePage], forms: Sequence[Form]) -> Iterator[list[FilePage]]:
    """Part the pages of a job into documents, in their order."""
    for _, of_file in groupby(pages, key=lambda page: page.file):
        yield from documents(of_file, lambda page: page.result, forms)


def form_file(form: str) -> str:
    """Give the name of a form's table: what a file's name cannot hold everywhere is spelled as in an URL."""
    name = quote(form, safe=" ", errors="surrogateescape")
    return f"{name.replace('.', '%2E', 1) if name.startswith('.') else name}.csv"


def result_rows(page: FilePage) -> list[Row]:
    """Give a page's rows of ``results.csv``, a field each, with texts and numbers as they are."""
    crops = page.crops or ("",) * len(page.result.fields)
    return [
        {
            "file": page.file,
            "page": page.result.page,
            "form": page.result.form,
            "field": field.name,
            "value": field.value,
            "confidence": _fixed(field.confidence, 4),
            "status": field.status.value,
            "reasons": ";".join(field.reasons),
            "raw": field.raw,
            "runner_up": field.runner_up,
            "digit_confidence": " ".join(_fixed(number, 4) for number in field.digit_confidence),
            "x": field.box.x,
            "y": field.box.y,
            "width": field.box.width,
            "height": field.box.height,
            "crop": crop,
        }
        for field, crop in zip(page.result.fields, crops, strict=True)
    ]


def csv_lines(page: FilePage, *, header: bool) -> str:
    """Give a page's rows as ``results.csv`` has them, with the heading where ``header`` says so."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    if header:
        writer.writerow(RESULT_COLUMNS)
    writer.writerows([_cell(cell) for cell in row.values()] for row in result_rows(page))
    return text.getvalue()


def json_lines(page: FilePage) -> str:
    """Give a page's rows as ``results.jsonl`` has them."""
    return "".join(_json_line(row) for row in result_rows(page))


def page_row(page: FilePage) -> Row:
    """Give a page's row of ``pages.csv``."""
    result = page.result
    return {
        "file": page.file,
        "page": result.page,
        "sha256": page.sha256,
        "form": result.form,
        "status": result.status.value,
        "reason": result.reason,
        "registration": _fixed(result.registration, 4),
        "skew_degrees": _fixed(result.skew_degrees, 2),
        "fields": len(result.fields),
        "accepted": _count(result.fields, Status.ACCEPTED),
        "review": _count(result.fields, Status.REVIEW),
    }


def form_row(pages: Sequence[FilePage], names: tuple[str, ...]) -> list[object]:
    """Give the row that a document, its ``pages`` in the file's order, has in its form's table.

    It is named by its first page. A field that no page has is empty.
    """
    fields = [field for page in pages for field in page.result.fields]
    values = {field.name: field.value for field in fields}
    lowest = min((field.confidence for field in fields), default=None)
    waits = any(page.result.status is PageStatus.REVIEW for page in pages)
    return [
        pages[0].file,
        pages[0].result.page,
        *(values.get(name, "") for name in names),
        "" if lowest is None else _fixed(lowest, 4),
        PageStatus.REVIEW.value if waits else pages[0].result.status.value,
    ]


class _Writers:
    """The open tables of one job."""

    def __init__(
        self,
        folder: Path,
        forms: Mapping[str, tuple[str, ...]],
        known: Container[str],
        drafts: Drafts,
        options: TableOptions,
        book: "WorkbookWriter | None",
    ) -> None:
        self._book = book
        encoding = "utf-8-sig" if options.excel else "utf-8"

        def table(path: Path, columns: Iterable[str]) -> "_Table":
            return _Table(drafts.open(path, encoding), options.separator, columns)

        self._results = table(folder / RESULTS, RESULT_COLUMNS)
        self._pages = table(folder / PAGES, PAGE_COLUMNS)
        self._jsonl = drafts.open(folder / JSONL) if options.jsonl else None
        self._fields = forms
        self._known = known
        self._forms = {
            form: table(folder / FORMS / form_file(form), ("file", "page", *names, "lowest_confidence", "status"))
            for form, names in forms.items()
        }

    def document(self, pages: Sequence[FilePage]) -> None:
        """Write the rows of a document, and of what stands between its pages, to every table that has them."""
        for page in pages:
            self._page(page)
        own = [page for page in pages if page.result.form]
        if _has_row(own, self._known):
            form = own[0].result.form
            row = form_row(own, self._fields[form])
            self._forms[form].row(row)
            if self._book is not None:
                self._book.document(form, row)

    def _page(self, page: FilePage) -> None:
        self._pages.row(page_row(page).values())
        if self._book is not None:
            self._book.page(page)
        for row in result_rows(page):
            self._results.row(row.values())
            if self._jsonl is not None:
                self._jsonl.write(_json_line(row))


class _Table:
    """One CSV file (RFC 4180) with its heading."""

    def __init__(self, file: TextIO, separator: str, columns: Iterable[str]) -> None:
        self._writer = csv.writer(file, delimiter=separator, lineterminator="\r\n")
        self.row(columns)

    def row(self, cells: Iterable[object]) -> None:
        """Write a row; texts are guarded. A number with a sign is a number: it stays."""
        self._writer.writerow([_cell(cell) for cell in cells])


class _Number(str):
    """A number already written with its places: no text, so no guard."""

    __slots__ = ()


def _fixed(number: float, places: int) -> _Number:
    return _Number(f"{round(float(number), places) + 0.0:.{places}f}")


def _cell(cell: object) -> str:
    return escape_name(cell) if isinstance(cell, str) and not isinstance(cell, _Number) else str(cell)


def _count(fields: Iterable[FieldReading], status: Status) -> int:
    return sum(field.status is status for field in fields)


def _json_line(row: Row) -> str:
    """Write a row as JSON: numbers as numbers, texts spelled as in the CSV so that both can be joined."""
    values = {key: float(cell) if isinstance(cell, _Number) else _plain(cell) for key, cell in row.items()}
    values["digit_confidence"] = [float(number) for number in str(row["digit_confidence"]).split()]
    return json.dumps(values, ensure_ascii=False) + "\n"


def _plain(cell: object) -> object:
    return escape_name(cell) if isinstance(cell, str) else cell


def _remove_stale(folder: Path, forms: Iterable[str], options: TableOptions) -> None:
    """Remove the tables of an earlier run that this one has not: they would pass for its own."""
    kept = {form_file(form) for form in forms}
    with suppress(OSError):
        if not options.jsonl:
            (folder / JSONL).unlink(missing_ok=True)
        if not options.xlsx:
            (folder / WORKBOOK).unlink(missing_ok=True)
        shutil.rmtree(folder / PARTS, ignore_errors=True)
        for table in (folder / FORMS).glob("*.csv"):
            if table.name not in kept:
                table.unlink()
