"""Where exported corrections lie in their folder, and what an earlier export left there.

A picture lies in its label's folder, a doubted one beside these folders, with its label in its name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ocrbatch.errors import UsageError
from ocrbatch.job.corrected import Correction
from ocrbatch.output.escape import unescape_name
from ocrbatch.output.files import picture_part
from ocrbatch.output.results import read_csv
from ocrbatch.records import LABELS

SECOND_LOOK = "second-look.csv"
COLUMNS = ("picture", "file", "page", "form", "field", "cell", "label", "model", "probability", "confirmed")
YES, NO = "yes", "no"
DOUBTED = "second-look"


@dataclass(frozen=True, slots=True)
class Kept:
    """A cell of an earlier export: its picture's own ``name``, its ``label``, and the ``path`` of its picture."""

    name: str
    label: str
    path: Path


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier export: ``rows`` of its list, by a picture's own name and its label, and its ``pictures`` by field.

    A row ends with what a person answered, in small letters. A field's pictures go by what their names begin with, each
    by the number of its cell.
    """

    rows: Mapping[tuple[str, str], tuple[str, ...]]
    pictures: Mapping[str, Mapping[int, Kept]]

    def answer(self, name: str, label: str) -> str:
        """Give what a person answered to a doubted label; empty where nobody did."""
        return self.rows.get((name, label), ("",))[-1]

    def pictures_of(self, said: Correction) -> list[Kept]:
        """Give the cells of a corrected field, in their order; none where the value was another one then."""
        found = self.pictures.get(name_of(said.sha256, said.page, said.form, said.field), {})
        cells = [found[number] for number in sorted(found)]
        value = "".join(sign for sign in said.value if sign in LABELS)
        return cells if "".join(cell.label for cell in cells) == value else []


def name_of(sha256: str, page: int, form: str, field: str) -> str:
    """Give what the names of a field's pictures begin with, the same whenever it is exported."""
    return f"{sha256[:16]}-{page}-{picture_part(f'{form}-{field}')}-"


def read_earlier(folder: Path) -> Earlier:
    """Read an earlier export's list. UsageError where the folder holds something else, FormError for a broken list."""
    if not folder.exists() or not any(folder.iterdir()):
        return Earlier({}, {})
    path = folder / SECOND_LOOK
    if not path.is_file():
        raise UsageError(f"{folder}: is not empty, and no earlier export; give a new folder")
    columns, lines = read_csv(path)
    if not {"picture", "label", "confirmed"} <= set(columns):
        raise UsageError(f"{path}: has no column picture, label or confirmed; give a new folder")
    rows: dict[tuple[str, str], tuple[str, ...]] = {}
    for _, row in lines:
        name = _own_name(row["picture"], row["label"])
        *told, answer = (unescape_name(row.get(column, "")) for column in COLUMNS)
        rows[name, row["label"]] = (*told, answer.strip().lower())
    return Earlier(rows, _by_field(folder))


def place_of(folder: Path, name: str, label: str, *, doubted: bool) -> Path:
    """Give where the picture of that name of its own and with that label lies."""
    return folder / f"{DOUBTED}-{label}-{name}" if doubted else folder / label / name


def pictures_in(folder: Path) -> Iterator[tuple[str, Path]]:
    """Give the pictures of an export, each with its label."""
    for label in LABELS:
        for path in folder.glob(f"{label}/*.png"):
            yield label, path
    for path in folder.glob(f"{DOUBTED}-*.png"):
        yield path.name.removeprefix(f"{DOUBTED}-").partition("-")[0], path


def _own_name(name: str, label: str) -> str:
    return name.removeprefix(f"{DOUBTED}-{label}-")


def _by_field(folder: Path) -> dict[str, dict[int, Kept]]:
    found: dict[str, dict[int, Kept]] = {}
    for label, path in pictures_in(folder):
        name = _own_name(path.name, label)
        field, dash, number = name.removesuffix(".png").rpartition("-")
        if number.isascii() and number.isdigit():
            found.setdefault(field + dash, {})[int(number)] = Kept(name, label, path)
    return found
