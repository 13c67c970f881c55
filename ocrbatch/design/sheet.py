"""What is drawn on the paper of a form: shapes as values, in the pixels of the form's page, x right and y down."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.design.room import Rect, Room
from ocrbatch.errors import FormError
from ocrbatch.form.marks import (
    CORNERS,
    MARKER_DICTIONARY,
    MARKER_FROM_EDGE_MM,
    MARKER_MM,
    MARKER_MODULES,
    QUIET_MM,
    marker_ids,
    marker_quads,
)
from ocrbatch.form.printed import LINE_MM, as_printed
from ocrbatch.form.template import Field, Form, FormPage

LINE_GREY, MARKER_GREY, LABEL_GREY, TITLE_GREY = 128, 0, 64, 0
LABEL_POINTS = (7.0, 5.5)
TITLE_POINTS = (16.0, 12.0, 9.0)
LABEL_AWAY_MM = 0.7
EDGE_MM = 5.0
"""Most printers leave so much of the paper's edge white."""

TextWidth = Callable[[str], float]
"""The width of a line of Latin-1 text in the printed font, in its size."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A box drawn with a line of ``line`` pixels, centred on ``box``."""

    box: Rect
    line: float
    grey: int


@dataclass(frozen=True, slots=True)
class Patch:
    """A filled surface, made of boxes that touch each other or lie apart."""

    boxes: tuple[Rect, ...]
    grey: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line of Latin-1 text: its left end on the baseline, and the font's size in pixels."""

    text: str
    left: float
    baseline: float
    size: float
    grey: int


Shape = Outline | Patch | Line


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page to print: its size in pixels, and its shapes; ``unlabelled`` names the fields whose label has no room."""

    number: int
    width: int
    height: int
    dpi: float
    shapes: tuple[Shape, ...]
    unlabelled: tuple[str, ...]


def lay_out(form: Form, text_width: TextWidth) -> tuple[Sheet, ...]:
    """Draw each page of a form: its markers, boxes, labels, its title and the page's number where they have room.

    Raises FormError where a page has no dpi, is too small for its markers, or a field lies under one.
    """
    return tuple(_sheet(form, page, text_width) for page in form.pages)


def _sheet(form: Form, page: FormPage, text_width: TextWidth) -> Sheet:
    where = form.name if len(form.pages) == 1 else f"{form.name}, page {page.number}"
    if page.dpi is None:
        raise FormError(f"{where}: without dpi its size on paper is unknown; give one, for example dpi = 300")
    pixels = page.dpi / 25.4
    cells = [[Rect(*map(float, _sides(cell))) for cell in field.cells] for field in as_printed(page).fields]
    zones = _marker_zones(where, page, page.dpi)
    _keep_markers_free(where, page.fields, cells, zones, pixels)
    room = Room(Rect(0, 0, page.width, page.height).grown(-EDGE_MM * pixels))
    room.take(zones)
    for field_cells in cells:
        room.take(cell.grown(LINE_MM * pixels / 2) for cell in field_cells)
    shapes: list[Shape] = list(_markers(form.name, page, page.dpi))
    shapes += [Outline(cell, LINE_MM * pixels, LINE_GREY) for field_cells in cells for cell in field_cells]
    writer = _Writer(room, pixels, text_width)
    labels = {
        field.name: writer.label(field.name, around(field_cells))
        for field, field_cells in zip(page.fields, cells, strict=True)
        if field_cells
    }
    lines = [*labels.values(), writer.title(form.name, zones), writer.number(page.number, len(form.pages), zones)]
    shapes += [line for line in lines if line is not None]
    unlabelled = tuple(name for name, line in labels.items() if line is None)
    return Sheet(page.number, page.width, page.height, page.dpi, tuple(shapes), unlabelled)


def around(boxes: Sequence[Rect]) -> Rect:
    """Give the smallest box around some."""
    return Rect(
        min(box.left for box in boxes),
        min(box.top for box in boxes),
        max(box.right for box in boxes),
        max(box.bottom for box in boxes),
    )


def _sides(quad: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Give a cell's left, top, right and bottom."""
    return np.concatenate([quad.min(axis=0), quad.max(axis=0)])


def _marker_zones(where: str, page: FormPage, dpi: float) -> tuple[Rect, ...]:
    """Give the markers' places with their quiet zones."""
    needed = 2 * (MARKER_FROM_EDGE_MM + MARKER_MM + QUIET_MM)
    if min(page.width, page.height) * 25.4 / dpi < needed:
        size = f"{page.width * 25.4 / dpi:.0f}×{page.height * 25.4 / dpi:.0f} mm"
        raise FormError(
            f"{where}: a page of {size} has no room for registration marks; it needs {needed:.0f} mm each way: "
            "give a larger width and height, or a smaller dpi if that is wrong"
        )
    quads = marker_quads(page.width, page.height, dpi)
    return tuple(Rect(*map(float, _sides(quad))).grown(QUIET_MM * dpi / 25.4) for quad in quads)


