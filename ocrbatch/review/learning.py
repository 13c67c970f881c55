"""Corrected fields to a set of labelled digits: a folder a label, as a training takes it.

People err too: a label that is absurd to the model, and of which the reading's own second choice knows nothing, is
shown for a second look before anything learns from it.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import cv2

from ocrbatch.job.corrected import Correction, Verdict
from ocrbatch.job.ledger import Ledger
from ocrbatch.job.opened import open_source
from ocrbatch.job.sources import Source
from ocrbatch.model.card import load_model_file
from ocrbatch.output.escape import escape_name
from ocrbatch.output.files import make_folder, output_errors, write_private
from ocrbatch.page.classify import Classifier, make_classifier
from ocrbatch.page.normalize import normalize_many
from ocrbatch.page.segment import segment
from ocrbatch.records import LABELS, UNREAD, FieldPlace, FieldReading, FilePage, Grey, Page, RegisteredPage
from ocrbatch.review.corrections import check_job
from ocrbatch.review.earlier import (
    COLUMNS,
    NO,
    SECOND_LOOK,
    YES,
    Earlier,
    Kept,
    name_of,
    pictures_in,
    place_of,
    read_earlier,
)

ABSURD = 0.01
"""A label to which the model gives a smaller probability is absurd to it."""
OTHER_FORM = "their page was read as another form since"
GONE = "their file is no longer there, or has changed"
MAX_PIXELS = 100_000_000
UNEVEN = "their value has not a digit for each written cell"
OTHER_KIND = "their kind has no cells of one digit"
Progress = Callable[[int, int], None]
Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: ``pictures`` with labels, of so many ``fields``; the ``doubted`` ones wait for a second look.

    ``left_out`` counts corrected fields that give nothing, by reason.
    """

    pictures: int
    fields: int
    doubted: int
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a corrected field: its ``ink`` as it is read, and the ``label`` that the person's value gives it.

    ``number`` counts the field's cells from 1; ``seconded`` tells whether the reading or its second choice has the
    label there.
    """

    page: FilePage
    field: str
    number: int
    label: str
    ink: Grey
    seconded: bool

    @property
    def name(self) -> str:
        """Its picture's name, the same whenever it is exported."""
        result = self.page.result
        return f"{name_of(self.page.sha256, result.page, result.form, self.field)}{self.number}.png"


def export_corrections(
    output: Path, folder: Path, progress: Progress = lambda done, total: None, classifier: Classifier | None = None
) -> Exported:
    """Write the cells of a job's corrected fields to ``folder``, a folder a label, and the doubted to a list beside.

    What was written yes to in that list before is among the others, and what an earlier export took from a file that is
    no longer there stays. ``classifier`` stands in for the shipped model. Raises UsageError where the folder holds
    something else, InputError where there is no job, OutputError.
    """
    check_job(output)
    earlier = read_earlier(folder)
    left_out: Counter[str] = Counter()
    gone: list[Correction] = []
    if classifier is None:
        classifier = make_classifier(load_model_file(None))
    make_folder(folder)
    if not (folder / SECOND_LOOK).exists():
        # By it an export that was stopped is known again.
        _write_list(folder / SECOND_LOOK, [])
    written: set[Path] = set()
    listed: list[Row] = []
    fields = 0
    with Ledger(output, writable=False) as ledger:
        for cells in _corrected_cells(ledger, left_out, gone, progress):
            fields += 1
            for cell, row in _judged(cells, classifier):
                answer = earlier.answer(cell.name, cell.label)
                if row is not None:
                    listed.append((*row, answer))
                place = place_of(folder, cell.name, cell.label, doubted=row is not None and answer != YES)
                write_private(place, _png(cell.ink))
                written.add(place)
    kept = [pictures for said in gone if (pictures := earlier.pictures_of(said))]
    left_out[GONE] += len(gone) - len(kept)
    for picture in chain(*kept):
        written.add(_keep(folder, earlier, picture))
        listed += [row] if (row := earlier.rows.get((picture.name, picture.label))) else []
    _remove_others(folder, written)
    _write_list(folder / SECOND_LOOK, listed)
    labelled = sum(place.parent != folder for place in written)
    doubted = sum(row[-1] not in (YES, NO) for row in listed)
    reasons = {reason: number for reason, number in sorted(left_out.items()) if number}
    return Exported(labelled, fields + len(kept), doubted, reasons)


def _keep(folder: Path, earlier: Earlier, cell: Kept) -> Path:
    """Leave the picture of a cell whose scan is gone where it is, but for what a person has answered since."""
    doubted = (cell.name, cell.label) in earlier.rows and earlier.answer(cell.name, cell.label) != YES
    place = place_of(folder, cell.name, cell.label, doubted=doubted)
    if place != cell.path:
        with output_errors(place):
            make_folder(place.parent)
            cell.path.replace(place)
    return place


