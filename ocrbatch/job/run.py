"""A job from its inputs to its tables: list, read what is missing, record, write."""

import contextlib
import hashlib
import json
import math
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from types import FrameType

from ocrbatch import __version__
from ocrbatch.errors import ExitCode, OcrbatchError
from ocrbatch.form.acceptance import Acceptance
from ocrbatch.form.template import Form
from ocrbatch.form.thresholds import string_forms
from ocrbatch.job.engines import Batch, MakeReader, read_here, read_in_processes
from ocrbatch.job.ledger import NAME, FileState, Ledger
from ocrbatch.job.lock import locked
from ocrbatch.job.sources import Source, failed_file, list_sources
from ocrbatch.job.worker import Reader, Task
from ocrbatch.output.files import DRAFT, make_folder
from ocrbatch.output.tables import TableOptions, write_tables
from ocrbatch.page.whole import Whole
from ocrbatch.records import FilePage, ModelFile, PageResult, PageStatus, Status

BATCH = 8
UNREGISTERED = ("not registered", "unknown form")
"""How the reason of a page begins whose fields have no places, because it is none of the forms."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to read, with what, and where to; ``target_error`` is the share of accepted fields that may be wrong.

    With ``forms``, only pages of these are read; with ``whole``, each page is one field; else the boxes of any page.
    ``thresholds`` are the confidences (0–1) from which the fields of a form are accepted, whatever the target error.
    ``strings`` is the model that reads runs of digits whole; it is needed only where there are some.
    """

    inputs: tuple[Path, ...]
    output: Path
    model: ModelFile
    target_error: float = 0.005
    jobs: int = 1
    crops: bool = False
    overlays: bool = False
    max_pixels: int = 100_000_000
    tables: TableOptions = field(default_factory=TableOptions)
    forms: tuple[Form, ...] = ()
    whole: Whole | None = None
    thresholds: tuple[tuple[str, float], ...] = ()
    strings: ModelFile | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """How a job ended: pages and fields by status, and how many files this run read.

    ``unregistered`` counts the pages that are no known form or could not be registered: they are to review, unread.
    """

    files: int
    files_read: int
    pages: dict[str, int]
    fields: dict[str, int]
    unregistered: int = 0

    @property
    def exit_code(self) -> ExitCode:
        """3 where pages failed, else 0."""
        return ExitCode.PAGES_FAILED if self.pages[PageStatus.FAILED] else ExitCode.OK


class StoppedError(OcrbatchError):
    """The job was stopped by a signal; what was finished is safe."""

    def __init__(self, number: int) -> None:
        super().__init__("stopped; the same command reads the rest")
        self.exit_code = ExitCode(128 + number)


Progress = Callable[[int, int, int], None]
"""Called with the files done, all files to read, and the pages read so far."""


def plan_job(job: Job) -> tuple[list[Source], list[Source]]:
    """Give all files of a job, and those that are still to be read; writes nothing."""
    sources = list_sources(job.inputs, job.output)
    states: dict[str, FileState] = {}
    if (job.output / NAME).is_file():
        with Ledger(job.output, writable=False) as ledger:
            states = ledger.states()
    return sources, _missing(job, sources, states)


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
            states = ledger.states()
            ledger.forget(set(states) - {source.name for source in sources})
            missing = _missing(job, sources, states)
            ledger.record(
                (source.name, _state(job, source), [failed_file(source.name, source.skipped, PageStatus.SKIPPED)])
                for source in missing
                if source.skipped
            )
            to_read = [source for source in missing if not source.skipped]
            _read(job, ledger, to_read, progress, make_reader or _reader_of(job))
            summary = _summary(ledger, len(sources), len(to_read))
            write_tables(job.output, ledger.pages, _manifest(job, summary), forms=job.forms, options=job.tables)
    return summary


def _reader_of(job: Job) -> MakeReader:
    task = Task(
        job.model,
        job.output,
        Acceptance(1 - job.target_error, job.thresholds),
        job.max_pixels,
        crops=job.crops,
        overlays=job.overlays,
        forms=_in_order(job.forms),
        whole=job.whole,
        strings=job.strings,
    )
    return partial(Reader, task)


def _in_order(forms: Sequence[Form]) -> tuple[Form, ...]:
    """Sort forms: a reading does not depend on the order in which they were given."""
    return tuple(sorted(forms, key=lambda form: form.name))


