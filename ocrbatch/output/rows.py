"""The rows of a job's tables: a page's values as cells.

Every text is spelled by ``escape_name``.
"""

import csv
import io
import json
from collections.abc import Iterable, Sequence

from ocrbatch.output.escape import escape_name
from ocrbatch.records import FieldReading, FilePage, PageStatus, Status

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
    writer.writerows([spelled(cell) for cell in row.values()] for row in result_rows(page))
    return text.getvalue()


def json_lines(page: FilePage) -> str:
    """Give a page's rows as ``results.jsonl`` has them."""
    return "".join(json_line(row) for row in result_rows(page))


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


class _Number(str):
    """A number already written with its places: no text, so no guard."""

    __slots__ = ()


def _fixed(number: float, places: int) -> _Number:
    return _Number(f"{round(float(number), places) + 0.0:.{places}f}")


def spelled(cell: object) -> str:
    """Give a cell's text: a text is guarded, a number with its sign stays as it is."""
    return escape_name(cell) if isinstance(cell, str) and not isinstance(cell, _Number) else str(cell)


def _count(fields: Iterable[FieldReading], status: Status) -> int:
    return sum(field.status is status for field in fields)


def json_line(row: Row) -> str:
    """Write a row as JSON: numbers as numbers, texts spelled as in the CSV so that both can be joined."""
    values = {key: float(cell) if isinstance(cell, _Number) else _plain(cell) for key, cell in row.items()}
    values["digit_confidence"] = [float(number) for number in str(row["digit_confidence"]).split()]
    return json.dumps(values, ensure_ascii=False) + "\n"


def _plain(cell: object) -> object:
    return escape_name(cell) if isinstance(cell, str) else cell
