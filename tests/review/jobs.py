"""Jobs to review, without models: their scans are drawn, and their ledger says what was read."""

import csv
import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ocrbatch.geometry import Box
from ocrbatch.job.ledger import FileState, Ledger
from ocrbatch.job.publish import Publication, keep_publication, publish
from ocrbatch.output.tables import TableOptions
from ocrbatch.records import FieldReading, FilePage, PageResult, PageStatus, Status, cell_quads

SIDE, GAP = 40, 20
MANIFEST = {"forms": {}, "settings": {"max_pixels": 100_000_000}}


@dataclass(frozen=True)
class Written:
    """What stands in a field, what was read there, and how sure that is."""

    value: str
    read: str = ""
    confidence: float = 0.5
    status: Status = Status.REVIEW
    reasons: tuple[str, ...] = ("low confidence in cell 2",)
    name: str = ""
    kind: str = "boxes"


def a_job(
    place: Path,
    pages: Sequence[Sequence[Written]],
    *,
    names: Sequence[str] = (),
    crops: bool = False,
    form: str = "auto",
) -> Path:
    """Make a job, a file a page; gives its output folder, with tables."""
    scans, out = place / "scans", place / "out"
    scans.mkdir(parents=True, exist_ok=True)
    out.mkdir(parents=True, exist_ok=True)
    with Ledger(out) as ledger:
        ledger.begin_run(len(pages))
        files = []
        for number, (fields, name) in enumerate(itertools.zip_longest(pages, names)):
            assert fields is not None
            file = name or f"slip-{number:04}.png"
            path = scans / f"{number:04}.png"
            pixels, readings = drawn(fields, number)
            path.write_bytes(bytes(cv2.imencode(".png", pixels)[1]))
            cut = tuple(f"crops/{file}/{one.name}.png" for one in readings) if crops else ()
            files.append(_recorded(file, path, form, readings, cut))
        ledger.record(files, done=len(files))
        publication = Publication(MANIFEST, (), TableOptions())
        keep_publication(ledger, publication, ())
        ledger.end_run()
        publish(out, ledger, publication)
    return out


def many_fields(number: int, *, wrong: int = 0, seed: int = 7) -> list[Written]:
    """Give fields to review, each less sure than the next; the first ``wrong`` were read wrong."""
    digits = np.random.default_rng(seed)
    found = []
    for place in range(number):
        value = "".join(map(str, digits.integers(0, 10, 4)))
        read = str((int(value[0]) + 1) % 10) + value[1:] if place < wrong else value
        found.append(Written(value, read, 0.3 + 0.6 * place / number))
    return found


def drawn(fields: Sequence[Written], salt: int = 0) -> tuple[np.ndarray, tuple[FieldReading, ...]]:
    """Draw fields below each other, and give how they were read."""
    longest = max((len(field.value) for field in fields), default=1)
    height, width = (SIDE + GAP) * len(fields) + GAP, SIDE * longest + 10 * SIDE
    pixels = np.full((height, width), 250, np.uint8)
    pixels[0, 0] = salt % 251
    pixels[0, 1] = salt // 251
    readings = []
    for row, field in enumerate(fields):
        x, y = 3 * SIDE, GAP + row * (SIDE + GAP)
        for place, sign in enumerate(field.value):
            left = x + place * SIDE
            cv2.rectangle(pixels, (left, y), (left + SIDE, y + SIDE), (150,), 1)
            cv2.putText(pixels, sign, (left + 9, y + 32), cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, 1.2, (20,), 2, cv2.LINE_AA)
        readings.append(_reading(field, row, Box(x, y, SIDE * len(field.value), SIDE)))
    return pixels, tuple(readings)


def _reading(field: Written, row: int, box: Box) -> FieldReading:
    corners = np.array([[0, 0], [SIDE, 0], [SIDE, SIDE], [0, SIDE]], np.float32)
    cells = [corners + np.array([box.x + SIDE * place, box.y], np.float32) for place in range(len(field.value))]
    read = field.read or field.value
    return FieldReading(
        name=field.name or f"r{row + 1:02}",
        kind=field.kind,
        value=read,
        confidence=field.confidence,
        status=field.status,
        reasons=field.reasons if field.status is Status.REVIEW else (),
        raw=read,
        runner_up=field.value if read != field.value else "",
        digit_confidence=(field.confidence,) * len(field.value),
        box=box,
        cells=cell_quads(cells),
        cell_values=tuple(read) if field.kind == "boxes" else (read,),
    )


def _recorded(
    file: str, path: Path, form: str, readings: tuple[FieldReading, ...], crops: tuple[str, ...]
) -> tuple[str, FileState, list[FilePage]]:
    data = path.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    waits = any(one.status is Status.REVIEW for one in readings)
    result = PageResult(1, form, PageStatus.REVIEW if waits else PageStatus.READ, "", 1.0, 0.0, readings)
    state = FileState(len(data), path.stat().st_mtime_ns, sha256, "key", path=path.absolute())
    return file, state, [FilePage(file, sha256, result, crops)]


def rows(out: Path) -> Iterator[dict[str, str]]:
    """Give the rows of a job's results.csv."""
    with (out / "results.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
