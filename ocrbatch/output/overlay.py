"""What was seen on a page: its cells, readings and how sure they are, drawn on its picture."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.geometry import Box
from ocrbatch.output.labels import FONT, Label, place_labels
from ocrbatch.records import FieldReading, Grey, Page, PageResult, Status

LONGEST = 1600
LARGEST_SCALE = 2.0
LEGEND_HEIGHT = 36
QUALITY = 85
Picture = npt.NDArray[np.uint8]
Colour = tuple[int, int, int]
COLOURS: dict[Status, Colour] = {
    Status.ACCEPTED: (115, 158, 0),
    Status.REVIEW: (0, 94, 213),
    Status.BLANK: (178, 114, 0),
    Status.INVALID: (130, 60, 160),
}
"""Blue, green, red; told apart by colour-blind people too (after M. Okabe and K. Ito's palette)."""
THICK = {Status.REVIEW, Status.INVALID}
"""What waits for a person stands out without colour as well."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A field to be drawn: its ``cells`` (n, 4, 2) in the picture's pixels, and the ``text`` beside them.

    ``colour`` is blue, green, red, 0–255; ``bold`` lines stand out.
    """

    cells: npt.NDArray[np.float32]
    text: str
    colour: Colour
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A word of the legend, with a square of the colour that it explains, if any."""

    text: str
    colour: Colour | None = None
    bold: bool = False


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A field in the drawn picture's pixels: its cells (n, 4, 2) and the box around them."""

    outline: Outline
    cells: npt.NDArray[np.int32]
    box: Box


def draw_overlay(page: Page, result: PageResult) -> bytes:
    """Draw a page's fields on its picture: a JPEG of at most 1600 pixels a side.

    Each cell is outlined in the colour of its field's status; name, reading and confidence stand beside the
    field where the page is emptiest, and the legend below the picture counts each status.
    """
    outlines = [Outline(f.cells, _label_text(f), COLOURS[f.status], f.status in THICK) for f in result.fields]
    legend = []
    for status in Status:
        count = sum(field.status is status for field in result.fields)
        legend.append(Entry(f"{status.value} {count}", COLOURS[status], status in THICK))
    return draw_outlines(page.pixels, outlines, legend)


def draw_outlines(pixels: Grey, outlines: Sequence[Outline], legend: Sequence[Entry]) -> bytes:
    """Draw fields on a picture (H, W), their texts beside them, above a legend: a JPEG of at most 1600 pixels a side.

    Signs that are not of ASCII show as question marks.
    """
    grey, drawn, placed = _laid_out(pixels, outlines, margin=0)
    if any(_meet(label.box, item.box) for label in placed for item in drawn):
        # A table that fills its picture leaves no room for labels: they get a margin of their own.
        widest = max(label.box.width for label in placed)
        grey, drawn, placed = _laid_out(pixels, outlines, margin=min(widest + 12, LONGEST // 3))
    canvas: Picture = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    for item in drawn:
        _outline(canvas, item)
    for item, label in zip(drawn, placed, strict=True):
        _write(canvas, label, item.outline.colour)
    whole = np.vstack([canvas, _legend(canvas.shape[1], legend)])
    return bytes(cv2.imencode(".jpg", whole, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1])


def _laid_out(pixels: Grey, outlines: Sequence[Outline], margin: int) -> tuple[Grey, list[_Drawn], list[Label]]:
    """Scale a page, with ``margin`` white pixels to its right, and find the places of its fields and labels."""
    height, width = pixels.shape
    scale = min(LARGEST_SCALE, (LONGEST - LEGEND_HEIGHT) / max(height, 1), (LONGEST - margin) / max(width, 1))
    grey = np.pad(_scaled(pixels, scale), ((0, 0), (0, margin)), constant_values=255)
    drawn = [_drawn(outline, scale) for outline in outlines]
    texts = [outline.text.encode("ascii", "replace").decode() for outline in outlines]
    return grey, drawn, place_labels(grey, [item.box for item in drawn], texts)


def _meet(first: Box, second: Box) -> bool:
    return max(first.x, second.x) < min(first.right, second.right) and max(first.y, second.y) < min(
        first.bottom, second.bottom
    )


def _scaled(pixels: Grey, scale: float) -> Grey:
    height, width = pixels.shape
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    picture: Grey = cv2.resize(pixels, size, interpolation=how)
    return picture


def _drawn(outline: Outline, scale: float) -> _Drawn:
    cells = np.rint(outline.cells * scale).astype(np.int32)
    left, top = cells.reshape(-1, 2).min(axis=0) if len(cells) else (0, 0)
    right, bottom = cells.reshape(-1, 2).max(axis=0) if len(cells) else (0, 0)
    return _Drawn(outline, cells, Box(int(left), int(top), int(right - left), int(bottom - top)))


def _outline(canvas: Picture, item: _Drawn) -> None:
    thickness = 3 if item.outline.bold else 2
    polygons = [cell.reshape(-1, 1, 2) for cell in item.cells]
    cv2.polylines(canvas, polygons, True, item.outline.colour, thickness, cv2.LINE_AA)


def _label_text(field: FieldReading) -> str:
    """Write ``name value 0.98``; blank cells between written ones show as a middle dot would: ``_``."""
    if field.status is Status.BLANK:
        return f"{field.name} blank"
    value = field.value.replace(" ", "_")
    # Never rounded up to a certainty that it is not.
    return f"{field.name} {value} {np.floor(field.confidence * 1000) / 1000:.3f}"


def _write(canvas: Picture, label: Label, colour: Colour) -> None:
    box = label.box
    cv2.rectangle(canvas, (box.x, box.y), (box.right - 1, box.bottom - 1), (255, 255, 255), cv2.FILLED)
    cv2.rectangle(canvas, (box.x, box.y), (box.right - 1, box.bottom - 1), colour, 1)
    cv2.putText(canvas, label.text, label.baseline, FONT, label.scale, colour, label.thickness, cv2.LINE_AA)


def _legend(width: int, entries: Sequence[Entry]) -> Picture:
    """Draw a strip (36, width, 3) that names the colours."""
    strip = np.full((LEGEND_HEIGHT, width, 3), 245, np.uint8)
    texts = [entry.text.encode("ascii", "replace").decode() for entry in entries]
    wanted = sum(_text_width(text, 0.55) + 52 for text in texts)
    scale = 0.55 * min(1.0, width / max(wanted, 1))
    side, x = round(30 * scale), 8
    top = (LEGEND_HEIGHT - side) // 2
    for entry, text in zip(entries, texts, strict=True):
        if entry.colour is not None:
            cv2.rectangle(strip, (x, top), (x + side, top + side), entry.colour, 3 if entry.bold else 2)
            x += side + round(14 * scale)
        cv2.putText(strip, text, (x, top + side - 2), FONT, scale, (40, 40, 40), 1, cv2.LINE_AA)
        x += _text_width(text, scale) + round(40 * scale)
    return strip


def _text_width(text: str, scale: float) -> int:
    return int(cv2.getTextSize(text, FONT, scale, 1)[0][0])
