"""What a worker does: it takes files from their bytes to their pages, and writes the pictures that were asked for."""

import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ocrbatch.errors import OcrbatchError
from ocrbatch.form.acceptance import Acceptance
from ocrbatch.form.template import Form
from ocrbatch.job.opened import Opened, open_source
from ocrbatch.job.processes import At
from ocrbatch.job.remote import Address
from ocrbatch.job.sources import ReadFile, Source
from ocrbatch.output.crops import cut_crop
from ocrbatch.output.files import crop_path, overlay_path, write_private
from ocrbatch.output.overlay import draw_overlay
from ocrbatch.page.classify import Classifier, make_classifier
from ocrbatch.page.containers.quiet import lacked_memory
from ocrbatch.page.reader import read_pages
from ocrbatch.page.registration.index import index_forms
from ocrbatch.page.strings.sequence import make_string_reader
from ocrbatch.page.whole import Whole
from ocrbatch.records import FilePage, ModelFile, Page, PageFailure, PageResult, PageStatus, ReadPage


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker needs to know; ``accept`` has the confidences from which fields are accepted.

    With ``forms``, only pages of these are read; with ``whole``, each page is one field; else the boxes of any page.
    ``strings`` is the model of strings, where runs of digits are to be read whole. ``stores`` has an address in each
    store from which files are read.
    """

    model: ModelFile
    output: Path
    accept: Acceptance
    max_pixels: int
    crops: bool = False
    overlays: bool = False
    forms: tuple[Form, ...] = ()
    whole: Whole | None = None
    strings: ModelFile | None = None
    stores: tuple[Address, ...] = ()


OUT_OF_MEMORY = "out of memory"


def read_file(file: Opened, pages: Sequence[FilePage]) -> ReadFile:
    """Say what was read of a file, and whether the next run should try it anew."""
    again = not file.sha256 or any(page.result.reason == OUT_OF_MEMORY for page in pages)
    return ReadFile(tuple(pages), file.size, file.mtime_ns, file.sha256, again)


class Reader:
    """Reads batches of files with one classifier, one reader of strings and one index of the forms.

    Raises ModelError and FormError where a model or a form cannot be made ready.
    """

    def __init__(self, task: Task, classifier: Classifier | None = None) -> None:
        import cv2

        # Parallel work is a matter of processes; threads within them would only get in each other's way.
        cv2.setNumThreads(1)
        self._task = task
        self._classifier = classifier or make_classifier(task.model)
        self._index = index_forms(task.forms) if task.forms else task.whole
        self._strings = make_string_reader(task.strings) if task.strings else None
        for store in task.stores:
            # What its library needs is not to count as a page's memory and time.
            store.connect()

    def read(self, batch: Sequence[Source], at: Callable[[At], None]) -> list[ReadFile]:
        """Read files together; gives the pages of each, at least one. A file that cannot be read is one failed page.

        ``at`` is called before each page is decoded, and before it is read alone.
        """
        files = list(_opened(batch, at))
        try:
            pages = self._together(batch, files, at)
        except OcrbatchError:
            raise
        except Exception:  # a page that our own code cannot bear must not take the others along
            pages = [
                list(self._page_by_page(source, file, 1, at, place))
                for place, (source, file) in enumerate(zip(batch, files, strict=True))
            ]
        return [read_file(file, own) for file, own in zip(files, pages, strict=True)]

    def read_alone(self, source: Source, first: int, at: Callable[[At], None]) -> Iterator[FilePage | ReadFile]:
        """Read a file page by page from its ``first`` page on; gives each page, and last what is known of the file."""
        file = open_source(source)
        again = False
        for page in self._page_by_page(source, file, first, at):
            again |= page.result.reason == OUT_OF_MEMORY
            yield page
        yield replace(read_file(file, ()), again=again or not file.sha256)

    def _together(
        self, batch: Sequence[Source], files: Sequence[Opened], at: Callable[[At], None]
    ) -> list[list[FilePage]]:
        pages: list[list[FilePage]] = [[] for _ in batch]
        order: deque[int] = deque()

        def decoded() -> Iterator[Page | PageFailure]:
            for place, file in enumerate(files):
                at(At(place, 1))
                for page in file.pages(self._task.max_pixels):
                    order.append(place)
                    yield page
                    at(At(place, page.number + 1))

        for read in self._read_pages(decoded()):
            place = order.popleft()
            pages[place].append(self._file_page(batch[place], files[place], read))
        return pages

    def _read_pages(self, pages: Iterable[Page | PageFailure]) -> Iterator[ReadPage]:
        accept = self._task.accept
        return read_pages(pages, self._classifier, strings=self._strings, index=self._index, accept=accept)

    def _page_by_page(
        self, source: Source, file: Opened, first: int, at: Callable[[At], None], place: int = 0
    ) -> Iterator[FilePage]:
        """Read a file's pages each alone: one on which a stage breaks is a failed page, the others are read."""
        decoded = file.pages(self._task.max_pixels)
        number = 0
        while True:
            at(At(place, number + 1))
            try:
                page = next(decoded)
            except StopIteration:
                return
            except Exception as error:
                yield self._file_page(source, file, _broken(number + 1, error))
                return
            number = page.number
            if number < first:
                continue
            at(At(place, number, decoded=True))
            try:
                (read,) = self._read_pages([page])
                found = self._file_page(source, file, read)
            except OcrbatchError:
                raise
            except Exception as error:
                found = self._file_page(source, file, _broken(number, error))
            yield found

    def _file_page(self, source: Source, file: Opened, read: ReadPage) -> FilePage:
        result = replace(read.result, status=PageStatus.PENDING) if file.waits else read.result
        return FilePage(source.name, file.sha256, result, self._draw(source.name, read))

    def _draw(self, name: str, read: ReadPage) -> tuple[str, ...]:
        """Draw the page's pictures; gives the crops' paths below the output folder."""
        if read.page is None:
            return ()
        page = read.result.page
        if self._task.overlays:
            self._keep(overlay_path(name, page), draw_overlay(read.page, read.result))
        if not self._task.crops:
            return ()
        paths = tuple(crop_path(name, page, field.name) for field in read.result.fields)
        for path, field in zip(paths, read.result.fields, strict=True):
            self._keep(path, cut_crop(read.page, field))
        return paths

    def _keep(self, path: str, picture: bytes) -> None:
        """Write a picture, whose path is one below the output folder."""
        write_private(self._task.output / path, picture)


def _opened(batch: Sequence[Source], at: Callable[[At], None]) -> Iterator[Opened]:
    for place, source in enumerate(batch):
        if isinstance(source.path, Address):
            # A store may not answer: then it is known for which file.
            at(At(place, 1))
        yield open_source(source)


def _broken(number: int, error: Exception) -> ReadPage:
    """Give the failed page that stands for one on which our own code broke, with the place for a report."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    if lacked_memory(error):
        return ReadPage(PageResult(number, "", PageStatus.FAILED, OUT_OF_MEMORY, 0.0, 0.0, ()), None)
    reason = f"internal error: {type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
    return ReadPage(PageResult(number, "", PageStatus.FAILED, reason, 0.0, 0.0, ()), None)
