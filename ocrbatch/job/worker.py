"""What a worker does: it takes files from their bytes to their pages, and writes the pictures that were asked for."""

import hashlib
import os
import traceback
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ocrbatch.errors import OcrbatchError
from ocrbatch.form.acceptance import Acceptance
from ocrbatch.form.documents import with_missing_pages
from ocrbatch.form.template import Form
from ocrbatch.job.sources import Source
from ocrbatch.output.crops import cut_crop
from ocrbatch.output.files import DRAFT, make_folder, output_errors, picture_part, picture_path
from ocrbatch.output.overlay import draw_overlay
from ocrbatch.page.classify import Classifier, make_classifier
from ocrbatch.page.decode import decode
from ocrbatch.page.reader import read_pages
from ocrbatch.page.registration.index import index_forms
from ocrbatch.page.strings.sequence import make_string_reader
from ocrbatch.page.whole import Whole
from ocrbatch.records import FilePage, ModelFile, Page, PageFailure, PageResult, PageStatus, ReadPage


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker needs to know; ``accept`` has the confidences from which fields are accepted.

    With ``forms``, only pages of these are read; with ``whole``, each page is one field; else the boxes of any page.
    ``strings`` is the model of strings, where runs of digits are to be read whole.
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

    def read(self, batch: Sequence[Source]) -> list[list[FilePage]]:
        """Read files together; gives the pages of each. A file that cannot be read is one failed page."""
        try:
            files = self._together(batch)
        except OcrbatchError:
            raise
        except Exception:  # a page that our own code cannot bear must not take the others along
            files = [list(self._page_by_page(source)) for source in batch]
        return [self._as_documents(pages) for pages in files]

    def _as_documents(self, pages: list[FilePage]) -> list[FilePage]:
        """Say of a file's pages which others of their form are missing."""
        results = with_missing_pages((page.result for page in pages), self._task.forms)
        return [replace(page, result=result) for page, result in zip(pages, results, strict=True)]

    def _together(self, batch: Sequence[Source]) -> list[list[FilePage]]:
        pages: list[list[FilePage]] = [[] for _ in batch]
        order: deque[tuple[int, str]] = deque()

        def decoded() -> Iterator[Page | PageFailure]:
            for index, source in enumerate(batch):
                for sha256, page in self._decoded(source):
                    order.append((index, sha256))
                    yield page

        for read in self._read_pages(decoded()):
            index, sha256 = order.popleft()
            pages[index].append(self._file_page(batch[index], sha256, read))
        return pages

    def _read_pages(self, pages: Iterable[Page | PageFailure]) -> Iterator[ReadPage]:
        accept = self._task.accept
        return read_pages(pages, self._classifier, strings=self._strings, index=self._index, accept=accept)

    def _page_by_page(self, source: Source) -> Iterator[FilePage]:
        """Read a file's pages each alone: one on which a stage breaks is a failed page, the others are read."""
        decoded = self._decoded(source)
        number, sha256 = 0, ""
        while True:
            try:
                sha256, page = next(decoded)
            except StopIteration:
                return
            except Exception as error:
                yield self._file_page(source, sha256, _broken(number + 1, error))
                return
            number = page.number
            try:
                (read,) = self._read_pages([page])
                found = self._file_page(source, sha256, read)
            except OcrbatchError:
                raise
            except Exception as error:
                found = self._file_page(source, sha256, _broken(number, error))
            yield found

    def _decoded(self, source: Source) -> Iterator[tuple[str, Page | PageFailure]]:
        """Give a file's pages, at least one, each with the file's sha256."""
        try:
            data = source.path.read_bytes()
        except OSError as error:
            missing = isinstance(error, FileNotFoundError)
            yield "", PageFailure(1, "vanished" if missing else "unreadable", "" if missing else str(error.strerror))
            return
        sha256 = hashlib.sha256(data).hexdigest()
        page: Page | PageFailure | None = None
        for page in decode(data, max_pixels=self._task.max_pixels):
            yield sha256, page
        if page is None:
            yield sha256, PageFailure(1, "broken", "it has no pages")

    def _file_page(self, source: Source, sha256: str, read: ReadPage) -> FilePage:
        return FilePage(source.name, sha256, read.result, self._draw(source.name, read))

    def _draw(self, name: str, read: ReadPage) -> tuple[str, ...]:
        """Write the page's pictures; gives the crops' paths below the output folder."""
        if read.page is None:
            return ()
        folder = picture_path(name)
        if self._task.overlays:
            self._write(f"overlays/{folder}.p{read.result.page}.jpg", draw_overlay(read.page, read.result))
        if not self._task.crops:
            return ()
        page = f"crops/{folder}/{read.result.page}"
        paths = tuple(f"{page}-{picture_part(field.name)}.png" for field in read.result.fields)
        for path, field in zip(paths, read.result.fields, strict=True):
            self._write(path, cut_crop(read.page, field))
        return paths

    def _write(self, place: str, content: bytes) -> None:
        path = self._task.output / place
        make_folder(path.parent)
        draft = path.with_name(f".{path.name}{DRAFT}")
        with output_errors(path):
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(content)
            draft.replace(path)


def _broken(number: int, error: Exception) -> ReadPage:
    """Give the failed page that stands for one on which our own code broke, with the place for a report."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    reason = f"internal error: {type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
    return ReadPage(PageResult(number, "", PageStatus.FAILED, reason, 0.0, 0.0, ()), None)