def _keep_markers_free(
    where: str, fields: Iterable[Field], cells: Iterable[Sequence[Rect]], zones: Sequence[Rect], pixels: float
) -> None:
    for field, field_cells in zip(fields, cells, strict=True):
        for corner, zone in zip(CORNERS, zones, strict=True):
            if any(cell.grown(LINE_MM * pixels / 2).meets(zone) for cell in field_cells):
                kept = (MARKER_FROM_EDGE_MM + MARKER_MM + QUIET_MM) * pixels
                raise FormError(
                    f"{where}: field {field.name} lies under the registration mark in the {corner} corner; "
                    f"keep {kept:.0f} pixels from both edges free there"
                )


def _markers(name: str, page: FormPage, dpi: float) -> Iterator[Patch]:
    dictionary = cv2.aruco.getPredefinedDictionary(MARKER_DICTIONARY)
    for number, quad in zip(marker_ids(name, page.number), marker_quads(page.width, page.height, dpi), strict=True):
        left, top, right, bottom = map(float, _sides(quad))
        xs, ys = (np.linspace(start, end, MARKER_MODULES + 1) for start, end in ((left, right), (top, bottom)))
        dark = cv2.aruco.generateImageMarker(dictionary, number, MARKER_MODULES) == 0
        boxes = tuple(
            Rect(float(xs[x]), float(ys[y]), float(xs[x + 1]), float(ys[y + 1])) for y, x in np.argwhere(dark)
        )
        yield Patch(boxes, MARKER_GREY)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Finds places for text in the room that is left; ``pixels`` a millimetre."""

    room: Room
    pixels: float
    text_width: TextWidth

    def label(self, name: str, field: Rect) -> Line | None:
        """Write a field's name above it; beside or below it where that is taken; None where all is."""
        text = printable(name)
        for points in LABEL_POINTS:
            size = self._size(points)
            width, high, low = self.text_width(text) * size, *_extent(size)
            away = (LABEL_AWAY_MM + LINE_MM / 2) * self.pixels
            level = (field.top + field.bottom + high - low) / 2
            along = min(field.left, self.room.edge.right - width)
            for left, baseline in (
                (along, field.top - away - low),
                (field.left - away - width, level),
                (field.right + away, level),
                (along, field.bottom + away + high),
            ):
                if line := self._write(text, left, baseline, size, LABEL_GREY):
                    return line
        return None

    def title(self, name: str, zones: Sequence[Rect]) -> Line | None:
        """Write the form's name between the upper markers; None where it has no room."""
        text = printable(name)
        middle = (zones[0].right + zones[1].left) / 2
        for points in TITLE_POINTS:
            size = self._size(points)
            left = middle - self.text_width(text) * size / 2
            if line := self._write(text, left, _level(zones[0], size), size, TITLE_GREY):
                return line
        return None

    def number(self, page: int, pages: int, zones: Sequence[Rect]) -> Line | None:
        """Write the page's number beside a marker: the lower right one, else lower left, else upper right."""
        text, size = f"page {page} of {pages}", self._size(LABEL_POINTS[0])
        width = self.text_width(text) * size
        for left, zone in (
            (zones[2].left - width, zones[2]),
            (zones[3].right, zones[3]),
            (zones[1].left - width, zones[1]),
        ):
            if line := self._write(text, left, _level(zone, size), size, LABEL_GREY):
                return line
        return None

    def _size(self, points: float) -> float:
        return points / 72 * 25.4 * self.pixels

    def _write(self, text: str, left: float, baseline: float, size: float, grey: int) -> Line | None:
        high, low = _extent(size)
        place = Rect(left, baseline - high, left + self.text_width(text) * size, baseline + low)
        return Line(text, left, baseline, size, grey) if self.room.claim(place) else None


def _extent(size: float) -> tuple[float, float]:
    """Say how far letters reach above and below their baseline."""
    return 0.75 * size, 0.22 * size


def _level(zone: Rect, size: float) -> float:
    high, low = _extent(size)
    return (zone.top + zone.bottom + high - low) / 2


def printable(name: str) -> str:
    """Give a name as it is printed: underscores as blanks, and ``?`` for what the standard fonts do not have."""
    latin = name.replace("_", " ").encode("latin-1", "replace").decode("latin-1")
    return "".join(sign if sign.isprintable() or sign == "\xa0" else "?" for sign in latin).strip()
