"""Tables of corrections read back: a workbook or a CSV, by what it holds and not by its name; nothing in it is run."""

import warnings
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ocrbatch.errors import FormError
from ocrbatch.output.escape import unescape_name
from ocrbatch.output.results import read_csv

NEEDED = ("file", "page", "field", "corrected")
LARGEST_FILE = 512 << 20
LARGEST_CSV = 128 << 20
LARGEST_SHEET = 512 << 20
LARGEST_PART = 64 << 20
"""Bytes of a workbook's part when it is unpacked, but for its sheets; the pictures are not read at all."""
MOST_PARTS = 300_000
MOST_ROWS = 1_048_576
MOST_COLUMNS = 64
LONGEST_CELL = 1000
"""Signs of a correction; a name may have more."""
_ZIP, _OLD = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_CHUNK = 1 << 20
_DECLARED = (b"<!DOCTYPE", b"<!ENTITY")
_SAVE = "save it as .xlsx again, or as CSV UTF-8"


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """A row in which somebody has written a correction, its texts as they were before they were spelled for a table.

    ``form``, ``sha256`` and ``who`` are empty, and ``was`` is None, where the table has none. ``problem`` says why the
    cell cannot be taken as it is; ``number`` tells that it is a number, which may have lost zeros before it.
    """

    line: int
    file: str
    page: str
    form: str
    field: str
    corrected: str
    was: str | None = None
    sha256: str = ""
    who: str = ""
    problem: str = ""
    number: bool = False


def read_rows(path: Path) -> list[CorrectionRow]:
    """Read the rows of a table that have a correction. FormError tells the mend where it cannot be read."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(4)
    except OSError as error:
        raise FormError(f"{path}: cannot be read ({error.strerror}); give an existing table") from error
    if head == _OLD:
        raise FormError(f"{path}: is an old or an encrypted workbook; {_SAVE}, without a password")
    if size > (LARGEST_FILE if head == _ZIP else LARGEST_CSV):
        raise FormError(f"{path}: has {size >> 20} MB, too large for a table of corrections; leave other rows out")
    return list(_workbook_rows(path) if head == _ZIP else _csv_rows(path))


def _csv_rows(path: Path) -> Iterator[CorrectionRow]:
    columns, lines = read_csv(path)
    _check_columns(path, columns)
    for line, row in lines:
        if row["corrected"].strip():
            yield _row(line, row)


def _check_columns(path: Path, columns: list[str]) -> None:
    missing = [name for name in NEEDED if name not in columns]
    if missing:
        raise FormError(f"{path}: has no column {', '.join(missing)}; give the sheet review, or {','.join(NEEDED)}")


def _row(line: int, row: Mapping[str, str], *, problem: str = "", number: bool = False) -> CorrectionRow:
    was = row.get("was", row.get("value"))
    corrected = row["corrected"].strip()
    if not problem and len(corrected) > LONGEST_CELL:
        problem = f"has {len(corrected)} signs"
    return CorrectionRow(
        line=line,
        file=unescape_name(row["file"]),
        page=row["page"].strip(),
        form=unescape_name(row.get("form", "")),
        field=unescape_name(row["field"]),
        corrected="" if problem else unescape_name(corrected).strip(),
        was=None if was is None else unescape_name(was),
        sha256=row.get("sha256", "").strip().lower(),
        who=row.get("who", "").strip()[:LONGEST_CELL],
        problem=problem,
        number=number,
    )


def _workbook_rows(path: Path) -> Iterator[CorrectionRow]:
    """Read the first sheet that has the columns, cell by cell; only texts and numbers are taken."""
    _vet(path)
    import openpyxl

    try:
        with warnings.catch_warnings(), path.open("rb") as file:
            # What a spreadsheet adds beyond the standard is of no matter here.
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(file, read_only=True, keep_links=False)
            for sheet in book.worksheets:
                rows = _cells(path, sheet)
                columns = [_shown(cell) for cell in next(rows, ())]
                if set(NEEDED) <= set(columns):
                    yield from _sheet_rows(path, columns, rows)
                    return
    except FormError:
        raise
    except Exception as error:  # a damaged or hostile file makes zipfile, the parser and openpyxl raise all kinds
        raise FormError(f"{path}: is no workbook that can be read ({type(error).__name__}); {_SAVE}") from error
    raise FormError(f"{path}: no sheet has the columns {', '.join(NEEDED)}; give the workbook with its sheet review")


def _sheet_rows(path: Path, columns: list[str], rows: Iterator[Any]) -> Iterator[CorrectionRow]:
    twice = {name for name in columns if name and columns.count(name) > 1}
    if twice:
        raise FormError(f"{path}: two columns are called {', '.join(sorted(twice))}; name each differently")
    place = columns.index("corrected")
    for line, cells in enumerate(rows, 2):
        cell = cells[place] if place < len(cells) else None
        if cell is None or cell.value is None or not str(cell.value).strip():
            continue
        texts = {name: _shown(own) for name, own in zip(columns, cells, strict=False) if name}
        row = dict.fromkeys(columns, "") | texts
        number = cell.data_type == "n" and isinstance(cell.value, int | float)
        yield _row(line, row, problem=_problem(cell), number=number)


def _problem(cell: Any) -> str:
    """Say why a cell is neither a text nor a number."""
    if cell.data_type == "f":
        return "is a formula; write the value itself"
    if isinstance(cell.value, bool) or not isinstance(cell.value, str | int | float) or cell.data_type == "e":
        return "is no text; format the cell as text and write the value again"
    if isinstance(cell.value, float) and not cell.value.is_integer():
        return "is a number with a fraction; format the cell as text and write the value again"
    return ""


def _shown(cell: Any) -> str:
    """Give a cell's text: whole numbers without a fraction, nothing for what is neither text nor number."""
    value = cell.value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return str(value) if isinstance(value, str | int | float) and cell.data_type != "f" else ""


def _cells(path: Path, sheet: Any) -> Iterator[Any]:
    # The size that a sheet says it has is not to be relied on: its rows are counted.
    sheet.reset_dimensions()
    for number, row in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS), 1):
        if number > MOST_ROWS:
            raise FormError(f"{path}: a sheet has more than {MOST_ROWS} rows; {_SAVE}")
        yield row


def _vet(path: Path) -> None:
    """Look through a workbook before any parser does: the size of its parts unpacked, and nothing declared in them.

    The sizes bind: who unpacks a part stops there.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS:
                raise FormError(f"{path}: has {len(parts)} parts, too many for a table of corrections; {_SAVE}")
            for part in parts:
                if part.filename.lower().endswith((".xml", ".rels")) and not part.filename.startswith("xl/drawings/"):
                    _vet_part(path, archive, part)
    except FormError:
        raise
    except Exception as error:  # damaged bytes make zipfile and zlib raise all kinds
        raise FormError(f"{path}: is no workbook that can be read ({type(error).__name__}); {_SAVE}") from error


def _vet_part(path: Path, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    largest = LARGEST_SHEET if part.filename.startswith("xl/worksheets/sheet") else LARGEST_PART
    if part.file_size > largest:
        raise FormError(
            f"{path}: {part.filename} unpacks to {part.file_size >> 20} MB, too large for corrections; {_SAVE}"
        )
    with archive.open(part) as file:
        end = b""
        while chunk := file.read(_CHUNK):
            seen = end + chunk
            # A text in another encoding than UTF-8 would hide what it declares.
            if b"\0" in seen or any(word in seen for word in _DECLARED):
                raise FormError(f"{path}: {part.filename} is not as a spreadsheet writes it; {_SAVE}")
            end = seen[-16:]
