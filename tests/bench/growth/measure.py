"""One folder of so many files, run, run again, and asked how it stands."""

import json
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tests.bench.growth import folders
from tests.bench.runs import command, measured, output_of

TURNS = 3
"""So often ``status`` is asked; it takes less than a second."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to have very many pages: what it is, how a folder is filled, and the command that reads it."""

    name: str
    fill: Callable[[Path, int], None]
    command: Callable[[Path, Path, Path, int], list[str]]


@dataclass(frozen=True, slots=True)
class Grown:
    """What a job of so many ``pages`` took: seconds by the clock, and megabytes (1024²).

    ``listing`` is from its start until it began to read, ``reading`` until the last page was recorded, ``tables``
    until the end. ``again`` is the same command once more, when there is nothing new to read.
    """

    pages: int
    listing: float
    reading: float
    tables: float
    processor: float
    parent_mb: float
    worker_mb: float
    ledger_mb: float
    again: float
    again_mb: float
    status: float


def _made_up(folder: Path, output: Path, log: Path, jobs: int) -> list[str]:
    return [sys.executable, "-m", "tests.bench.growth.made_up", str(folder), str(output), str(log), str(jobs)]


def _read(folder: Path, output: Path, log: Path, jobs: int) -> list[str]:
    given = ["--whole", "digit", "--jobs", str(jobs), "--log-file", str(log)]
    return [*command(), "run", str(folder), "-o", str(output), *given]


WAYS = {
    "made-up": Way("made-up readings of 8 fields of 8 cells, no pictures", folders.made_up, _made_up),
    "pictures": Way("pictures of one digit, each of its own content, read", folders.pictures, _read),
    "links": Way(f"hard links to {folders.PICTURES} pictures of one digit, which are read once", folders.links, _read),
}


def grown(way: Way, place: Path, pages: int, jobs: int) -> Grown:
    """Fill a folder, run the job and measure; the folder is removed again."""
    folder, output, logs = place / "in", place / "out", [place / "log", place / "again"]
    way.fill(folder, pages)
    try:
        first, again = (measured(way.command(folder, output, log, jobs)) for log in logs)
        listing, reading, tables = parts(logs[0], first["begun"], first["clock"])
        return Grown(
            pages,
            listing,
            reading,
            tables,
            first["processor"],
            first["parent_mb"],
            first["worker_mb"],
            (output / "ledger.sqlite").stat().st_size / (1 << 20),
            again["clock"],
            again["parent_mb"],
            statistics.median(_status(output) for _ in range(TURNS)),
        )
    finally:
        shutil.rmtree(place)


def parts(log: Path, begun: float, clock: float) -> tuple[float, float, float]:
    """Part a job's seconds by its log: until it begins to read, until the last is recorded, and until its end."""
    events = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    times = {event["event"]: datetime.fromisoformat(event["time"]).timestamp() for event in events}
    started, recorded = times["started"], times.get("recorded", times["started"])
    return started - begun, recorded - started, begun + clock - recorded


def _status(output: Path) -> float:
    start = time.perf_counter()
    output_of([*command(), "status", str(output)])
    return time.perf_counter() - start
