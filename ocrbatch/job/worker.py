"""What a worker does: it takes files from their bytes to their pages, and writes the pictures that were asked for."""

import hashlib
import os
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ocrbatch.job.sources import Source
from ocrbatch.output.crops import cut_crop
from ocrbatch.output.escape import escape_name
from ocrbatch.output.files import DRAFT, make_folder, output_errors
from ocrbatch.output.overlay import draw_overlay
from ocrbatch.page.classify import Classifier, make_classifier
from ocrbatch.page.decode import decode
from ocrbatch.page.reader import read_pages
from ocrbatch.records import FilePage, ModelFile, Page, PageFailure, PageResult, PageStatus, ReadPage


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker needs to know; ``accept`` is the confidence (0–1) from which a field is accepted."""

    model: ModelFile
    output: Path
    accept: float
    max_pixels: int
    crops: bool = False
    overlays: bool = False


class Reader:
    """Reads batches of files with one classifier."""

    def __init__(self, task: Task, classifier: Classifier | None = None) -> None:
        import cv2

        # Parallel work is a matter of processes; threads within them would only get in each other's way.
        cv2.setNumThreads(1)
        self._task = task
        self._classifier = classifier or make_classifier(task.model)

    def read(self, batch: Sequence[Source]) -> list[list[FilePage]]:
        """Read files together; gives the pages of each. A file that cannot be read is one failed page."""
        pages: list[list[FilePage]] = [[] for _ in batch]
        order: deque[tuple[int, str]] = deque()
        for read in read_pages(self._decoded(batch, order), self._classifier, accept=self._task.accept):
            index, sha256 = order.popleft()
            crops = self._draw(batch[index].name, read)
            pages[index].append(FilePage(batch[index].name, sha256, read.result, crops))
        return pages

    def _decoded(self, batch: Sequence[Source], order: deque[tuple[int, str]]) -> Iterator[Page | PageFailure]:
        """Give the pages of all files, noting in ``order`` whose each one is."""
        for index, source in enumerate(batch):
            try:
                data = source.path.read_bytes()
            except OSError as error:
                order.append((index, ""))
                missing = isinstance(error, FileNotFoundError)
                yield PageFailure(1, "vanished" if missing else "unreadable", "" if missing else str(error.strerror))
                continue
            sha256 = hashlib.sha256(data).hexdigest()
            for page in decode(data, max_pixels=self._task.max_pixels):
                order.append((index, sha256))
                yield page

    def _draw(self, name: str, read: ReadPage) -> tuple[str, ...]:
        """Write the page's pictures; gives the crops' paths below the output folder."""
        if read.page is None:
            return ()
        safe = escape_name(name).replace("\\", "%")
        if self._task.overlays:
            self._write(f"overlays/{safe}.p{read.result.page}.jpg", draw_overlay(read.page, read.result))
        if not self._task.crops:
            return ()
        paths = tuple(f"crops/{safe}/{read.result.page}-{field.name}.png" for field in read.result.fields)
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


def failed_file(name: str, reason: str, status: PageStatus = PageStatus.FAILED) -> FilePage:
    """Give the one page that stands for a file of which nothing was read."""
    return FilePage(name, "", PageResult(1, "", status, reason, 0.0, 0.0, ()))
