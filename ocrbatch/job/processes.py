"""A process that reads for a job: what it does, and how the job's own process speaks with it."""

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from ocrbatch.errors import OcrbatchError
from ocrbatch.job.limits import Limits
from ocrbatch.job.memory import keep_memory
from ocrbatch.job.server import reading_context, uninterrupted
from ocrbatch.job.sources import ReadFile, Source
from ocrbatch.records import FilePage

Batch = Sequence[Source]


class At(NamedTuple):
    """Where a process is: at a file (from 0) of its batch and a page (from 1), which is to be read or to be decoded."""

    place: int
    page: int
    decoded: bool = False


class BatchReader(Protocol):
    """Reads files; raises OcrbatchError only where the job cannot go on."""

    def read(self, batch: Batch, at: Callable[[At], None]) -> list[ReadFile]:
        """Read files together, in their order; ``at`` is called before each page is decoded."""
        ...

    def read_alone(self, source: Source, first: int, at: Callable[[At], None]) -> Iterator[FilePage | ReadFile]:
        """Read a file page by page from its ``first`` page on; gives each page, and last what is known of the file.

        ``at`` is called before each page is decoded, and again before it is read.
        """
        ...


MakeReader = Callable[[], BatchReader]
"""Called once in each process; must be picklable."""

GRACE = 2.0
START_TIMEOUT = 120.0


@dataclass(slots=True)
class Assignment:
    """Files that a process is to read: together, or one ``alone`` from its page ``first`` on.

    Of one alone, ``pages`` are those that are done, and ``suspect`` is the page on which a process ended before.
    """

    batch: Batch
    alone: bool = False
    first: int = 1
    suspect: int = 0
    pages: list[FilePage] = field(default_factory=list)


class ReadingProcess:
    """One process with what it was given to do, seen from the job's own."""

    def __init__(self, make: MakeReader, limits: Limits) -> None:
        context = reading_context()
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, make, limits.memory), daemon=True)
        with uninterrupted():
            self._process.start()
        theirs.close()
        self._limits = limits
        self.ready = False
        self.given: deque[Assignment] = deque()
        self.at: At | None = None
        self._heard = time.monotonic()

    def give(self, assignment: Assignment) -> None:
        """Give the process something to do after what it has. What a dead process is given, its end tells."""
        if not self.given:
            self._heard = time.monotonic()
        self.given.append(assignment)
        with suppress(OSError):
            self.connection.send((assignment.batch, assignment.first if assignment.alone else 0))

    def hear(self) -> Any:
        """Take a message: a page or file that is done, a list of files, or an error. None where there is none.

        Raises EOFError where the process has ended.
        """
        try:
            kind, content = self.connection.recv()
        except OSError:
            raise EOFError from None
        self._heard = time.monotonic()
        if kind == "at":
            self.at = content
        self.ready = True
        return content if kind == "done" else None

    def finished(self) -> Assignment:
        """Take off what the process was given first."""
        self.at = None
        return self.given.popleft()

    @property
    def patience(self) -> float:
        """Give the seconds that are left of a page's time; infinite where it has nothing to do."""
        allowed = self._limits.page_timeout if self.ready else max(self._limits.page_timeout, START_TIMEOUT)
        return self._heard + allowed - time.monotonic() if self.given else float("inf")

    def end(self, *, at_once: bool = True) -> None:
        """End the process; one that has nothing to do ends by itself."""
        self.connection.close()
        if not at_once:
            self._process.join(GRACE)
        if self._process.is_alive():
            self._process.kill()
        self._process.join()


def _serve(connection: Connection, make: MakeReader, memory: int) -> None:
    """Read what is asked for until the other end is closed. The parent alone decides when to stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()

    def tell(at: At) -> None:
        connection.send(("at", at))

    with suppress(EOFError, OSError):
        try:
            keep_memory()
            reader = make()
            _limit_memory(memory)
            connection.send(("ready", None))
            while True:
                batch, first = connection.recv()
                if not first:
                    connection.send(("done", reader.read(batch, tell)))
                    continue
                (source,) = batch
                for read in reader.read_alone(source, first, tell):
                    connection.send(("done", read))
        except OcrbatchError as error:
            connection.send(("done", error))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _limit_memory(memory: int) -> None:
    """Let the system refuse this process more memory than ``memory`` bytes beside what it has now."""
    try:
        import resource

        used = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (ImportError, OSError):
        return
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    wanted = used + memory
    resource.setrlimit(resource.RLIMIT_AS, (wanted if most == resource.RLIM_INFINITY else min(wanted, most), most))
