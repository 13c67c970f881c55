"""Who reads: this process, or several of this machine. Results come as they are finished."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Protocol

from ocrbatch.errors import OcrbatchError
from ocrbatch.job.sources import Source, failed_file
from ocrbatch.records import FilePage

Batch = Sequence[Source]
Done = tuple[Batch, list[list[FilePage]]]


class BatchReader(Protocol):
    """Reads files together and gives the pages of each, in the order of the files."""

    def read(self, batch: Batch) -> list[list[FilePage]]:
        """Give at least one page a file; raises OcrbatchError only where the job cannot go on."""
        ...


MakeReader = Callable[[], BatchReader]
"""Called once in each process; must be picklable for those of others."""

AHEAD = 2
"""So many batches a process are under way or wait, whatever the size of the job."""
MAX_DEATHS = 20
"""After so many files in a row on which a process died, it is not the files."""
_reader: BatchReader | OcrbatchError | None = None


def read_here(make: MakeReader, batches: Iterable[Batch]) -> Generator[Done, None, None]:
    """Read in this process."""
    reader = make()
    for batch in batches:
        yield batch, reader.read(batch)


def read_in_processes(make: MakeReader, batches: Iterable[Batch], jobs: int) -> Generator[Done, None, None]:
    """Read in ``jobs`` processes; where one dies, the files under way are tried once more, each alone.

    Raises what a reader raises, and OcrbatchError where processes die on one file after the other.
    """
    remaining = iter(batches)
    suspects: list[Source] = []
    deaths = 0
    while (yield from _together(make, remaining, jobs, suspects)):
        deaths = yield from _one_by_one(make, suspects, deaths)
        suspects.clear()


def _together(
    make: MakeReader, batches: Iterator[Batch], jobs: int, suspects: list[Source]
) -> Generator[Done, None, bool]:
    """Read until the batches end, or a process dies: then the files under way are added to ``suspects``."""
    running: dict[Future[list[list[FilePage]]], Batch] = {}
    batch: Batch = ()
    with _processes(make, jobs) as pool:
        try:
            for batch in batches:
                running[pool.submit(_read, batch)] = batch
                batch = ()  # noqa: PLW2901 - it is in ``running`` now
                if len(running) >= AHEAD * jobs:
                    yield from _finished(running)
            while running:
                yield from _finished(running)
        except BrokenProcessPool:
            suspects.extend(source for lost in (*running.values(), batch) for source in lost)
            return True
    return False


def _finished(running: dict[Future[list[list[FilePage]]], Batch]) -> Iterator[Done]:
    for future in wait(running, return_when=FIRST_COMPLETED).done:
        result = future.result()
        yield running.pop(future), result


def _one_by_one(make: MakeReader, sources: Iterable[Source], deaths: int) -> Generator[Done, None, int]:
    """Read files in one process after the other, a new one where it dies; gives the deaths in a row."""
    waiting = deque(sources)
    while waiting:
        with _processes(make, 1) as pool:
            while waiting:
                source = waiting.popleft()
                try:
                    result = pool.submit(_read, [source]).result()
                except BrokenProcessPool:
                    deaths += 1
                    if deaths > MAX_DEATHS:
                        raise OcrbatchError("worker processes die again and again; --jobs 1 may show why") from None
                    yield [source], [[failed_file(source.name, "worker died")]]
                    break
                deaths = 0
                yield [source], result
    return deaths


@contextlib.contextmanager
def _processes(make: MakeReader, jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Hold worker processes; when the job is stopped, they are stopped at once."""
    others = multiprocessing.active_children()
    # Fork copies threads' locks in whatever state they are; spawn starts clean everywhere.
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _start, (make,))
    try:
        yield pool
    except BaseException:
        # One file may take minutes: who stops a job does not wait for it.
        pool.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            if child not in others:
                child.terminate()
        raise
    finally:
        pool.shutdown()


def _start(make: MakeReader) -> None:
    """Make a process ready. The parent alone decides when to stop; without it, the process ends."""
    global _reader  # noqa: PLW0603 - a worker process has one reader for its life
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _reader = make()
    except OcrbatchError as error:
        # An error here would look like a death: it is told with the first batch instead.
        _reader = error


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _read(batch: Batch) -> list[list[FilePage]]:
    assert _reader is not None
    if isinstance(_reader, OcrbatchError):
        raise _reader
    return _reader.read(batch)
