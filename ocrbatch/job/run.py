"""A job from its inputs to its tables: list, read what is missing, record, write."""

import contextlib
import math
import shutil
from collections.abc import Callable, Container, Generator, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import count, islice
from pathlib import Path

from ocrbatch.form.acceptance import Acceptance
from ocrbatch.form.documents import with_missing_pages
from ocrbatch.job.cluster import read_on_cluster
from ocrbatch.job.cluster_worker import SendingReader
from ocrbatch.job.engines import Done, read_in_processes
from ocrbatch.job.ledger import NAME, Ledger
from ocrbatch.job.lock import locked
from ocrbatch.job.log import LOG
from ocrbatch.job.moving import move_done
from ocrbatch.job.opened import STILL_WRITTEN
from ocrbatch.job.plan import Plan, Recorded, Twin
from ocrbatch.job.processes import Batch, MakeReader
from ocrbatch.job.publish import keep_publication, publication_of, publish
from ocrbatch.job.remote import Place, one_a_store
from ocrbatch.job.settings import Job, sorted_forms
from ocrbatch.job.signals import stopped_by_signals
from ocrbatch.job.sources import ReadFile, Source, failed_file, list_sources
from ocrbatch.job.summary import Summary
from ocrbatch.job.twins import read_as_twin
from ocrbatch.job.worker import Reader, Task
from ocrbatch.output.files import CROPS, DRAFT, OVERLAYS, make_folder, output_errors
from ocrbatch.records import FilePage, PageStatus

TWINS_AT_ONCE = 256


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
    return list(plan.sources), [source for source in plan.sources if source.name in wanted]


def run_job(
    job: Job,
    progress: Progress = lambda done, total, pages: None,
    *,
    make_reader: MakeReader | None = None,
    wait: Container[Place] = (),
) -> Summary:
    """Run a job, or the rest of it, and write its tables; ``make_reader`` stands in for the way of a page.

    Files whose paths are in ``wait`` are still being written, and are left for another run. Raises the errors of
    ``list_sources``; LockedError where another job holds the output folder; OutputError where it cannot be written;
    ModelError and FormError where the model or a form cannot be opened; StoppedError on SIGINT and SIGTERM.
    """
    with stopped_by_signals():
        sources = list_sources(job.inputs, job.output)
        make_folder(job.output)
        with locked(job.output), Ledger(job.output) as ledger:
            _sweep(job.output)
            recorded = Recorded(job, ledger)
            plan = recorded.plan(sources, wait)
            ledger.begin_run(len(plan.look))
            LOG.info("started", extra={"files": len(sources), "to_look_at": len(plan.look)})
            _record_unread(ledger, recorded, plan)
            files_read = _Reading(job, ledger, recorded, make_reader or _reader_of(job), progress).read(plan)
            ledger.forget(plan.gone)
            publication = publication_of(job)
            keep_publication(ledger, publication, job.form_paths)
            summary = publish(job.output, ledger, publication, files_read)
            if job.no_pictures:
                for pictures in (CROPS, OVERLAYS):
                    shutil.rmtree(job.output / pictures, ignore_errors=True)
            if job.move_done:
                moved = move_done(job.move_done, plan.sources, ledger)
                LOG.info("moved", extra={"files": moved})
            ledger.end_run()
            LOG.info("finished", extra={"files_read": files_read, "pages": summary.pages, "fields": summary.fields})
    return summary


def _record_unread(ledger: Ledger, recorded: Recorded, plan: Plan) -> None:
    """Record the files that are left out, and those that are still being written."""
    skipped = [
        (source.name, recorded.skipped(source), [failed_file(source.name, source.skipped, PageStatus.SKIPPED)])
        for source in plan.skip
    ]
    waiting = [
        (source.name, recorded.waiting(source), [failed_file(source.name, STILL_WRITTEN, PageStatus.PENDING)])
        for source in plan.wait
    ]
    ledger.record(skipped)
    ledger.record(waiting)


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
        stores=one_a_store(job.inputs),
    )
    # On another machine, the folder of the job is not there.
    return partial(SendingReader, replace(task, output=Path())) if job.scheduler else partial(Reader, task)


class _Reading:
    """The reading of what a job has not, batch by batch, each recorded as it comes."""

    def __init__(self, job: Job, ledger: Ledger, recorded: Recorded, make: MakeReader, progress: Progress) -> None:
        self._job, self._ledger, self._recorded, self._make, self._tell = job, ledger, recorded, make, progress
        self._done = self._pages = self._all = self._files = 0

    def read(self, plan: Plan) -> int:
        """Read what a plan has to look at; gives how many files were read."""
        self._all = len(plan.look)
        if self._all:
            self._tell(0, self._all, 0)
        twins: list[Twin] = []
        self._read(self._recorded.unread(plan.look, twins))
        # A twin whose other could not be read is read itself.
        self._read(self._of_no_twin(twins))
        return self._files

    def _read(self, sources: Iterator[Source]) -> None:
        """Read files in batches, of a few files where there are few."""
        size = max(min(self._job.batch, math.ceil(self._all / self._job.jobs)), 1)
        with contextlib.closing(self._engine(_batches(sources, size, self._job.jobs))) as engine:
            for batch, files in engine:
                self._record(batch, files)

    def _engine(self, batches: Iterator[Batch]) -> Generator[Done, None, None]:
        """Choose who reads: processes of this machine, or the workers of a cluster."""
        job = self._job
        if job.scheduler:
            return read_on_cluster(self._make, batches, job.scheduler, job.output, job.limits)
        return read_in_processes(self._make, batches, job.jobs, job.limits)

    def _record(self, batch: Batch, files: Sequence[ReadFile]) -> None:
        whole = [replace(file, pages=self._as_documents(file.pages)) for file in files]
        self._ledger.record(
            (
                (source.name, self._recorded.state(source, file), file.pages)
                for source, file in zip(batch, whole, strict=True)
            ),
            done=len(batch),
        )
        self._files += len(batch)
        for page in (page for file in whole for page in file.pages if page.result.status is PageStatus.FAILED):
            reason = page.result.reason.partition(":")[0]
            LOG.warning("failed", extra={"file": page.file, "page": page.result.page, "reason": reason})
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
            self._ledger.record(found, done=len(found))
            self._progress(len(found), sum(len(pages) for _, _, pages in found))

    def _progress(self, files: int, pages: int) -> None:
        self._done += files
        self._pages += pages
        LOG.info("recorded", extra={"files": self._done, "of": self._all, "pages": self._pages})
        self._tell(self._done, self._all, self._pages)


def _batches(sources: Iterator[Source], size: int, jobs: int) -> Iterator[Batch]:
    """Part files into batches; the first of each process is a single one, so that a person soon sees that it reads."""
    for number in count():
        batch = list(islice(sources, 1 if number < jobs else size))
        if not batch:
            return
        yield batch


def _sweep(folder: Path) -> None:
    """Remove what a killed job has left half written."""
    for part in folder.rglob(f".*{DRAFT}"):
        with output_errors(part):
            part.unlink(missing_ok=True)
