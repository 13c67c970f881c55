"""Files of the same content: one is read, the others bear its reading."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from ocrbatch.job.ledger import FileState, Ledger
from ocrbatch.job.plan import Recorded, Twin
from ocrbatch.job.settings import Job
from ocrbatch.output.files import crop_path, overlay_path, write_private
from ocrbatch.records import FilePage, PageStatus


def read_as_twin(
    job: Job, ledger: Ledger, recorded: Recorded, twin: Twin
) -> tuple[str, FileState, list[FilePage]] | None:
    """Give what to record of a file from the reading of one with the same content, with pictures of its own.

    None where no such file was read with the job's settings, or its pictures are gone.
    """
    read = recorded.twin(twin.sha256)
    if read is None:
        return None
    other, state = read
    source = twin.source
    pages = [_renamed(page, source.name) for page in ledger.pages_of(other)]
    if other != source.name and not _copied(job, other, source.name, pages):
        return None
    return (
        source.name,
        replace(state, size=source.size, mtime_ns=source.mtime_ns, moved=False, path=source.path.absolute()),
        pages,
    )


def with_twins_named(pages: Callable[[], Iterable[FilePage]]) -> Iterator[FilePage]:
    """Give a job's pages; where an earlier file, by name, has the same content, the first page's reason says so."""
    firsts: dict[str, str] = {}
    for page in pages():
        first = firsts.setdefault(page.sha256, page.file) if page.sha256 else page.file
        if first != page.file and page.result.page == 1:
            told = f"same content as {first}"
            reason = f"{page.result.reason}; {told}" if page.result.reason else told
            yield replace(page, result=replace(page.result, reason=reason))
        else:
            yield page


def _renamed(page: FilePage, name: str) -> FilePage:
    crops = tuple(crop_path(name, page.result.page, field.name) for field in page.result.fields) if page.crops else ()
    return replace(page, file=name, crops=crops)


def _copied(job: Job, other: str, name: str, pages: Sequence[FilePage]) -> bool:
    """Copy the pictures of a file's pages to its twin; tells whether they were there."""
    paths: list[tuple[str, str]] = []
    for page in pages:
        number = page.result.page
        if job.overlays and page.result.status in (PageStatus.READ, PageStatus.REVIEW):
            paths.append((overlay_path(other, number), overlay_path(name, number)))
        fields = page.result.fields if page.crops else ()
        paths += [(crop_path(other, number, field.name), crop_path(name, number, field.name)) for field in fields]
    for theirs, own in paths:
        try:
            picture = (job.output / theirs).read_bytes()
        except OSError:
            return False
        write_private(job.output / own, picture)
    return True