def _corrected_cells(
    ledger: Ledger, left_out: Counter[str], gone: list[Correction], progress: Progress
) -> Iterator[list[Cell]]:
    """Give the cells of each field that has a value from a person, file by file; ``gone`` gets what has no scan."""
    last = {said.place: said for said in ledger.corrections()}
    values = [said for said in last.values() if said.verdict is Verdict.VALUE]
    by_content: dict[str, list[Correction]] = {}
    for said in values:
        by_content.setdefault(said.sha256, []).append(said)
    done = 0
    progress(done, len(values))
    for sha256, own in sorted(by_content.items()):
        yield from _cells_of_file(ledger, sha256, own, left_out, gone)
        done += len(own)
        progress(done, len(values))


def _cells_of_file(
    ledger: Ledger, sha256: str, said: Sequence[Correction], left_out: Counter[str], gone: list[Correction]
) -> Iterator[list[Cell]]:
    named = ledger.same_content(sha256)
    opened = (open_source(Source(name, state.path)) for name, state in named)
    file = next((one for one in opened if one.sha256 == sha256), None)
    if file is None:
        gone += said
        return
    read = {page.result.page: page for page in ledger.pages_of(named[0][0])}
    wanted = {one.page for one in said} & read.keys()
    for page in file.pages(_max_pixels(ledger)):
        if page.number in wanted and isinstance(page, Page):
            own = {one.field: one.value for one in said if one.page == page.number and one.form == _form(read, one)}
            left_out[OTHER_FORM] += sum(one.page == page.number for one in said) - len(own)
            yield from _cells_of_page(page.pixels, read[page.number], own, left_out)
        if page.number >= max(wanted, default=0):
            return


def _form(read: Mapping[int, FilePage], said: Correction) -> str:
    return read[said.page].result.form


def _cells_of_page(
    pixels: Grey, page: FilePage, values: Mapping[str, str], left_out: Counter[str]
) -> Iterator[list[Cell]]:
    """Cut the page again as it was cut for reading."""
    boxes = [field for field in page.result.fields if field.kind == "boxes"]
    left_out[OTHER_KIND] += len(values.keys() - {field.name for field in boxes})
    places = tuple(FieldPlace(field.name, field.kind, field.cells) for field in boxes)
    registered = RegisteredPage(Page(page.result.page, pixels, None), page.result.form, places, 1.0, 0.0)
    for field, image in zip(boxes, segment(registered), strict=True):
        if field.name not in values:
            continue
        digits = values[field.name].replace(" ", "")
        written = [place for place, cell in enumerate(image.cells) if not cell.blank]
        read = [place for place, text in enumerate(field.cell_values) if text]
        if len(digits) != len(written) or written != read:
            left_out[UNEVEN] += 1
            continue
        yield [
            Cell(page, field.name, place + 1, label, image.cells[place].ink, _seconded(field, at, label))
            for at, (place, label) in enumerate(zip(written, digits, strict=True))
            if label in LABELS
        ]


def _seconded(field: FieldReading, at: int, label: str) -> bool:
    """Tell whether the reading, or its second choice, has a label as its digit number ``at``."""
    said = [text.replace(" ", "") for text in (field.raw, field.runner_up)]
    return any(at < len(text) and text[at] == label for text in said)


def _judged(cells: Sequence[Cell], classifier: Classifier) -> Iterator[tuple[Cell, Row | None]]:
    """Give each cell, with its row of the list where its label is absurd."""
    scores = classifier.scores(normalize_many([cell.ink for cell in cells]))
    for cell, row in zip(cells, scores, strict=True):
        own, best = float(row[LABELS.index(cell.label)]), int(row.argmax())
        if own >= ABSURD or cell.seconded:
            yield cell, None
            continue
        told = LABELS[best] if best < len(LABELS) else UNREAD
        result = cell.page.result
        yield (
            cell,
            (
                place_of(Path(), cell.name, cell.label, doubted=True).name,
                cell.page.file, result.page, result.form, cell.field, cell.number, cell.label, told, f"{own:.4f}",
            ),
        )  # fmt: skip


def _remove_others(folder: Path, written: set[Path]) -> None:
    """Remove the pictures of an earlier export whose corrections are others by now."""
    with output_errors(folder):
        for path in [path for _, path in pictures_in(folder) if path not in written]:
            path.unlink()


def _write_list(path: Path, rows: Sequence[Row]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([escape_name(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    write_private(path, text.getvalue().encode())


def _max_pixels(ledger: Ledger) -> int:
    manifest = json.loads(ledger.settings().get("manifest", "{}"))
    return int(manifest.get("settings", {}).get("max_pixels", MAX_PIXELS))


def _png(ink: Grey) -> bytes:
    return bytes(cv2.imencode(".png", ink)[1])
