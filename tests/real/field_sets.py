"""The sets of real pages whose fields are read: their files, their forms, and what is written in each field."""

import csv
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ocrbatch.output.results import read_results
from ocrbatch.quality.compare import Compared, compare
from ocrbatch.quality.truth import TrueValue
from tests.real import truth
from tests.real.known_forms import CHEQUES, known_form

ROOT = truth.HERE.parents[1]
SCRIBBLE = "?"
"""What the truth says of a field that is struck out: it has no right value, and a person has to look."""
FINISHED = (0, 3)
"""The exit codes of a job that has written its tables; with 3, some pages failed."""

Values = dict[Path, dict[str, str]]


@dataclass(frozen=True, slots=True)
class FieldSet:
    """Files with what is written in their fields; ``forms`` are the names of theirs, ``whole`` is a kind of field."""

    name: str
    values: Values
    forms: tuple[str, ...] = ()
    whole: str = ""


def orand(limit: int | None = None) -> FieldSet:
    """Give pictures of cheques' amounts, one run of digits each; with a limit, so many from all over the set."""
    folder = truth.PAGES / "orand_car_a"
    rows = _rows(folder / "truth.csv")
    step = max(len(rows) // limit, 1) if limit else 1
    values = {folder / "images" / row["file"]: {"whole": row["digits"]} for row in rows[::step][:limit]}
    return FieldSet("orand", values, whole="string")


def cheques(limit: int | None = None) -> FieldSet:
    """Give cheques of four banks with their dates and amounts."""
    folder = truth.PAGES / "idrbt_cheques"
    rows = _rows(folder / "truth.csv")
    step = max(len(rows) // limit, 1) if limit else 1
    values = {
        folder / "images" / row["file"]: {"date": row["date_ddmmyyyy"], "amount": row["amount_digits"]}
        for row in rows[::step][:limit]
    }
    return FieldSet("cheques", values, CHEQUES)


def nist(limit: int | None = None) -> FieldSet:
    """Give the handwriting sample form with its 28 fields of digits."""
    ((path, form),) = truth.forms().items()
    return FieldSet("nist", {path: {f"field_{cell.name}": cell.text for cell in form.cells}}, ("nist",))


def mark_sheet(limit: int | None = None) -> FieldSet:
    """Give the mark sheet: blanks between a field's written cells are spaces."""
    ((path, sheet),) = truth.mark_sheets().items()
    joined: dict[str, list[str]] = {}
    for cell in sheet.cells:
        joined.setdefault(_field_of(cell), []).append(cell.text or " ")
    values = {name: "".join(texts).strip() for name, texts in joined.items()}
    return FieldSet("marksheet", {path: values}, ("marksheet",))


SETS: dict[str, Callable[[int | None], FieldSet]] = {
    "orand": orand,
    "cheques": cheques,
    "nist": nist,
    "marksheet": mark_sheet,
}


def read_fields(one: FieldSet, folder: Path, *options: str) -> list[Compared]:
    """Read a set with ``ocrbatch run``, as a user does, and set each field of its table beside the truth.

    ``folder`` is a new one: it gets the forms, the job's tables in ``out``, and the truth as a table for ``score``.
    """
    forms = folder / "forms"
    forms.mkdir(parents=True)
    chosen = ["--whole", one.whole] if one.whole else []
    for name in one.forms:
        known_form(name, forms)
        chosen += ["-f", str(forms / f"{name}.toml")]
    _ocrbatch("run", "-", "-o", str(folder / "out"), *chosen, *options, given=[path.resolve() for path in one.values])
    wanted = [
        TrueValue(path.name, 1, field, value) for path, values in one.values.items() for field, value in values.items()
    ]
    _write_truth(folder / "truth.csv", wanted)
    return compare(read_results(folder / "out"), wanted)


def _field_of(cell: truth.Cell) -> str:
    """Name the form's field that a cell of the mark sheet is part of."""
    if cell.whole:
        return cell.whole
    if "total" in cell.name or "sub" in cell.name or cell.name.startswith("best"):
        return cell.name.replace("best_", "best_of_")
    return cell.name.rsplit("_", 1)[0]


def _ocrbatch(*words: str, given: list[Path]) -> None:
    command = [sys.executable, "-c", "from ocrbatch.commands.app import main; main()", *words]
    names = "".join(f"{path}\n" for path in given).encode()
    done = subprocess.run(command, input=names, capture_output=True, cwd=ROOT, check=False)
    if done.returncode not in FINISHED:
        raise RuntimeError(f"ocrbatch {' '.join(words)} ended with {done.returncode}: {done.stderr.decode()}")


def _write_truth(path: Path, values: list[TrueValue]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["file", "field", "value"])
        table.writerows([value.file, value.field, value.value] for value in values)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
