"""Who reads: processes of this machine. Results come as they are finished; a page that ends one takes itself along."""

import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from multiprocessing.connection import wait

from ocrbatch.errors import OcrbatchError
from ocrbatch.job.limits import Limits
from ocrbatch.job.processes import Assignment, At, Batch, MakeReader, ReadingProcess
from ocrbatch.job.sources import ReadFile, failed_file
from ocrbatch.records import FilePage

Done = tuple[Batch, list[ReadFile]]

AHEAD = 1
"""So many batches a process has at once: with more, it would be ahead of what is recorded, and a kill would cost it."""
MAX_ENDS = 20
"""After so many files in a row on which a process ended, it is not the files."""
MAX_PAGES = 3
"""After so many such pages, the rest of a file is given up."""
MAX_STARTS = 5
"""After so many processes that end before they have begun, none will begin."""
PAUSE = 0.2
"""Seconds before a process is begun again that the system would not give."""
TIMED_OUT = "timed out"
DIED = "worker died"


def read_in_processes(
    make: MakeReader, batches: Iterable[Batch], jobs: int, limits: Limits | None = None
) -> Generator[Done, None, None]:
    """Read in ``jobs`` processes; on whose page one ends or hangs, that file is tried once more, alone.

    A page on which a process ends again is a failed page; the others of its file are read. Raises what a reader
    raises, and OcrbatchError where processes end on one file after the other.
    """
    crew = _Crew(make, iter(batches), jobs, limits or Limits())
    try:
        yield from crew.read()
    except BaseException:
        crew.dismiss(at_once=True)
        raise
    crew.dismiss(at_once=False)


class _Crew:
    """Several processes that share what is to be read."""

    def __init__(self, make: MakeReader, batches: Iterator[Batch], jobs: int, limits: Limits) -> None:
        self._make, self._batches, self._jobs, self._limits = make, batches, jobs, limits
        self._again: deque[Assignment] = deque()
        self._processes: list[ReadingProcess] = []
        self._ends = self._starts = 0

    def read(self) -> Iterator[Done]:
        """Give what is read, until all is."""
        while self._assign():
            heard = wait([process.connection for process in self._processes], max(self._patience(), 0))
            for process in list(self._processes):
                if process.connection in heard:
                    yield from self._hear(process)
                elif process.patience <= 0:
                    process.end()
                    yield from self._lost(process, TIMED_OUT)

    def dismiss(self, *, at_once: bool) -> None:
        """End all processes."""
        for process in self._processes:
            process.end(at_once=at_once)
        self._processes.clear()

    def _assign(self) -> bool:
        """Give each process something to do; tells whether any has."""
        while len(self._processes) < self._jobs and (first := self._next(None)):
            process = self._begin()
            self._processes.append(process)
            process.give(first)
        for process in self._processes:
            while len(process.given) < AHEAD and (more := self._next(process)):
                process.give(more)
        return any(process.given for process in self._processes)

    def _begin(self) -> ReadingProcess:
        """Begin a process; again where what forks it was killed, or the machine has no room for one just now."""
        while True:
            try:
                return ReadingProcess(self._make, self._limits)
            except (EOFError, OSError) as error:
                self._count_bad_start(error)
                time.sleep(PAUSE)

    def _count_bad_start(self, error: Exception | None = None) -> None:
        self._starts += 1
        if self._starts > MAX_STARTS:
            raise OcrbatchError("no worker process starts; ocrbatch doctor may show what is missing") from error

    def _next(self, process: ReadingProcess | None) -> Assignment | None:
        """Take what is to be read next. A file alone is all that its process has: then its end tells on which."""
        given = process.given if process else ()
        if given and given[0].alone:
            return None
        if self._again and not (self._again[0].alone and given):
            return self._again.popleft()
        batch = next(self._batches, None) if not self._again else None
        return None if batch is None else Assignment(batch)

    def _patience(self) -> float:
        return min(process.patience for process in self._processes)

    def _hear(self, process: ReadingProcess) -> Iterator[Done]:
        try:
            content = process.hear()
        except EOFError:
            process.end()
            yield from self._lost(process, DIED)
            return
        if isinstance(content, OcrbatchError):
            raise content
        if isinstance(content, FilePage):
            process.given[0].pages.append(content)
            # Should it end before it tells of the next page, this one is read all the same.
            process.at = At(0, content.result.page + 1)
        elif content is not None:
            own = process.finished()
            self._starts = 0
            self._count_ends(own)
            whole = content if isinstance(content, list) else [_with_pages(content, own)]
            yield own.batch, whole

    def _lost(self, process: ReadingProcess, reason: str) -> Iterator[Done]:
        """Go on without a process: find the page, and let others read the rest of what it was given."""
        self._processes.remove(process)
        own, *rest = process.given
        if not process.ready:
            self._count_bad_start()
            self._again.extendleft(reversed([own, *rest]))
            return
        self._again.extendleft(reversed(rest))
        if own.alone:
            yield from self._lost_alone(own, process.at, reason)
        elif process.at is None:
            self._again.extendleft(Assignment([source], alone=True) for source in own.batch)
        else:
            at = process.at
            others = [source for place, source in enumerate(own.batch) if place != at.place]
            if others:
                self._again.appendleft(Assignment(others))
            self._again.appendleft(Assignment([own.batch[at.place]], alone=True, suspect=at.page))

    def _lost_alone(self, own: Assignment, at: At | None, reason: str) -> Iterator[Done]:
        """Give a page up, or have it tried once more; a file whose other pages cannot be had is done."""
        (source,) = own.batch
        at = at or At(0, own.first)
        reached = at.page >= own.first
        if reached and at.page > own.suspect:
            # All before it are read by now; it has its one more try.
            first = Assignment(own.batch, alone=True, first=at.page, suspect=at.page, pages=own.pages)
            self._again.appendleft(first)
            return
        if reached or not _ends(own):
            # One that ends before it comes to the page where it is to go on has that page on its account too.
            own.pages.append(failed_file(source.name, reason, page=max(at.page, own.first)))
        if reached and at.decoded and _ends(own) < MAX_PAGES:
            self._again.appendleft(Assignment(own.batch, alone=True, first=at.page + 1, pages=own.pages))
            return
        self._count_ends(own)
        yield own.batch, [ReadFile(tuple(own.pages))]

    def _count_ends(self, own: Assignment) -> None:
        """Count the files in a row on which a process ended."""
        self._ends = self._ends + 1 if _ends(own) else 0
        if self._ends > MAX_ENDS:
            raise OcrbatchError("worker processes die again and again; ocrbatch read FILE may show why")


def _ends(own: Assignment) -> int:
    """Count the pages on which a process ended."""
    return sum(page.result.reason in (TIMED_OUT, DIED) for page in own.pages)


def _with_pages(read: ReadFile, own: Assignment) -> ReadFile:
    """Put the pages that came one by one to what is known of their file."""
    return ReadFile(tuple(own.pages), read.size, read.mtime_ns, read.sha256, read.again or _ends(own) > 0)
