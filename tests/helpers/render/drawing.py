"""The upright page before it is scanned: paper, print, ruling, handwriting."""

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from tests.helpers.render.clouds import clouds
from tests.helpers.render.digits import Digits, Floats
from tests.helpers.render.plan import Box, Colour, Grid, Lines, PageSpec, Paper
from tests.helpers.render.writing import write


def draw(
    spec: PageSpec, dpi: float, digits: Digits | None, *, colour: bool, random: np.random.Generator
) -> Floats:
    """Draw a page upright: (H, W, 3) or (H, W, 1) float32, 0–255. Without digits the boxes stay empty."""
    scale = dpi / 25.4
    width, height = (round(side * scale) for side in spec.size)
    page = _paper(spec.paper, (height, width), scale, colour=colour, random=random)
    _lay(page, _ruling(spec, width, height, scale, random), _tone(spec.lines.colour, colour))
    for text_colour in sorted({text.colour for text in spec.texts}):
        _lay(page, _print(spec, text_colour, width, height, scale), _tone(text_colour, colour))
    if digits is not None:
        for ink, pen in write(spec, digits, (height, width), scale, random):
            _lay(page, ink, _tone(pen, colour))
    return page


def _tone(colour: Colour, in_colour: bool) -> Floats:
    """Give a colour as (3,), or its luminance (ITU-R BT.601) as (1,)."""
    rgb = np.array(colour, np.float32)
    return rgb if in_colour else (rgb @ np.array([0.299, 0.587, 0.114], np.float32))[None]


def _lay(page: Floats, coverage: Floats, tone: Floats) -> None:
    rows, columns = np.nonzero(coverage.any(axis=1))[0], np.nonzero(coverage.any(axis=0))[0]
    if len(rows) and len(columns):
        window = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        page[window] += coverage[window][..., None] * (tone - page[window])


def _paper(
    paper: Paper, shape: tuple[int, int], scale: float, *, colour: bool, random: np.random.Generator
) -> Floats:
    height, width = shape
    page = np.empty((height, width, 3 if colour else 1), np.float32)
    page[:] = _tone(paper.colour, colour)
    page += (1.2 * clouds((height, width), 1.5 * scale, random))[..., None]
    if paper.print_kind != "none":
        print_ = np.zeros((height, width), np.uint8)
        for curve in _guilloche(paper.print_kind, width / scale, height / scale):
            points = np.round(curve * scale * 16).astype(np.int32)
            cv2.polylines(print_, [points], False, 255, max(1, round(0.12 * scale)), cv2.LINE_AA, 4)
        _lay(page, np.asarray(print_ / 255, np.float32), _tone(paper.print_colour, colour))
    return page


def _guilloche(kind: str, width: float, height: float) -> Iterator[npt.NDArray[np.float64]]:
    """Give the curves (n, 2) of a security print, in millimetres."""
    if kind == "waves":
        x = np.arange(0, width, 0.4)
        for line in np.arange(-4, height + 4, 1.1):
            swing = 1.6 * np.sin(x / 7 + line / 9) + 0.8 * np.sin(x / 3.1 - line / 5)
            yield np.column_stack([x, line + swing])
        return
    angle = np.linspace(0, 2 * np.pi, 500)
    for across in np.arange(0, width + 30, 34):
        for down in np.arange(0, height + 30, 30):
            for petals, turn in ((7, 0.0), (7, 0.22), (7, 0.44), (11, 0.0), (11, 0.3)):
                radius = 10 + 6 * np.cos(petals * (angle + turn))
                yield np.column_stack([across + radius * np.cos(angle), down + radius * np.sin(angle)])


def _ruling(spec: PageSpec, width: int, height: int, scale: float, random: np.random.Generator) -> Floats:
    mask = np.zeros((height, width), np.float32)
    for grid in spec.grids:
        for x0, y0, x1, y1 in _segments(grid):
            _rule(mask, (x0 * scale, y0 * scale, x1 * scale, y1 * scale), spec.lines, scale, random)
    for left, y, right in spec.rules:
        _rule(mask, (left * scale, y * scale, right * scale, y * scale), Lines(), scale, random)
    return mask


