"""A job from its inputs to its tables: list, read what is missing, record, write."""

import contextlib
import math
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from itertools import islice
from pathlib import Path
from types import FrameType

from ocrbatch import __version__
from ocrbatch.errors import ExitCode, OcrbatchError
from ocrbatch.form.acceptance import Acceptance
from ocrbatch.form.documents import with_missing_pages
from ocrbatch.form.thresholds import string_forms
from ocrbatch.job.engines import read_in_processes
from ocrbatch.job.ledger import NAME, Ledger
from ocrbatch.job.lock import locked
from ocrbatch.job.plan import Plan, Recorded, Twin
from ocrbatch.job.processes import Batch, MakeReader
from ocrbatch.job.settings import Job, choices, form_sums, sorted_forms, temperatures
from ocrbatch.job.sources import ReadFile, Source, failed_file, list_sources
from ocrbatch.job.summary import Summary, summarize
from ocrbatch.job.twins import read_as_twin, with_twins_named
from ocrbatch.job.worker import Reader, Task
from ocrbatch.output.files import DRAFT, make_folder
from ocrbatch.output.tables import write_tables
from ocrbatch.records import FilePage, ModelFile, PageStatus

TWINS_AT_ONCE = 256


class StoppedError(OcrbatchError):
    """The job was stopped by a signal; what was finished is safe."""

    def __init__(self, number: int) -> None:
        super().__init__("stopped; the same command reads the rest")
        self.exit_code = ExitCode(128 + number)


Progress = Callable[[int, int, int], None]
"""Called with the files done, all files to look at, and the pages read so far."""


def plan_job(job: Job) -> tuple[list[Source], list[Source]]:
    """Give all files of a job, and those that are still to be read or left out; writes nothing."""
    sources = list_sources(job.inputs, job.output)
    with contextlib.ExitStack() as stack:
        known = (job.output / NAME).is_file()
        recorded = Recorded(job, stack.enter_context(Ledger(job.output, writable=False)) if known else None)
        plan = recorded.plan(sources)
        wanted = {source.name for source in (*plan.skip, *recorded.unread(plan.look, []))}
    return sources, [source for source in sources if source.name in wanted]


def run_job(
    job: Job, progress: Progress = lambda done, total, pages: None, *, make_reader: MakeReader | None = None
) -> Summary:
    """Run a job, or the rest of it, and write its tables; ``make_reader`` stands in for the way of a page.

    Raises the errors of ``list_sources``; LockedError where another job holds the output folder; OutputError where
    it cannot be written; ModelError and FormError where the model or a form cannot be opened; StoppedError on SIGINT
    and SIGTERM.
    """
    with _signals():
        sources = list_sources(job.inputs, job.output)
        make_folder(job.output)
        with locked(job.output), Ledger(job.output) as ledger:
            _sweep(job.output)
            recorded = Recorded(job, ledger)
            plan = recorded.plan(sources)
            ledger.record(
                (source.name, recorded.skipped(source), [failed_file(source.name, source.skipped, PageStatus.SKIPPED)])
                for source in plan.skip
            )
            reading = _Reading(job, ledger, recorded, make_reader or _reader_of(job), progress)
            files_read = reading.read(plan)
            ledger.forget(recorded.gone(sources))
            summary = summarize(ledger, len(sources), files_read)
            pages = partial(with_twins_named, ledger.pages)
            write_tables(job.output, pages, _manifest(job, summary), forms=job.forms, options=job.tables)
    return summary


def _reader_of(job: Job) -> MakeReader:
    task = Task(
        job.model,
        job.output,
        Acceptance(1 - job.target_error, job.thresholds),
        job.max_pixels,
        crops=job.crops,
        overlays=job.overlays,
        forms=sorted_forms(job.forms),
        whole=job.whole,
        strings=job.strings,
    )
    return partial(Reader, task)


class _Reading:
    """The reading of what a job has not, batch by batch, each recorded as it comes."""

    def __init__(self, job: Job, ledger: Ledger, recorded: Recorded, make: MakeReader, progress: Progress) -> None:
        self._job, self._ledger, self._recorded, self._make, self._tell = job, ledger, recorded, make, progress
        self._done = self._pages = self._all = self._files = 0

    def read(self, plan: Plan) -> int:
        """Read what a plan has to look at; gives how many files were read."""
        self._all = len(plan.look)
        if self._all:
            self._progress(0, 0)
        twins: list[Twin] = []
        self._read(self._recorded.unread(plan.look, twins))
        # A twin whose other could not be read is read itself.
        self._read(self._of_no_twin(twins))
        return self._files

    def _read(self, sources: Iterator[Source]) -> None:
        """Read files in batches, of a few files where there are few."""
        size = max(min(self._job.batch, math.ceil(self._all / self._job.jobs)), 1)
        engine = read_in_processes(self._make, _batches(sources, size), self._job.jobs, self._job.limits)
        with contextlib.closing(engine):
            for batch, files in engine:
                self._record(batch, files)

    def _record(self, batch: Batch, files: Sequence[ReadFile]) -> None:
        whole = [replace(file, pages=self._as_documents(file.pages)) for file in files]
        self._ledger.record(
            (source.name, self._recorded.state(file), file.pages) for source, file in zip(batch, whole, strict=True)
        )
        self._files += len(batch)
        self._progress(len(batch), sum(len(file.pages) for file in files))

    def _as_documents(self, pages: Sequence[FilePage]) -> tuple[FilePage, ...]:
        """Say of a file's pages which others of their form are missing."""
        results = with_missing_pages((page.result for page in pages), self._job.forms)
        return tuple(replace(page, result=result) for page, result in zip(pages, results, strict=True))

    def _of_no_twin(self, twins: Sequence[Twin]) -> Iterator[Source]:
        """Record the files whose content another one had; gives those of which no other was read."""
        for start in range(0, len(twins), TWINS_AT_ONCE):
            found = []
            for twin in twins[start : start + TWINS_AT_ONCE]:
                pages = read_as_twin(self._job, self._ledger, self._recorded, twin)
                if pages is None:
                    yield twin.source
                else:
                    found.append(pages)
            self._ledger.record(found)
            self._progress(len(found), sum(len(pages) for _, _, pages in found))

    def _progress(self, files: int, pages: int) -> None:
        self._done += files
        self._pages += pages
        self._tell(self._done, self._all, self._pages)


def _batches(sources: Iterator[Source], size: int) -> Iterator[Batch]:
    while batch := list(islice(sources, size)):
        yield batch


def _manifest(job: Job, summary: Summary) -> dict[str, object]:
    """Say by what the tables were made; nothing in it depends on the time, the machine or the number of workers."""
    return {
        "ocrbatch": __version__,
        "model": _named(job.model),
        "string_model": None if job.strings is None else _named(job.strings),
        "temperatures": temperatures(job),
        "forms": form_sums(job),
        "string_forms": string_forms(job.forms, job.whole),
        "settings": {**choices(job), **asdict(job.tables)},
        "totals": {"files": summary.files, "pages": summary.pages, "fields": summary.fields},
    }


def _named(model: ModelFile) -> dict[str, str]:
    return {"name": model.name, "sha256": model.sha256}


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """Turn SIGINT and SIGTERM into StoppedError, so that what is finished is kept."""

    def stop(number: int, _: FrameType | None) -> None:
        raise StoppedError(number)

    try:
        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:  # not the main thread: signals are somebody else's matter
        yield
        return
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _sweep(folder: Path) -> None:
    """Remove what a killed job has left half written."""
    for part in folder.rglob(f".*{DRAFT}"):
        part.unlink(missing_ok=True)
