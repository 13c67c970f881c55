"""Killing jobs again and again: ``python -m tests.faults.kills [--count 200] [--seed 0] [--real]`` prints what is lost.

Each job is killed with all its processes at a random time, started again by the same command, and compared with one
that nobody disturbed.
"""

import argparse
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ocrbatch.job.engines import AHEAD
from tests.faults.invariants import before, check, ledger_of, tables
from tests.faults.launch import Launcher, Running
from tests.faults.program import Hook
from tests.job.fakes import folder_of, reads

BATCH = 4
DEADLY = "007.png"
"""Ends each worker that reads it, so each run tries it anew."""
FILES = {f"{i:03}.png": f"pause 0.004#{i}" if i % 5 else f"x|doubt|pause 0.002#{i}" for i in range(40)} | {
    DEADLY: "die"
}
QUICK: tuple[Hook, ...] = (["quick_pages"], ["settings", {"batch": BATCH}])
ALONE = (*QUICK, ["fork"])


@dataclass(frozen=True, slots=True)
class Lost:
    """What a kill cost: files that were known when it came, and files that were read for nothing."""

    known: int
    again: int


class Victim:
    """A job on texts, and what it gives when nobody disturbs it."""

    def __init__(self, launcher: Launcher, place: Path, *, jobs: int) -> None:
        self._launcher, self._place, self._jobs = launcher, place, jobs
        self._hooks = QUICK if jobs > 1 else ALONE
        self._inputs = folder_of(place, FILES)
        self._run(place / "undisturbed")
        self._tables = tables(place / "undisturbed")

    def kill(self, number: int, moment: float, depth: int = 1) -> list[Lost]:
        """Kill a job so many times in a row, and let it end then; check all.

        The ``moment`` is the share of the files that are begun by then; beyond 1, it is on its way to the tables.
        """
        out = self._place / f"out{number}"
        lost = []
        for turn in range(depth):
            was = before(self._inputs, out)
            known = ledger_of(out).files
            (self._place / "read.log").unlink(missing_ok=True)
            job = self._launcher.start(*self._call(out), self._jobs, hooks=self._hooks)
            self._await(moment * (len(FILES) - len(known)) / (depth - turn), job)
            job.signal(signal.SIGKILL, group=True)
            ended = job.wait()
            check(was, ended.code, ended.err, new=self._tables, log=self._place / "log")
            read, now = set(reads(self._place)), ledger_of(out).files
            assert known <= now, "what was recorded is lost"
            assert read & known <= {DEADLY}, "what was recorded is read again"
            lost.append(Lost(len(now), len(read - now)))
            assert lost[-1].again <= AHEAD * BATCH * self._jobs, "more is lost than what the workers had in hand"
        (self._place / "read.log").unlink(missing_ok=True)
        known = ledger_of(out).files
        # With one process, whatever it had before: nothing depends on that.
        self._run(out)
        assert set(reads(self._place)) & known <= {DEADLY}, "what was recorded is read again"
        assert tables(out) == self._tables, "the tables are not those of a job that nobody disturbed"
        return lost

    def _await(self, begun: float, job: Running) -> None:
        """Wait until so many files are begun, or more than there are: for a moment after the last."""
        while len(reads(self._place)) < min(begun, len(FILES)) and job.goes_on:
            time.sleep(0.005)
        time.sleep(max(begun / len(FILES) - 1, 0) / 2)

    def _run(self, out: Path) -> None:
        was = before(self._inputs, out)
        ended = self._launcher.run(*self._call(out), 1, hooks=ALONE)
        assert ended.code == 3, ended.err
        check(was, ended.code, ended.err)

    def _call(self, out: Path) -> tuple[object, ...]:
        return "run", self._inputs, "-o", out, "--log-file", self._place / "log", "--jobs"


def main() -> None:
    """Kill, and print a line for each number of files that were lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    lost: Counter[int] = Counter()
    places: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as place, Launcher(Path(place)) as launcher:
        victims = []
        for jobs in (1, 2):
            (Path(place) / f"jobs{jobs}").mkdir()
            victims.append((jobs, Victim(launcher, Path(place) / f"jobs{jobs}", jobs=jobs)))
        for number in range(asked.count):
            jobs, victim = victims[number % len(victims)]
            for one in victim.kill(number, chance.uniform(0, 1.1), depth=1 + number % 5 // 4 * 4):
                lost[-(-one.again // (BATCH * jobs))] += 1
                places["none" if not one.known else "all" if one.known == len(FILES) else "some"] += 1
    print(f"{sum(lost.values())} kills, {asked.count} jobs, every table as undisturbed", file=sys.stderr)
    print("files recorded when it came:", ", ".join(f"{name} {count}" for name, count in sorted(places.items())))
    print(
        "batches a worker read for nothing:", ", ".join(f"{count} times {many}" for many, count in sorted(lost.items()))
    )


if __name__ == "__main__":
    main()
