"""The tables of a job: values to files, row by row, whatever the number of pages.

Nothing depends on the time, the machine or the order of work.
"""

import csv
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
from ocrbatch.output.files import PARTS, WORKBOOK, Drafts, make_folder, output_errors
from ocrbatch.output.rows import PAGE_COLUMNS, RESULT_COLUMNS, form_row, json_line, page_row, result_rows, spelled
from ocrbatch.records import FilePage

if TYPE_CHECKING:
    from ocrbatch.output.workbook import WorkbookWriter

RESULTS = "results.csv"
PAGES = "pages.csv"
FORMS = "forms"
JSONL = "results.jsonl"
MANIFEST = "manifest.json"


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
                self._jsonl.write(json_line(row))


class _Table:
    """One CSV file (RFC 4180) with its heading."""

    def __init__(self, file: TextIO, separator: str, columns: Iterable[str]) -> None:
        self._writer = csv.writer(file, delimiter=separator, lineterminator="\r\n")
        self.row(columns)

    def row(self, cells: Iterable[object]) -> None:
        """Write a row; texts are guarded. A number with a sign is a number: it stays."""
        self._writer.writerow([spelled(cell) for cell in cells])


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
