"""A scan that was sent in, read as ``ocrbatch read`` does, and what is answered."""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
from pydantic import BaseModel, Field

from ocrbatch.form.acceptance import Acceptance
from ocrbatch.form.documents import with_missing_pages
from ocrbatch.form.template import Form
from ocrbatch.output.escape import escape_name
from ocrbatch.output.tables import json_lines
from ocrbatch.page.classify import Classifier
from ocrbatch.page.decode import decode
from ocrbatch.page.reader import read_pages
from ocrbatch.page.registration.index import FormIndex
from ocrbatch.page.strings.sequence import StringReader
from ocrbatch.page.whole import Whole
from ocrbatch.records import FilePage, Grey, PageStatus, ReadPage

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
class ScanReader:
    """Reads a file's bytes; to be used by one thread at a time."""

    classifier: Classifier
    strings: StringReader | None = None
    index: FormIndex | Whole | None = None
    accept: Acceptance = Acceptance(0.995)  # noqa: RUF009
    forms: tuple[Form, ...] = ()
    max_pixels: int = 100_000_000

    def read(self, name: str, data: bytes, *, pictures: bool = False) -> ReadScan:
        """Read a file; a page that cannot be read is a page with its reason. ``pictures`` adds those of the pages."""
        sha256 = hashlib.sha256(data).hexdigest()
        read = list(self._read(data))
        results = with_missing_pages((one.result for one in read), self.forms)
        pages = [
            _page(FilePage(name, sha256, result), one.page.pixels if one.page else None, pictures=pictures)
            for one, result in zip(read, results, strict=True)
        ]
        return ReadScan(file=escape_name(name), sha256=sha256, pages=pages)

    def _read(self, data: bytes) -> Iterator[ReadPage]:
        decoded = decode(data, max_pixels=self.max_pixels)
        found = read_pages(decoded, self.classifier, strings=self.strings, index=self.index, accept=self.accept)
        for number, one in enumerate(found, 1):
            yield one
            if number == MOST_PAGES:
                return


def all_failed(scan: ReadScan) -> bool:
    """Tell whether no page could be read."""
    return all(page.status == PageStatus.FAILED for page in scan.pages)


def _page(page: FilePage, pixels: Grey | None, *, pictures: bool) -> ReadOnePage:
    rows = [json.loads(line) for line in json_lines(page).split("\n") if line]
    fields = [
        ReadField(**row, cells=reading.cells.round(1).tolist())
        for row, reading in zip(rows, page.result.fields, strict=True)
    ]
    height, width = (0, 0) if pixels is None else pixels.shape
    result = page.result
    return ReadOnePage(
        page=result.page,
        form=escape_name(result.form) if result.form else "",
        status=result.status.value,
        reason=escape_name(result.reason) if result.reason else "",
        registration=round(result.registration, 4),
        skew_degrees=round(result.skew_degrees, 2),
        width=width,
        height=height,
        picture=None if pixels is None or not pictures else _jpeg(pixels),
        fields=fields,
    )


def _jpeg(pixels: Grey) -> str:
    height, width = pixels.shape
    scale = min(1.0, LONGEST / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA) if scale < 1 else pixels
    return base64.b64encode(bytes(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1])).decode()
