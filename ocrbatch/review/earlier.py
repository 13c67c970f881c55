"""What an earlier export of corrections left in its folder: pictures, and what a person said of the doubted ones."""

from collections.abc import Mapping
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
Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A cell of an earlier export: its picture's own ``name``, its ``label``, and the ``path`` of its picture."""

    name: str
    label: str
    path: Path


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier export: ``rows`` of its list, by a picture's own name and its label, and its ``pictures`` by field.

    A field's pictures go by what their names begin with, each by the number of its cell.
    """

    rows: Mapping[tuple[str, str], Row]
    pictures: Mapping[str, Mapping[int, Kept]]

    def answer(self, name: str, label: str) -> str:
        """Give what a person answered to a doubted label, in small letters; empty where nobody did."""
        row = self.rows.get((name, label))
        return "" if row is None else str(row[-1]).strip().lower()

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
    rows: dict[tuple[str, str], Row] = {}
    for _, row in lines:
        name = row["picture"].removeprefix(f"second-look-{row['label']}-")
        rows[name, row["label"]] = tuple(unescape_name(row.get(column, "")) for column in COLUMNS)
    return Earlier(rows, _pictures(folder))


def _pictures(folder: Path) -> dict[str, dict[int, Kept]]:
    found: dict[str, dict[int, Kept]] = {}
    for label in LABELS:
        for pattern in (f"{label}/*.png", f"second-look-{label}-*.png"):
            for path in folder.glob(pattern):
                name = path.name.removeprefix(f"second-look-{label}-")
                field, dash, number = path.stem.removeprefix(f"second-look-{label}-").rpartition("-")
                if number.isascii() and number.isdigit():
                    found.setdefault(field + dash, {})[int(number)] = Kept(name, label, path)
    return found
