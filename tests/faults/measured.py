"""``ocrbatch`` with workers that tell what each file costs them: ``python -m tests.faults.measured LOG run ...``.

They read file by file, so that time and memory are those of one file, and say so before and after: a file that was
begun and never ended is one on which a worker died.
"""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ocrbatch.commands.app import main
from ocrbatch.job import run
from ocrbatch.job.processes import At, Batch
from ocrbatch.job.sources import ReadFile, Source
from ocrbatch.job.worker import Reader, Task
from ocrbatch.records import FilePage
from tests.faults.launch import ROOT

SECONDS, MEGABYTES = 20.0, 1536.0
"""What a file may take: of the processor's time, so that other work on the machine makes no difference, and memory."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a file took: seconds, seconds of the processor, and the most megabytes of its worker at a time.

    ``died`` tells that a worker ended on it at least once; the numbers are those of the last one that did not.
    """

    seconds: float = 0.0
    processor: float = 0.0
    megabytes: float = 0.0
    died: bool = False


def measured_job(inputs: Path, output: Path, *options: str) -> tuple[subprocess.CompletedProcess[str], dict[str, Cost]]:
    """Run a job, and tell how it ended and what each file took; the log is kept beside the output."""
    log = output.with_name(f"{output.name}.log")
    command = [sys.executable, "-m", "tests.faults.measured", str(log), "run", str(inputs), "-o", str(output), *options]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
    return ended, _costs(log)


def _costs(log: Path) -> dict[str, Cost]:
    begun: Counter[str] = Counter()
    costs: dict[str, Cost] = {}
    for line in log.read_text("utf-8").splitlines() if log.exists() else ():
        told = json.loads(line)
        file = told.pop("file")
        begun[file] += 1 if told.pop("begun", False) else -1
        costs[file] = Cost(**told)
    return {file: Cost(cost.seconds, cost.processor, cost.megabytes, begun[file] > 0) for file, cost in costs.items()}


class Measured(Reader):
    """Reads as a job's worker does, and writes to a log what each file took."""

    def __init__(self, log: Path, task: Task) -> None:
        super().__init__(task)
        self._log = log

    def read(self, batch: Batch, at: Callable[[At], None]) -> list[ReadFile]:
        """Read files, each alone; the places in the batch that are told are those of the whole one."""
        found = []
        for place, source in enumerate(batch):
            with self._measured(source):
                found += super().read([source], lambda one, place=place: at(one._replace(place=place)))
        return found

    def read_alone(self, source: Source, first: int, at: Callable[[At], None]) -> Iterator[FilePage | ReadFile]:
        """Read a file page by page."""
        with self._measured(source):
            yield from super().read_alone(source, first, at)

    @contextmanager
    def _measured(self, source: Source) -> Iterator[None]:
        self._tell(source, begun=True)
        # From here on, the kernel counts the peak anew.
        Path("/proc/self/clear_refs").write_text("5")
        wall, processor = time.monotonic(), time.process_time()
        yield
        self._tell(
            source,
            seconds=round(time.monotonic() - wall, 3),
            processor=round(time.process_time() - processor, 3),
            megabytes=peak_megabytes(os.getpid()),
        )

    def _tell(self, source: Source, **told: Any) -> None:
        line = json.dumps({"file": source.name, **told}) + "\n"
        handle = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(handle, line.encode())
        finally:
            os.close(handle)


def peak_megabytes(process: int) -> float:
    """Give the most memory that a process has had at a time since its peak was last counted anew."""
    status = Path(f"/proc/{process}/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _measuring(log: Path, make: Callable[[Any], partial[Reader]]) -> Callable[[Any], partial[Reader]]:
    return lambda job: partial(Measured, log, *make(job).args)


if __name__ == "__main__":
    from tests.faults.measured import Measured  # workers know it by its module's name

    run._reader_of = _measuring(Path(sys.argv[1]), run._reader_of)  # type: ignore[assignment, arg-type]
    sys.argv = ["ocrbatch", *sys.argv[2:]]
    main()