def _segments(grid: Grid) -> Iterator[Box]:
    """Give the middle lines of a grid's ruling, in millimetres."""
    last_row, last_column = len(grid.rows) - 1, grid.columns - 1
    if grid.kind == "boxes":
        for row in range(last_row + 1):
            for column in range(last_column + 1):
                left, top, right, bottom = grid.cell_box(row, column)
                yield from ((left, top, right, top), (left, bottom, right, bottom))
                yield from ((left, top, left, bottom), (right, top, right, bottom))
        return
    left, top = grid.cell_box(0, 0)[:2]
    right, bottom = grid.cell_box(last_row, last_column)[2:]
    for row in range(last_row + 2):
        if grid.kind == "comb" or row > 0:
            yield left, top + row * grid.cell[1], right, top + row * grid.cell[1]
    for column in range(last_column + 2):
        x = left + column * grid.cell[0]
        yield x, bottom - (bottom - top) * (grid.tick if grid.kind == "open" else 1.0), x, bottom


def _rule(mask: Floats, line: Box, style: Lines, scale: float, random: np.random.Generator) -> None:
    """Rule a level or upright line with exact partial pixels at its edges."""
    half = max(style.width * scale, style.least) / 2
    level = line[3] - line[1] <= line[2] - line[0]
    first, last = (line[0], line[2]) if level else (line[1], line[3])
    middle = line[1] if level else line[0]
    along = _covered(mask.shape[1 if level else 0], first - half, last + half)
    along = along * _pattern(len(along), (first, last, 2 * half), style, scale, random)
    across = _covered(mask.shape[0 if level else 1], middle - half, middle + half)
    if level:
        rows = np.nonzero(across)[0]
        mask[rows] = np.maximum(mask[rows], across[rows, None] * along)
    else:
        columns = np.nonzero(across)[0]
        mask[:, columns] = np.maximum(mask[:, columns], along[:, None] * across[columns])


def _covered(size: int, start: float, end: float) -> Floats:
    """Give the share of every pixel 0…size−1 that lies between two places."""
    left = np.arange(size, dtype=np.float32)
    return np.asarray(np.clip(np.minimum(left + 1, end) - np.maximum(left, start), 0, 1), np.float32)


def _pattern(
    size: int, extent: tuple[float, float, float], style: Lines, scale: float, random: np.random.Generator
) -> Floats:
    """Give the share of ink along a line (start, end, width), for every pixel of its direction."""
    first, last, width = extent
    places = np.arange(size, dtype=np.float32) + 0.5
    if style.kind == "dotted":
        period = max(2.2 * width, 0.55 * scale, 3.0)
        waves = 0.5 + 2 * np.cos(2 * np.pi * (places - first) / period)
        return np.asarray(np.clip(waves, 0, 1), np.float32)
    if style.kind == "dashed":
        period = max(1.8 * scale, 6.0)
        return np.asarray((places - first) % period < 0.65 * period, np.float32)
    pattern = np.ones(size, np.float32)
    if style.kind == "broken":
        for _ in range(round((last - first) / (4 * scale))):
            hole, length = random.uniform(first, last), random.uniform(0.15, 0.8) * scale
            pattern[max(0, round(hole)) : max(0, round(hole + max(length, 1.0)))] = 0
        pattern *= np.clip(0.85 + 0.3 * clouds((3, size), 2 * scale, random)[1], 0.3, 1)
    return pattern


def _print(spec: PageSpec, colour: Colour, width: int, height: int, scale: float) -> Floats:
    """Print the words of one colour in Pillow's own typeface."""
    image = Image.new("L", (width, height))
    pen = ImageDraw.Draw(image)
    for text in spec.texts:
        if text.colour == colour:
            place = (text.place[0] * scale, text.place[1] * scale)
            pen.text(place, text.words, 255, ImageFont.load_default(text.size * scale))
    return np.asarray(np.asarray(image) / 255, np.float32)
