"""Dask clusters on this machine, of real schedulers and workers, and what jobs that they read are made of."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import parent_process
from pathlib import Path
from types import TracebackType

from tests.job.fakes import FakeReader

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0
QUICK = {
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "5s",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "11s",
}
"""What takes half a minute on a bad network is known to be lost at once on a good one."""
DASK = [sys.executable, "-m", "dask"]
OTHER_VERSION = "from ocrbatch import version; version.__version__ = '0.0.1'"
NOT_INSTALLED = "sys.modules['ocrbatch'] = None"
NOTHING_MOUNTED = """
from ocrbatch.job import cluster_worker as own
from ocrbatch.job.opened import Opened
from ocrbatch.job.sources import failed_file
own.open_source = lambda source: Opened(problem="vanished")
own.Lent.read = lambda _, batch: [own.ReadFile((failed_file(source.name, "vanished"),)) for source in batch]
"""


class DaskCluster:
    """A scheduler and its workers, each a process group of its own, with what they say in files of a folder."""

    def __init__(self, folder: Path, env: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self._env = {**os.environ, **QUICK, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder), **(env or {})}
        self.workers: list[subprocess.Popen[bytes]] = []
        self.scheduler: subprocess.Popen[bytes] | None = None
        self.address = ""

    def begin(self, *options: str, host: str = "127.0.0.1", prefix: Sequence[str] = ()) -> str:
        """Start a scheduler; gives its address."""
        told = self.folder / "scheduler.json"
        told.unlink(missing_ok=True)
        words = ["--port", "0", "--no-dashboard", "--host", host, "--idle-timeout", "300 seconds"]
        self.scheduler = self.start(
            [*prefix, *DASK, "scheduler", *words, "--scheduler-file", str(told), *options], "scheduler.log"
        )
        wait_for(lambda: told.exists() and bool(told.read_text()))
        self.address = json.loads(told.read_text())["address"]
        return self.address

    def join(
        self, *options: str, threads: int = 1, change: str = "", prefix: Sequence[str] = ()
    ) -> subprocess.Popen[bytes]:
        """Start a worker as a person does; with ``change``, one in whose process this is done before."""
        log = f"worker{len(self.workers)}.log"
        main = f"import os, sys\n{change}\nfrom dask.__main__ import main\nmain()"
        words = [sys.executable, "-c", main, "worker", "--no-nanny"] if change else [*DASK, "worker"]
        worker = self.start(
            [*prefix, *words, self.address, "--no-dashboard", "--nthreads", str(threads), "--death-timeout", "30",
             "--local-directory", str(self.folder), *options],
            log,
        )  # fmt: skip
        self.workers.append(worker)
        wait_for(lambda: "Registered to" in self.said(log) or worker.poll() is not None)
        assert worker.poll() is None, self.said(log)
        return worker

    def start(self, words: Sequence[str], log: str) -> subprocess.Popen[bytes]:
        """Start a process in a group of its own."""
        with (self.folder / log).open("wb") as file:
            return subprocess.Popen(words, cwd="/", env=self._env, stdout=file, stderr=file, start_new_session=True)

    def said(self, log: str) -> str:
        """Give what a process has said so far."""
        return (self.folder / log).read_text(errors="replace")

    def end_scheduler(self) -> None:
        """Kill the scheduler."""
        assert self.scheduler
        kill(self.scheduler)

    def __enter__(self) -> "DaskCluster":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for process in filter(None, (self.scheduler, *self.workers)):
            kill(process)


@contextmanager
def a_cluster(folder: Path, *threads: int, env: Mapping[str, str] | None = None) -> Iterator[DaskCluster]:
    """Give a cluster with a worker of so many threads each."""
    with DaskCluster(folder, env) as made:
        made.begin()
        for number in threads:
            made.join(threads=number)
        yield made


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all of its group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


class RunningJob:
    """A job that goes on: what it says is in a file."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process, self._log = process, log

    def signal(self, number: int) -> None:
        """Send the job a signal."""
        self._process.send_signal(number)

    def ended(self) -> tuple[int, str]:
        """Wait for the job's end; gives its exit code, and what it said."""
        self._process.wait(PATIENCE)
        return self._process.returncode, self._log.read_text(errors="replace")


@contextmanager
def started(
    place: Path, address: str, *how: str, env: Mapping[str, str] | None = None, prefix: Sequence[str] = ()
) -> Iterator[RunningJob]:
    """Start a job on ``in`` below a folder, which the workers of a scheduler read; ``how`` as ``on_cluster`` has it."""
    log = place / "said"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*prefix, sys.executable, "-m", "tests.job.on_cluster", str(place), address, *how],
            cwd=ROOT,
            env={**os.environ, **QUICK, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        yield RunningJob(process, log)
    finally:
        kill(process)


def run_there(place: Path, address: str, *how: str) -> tuple[int, str]:
    """Run such a job to its end."""
    with started(place, address, *how) as job:
        return job.ended()


class KillingReader(FakeReader):
    """Of some pages it kills not itself but the worker that lends it its process."""

    def _result(self, number: int, text: str):  # type: ignore[no-untyped-def]
        if text == "kill worker":
            parent = parent_process()
            assert parent
            assert parent.pid
            os.kill(parent.pid, signal.SIGKILL)
            time.sleep(60)
        return super()._result(number, text)


class CountedReader:
    """Makes a fake reader, and notes in which processes it came to be."""

    def __init__(self, log: Path) -> None:
        self._log = log

    def __reduce__(self) -> tuple[object, ...]:
        return arrived, (self._log,)

    def __call__(self) -> FakeReader:
        return FakeReader()


def arrived(log: Path) -> CountedReader:
    """Note that a reader was sent here."""
    note(log, f"{os.getpid()} {parent_process() is not None}")
    return CountedReader(log)


def note(log: Path, line: str) -> None:
    """Write a line at the end of a file."""
    with log.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
