"""Read the real pages with their forms: whole fields, from the page to the value.

What is scribbled out has no value to be right: it is counted by itself, and is as asked where it is left to review.
"""

import csv
from collections import Counter
from pathlib import Path

from ocrbatch.form.template import Form
from ocrbatch.model.card import load_model_file
from ocrbatch.page.classify import make_classifier
from ocrbatch.page.reader import read_pages
from ocrbatch.page.registration.index import FormIndex, index_forms
from ocrbatch.records import FieldReading, PageResult, Status
from tests.real import truth
from tests.real.known_forms import CHEQUES, first_page, source
from tests.real.measure import Figure

DATES_ASKED = 37 / 38
SCRIBBLE = "?"


def read_by_form(forms: dict[str, Form], limit: int | None = None) -> tuple[list[Figure], list[str]]:
    """Read cheques, the mark sheet and the NIST form; gives the figures, and what was read wrong."""
    notes: list[str] = []
    wanted = _cheque_values(limit)
    cheques = _read(list(wanted), index_forms([forms[name] for name in CHEQUES]))
    lines = []
    for name in ("date", "amount"):
        one = {path: {name: values[name]} for path, values in wanted.items()}
        lines += _lines("cheques", name, one, cheques, DATES_ASKED if name == "date" else 0.0)
        notes += _notes(one, cheques)
    for name, values, asked in (("marksheet", _mark_sheet_values(), 1.0), ("nist", _nist_values(), 0.0)):
        page = {source(name): values}
        found = _read(list(page), index_forms([forms[name]]))
        lines += _lines(name, "field", page, found, asked)
        notes += _notes(page, found)
    return lines, notes


def _read(paths: list[Path], index: FormIndex) -> dict[Path, PageResult]:
    pages = (first_page(path) for path in paths)
    read = read_pages(pages, make_classifier(load_model_file()), index=index)
    return {path: page.result for path, page in zip(paths, read, strict=True)}


Values = dict[Path, dict[str, str]]


def _lines(name: str, what: str, wanted: Values, found: dict[Path, PageResult], asked: float) -> list[Figure]:
    """Count the fields that are right, and of the accepted ones those that are; ``asked`` is a share of the first."""
    count: Counter[str] = Counter()
    for path, values in wanted.items():
        read = {field.name: field for field in found[path].fields}
        for field, value in values.items():
            accepted = field in read and read[field].status in (Status.ACCEPTED, Status.BLANK)
            right = _as_asked(read.get(field), value)
            which = "scribbled" if SCRIBBLE in value else "legible"
            count.update({which: 1, f"{which} right": right, "accepted": accepted, "both": right and accepted})
    legible = count["legible"]
    kind = f"legible {what}s" if count["scribbled"] else f"{what}s"
    lines = [
        Figure(name, f"{kind} right, read by form", count["legible right"], legible, round(asked * legible)),
        Figure(name, f"{what}s accepted that are right", count["both"], count["accepted"], 0),
    ]
    if scribbled := count["scribbled"]:
        lines.append(Figure(name, f"scribbled {what}s in review", count["scribbled right"], scribbled, scribbled))
    return lines


def _as_asked(read: FieldReading | None, value: str) -> bool:
    """Tell whether a field has its value, or is left to review where it is scribbled out."""
    if read is None:
        return False
    return read.status == Status.REVIEW if SCRIBBLE in value else read.value == value


def _notes(wanted: Values, found: dict[Path, PageResult]) -> list[str]:
    told = []
    for path, values in wanted.items():
        read = {field.name: field for field in found[path].fields}
        for name, value in values.items():
            field = read.get(name)
            if field is None:
                told.append(f"{path.name}: {name} is not read: {found[path].reason}")
            elif not _as_asked(field, value):
                told.append(f"{path.name}: {name} read {field.value!r}, written {value!r}, {field.status}")
    return told


def _cheque_values(limit: int | None) -> Values:
    folder = truth.PAGES / "idrbt_cheques"
    with (folder / "truth.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[:limit]
    return {
        folder / "images" / row["file"]: {"date": row["date_ddmmyyyy"], "amount": row["amount_digits"]} for row in rows
    }


def _nist_values() -> dict[str, str]:
    (form,) = truth.forms().values()
    return {f"field_{cell.name}": cell.text for cell in form.cells}


def _mark_sheet_values() -> dict[str, str]:
    """Join the cells of each field: blanks between written cells are blanks, a scribble is ``?``."""
    (sheet,) = truth.mark_sheets().values()
    joined: dict[str, list[str]] = {}
    for cell in sheet.cells:
        joined.setdefault(field_of(cell), []).append(cell.text or " ")
    return {name: "".join(texts).strip() for name, texts in joined.items()}


def field_of(cell: truth.Cell) -> str:
    """Name the form's field that a cell of the mark sheet is part of."""
    if cell.whole:
        return cell.whole
    if "total" in cell.name or "sub" in cell.name or cell.name.startswith("best"):
        return cell.name.replace("best_", "best_of_")
    return cell.name.rsplit("_", 1)[0]
