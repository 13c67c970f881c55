"""Whether memory grows with the pages: ``python -m tests.faults.memory [--pages 10000] [--jobs N]``.

Prints the memory of the job's own process and of those that read, at a tenth of the pages and at all; it fails where
either grows by more than a twentieth.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from ocrbatch.job.cores import usable_cores
from tests.faults.launch import Launcher, group_of
from tests.faults.pages import real_pages

MOST = 0.05
SAMPLES = ("slip-green.jpg", "card-pink.jpg", "slips.pdf", "tally-dotted.png", "cards.tif")
PAGES = 8
"""So many pages the SAMPLES have together."""
WINDOW = 0.04
MEGA = 1 << 20


@dataclass(frozen=True, slots=True)
class Look:
    """The memory of a job at one moment, in bytes: of its own process, and of the largest that reads."""

    pages: int
    main: int
    worker: int


def looks(launcher: Launcher, place: Path, jobs: int) -> list[Look]:
    """Run a job and look at its memory from time to time."""
    log = place / "log"
    job = launcher.start("run", place / "in", "-o", place / "out", "--jobs", jobs, "--log-file", log)
    found = []
    while job.goes_on:
        time.sleep(0.1)
        used = {pid: memory_of(pid) for pid in group_of(job.pid)}
        main = used.pop(job.pid, 0)
        if pages := recorded(log):
            found.append(Look(pages, main, max(used.values(), default=0)))
    ended = job.wait()
    assert ended.code == 0, ended.err
    return found


def memory_of(pid: int) -> int:
    """Give the bytes of memory that a process has; 0 where it is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
    except (FileNotFoundError, ProcessLookupError):
        return 0


def recorded(log: Path) -> int:
    """Give how many pages a job has recorded, as its log says."""
    lines = log.read_text("utf-8").splitlines() if log.exists() else []
    return max((json.loads(line).get("pages", 0) for line in lines if '"recorded"' in line), default=0)


def at(found: list[Look], pages: float) -> Look:
    """Give the most memory that was seen about a number of pages."""
    near = [look for look in found if abs(look.pages - pages) <= max(WINDOW * pages, PAGES * 8)]
    return Look(round(pages), max(look.main for look in near), max(look.worker for look in near))


def main() -> int:
    """Measure, and print a line for each number of pages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=10_000)
    parser.add_argument("--jobs", type=int, default=usable_cores())
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Launcher(Path(folder)) as launcher:
        place = Path(folder)
        real_pages(place, asked.pages * len(SAMPLES) // PAGES, SAMPLES, small=True)
        found = looks(launcher, place, asked.jobs)
    first, last = at(found, found[-1].pages / 10), at(found, found[-1].pages)
    for look in (first, last):
        print(f"page {look.pages:6}: the job {look.main / MEGA:6.1f} MB, a worker {look.worker / MEGA:6.1f} MB")
    growth = {"the job": last.main / first.main - 1, "a worker": last.worker / first.worker - 1}
    print(", ".join(f"{who} {share:+.1%}" for who, share in growth.items()))
    return int(max(growth.values()) > MOST)


if __name__ == "__main__":
    sys.exit(main())
