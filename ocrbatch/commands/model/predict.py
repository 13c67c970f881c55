"""``ocrbatch model predict``: pictures of single digits to a table of what they show."""

import os
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocrbatch.commands.model.options import MODEL_HELP
from ocrbatch.errors import ExitCode, InputError, UsageError

if TYPE_CHECKING:
    from ocrbatch.api import Digit, Model
    from ocrbatch.records import Page, PageFailure

COLUMNS = (
    "file",
    "page",
    "digit",
    "confidence",
    "second",
    "second_confidence",
    "third",
    "third_confidence",
    "reason",
)
NO_DIGIT = "?"
PICTURES_AT_ONCE = 256
PIXELS_AT_ONCE = 20_000_000


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a picture shows; ``digit`` is None where it could not be read, and ``reason`` then says why."""

    file: str
    page: int
    digit: "Digit | None"
    reason: str = ""


def predict(
    pictures: Annotated[
        list[str], typer.Argument(metavar="PICTURE...", help="Pictures or folders of them; - is standard input.")
    ],
    model: Annotated[Path | None, typer.Option("-m", "--model", help=MODEL_HELP)] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON a picture.")] = False,
) -> None:
    """Tell the digit in each picture, its probability, and the two next best.

    A picture holds one digit, of any size, dark on bright or bright on dark; each page of a TIFF or PDF is a
    picture. Folders are walked, sorted by name. "?" (in JSON null) is no digit: another sign, or nothing at all.
    A picture that cannot be read has a row with the reason, and the exit code is then 3.
    """
    if as_csv and as_json:
        raise UsageError("--csv and --json exclude each other")
    from ocrbatch import load_model
    from ocrbatch.output.escape import escape_name

    files = [file for name in pictures for file in _files(name)]
    if not files:
        raise InputError(f"no picture in {', '.join(pictures)}; give pictures, or a folder that holds some")
    predictions = _predict(files, load_model(model))
    shown = _print_csv(predictions) if as_csv else _print_json(predictions) if as_json else _print_table(predictions)
    failed = False
    for picture in shown:
        if picture.reason:
            typer.echo(f"{escape_name(picture.file)}, page {picture.page}: {picture.reason}", err=True)
            failed = True
    raise typer.Exit(int(ExitCode.PAGES_FAILED if failed else ExitCode.OK))


def _files(name: str) -> Iterator[str]:
    """Give the file of this name, or a folder's pictures in the order of their names; InputError for neither."""
    from ocrbatch.job.sources import PICTURES

    if name == "-":
        yield name
        return
    try:
        if not stat.S_ISDIR(Path(name).stat().st_mode):
            yield name
            return
        entries = sorted(os.scandir(name), key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        raise InputError(f"cannot read {name}: {error.strerror}; check the path") from error
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files(entry.path)
        elif entry.is_file() and Path(entry.name).suffix.lower() in {"", *PICTURES}:
            yield entry.path


def _predict(files: Sequence[str], model: "Model") -> Iterator[Prediction]:
    """Read the pictures and classify many at once; in their order."""
    waiting: list[tuple[str, Page | PageFailure]] = []
    pixels = 0
    for file, page in chain.from_iterable(map(_pages, files)):
        waiting.append((file, page))
        pixels += _size(page)
        if len(waiting) >= PICTURES_AT_ONCE or pixels >= PIXELS_AT_ONCE:
            yield from _classify(waiting, model)
            waiting, pixels = [], 0
    yield from _classify(waiting, model)


def _pages(file: str) -> Iterator[tuple[str, "Page | PageFailure"]]:
    from ocrbatch.page.decode import decode
    from ocrbatch.records import PageFailure

    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        yield file, PageFailure(1, "unreadable", str(error.strerror))
        return
    for page in decode(content):
        yield file, page


def _size(page: "Page | PageFailure") -> int:
    from ocrbatch.records import Page

    return page.pixels.size if isinstance(page, Page) else 0


def _classify(waiting: Iterable[tuple[str, "Page | PageFailure"]], model: "Model") -> Iterator[Prediction]:
    from ocrbatch.records import Page

    waiting = list(waiting)
    digits = iter(model.predict([page.pixels for _, page in waiting if isinstance(page, Page)]))
    for file, page in waiting:
        if isinstance(page, Page):
            yield Prediction(file, page.number, next(digits))
        else:
            yield Prediction(file, page.number, None, page.reason)


def _print_csv(predictions: Iterable[Prediction]) -> Iterator[Prediction]:
    import csv
    import io

    from ocrbatch.output.escape import escape_name

    def put(cells: Iterable[str]) -> None:
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerow(cells)
        sys.stdout.buffer.write(text.getvalue().encode())

    put(COLUMNS)
    for picture in predictions:
        put([escape_name(picture.file), str(picture.page), *_cells(picture), escape_name(picture.reason)])
        yield picture
    sys.stdout.buffer.flush()


def _cells(picture: Prediction) -> list[str]:
    """Give the three best and their probabilities, in turns; empty where there are none."""
    best = picture.digit.top3 if picture.digit else ()
    cells = [cell for label, share in best for cell in (label or NO_DIGIT, f"{share:.4f}")]
    return cells + [""] * (6 - len(cells))


def _print_json(predictions: Iterable[Prediction]) -> Iterator[Prediction]:
    import json

    from ocrbatch.output.escape import escape_name

    for picture in predictions:
        digit = picture.digit
        row = {
            "file": escape_name(picture.file),
            "page": picture.page,
            "digit": digit.label if digit else None,
            "confidence": round(digit.confidence, 4) if digit else None,
            "top3": [[label, round(share, 4)] for label, share in digit.top3] if digit else [],
            "reason": escape_name(picture.reason),
        }
        typer.echo(json.dumps(row, ensure_ascii=False))
        yield picture


def _print_table(predictions: Iterable[Prediction]) -> Iterator[Prediction]:
    """Print one table at the end: its columns are as wide as the widest cell."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ocrbatch.output.escape import escape_name

    table = Table(*("file", "page", "digit", "confidence", "second", "third", "reason"))
    for column in table.columns:
        column.overflow = "fold"
    for picture in predictions:
        first, share, *others = _cells(picture)
        second, third = (" ".join(others[at : at + 2]).strip() for at in (0, 2))
        cells = (escape_name(picture.file), str(picture.page), first, share, second, third, escape_name(picture.reason))
        # As texts: a name may hold what would be taken for markup.
        table.add_row(*map(Text, cells))
        yield picture
    Console().print(table)
