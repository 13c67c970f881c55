"""Jobs of a form with rules, without models, and tables of corrections for them."""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import openpyxl

from ocrbatch.form.store import load_forms
from ocrbatch.job.ledger import FileState, Ledger
from ocrbatch.job.publish import Publication, keep_publication, publish
from ocrbatch.output.tables import TableOptions
from ocrbatch.records import FieldReading, FilePage, PageResult, PageStatus, Status
from tests.output.values import a_field

FORM = """
name = "slip"
width = 800
height = 600
[[field]]
name = "a"
kind = "boxes"
box = [100, 80, 120, 40]
cells = 3
rules = ["blank-as 0"]
[[field]]
name = "b"
kind = "boxes"
box = [100, 160, 120, 40]
cells = 3
blank = "forbidden"
rules = ["length 3"]
[[field]]
name = "total"
kind = "string"
box = [100, 240, 300, 40]
rules = ["sum a b"]
[[field]]
name = "tick"
kind = "mark"
box = [100, 320, 40, 40]
[[field]]
name = "void"
kind = "boxes"
box = [100, 400, 120, 40]
cells = 3
blank = "required"
"""
KINDS = {"a": "boxes", "b": "boxes", "total": "string", "tick": "mark", "void": "boxes"}
READ = {"a": "001", "b": "002", "total": "3", "tick": "", "void": ""}
Doubt = Sequence[str]


def a_job(place: Path, files: Mapping[str, Doubt], *, xlsx: bool = True, twins: Sequence[str] = ()) -> Path:
    """Make a job of slips that read as ``READ``, with the fields to review that are named; gives its output folder.

    ``twins`` are further files of the first one's content.
    """
    out, form = place / "out", place / "slip.toml"
    out.mkdir(parents=True, exist_ok=True)
    form.write_text(FORM)
    (loaded,) = load_forms([form])
    with Ledger(out) as ledger:
        recorded = [_recorded(name, name, doubt) for name, doubt in files.items()]
        first, doubt = next(iter(files.items()))
        recorded += [_recorded(name, first, doubt) for name in twins]
        ledger.record(recorded)
        manifest = {"forms": {"slip": loaded.sha256}, "settings": {}}
        publication = Publication(manifest, (loaded,), TableOptions(xlsx=xlsx))
        keep_publication(ledger, publication, (form,))
        publish(out, ledger, publication)
    return out


def _recorded(name: str, content: str, doubt: Doubt) -> tuple[str, FileState, list[FilePage]]:
    sha256 = hashlib.sha256(content.encode("utf-8", "surrogateescape")).hexdigest()
    fields = tuple(_field(own, value, own in doubt) for own, value in READ.items())
    status = PageStatus.REVIEW if doubt else PageStatus.READ
    page = FilePage(name, sha256, PageResult(1, "slip", status, "", 1.0, 0.0, fields))
    return name, FileState(1, 1, sha256, "key"), [page]


def _field(name: str, value: str, waits: bool) -> FieldReading:
    status = Status.REVIEW if waits else Status.ACCEPTED if value else Status.BLANK
    return replace(a_field(name, value, status), kind=KINDS[name])


def a_csv(path: Path, rows: Sequence[Mapping[str, object]], *, separator: str = ",", encoding: str = "utf-8") -> Path:
    """Write a table of corrections; rows are for page 1 of ``a.png`` unless they say otherwise."""
    whole = [{"file": "a.png", "page": 1, **row} for row in rows]
    columns = list(dict.fromkeys(name for row in whole for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter=separator, restval="")
    writer.writeheader()
    writer.writerows(whole)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def typed_in(out: Path, values: Mapping[str, object], *, name: str = "results.xlsx") -> Path:
    """Write corrections into a job's workbook, as a spreadsheet does: the values by the field's name, in every row."""
    book = openpyxl.load_workbook(out / "results.xlsx")
    sheet = book["review"]
    columns = {cell.value: cell.column for cell in sheet[1]}
    for row in range(2, sheet.max_row + 1):
        field = sheet.cell(row, columns["field"]).value
        if field in values:
            sheet.cell(row, columns["corrected"]).value = values[field]
    book.save(out / name)
    return out / name
