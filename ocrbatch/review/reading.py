"""A scan that was sent in, read as ``ocrbatch read`` does, and what is answered."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
from pydantic import BaseModel, Field

from ocrbatch.form.documents import with_missing_pages
from ocrbatch.form.template import Form
from ocrbatch.job.opened import Opened
from ocrbatch.job.processes import At
from ocrbatch.job.sources import ReadFile, Source
from ocrbatch.job.worker import Reader, read_file
from ocrbatch.output.escape import escape_name
from ocrbatch.output.rows import json_lines
from ocrbatch.records import FilePage, Grey, Page, PageFailure, PageStatus, ReadPage

LONGEST = 1600
QUALITY = 82
MOST_PAGES = 100
"""A longer document is a job's; each page's picture is kept until the answer is made."""


class ReadField(BaseModel):
    """A field as in a line of ``ocrbatch read --json``, and its cells."""

    field: str = Field(description="its name in the form, or r01, r02, … from the top")
    value: str = Field(description="the reading; empty where the field is blank")
    confidence: float = Field(description="the probability that the value is right, 0 to 1")
    status: str = Field(description="accepted, review, blank or invalid")
    reasons: str = Field(description="why a person should look, with ; between")
    raw: str = Field(description="what was read before the form's rules took part")
    runner_up: str = Field(description="the next best value")
    digit_confidence: list[float] = Field(description="a probability a digit")
    x: int = Field(description="the field's box on the page, in its pixels")
    y: int
    width: int
    height: int
    cells: list[list[list[float]]] = Field(description="the four corners of each cell, in the page's pixels")


class ReadOnePage(BaseModel):
    """A page: what it is, and its fields."""

    page: int = Field(description="its number in the file, from 1")
    form: str = Field(description="the form that it is; auto where none were given")
    status: str = Field(description="read, review or failed")
    reason: str = Field(description="why it failed or is to be looked at, in the words of pages.csv")
    registration: float = Field(description="how well the form lies on it, 0 to 1")
    skew_degrees: float = Field(description="how it is turned, clockwise")
    width: int = Field(description="of the page in pixels; 0 where it gave no picture")
    height: int
    picture: str | None = Field(None, description="with pictures=true, the page as a JPEG in base64, reduced")
    fields: list[ReadField]


class ReadScan(BaseModel):
    """A file and its pages."""

    file: str = Field(description="the name that was sent")
    sha256: str = Field(description="of the file's content")
    pages: list[ReadOnePage]


class Refused(BaseModel):
    """Why nothing was read."""

    reason: str


@dataclass(frozen=True, slots=True)
class Upload(Source):
    """A file that was sent, with its bytes: it lies nowhere. ``pictures`` asks for those of its pages."""

    data: bytes = b""
    pictures: bool = False


@dataclass(frozen=True, slots=True)
class ShownPage(FilePage):
    """A page with what is shown of it: its size in pixels, and its picture where that was asked for."""

    width: int = 0
    height: int = 0
    picture: str | None = None


class UploadReader(Reader):
    """Reads uploads, in a process of their own."""

    def read(self, batch: Sequence[Source], at: Callable[[At], None]) -> list[ReadFile]:
        """Read uploads, in their order; ``at`` is called before each page is decoded, and before it is read."""
        found = []
        for place, upload in enumerate(batch):
            file = _opened(upload)
            found.append(read_file(file, list(self._page_by_page(upload, file, 1, at, place))))
        return found

    def read_alone(self, source: Source, first: int, at: Callable[[At], None]) -> Iterator[FilePage | ReadFile]:
        """Read an upload page by page from its ``first`` page on; gives each page, and last what is known of it."""
        file = _opened(source)
        yield from self._page_by_page(source, file, first, at)
        yield read_file(file, ())

    def _file_page(self, source: Source, file: Opened, read: ReadPage) -> FilePage:
        page = ShownPage(source.name, file.sha256, read.result)
        if read.page is None:
            return page
        height, width = read.page.pixels.shape
        wanted = isinstance(source, Upload) and source.pictures
        return replace(page, width=width, height=height, picture=_jpeg(read.page.pixels) if wanted else None)


class _Sent(Opened):
    """An upload's bytes; its pages end with a failure where they are too many."""

    __slots__ = ()

    def pages(self, max_pixels: int) -> Iterator[Page | PageFailure]:
        for page in Opened.pages(self, max_pixels):
            if page.number > MOST_PAGES:
                yield PageFailure(page.number, "too large", f"more than {MOST_PAGES} pages; ocrbatch run reads them")
                return
            yield page


def upload_of(name: str, data: bytes, *, pictures: bool = False) -> Upload:
    """Make an upload of what was sent."""
    return Upload(name, Path(), data=data, pictures=pictures)


def scan_of(upload: Upload, read: ReadFile, forms: Sequence[Form] = ()) -> ReadScan:
    """Give the answer to an upload that was read; a page that cannot be read is a page with its reason."""
    results = with_missing_pages((page.result for page in read.pages), forms)
    pages = [_page(replace(page, result=result)) for page, result in zip(read.pages, results, strict=True)]
    return ReadScan(file=escape_name(upload.name), sha256=hashlib.sha256(upload.data).hexdigest(), pages=pages)


def all_failed(scan: ReadScan) -> bool:
    """Tell whether no page could be read."""
    return all(page.status == PageStatus.FAILED for page in scan.pages)


def _opened(source: Source) -> Opened:
    data = source.data if isinstance(source, Upload) else b""
    return _Sent(data, len(data), -1, hashlib.sha256(data).hexdigest())


def _page(page: FilePage) -> ReadOnePage:
    rows = [json.loads(line) for line in json_lines(page).split("\n") if line]
    fields = [
        ReadField(**row, cells=reading.cells.round(1).tolist())
        for row, reading in zip(rows, page.result.fields, strict=True)
    ]
    # One on which its process ended has nothing to show.
    shown = page if isinstance(page, ShownPage) else ShownPage(page.file, page.sha256, page.result)
    result = page.result
    return ReadOnePage(
        page=result.page,
        form=escape_name(result.form) if result.form else "",
        status=result.status.value,
        reason=escape_name(result.reason) if result.reason else "",
        registration=round(result.registration, 4),
        skew_degrees=round(result.skew_degrees, 2),
        width=shown.width,
        height=shown.height,
        picture=shown.picture,
        fields=fields,
    )


def _jpeg(pixels: Grey) -> str:
    height, width = pixels.shape
    scale = min(1.0, LONGEST / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA) if scale < 1 else pixels
    return base64.b64encode(bytes(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1])).decode()
