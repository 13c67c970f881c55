"""One measuring of anything, each in a process of its own: nothing is warm from what was measured before."""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "samples" / "slip-green.jpg"


@dataclass(frozen=True, slots=True)
class Run:
    """What a whole run of a folder took: seconds by the ``clock`` and of the ``processor``, of all its processes.

    ``first`` are the seconds from its start until the first page was recorded; ``parent_mb`` and ``worker_mb`` the
    most memory of the job's own process, and of the largest of the others.
    """

    pages: int
    clock: float
    processor: float
    parent_mb: float
    worker_mb: float
    first: float


def command() -> list[str]:
    """Give the command that is installed beside this Python."""
    found = shutil.which("ocrbatch", path=str(Path(sys.executable).parent))
    return [found] if found else [sys.executable, "-c", "from ocrbatch.commands.app import main; main()"]


def measured(words: Sequence[str]) -> dict[str, float]:
    """Run a command to its end and give what its tree of processes took. RuntimeError where it fails."""
    told = output_of([sys.executable, str(ROOT / "tests" / "bench" / "measured.py"), *words])
    found: dict[str, float] = json.loads(told)
    if found.pop("code"):
        raise RuntimeError(f"{' '.join(words[:2])} failed")
    return found


def whole_run(folder: Path, pages: int, form: Path | None, jobs: int, *options: str) -> Run:
    """Run ``ocrbatch run`` on a folder of so many pages, to an output of its own."""
    with tempfile.TemporaryDirectory() as place:
        log = Path(place) / "log"
        given = ["--form", str(form)] if form else []
        words = [
            "run",
            str(folder),
            "-o",
            f"{place}/out",
            "--jobs",
            str(jobs),
            "--log-file",
            str(log),
            *given,
            *options,
        ]
        told = measured([*command(), *words])
        begun = told.pop("begun")
        return Run(pages, first=first_recorded(log) - begun, **told)


def first_recorded(log: Path) -> float:
    """Give when (seconds since 1970) the first files of a job were recorded, by its log."""
    lines = map(json.loads, log.read_text("utf-8").splitlines())
    time_of = next(line["time"] for line in lines if line["event"] == "recorded" and line["files"])
    return datetime.fromisoformat(time_of).timestamp()


def decoding(folder: Path) -> float:
    """Give the seconds of the processor that it takes to decode a folder's files and to do nothing else."""
    return float(output_of([sys.executable, "-m", "tests.bench.alone", str(folder)]))


def stages(folder: Path, form: Path | None) -> dict[str, float]:
    """Give the milliseconds a page by stage."""
    told = output_of([sys.executable, "-m", "tests.bench.stages", str(folder), *([str(form)] if form else [])])
    found: dict[str, float] = json.loads(told)
    return found


def help_time() -> float:
    """Time ``ocrbatch --help`` by the clock."""
    start = time.perf_counter()
    output_of([*command(), "--help"])
    return time.perf_counter() - start


def first_row_time() -> float:
    """Time a new process from its start to the first row of one page's table."""
    start = time.perf_counter()
    with subprocess.Popen(
        [*command(), "read", str(SAMPLE), "--csv"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        header, row = process.stdout.readline(), process.stdout.readline()
        seconds = time.perf_counter() - start
        _, errors = process.communicate()
    if not (header and row):
        raise RuntimeError(f"ocrbatch read gave no row: {errors.strip()[-300:]}")
    return seconds


def output_of(words: Sequence[str]) -> str:
    """Run a command and give what it prints. RuntimeError where it fails."""
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words[:3])}: {done.stderr.strip()[-500:]}")
    return done.stdout
