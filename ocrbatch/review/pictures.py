"""What a reviewer sees: fields and cells cut out of their pages, and the pages reduced; always encoded anew."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import cv2
import numpy as np

from ocrbatch.errors import UsageError
from ocrbatch.job.remote import Place
from ocrbatch.job.sources import is_within
from ocrbatch.output.crops import cut_crop
from ocrbatch.page.decode import decode
from ocrbatch.records import FieldReading, FilePage, Grey, Page, PageFailure

LONGEST = 1400
QUALITY = 80
CELL = 56
PAGES, CUT, CELLS = 4, 512, 20_000
"""So many are kept: decoded pages, pictures of fields and pages, and of cells."""
LARGEST_CROP = 16_000_000
Kept = TypeVar("Kept")


class PictureError(Exception):
    """There is no picture; the text tells a person why."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An encoded picture of a media ``kind``; ``scale`` is its size as a share of what it was made of."""

    content: bytes
    kind: str
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Scan:
    """A page as the ledger has it, where its file lies, and how many pixels a picture of the job may have."""

    page: FilePage
    path: Place
    max_pixels: int


class Lately(Generic[Kept]):
    """What was made lately, by name: so many of it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()

    def get(self, name: Hashable) -> Kept | None:
        """Give what is kept under a name."""
        if name in self._kept:
            self._kept.move_to_end(name)
        return self._kept.get(name)

    def put(self, name: Hashable, made: Kept) -> Kept:
        """Keep something, and give it back."""
        self._kept[name] = made
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return made


class Pictures:
    """Makes pictures of a job's pages; its methods may be called from any thread, one makes them at a time.

    Every method raises PictureError.
    """

    def __init__(self, output: Path) -> None:
        self._output = output
        self._one = threading.Lock()
        self._pages: Lately[Page] = Lately(PAGES)
        self._cut: Lately[Shown] = Lately(CUT)
        self._cells: Lately[Shown] = Lately(CELLS)

    def crop(self, scan: Scan, place: int) -> Shown:
        """Give the picture of the field at a place among its page's, that which a run has saved, where there is one."""
        return self._once(self._cut, _name(scan, place), lambda: self._crop(scan, place))

    def page(self, scan: Scan) -> Shown:
        """Give a page reduced to at most 1400 pixels a side."""
        return self._once(self._cut, (scan.page.sha256, scan.page.result.page), lambda: _reduced(self._decoded(scan)))

    def cell(self, scan: Scan, field: int, cell: int) -> Shown:
        """Give the picture of one cell of a field; all of its page's are cut at once, for others will be asked for."""
        if not 0 <= cell < len(scan.page.result.fields[field].cells):
            raise PictureError("there is no such cell")
        own = (*_name(scan, field), cell)
        with self._one:
            if found := self._cells.get(own):
                return found
            pixels = self._decoded(scan).pixels
            for number, reading in enumerate(scan.page.result.fields):
                for place in range(len(reading.cells)):
                    self._cells.put((*_name(scan, number), place), _cell(pixels, reading, place))
            return self._cells.get(own) or self._cells.put(own, _cell(pixels, scan.page.result.fields[field], cell))

    def _once(self, kept: Lately[Shown], name: Hashable, make: Callable[[], Shown]) -> Shown:
        with self._one:
            return kept.get(name) or kept.put(name, make())

    def _crop(self, scan: Scan, place: int) -> Shown:
        if saved := self._saved(scan, place):
            return saved
        return Shown(cut_crop(self._decoded(scan), scan.page.result.fields[place]), "image/png")

    def _saved(self, scan: Scan, place: int) -> Shown | None:
        """Give a saved crop, encoded anew; None where there is none, or it is no picture."""
        if not scan.page.crops:
            return None
        path = self._output / scan.page.crops[place]
        if not is_within(path, self._output):
            return None
        try:
            data = path.read_bytes() if path.stat().st_size <= LARGEST_CROP else b""
        except OSError:
            return None
        page = next(iter(decode(data, max_pixels=LARGEST_CROP)), None)
        return Shown(_png(page.pixels), "image/png") if isinstance(page, Page) else None

    def _decoded(self, scan: Scan) -> Page:
        name = (scan.page.sha256, number := scan.page.result.page)
        if page := self._pages.get(name):
            return page
        try:
            data = scan.path.read_bytes()
        except OSError as error:
            raise PictureError(f"the scan cannot be read: {error.strerror}") from error
        except UsageError as error:  # what speaks with the scan's store is not installed here
            raise PictureError(str(error)) from error
        if hashlib.sha256(data).hexdigest() != scan.page.sha256:
            raise PictureError("the scan has changed since it was read; run the job again")
        for found in decode(data, max_pixels=scan.max_pixels):
            if found.number == number:
                if isinstance(found, PageFailure):
                    raise PictureError(f"the page gives no picture: {found.reason}")
                return self._pages.put(name, found)
        raise PictureError("the scan has no such page")


def _name(scan: Scan, place: int) -> tuple[Hashable, ...]:
    """Name what is cut out for a field, by its place on the page: read anew, it may lie elsewhere."""
    page, field = scan.page, scan.page.result.fields[place]
    return page.sha256, page.result.page, field.name, field.box, field.cells.tobytes()


def _reduced(page: Page) -> Shown:
    height, width = page.pixels.shape
    scale = min(1.0, LONGEST / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(page.pixels, size, interpolation=cv2.INTER_AREA) if scale < 1 else page.pixels
    content = bytes(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1])
    return Shown(content, "image/jpeg", scale)


def _cell(pixels: Grey, reading: FieldReading, place: int) -> Shown:
    """Cut a cell level, at most 56 pixels high, with a little of what is around it."""
    quad = reading.cells[place].astype(np.float64)
    middle = quad.mean(axis=0)
    quad = middle + (quad - middle) * 1.15
    high = max(float(np.hypot(*(quad[3] - quad[0]))), 1.0)
    wide = max(float(np.hypot(*(quad[1] - quad[0]))), 1.0)
    scale = min(1.0, CELL / high, 4 * CELL / wide)
    size = (max(1, round(wide * scale)), max(1, round(high * scale)))
    corners = np.array([[0, 0], [size[0], 0], [0, size[1]]], np.float32)
    low = np.maximum(np.floor(quad.min(axis=0)) - 4, 0).astype(int)
    right, bottom = np.ceil(quad.max(axis=0)).astype(int) + 4
    part = pixels[low[1] : bottom, low[0] : right]
    if not part.size:
        return Shown(_png(np.full((1, 1), 255, np.uint8)), "image/png")
    if scale < 1:
        # A warp alone would drop thin strokes.
        part = cv2.blur(part, (max(1, round(1 / scale)),) * 2)
    matrix = cv2.getAffineTransform(corners, (quad[[0, 1, 3]] - low).astype(np.float32))
    cut: Grey = cv2.warpAffine(
        part, matrix, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    return Shown(_png(cut), "image/png")


def _png(picture: Grey) -> bytes:
    return bytes(cv2.imencode(".png", picture)[1])
