"""What a worker of a cluster does for a job: it lends processes, and leaves nothing of a page on its machine."""

import multiprocessing
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from ocrbatch.errors import OcrbatchError
from ocrbatch.job.engines import read_in_processes
from ocrbatch.job.limits import Limits
from ocrbatch.job.opened import Opened, open_source
from ocrbatch.job.processes import Batch, MakeReader
from ocrbatch.job.sources import ReadFile, Source
from ocrbatch.job.worker import Reader, Task
from ocrbatch.output.files import write_private
from ocrbatch.page.classify import Classifier
from ocrbatch.records import FilePage, ReadPage
from ocrbatch.version import __version__

ON_PIXELS = ("numpy", "opencv-python-headless", "pillow", "pypdfium2", "ai-edge-litert")
"""With another version of these, a page may be read otherwise."""
Versions = dict[str, str]


@dataclass(frozen=True, slots=True)
class SentPage(FilePage):
    """A page that comes from another machine, with its pictures: the path below the output folder and the content."""

    pictures: tuple[tuple[str, bytes], ...] = ()


class SendingReader(Reader):
    """A reader that writes nothing: the pictures of a page go with it."""

    def __init__(self, task: Task, classifier: Classifier | None = None) -> None:
        super().__init__(task, classifier)
        self._pictures: list[tuple[str, bytes]] = []

    def _file_page(self, source: Source, file: Opened, read: ReadPage) -> FilePage:
        # Of a page on which drawing broke, there may be some.
        self._pictures.clear()
        page = super()._file_page(source, file, read)
        return SentPage(page.file, page.sha256, page.result, page.crops, tuple(self._pictures))

    def _keep(self, path: str, picture: bytes) -> None:
        self._pictures.append((path, picture))


class Lent:
    """The processes that a worker lends a job: each reads one batch at a time, and then waits for the next.

    Sent from worker to worker, it is what to read with; the processes stay behind. They end with it: it is the
    cluster's for as long as a job asks for it.
    """

    def __init__(self, make: MakeReader, limits: Limits) -> None:
        self._make, self._limits = make, limits
        self._idle: deque[_Engine] = deque()

    def __reduce__(self) -> tuple[object, ...]:
        return Lent, (self._make, self._limits)

    def read(self, batch: Batch) -> list[ReadFile]:
        """Read files together, in their order. Raises what a reader raises; its process is not used again."""
        try:
            engine = self._idle.pop()
        except IndexError:
            engine = _Engine(self._make, self._limits)
        files = engine.read(batch)
        self._idle.append(engine)
        return files


class _Engine:
    """The engine of this machine with one process, which is given one batch after the other."""

    def __init__(self, make: MakeReader, limits: Limits) -> None:
        own = multiprocessing.current_process()
        if own.daemon:
            # Dask's nanny starts workers as daemons, and these may have no processes of their own lest they leave
            # them behind. Those that read end by themselves when the worker does.
            own.daemon = False
        self._given: deque[Batch] = deque()
        self._done = read_in_processes(make, iter(self._given.popleft, None), 1, limits)

    def read(self, batch: Batch) -> list[ReadFile]:
        """Read files; the engine asks for the next only when all of these are done."""
        self._given.append(batch)
        found: dict[str, ReadFile] = {}
        while len(found) < len(batch):
            part, files = next(self._done)
            found.update((source.name, file) for source, file in zip(part, files, strict=True))
        return [found[source.name] for source in batch]


class Answer(NamedTuple):
    """What was read of a batch, and the address of the worker that did it."""

    files: list[ReadFile]
    worker: str


def read_batch(lent: Lent, batch: Batch, expected: Versions) -> Answer:
    """Read files on a worker. OcrbatchError where it came later than the job and has other versions."""
    from distributed import get_worker

    worker = get_worker().address
    if other := unlike(expected, versions()):
        raise OcrbatchError(f"the worker {worker} has {other}")
    return Answer(lent.read(batch), worker)


@cache
def versions() -> Versions:
    """Give the versions of all that a reading depends on, on this machine."""
    return {"ocrbatch": __version__, **{name: _version(name) for name in ON_PIXELS}}


def unlike(expected: Versions, found: Versions) -> str:
    """Say what differs from what the job's machine has, and the mend; empty where nothing does."""
    others = [f"{name} {found.get(name) or 'missing'}" for name, one in expected.items() if found.get(name) != one]
    if not others:
        return ""
    own = ", ".join(f"{name} {expected[name] or 'none'}" for name in expected if found.get(name) != expected[name])
    return f"{', '.join(others)} where this machine has {own}; install the same on both, or results would differ"


def probe(source: Source | None) -> tuple[Versions, str]:
    """Tell a worker's versions, and why it cannot open a file; empty where it can."""
    return versions(), problem_of(source) if source else ""


def problem_of(source: Source) -> str:
    """Say why a file cannot be opened on this machine; empty where it can."""
    file = open_source(source)
    return "" if file.waits else ": ".join(filter(None, (file.problem, file.detail)))


def keep_pictures(files: Sequence[ReadFile], output: Path) -> list[ReadFile]:
    """Write the pictures that came with pages; gives the files without them. OutputError where one cannot be."""
    return [replace(file, pages=tuple(_without_pictures(page, output) for page in file.pages)) for file in files]


def _without_pictures(page: FilePage, output: Path) -> FilePage:
    if not isinstance(page, SentPage):
        return page
    for path, picture in page.pictures:
        write_private(output / path, picture)
    return FilePage(page.file, page.sha256, page.result, page.crops)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
