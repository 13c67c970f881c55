"""Read the real pages with their forms: whole fields, from the page to the value."""

import csv
from collections import Counter
from pathlib import Path

from ocrbatch.form.template import Form
from ocrbatch.model.card import load_model_file
from ocrbatch.page.classify import make_classifier
from ocrbatch.page.reader import read_pages
from ocrbatch.page.registration.index import FormIndex, index_forms
from ocrbatch.records import PageResult, Status
from tests.real import truth
from tests.real.known_forms import CHEQUES, first_page, source
from tests.real.measure import Figure

DATES_ASKED = 37 / 38


def read_by_form(forms: dict[str, Form], limit: int | None = None) -> tuple[list[Figure], list[str]]:
    """Read cheques, the mark sheet and the NIST form; gives the figures, and what was read wrong."""
    notes: list[str] = []
    wanted = _cheque_values(limit)
    cheques = _read(list(wanted), index_forms([forms[name] for name in CHEQUES]))
    lines = []
    for name in ("date", "amount"):
        asked = round(DATES_ASKED * len(wanted)) if name == "date" else 0
        one = {path: {name: values[name]} for path, values in wanted.items()}
        lines += _lines("cheques", name, one, cheques, asked)
        notes += _notes(one, cheques)
    for name, values in (("marksheet", _mark_sheet_values()), ("nist", _nist_values())):
        page = {source(name): values}
        found = _read(list(page), index_forms([forms[name]]))
        lines += _lines(name, "field", page, found, 0)
        notes += _notes(page, found)
    return lines, notes


def _read(paths: list[Path], index: FormIndex) -> dict[Path, PageResult]:
    pages = (first_page(path) for path in paths)
    read = read_pages(pages, make_classifier(load_model_file()), index=index)
    return {path: page.result for path, page in zip(paths, read, strict=True)}


Values = dict[Path, dict[str, str]]


def _lines(name: str, what: str, wanted: Values, found: dict[Path, PageResult], asked: int) -> list[Figure]:
    """Count the fields that are right, and of the accepted ones those that are."""
    count: Counter[str] = Counter()
    for path, values in wanted.items():
        read = {field.name: field for field in found[path].fields}
        for field, value in values.items():
            right = field in read and read[field].value == value
            accepted = field in read and read[field].status in (Status.ACCEPTED, Status.BLANK)
            count.update(of=1, right=right, accepted=accepted, both=right and accepted)
    return [
        Figure(name, f"{what}s right, read by form", count["right"], count["of"], asked),
        Figure(name, f"{what}s accepted that are right", count["both"], count["accepted"], 0),
    ]


def _notes(wanted: Values, found: dict[Path, PageResult]) -> list[str]:
    told = []
    for path, values in wanted.items():
        read = {field.name: field for field in found[path].fields}
        for name, value in values.items():
            field = read.get(name)
            if field is None:
                told.append(f"{path.name}: {name} is not read: {found[path].reason}")
            elif field.value != value:
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
