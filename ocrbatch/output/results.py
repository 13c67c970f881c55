"""Tables read back: ``results.csv`` and ``pages.csv`` to values, and any CSV that a spreadsheet has saved."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ocrbatch.errors import FormError
from ocrbatch.output.escape import unescape_name
from ocrbatch.output.tables import PAGES, RESULTS

Lines = Iterator[tuple[int, dict[str, str]]]
NEEDED = ("file", "page", "form", "field", "value", "confidence", "status")


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A row of ``results.csv``, its texts as they were before they were spelled for the table.

    ``crop`` is the path of the field's picture below the output folder, empty where there is none.
    """

    file: str
    page: int
    form: str
    field: str
    value: str
    confidence: float
    status: str
    reasons: tuple[str, ...] = ()
    crop: str = ""


def results_path(path: Path) -> Path:
    """Give the ``results.csv`` of an output folder; a path of a table stays as it is."""
    return path / RESULTS if path.is_dir() else path


def read_results(path: Path) -> list[ResultRow]:
    """Read ``results.csv``, or that of an output folder. FormError names the row where it is none."""
    path = results_path(path)
    columns, lines = read_csv(path)
    missing = [name for name in NEEDED if name not in columns]
    if missing:
        raise FormError(f"{path}: has no column {', '.join(missing)}; give the {RESULTS} of a job or its folder")
    return [_result(path, number, row) for number, row in lines]


def read_pages_table(path: Path) -> list[tuple[str, int]]:
    """Give the file and number of each page of the ``pages.csv`` beside a results table; none without it."""
    table = (path if path.is_dir() else path.parent) / PAGES
    if not table.is_file():
        return []
    columns, lines = read_csv(table)
    if not {"file", "page"} <= set(columns):
        return []
    return [(unescape_name(row["file"]), page_number(table, number, row["page"])) for number, row in lines]


def read_csv(path: Path) -> tuple[list[str], Lines]:
    """Read a CSV's columns and its rows with their line numbers; cells are as written, blank rows left out.

    A BOM is dropped, the separator is ``,`` or ``;`` or a tab, by the heading. FormError where it is no CSV.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FormError(f"{path}: cannot be read ({error.strerror}); give an existing table") from error
    except UnicodeDecodeError as error:
        raise FormError(f"{path}: is not UTF-8 (byte {error.start}); save it as CSV UTF-8") from error
    heading = text.splitlines()[0] if text.strip() else ""
    separator = max(",;\t", key=heading.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        columns = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise _no_csv(path, 1, error) from error
    if len(set(columns)) < len(columns):
        raise FormError(f"{path}: two columns have one name; name each column differently")
    return columns, _rows(path, columns, reader)


def page_number(path: Path, line: int, text: str) -> int:
    """Read a page's number; FormError names the line."""
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text) > 0):
        raise FormError(f"{path}, line {line}: page is {text!r}; pages are numbered from 1")
    return int(text)


def _rows(path: Path, columns: list[str], reader: "Iterator[list[str]]") -> Lines:
    number = 1
    try:
        for number, cells in enumerate(reader, 2):
            if len(cells) > len(columns):
                raise FormError(f"{path}, line {number}: has {len(cells)} cells, the heading {len(columns)}")
            if any(cells):
                yield number, dict(zip(columns, cells + [""] * (len(columns) - len(cells)), strict=True))
    except csv.Error as error:
        raise _no_csv(path, number + 1, error) from error


def _no_csv(path: Path, line: int, error: csv.Error) -> FormError:
    return FormError(f"{path}, line {line}: is no CSV ({error}); save it as CSV UTF-8 again")


def _result(path: Path, number: int, row: dict[str, str]) -> ResultRow:
    try:
        confidence = float(row["confidence"])
    except ValueError:
        confidence = -1.0
    if not 0 <= confidence <= 1:
        raise FormError(f"{path}, line {number}: confidence is {row['confidence']!r}; give the table as it was written")
    return ResultRow(
        file=unescape_name(row["file"]),
        page=page_number(path, number, row["page"]),
        form=unescape_name(row["form"]),
        field=unescape_name(row["field"]),
        value=unescape_name(row["value"]),
        confidence=confidence,
        status=row["status"],
        reasons=tuple(unescape_name(row["reasons"]).split(";")) if row.get("reasons") else (),
        crop=unescape_name(row.get("crop", "")),
    )
