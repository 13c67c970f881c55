"""A job over thousands of bad pictures: ``python -m tests.faults.mutate --count 2000 --seed 1 -o DIR``.

They are the samples, mutated in every way that formats break, and odd pictures that lie about on this machine. Asked:
the job never crashes, every file has a state, no worker dies, and no file takes more than 20 seconds or 1.5 GB.
"""

import argparse
import hashlib
import itertools
import os
import re
import shutil
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from ocrbatch.job.sources import PICTURES
from ocrbatch.output.escape import escape_name
from ocrbatch.output.tables import PAGES
from tests.faults.invariants import rows_of
from tests.faults.measured import MEGABYTES, SECONDS, Cost, measured_job
from tests.faults.mutations import bad_files

FILES_A_JOB = 200
ODD = 400
SHOWN = 5
LARGEST_ODD = 20 << 20
ODD_ENDINGS = PICTURES | {".gif", ".ico", ".jp2", ".psd", ".ppm", ".pbm", ".eps", ".icns", ".fli", ".sgi"}
SYSTEM = (Path(sysconfig.get_path("purelib")), Path(sysconfig.get_path("stdlib")), Path("/usr/share"))
LOST = ("worker died", "timed out", "out of memory", "internal error")
"""How the reason of a page begins for which the program is to blame, and not the file."""

Files = Iterable[tuple[str, bytes]]


@dataclass(slots=True)
class Report:
    """What became of the files: ``crashes`` are of the job, ``lost`` files with the reasons that are not the file's."""

    files: int = 0
    states: Counter[str] = field(default_factory=Counter)
    crashes: list[str] = field(default_factory=list)
    stateless: list[str] = field(default_factory=list)
    lost: list[tuple[str, str]] = field(default_factory=list)
    costs: dict[str, Cost] = field(default_factory=dict)

    @property
    def greedy(self) -> list[str]:
        """The files that cost more than a file may."""
        return [name for name, cost in self.costs.items() if cost.processor > SECONDS or cost.megabytes > MEGABYTES]

    @property
    def faults(self) -> list[str]:
        """All that may not be, each with its file."""
        return [
            *self.crashes,
            *(f"no state: {file}" for file in self.stateless),
            *(f"a worker died: {file}" for file, cost in self.costs.items() if cost.died),
            *(f"{reason}: {file}" for file, reason in self.lost),
            *(f"too dear: {file} {self.costs[file]}" for file in self.greedy),
        ]

    def lines(self) -> Iterator[str]:
        """Tell it to a person."""
        yield f"{self.files} files"
        yield from (f"{count:7} {state}" for state, count in self.states.most_common())
        for file, cost in sorted(self.costs.items(), key=lambda one: -one[1].processor)[:SHOWN]:
            yield f"slowest: {cost.processor:.1f} s of the processor, {cost.seconds:.1f} s in all: {file}"
        for file, cost in sorted(self.costs.items(), key=lambda one: -one[1].megabytes)[:SHOWN]:
            yield f"largest: {cost.megabytes:.0f} MB: {file}"
        yield from (self.faults or ["no fault"])


def odd_files(places: Iterable[Path] = SYSTEM, most: int = ODD, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """Give pictures that lie below some folders, each content once; of many, some from every folder."""
    found: dict[Path, list[Path]] = {}
    for place in places:
        for folder, _, names in os.walk(place):
            own = [Path(folder, name) for name in names if Path(name).suffix.lower() in ODD_ENDINGS]
            found.setdefault(Path(folder), []).extend(sorted(own))
    random = Random(seed)
    for paths in found.values():
        random.shuffle(paths)
    turns = (path for rank in range(max(map(len, found.values()), default=0)) for path in _ranked(found, rank))
    known: set[bytes] = set()
    for path in turns:
        if len(known) == most:
            return
        data = _content(path)
        if data and (content := hashlib.sha256(data).digest()) not in known:
            known.add(content)
            ending = path.suffix if path.suffix.lower() in PICTURES else f"{path.suffix}.png"
            yield f"odd-{len(known):05}-{path.stem[:60]}{ending}", data


def _ranked(found: dict[Path, list[Path]], rank: int) -> list[Path]:
    return [paths[rank] for _, paths in sorted(found.items()) if rank < len(paths)]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes() if path.is_file() and path.stat().st_size <= LARGEST_ODD else b""
    except OSError:
        return b""


def read_all(files: Files, place: Path, *, jobs: int = 2, size: int = FILES_A_JOB, more: Sequence[str] = ()) -> Report:
    """Read files by ``ocrbatch run`` with the options ``more``, so many a job; the faulty ones are kept in ``bad``."""
    report = Report()
    waiting, numbers = iter(files), itertools.count()
    while group := list(itertools.islice(waiting, size)):
        number = next(numbers)
        folder = place / f"in-{number:03}"
        folder.mkdir(parents=True)
        for name, data in group:
            (folder / name).write_bytes(data)
        _read(folder, place / f"out-{number:03}", report, ["--jobs", str(jobs), *more])
        for path in folder.iterdir():
            if any(path.name in fault for fault in report.faults):
                (place / "bad").mkdir(exist_ok=True)
                shutil.copy(path, place / "bad")
        shutil.rmtree(folder)
    return report


def _read(folder: Path, out: Path, report: Report, options: Sequence[str]) -> None:
    """Run one job and add to the report what became of it."""
    names = sorted(path.name for path in folder.iterdir())
    ended, costs = measured_job(folder, out, *options)
    report.files += len(names)
    report.costs |= costs
    if ended.returncode not in (0, 3) or "Traceback" in ended.stderr + ended.stdout:
        report.crashes.append(f"{folder.name} ended with {ended.returncode}: {ended.stderr[-2000:]}")
    _add_states(out, names, report)


def _add_states(out: Path, names: Iterable[str], report: Report) -> None:
    rows = rows_of(out / PAGES) if (out / PAGES).exists() else []
    for row in rows:
        reason = re.split("[:;]", row["reason"])[0]
        report.states[f"{row['status']} {reason}".strip()] += 1
        if row["reason"].startswith(LOST):
            report.lost.append((row["file"], row["reason"]))
    stated = {row["file"] for row in rows}
    report.stateless += [name for name in names if escape_name(name) not in stated]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=2000, help="mutated files")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--odd", type=int, default=ODD, help="odd pictures of this machine, at most")
    parser.add_argument("--also", type=Path, action="append", default=[], help="a folder with more pictures")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--more", action="append", default=[], help="an option for ocrbatch run, as --more=--overlays")
    parser.add_argument("-o", "--out", type=Path, required=True)
    given = parser.parse_args()
    if given.out.exists():
        parser.error(f"{given.out} is there already; give a new folder")
    files = [odd_files([*given.also, *SYSTEM], given.odd), bad_files(given.count, given.seed)]
    report = read_all((one for some in files for one in some), given.out, jobs=given.jobs, more=given.more)
    print(*report.lines(), sep="\n")
    sys.exit(bool(report.faults))


if __name__ == "__main__":
    main()