def _read(job: Job, ledger: Ledger, sources: Sequence[Source], progress: Progress, make: MakeReader) -> None:
    """Read files in batches and record each batch as it comes."""
    if not sources:
        return
    # A file that changes while it is read is read again next time: its state is taken before.
    states = {source.name: _state(job, source) for source in sources}
    size = min(BATCH, math.ceil(len(sources) / job.jobs))
    batches: list[Batch] = [sources[i : i + size] for i in range(0, len(sources), size)]
    jobs = min(job.jobs, len(batches))
    engine = read_here(make, batches) if jobs <= 1 else read_in_processes(make, batches, jobs)
    done = pages = 0
    progress(0, len(sources), 0)
    with contextlib.closing(engine):
        for batch, read in engine:
            ledger.record((s.name, _done(states[s.name], p), p) for s, p in zip(batch, read, strict=True))
            done += len(batch)
            pages += sum(len(found) for found in read)
            progress(done, len(sources), pages)


def _done(state: FileState, pages: Sequence[FilePage]) -> FileState:
    """Give the state to record: a file of which nothing could be read (no rights, a dead process) is tried anew."""
    return state if any(page.sha256 for page in pages) else replace(state, key="")


def _missing(job: Job, sources: Sequence[Source], states: dict[str, FileState]) -> list[Source]:
    return [source for source in sources if states.get(source.name) != _state(job, source)]


def _state(job: Job, source: Source) -> FileState:
    """Give a file's present state: the same size, time and settings need no second reading."""
    try:
        status = source.path.stat()
    except OSError:
        return FileState(-1, -1, _key(job))
    return FileState(status.st_size, status.st_mtime_ns, _key(job) + source.skipped)


def _key(job: Job) -> str:
    """Name all that a reading depends on but the file itself."""
    return hashlib.sha256(json.dumps(_settings(job), sort_keys=True).encode()).hexdigest()[:16]


def _settings(job: Job) -> dict[str, object]:
    strings = job.strings.sha256 if job.strings else None
    models = {"model": job.model.sha256, "string_model": strings, "temperatures": _temperatures(job)}
    return {"ocrbatch": __version__, **models, "forms": _form_sums(job), **_choices(job)}


def _temperatures(job: Job) -> dict[str, float | None]:
    """Give what divides the logits of each model: it stands in the cards, and the models' sha256 do not tell it."""
    return {"model": job.model.temperature, "string_model": job.strings.temperature if job.strings else None}


def _choices(job: Job) -> dict[str, object]:
    """Give what a person chose for the reading, but the model and the forms."""
    return {
        "target_error": job.target_error,
        "thresholds": dict(job.thresholds),
        "max_pixels": job.max_pixels,
        "crops": job.crops,
        "overlays": job.overlays,
        "whole": job.whole,
    }


def _form_sums(job: Job) -> dict[str, str]:
    """Give the sha256 of each form by its name."""
    return {form.name: form.sha256 for form in _in_order(job.forms)}


def _manifest(job: Job, summary: Summary) -> dict[str, object]:
    """Say by what the tables were made; nothing in it depends on the time, the machine or the number of workers."""
    return {
        "ocrbatch": __version__,
        "model": _named(job.model),
        "string_model": None if job.strings is None else _named(job.strings),
        "temperatures": _temperatures(job),
        "forms": _form_sums(job),
        "string_forms": string_forms(job.forms, job.whole),
        "settings": {**_choices(job), **asdict(job.tables)},
        "totals": {"files": summary.files, "pages": summary.pages, "fields": summary.fields},
    }


def _named(model: ModelFile) -> dict[str, str]:
    return {"name": model.name, "sha256": model.sha256}


def _summary(ledger: Ledger, files: int, files_read: int) -> Summary:
    fields: Counter[str] = Counter()
    pages: Counter[str] = Counter()
    unregistered = 0
    for page in ledger.pages():
        pages[page.result.status.value] += 1
        unregistered += is_unregistered(page.result)
        fields.update(field.status.value for field in page.result.fields)
    return Summary(
        files,
        files_read,
        {status.value: pages[status.value] for status in PageStatus},
        {status.value: fields[status.value] for status in Status},
        unregistered,
    )


def is_unregistered(page: PageResult) -> bool:
    """Tell whether a page is none of the forms, or its place could not be found: it has no fields then."""
    return page.status is PageStatus.REVIEW and page.reason.startswith(UNREGISTERED)


def job_summary(output: Path) -> Summary:
    """Give what a job has done so far. Raises OutputError where there is none."""
    with Ledger(output, writable=False) as ledger:
        return _summary(ledger, len(ledger.states()), 0)


def failures(output: Path) -> Iterator[tuple[str, int, str]]:
    """Give file, page and reason of every failed page of a job."""
    with Ledger(output, writable=False) as ledger:
        for page in ledger.pages():
            if page.result.status is PageStatus.FAILED:
                yield page.file, page.result.page, page.result.reason


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
