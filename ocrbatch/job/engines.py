"""Who reads: this process, or several of this machine. Results come as they are finished."""

import multiprocessing
import signal
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from ocrbatch.errors import OcrbatchError
from ocrbatch.job.sources import Source
from ocrbatch.job.worker import Reader, Task, failed_file
from ocrbatch.records import FilePage

Batch = Sequence[Source]
Done = tuple[Batch, list[list[FilePage]]]

AHEAD = 2
MAX_DEATHS = 20
_reader: Reader | None = None


def read_here(task: Task, batches: Iterable[Batch]) -> Generator[Done, None, None]:
    """Read in this process."""
    reader = Reader(task)
    for batch in batches:
        yield batch, reader.read(batch)


def read_in_processes(task: Task, batches: Iterable[Batch], jobs: int) -> Generator[Done, None, None]:
    """Read in ``jobs`` processes; a file on which a process dies is tried once more alone, and then fails.

    Raises OcrbatchError where processes die on one file after the other.
    """
    lost: list[Source] = []
    remaining = iter(batches)
    while True:
        broken = yield from _pool(task, remaining, jobs, lost)
        if not broken:
            break
    deaths = 0
    for source in lost:
        died = yield from _alone(task, source)
        deaths = deaths + 1 if died else 0
        if deaths > MAX_DEATHS:
            raise OcrbatchError("worker processes die again and again; try --jobs 1 to see why")


def _pool(task: Task, batches: Iterator[Batch], jobs: int, lost: list[Source]) -> Generator[Done, None, bool]:
    """Read until the batches end, or a process dies: then what was under way is added to ``lost``."""
    running: dict[Future[list[list[FilePage]]], Batch] = {}
    with _executor(task, jobs) as pool:
        try:
            for batch in batches:
                running[pool.submit(_read, batch)] = batch
                if len(running) >= AHEAD * jobs:
                    yield from _finished(running)
            while running:
                yield from _finished(running)
        except BrokenProcessPool:
            for batch in running.values():
                lost.extend(batch)
            return True
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return False


def _finished(running: dict[Future[list[list[FilePage]]], Batch]) -> Iterator[Done]:
    for future in wait(running, return_when=FIRST_COMPLETED).done:
        result = future.result()
        yield running.pop(future), result


def _alone(task: Task, source: Source) -> Generator[Done, None, bool]:
    """Read a file in a process of its own."""
    try:
        with _executor(task, 1) as pool:
            result = pool.submit(_read, [source]).result()
    except BrokenProcessPool:
        yield [source], [[failed_file(source.name, "worker died")]]
        return True
    yield [source], result
    return False


def _executor(task: Task, jobs: int) -> ProcessPoolExecutor:
    # Fork copies threads' locks in whatever state they are; spawn starts clean everywhere.
    return ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _start, (task,))


def _start(task: Task) -> None:
    """Make a process ready; the parent alone decides when to stop."""
    global _reader  # noqa: PLW0603 - a worker process has one reader for its life
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _reader = Reader(task)


def _read(batch: Batch) -> list[list[FilePage]]:
    assert _reader is not None
    return _reader.read(batch)
