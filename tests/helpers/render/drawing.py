"""The upright page before it is scanned: paper, print, ruling, handwriting."""

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from tests.helpers.render.digits import ENLARGED, Digits, Floats, stroke_of
from tests.helpers.render.plan import Colour, Grid, Hand, Lines, PageSpec, Paper, runs

Box = tuple[float, float, float, float]

TRIES = 40
KEEP_OFF = 0.35
"""Millimetres that two digits keep between them."""


def draw(spec: PageSpec, dpi: float, digits: Digits | None, colour: bool, random: np.random.Generator) -> Floats:
    """Draw a page upright: (H, W, 3) or (H, W, 1) float32, 0–255. Without digits the boxes stay empty."""
    scale = dpi / 25.4
    width, height = (round(side * scale) for side in spec.size)
    page = _paper(spec.paper, width, height, scale, colour, random)
    _lay(page, _ruling(spec, width, height, scale, random), _tone(spec.lines.colour, colour))
    for text_colour in sorted({text.colour for text in spec.texts}):
        _lay(page, _print(spec, text_colour, width, height, scale), _tone(text_colour, colour))
    if digits is not None:
        for ink, pen in _writing(spec, digits, (height, width), scale, random):
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


def clouds(shape: tuple[int, int], cell: float, random: np.random.Generator) -> Floats:
    """Give smooth random hills (H, W), about −1 to 1, that change over ``cell`` pixels."""
    height, width = shape
    small = (max(3, round(height / cell) + 2), max(3, round(width / cell) + 2))
    hills = random.normal(0, 0.5, small).astype(np.float32)
    return np.asarray(cv2.resize(hills, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def _paper(
    paper: Paper, width: int, height: int, scale: float, colour: bool, random: np.random.Generator
) -> Floats:
    page = np.empty((height, width, 3 if colour else 1), np.float32)
    page[:] = _tone(paper.colour, colour)
    page += (1.2 * clouds((height, width), 1.5 * scale, random))[..., None]
    if paper.print_kind != "none":
        print_ = np.zeros((height, width), np.uint8)
        for curve in _guilloche(paper.print_kind, width / scale, height / scale):
            points = np.round(curve * scale * 16).astype(np.int32)
            cv2.polylines(print_, [points], False, 255, max(1, round(0.12 * scale)), cv2.LINE_AA, 4)
        _lay(page, print_.astype(np.float32) / 255, _tone(paper.print_colour, colour))
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
    along = along * _pattern(len(along), first, last, 2 * half, style, scale, random)
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
    return np.clip(np.minimum(left + 1, end) - np.maximum(left, start), 0, 1).astype(np.float32)


def _pattern(
    size: int, first: float, last: float, width: float, style: Lines, scale: float, random: np.random.Generator
) -> Floats:
    """Give the share of ink along a line of a kind, for every pixel of its direction."""
    places = np.arange(size, dtype=np.float32) + 0.5
    if style.kind == "dotted":
        period = max(2.2 * width, 0.55 * scale, 3.0)
        return np.clip(0.5 + 2 * np.cos(2 * np.pi * (places - first) / period), 0, 1).astype(np.float32)
    if style.kind == "dashed":
        period = max(1.8 * scale, 6.0)
        return (((places - first) % period) < 0.65 * period).astype(np.float32)
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
    return np.asarray(image, dtype=np.float32) / 255


def _writing(
    spec: PageSpec, digits: Digits, shape: tuple[int, int], scale: float, random: np.random.Generator
) -> Iterator[tuple[Floats, Colour]]:
    """Write every run: its ink's coverage over the page, and the pen's colour."""
    taken = np.zeros(shape, np.bool_)
    if spec.flourishes:
        strokes = np.zeros(shape, np.uint8)
        for stroke in spec.flourishes:
            points = np.round(np.array(stroke) * scale * 16).astype(np.int32)
            cv2.polylines(strokes, [points], False, 255, max(1, round(0.45 * scale)), cv2.LINE_AA, 4)
        yield strokes.astype(np.float32) / 255, spec.hand.pen
    for grid, row in runs(spec):
        ink = np.zeros(shape, np.float32)
        for column, text in enumerate(grid.rows[row]):
            if text != " ":
                picture = digits.pictures[random.choice(digits.of(int(text)))]
                box = grid.cell_box(row, column)
                _write(ink, taken, stroke_of(picture), box, spec.hand, scale, random)
        pressure = np.clip(0.88 + 0.16 * clouds(shape, 0.9 * scale, random), 0.55, 1)
        lighter = int(random.integers(0, 28))
        red, green, blue = spec.hand.pen
        yield ink * pressure, (red + lighter, green + lighter, blue + lighter // 2)


def _write(
    ink: Floats, taken: npt.NDArray[np.bool_], stroke: Floats, box: Box, hand: Hand, scale: float,
    random: np.random.Generator,
) -> None:  # fmt: skip
    """Put a stroke into a cell so that it keeps off the digits before it."""
    crossing = random.random() < hand.crossing
    for _ in range(TRIES):
        placed = _placed(stroke, box, hand, scale, crossing, random)
        x, y, patch = placed
        if x < 0 or y < 0 or y + patch.shape[0] > ink.shape[0] or x + patch.shape[1] > ink.shape[1]:
            continue
        window = np.s_[y : y + patch.shape[0], x : x + patch.shape[1]]
        around = 2 * round(KEEP_OFF * scale) + 1
        near = cv2.dilate((patch > 0.1).astype(np.uint8), np.ones((around, around), np.uint8)) > 0
        if not (near & taken[window]).any():
            ink[window] = np.maximum(ink[window], patch)
            taken[window] |= patch > 0.1
            return
    raise ValueError(f"no room for a digit in the cell at {box}")


def _placed(
    stroke: Floats, box: Box, hand: Hand, scale: float, crossing: bool, random: np.random.Generator
) -> tuple[int, int, Floats]:
    """Size, slant and shift a stroke for a cell: the patch and the page's pixel of its upper left."""
    left, top, right, bottom = (side * scale for side in box)
    inner = (stroke > 0.1).nonzero()
    low, high = (axis.min() for axis in inner), (axis.max() for axis in inner)
    (y0, x0), (y1, x1) = tuple(low), tuple(high)
    slant, turn = random.uniform(-hand.slant, hand.slant), np.radians(random.normal(0, 3))
    size = random.uniform(*hand.fill) * (bottom - top) / (20 * ENLARGED)
    size = min(size, 0.8 * (right - left) / (x1 - x0 + abs(slant) * (y1 - y0) + 0.15 * ENLARGED))
    shear = np.array([[1, -slant], [0, 1]])
    cosine, sine = np.cos(turn), np.sin(turn)
    linear = size * np.array([[cosine, -sine], [sine, cosine]]) @ shear
    room = np.array([right - left, bottom - top]) - size * np.array([x1 - x0, y1 - y0])
    shift = random.uniform(-0.5, 0.5, 2) * np.clip(room * (0.55, 0.7), 0, None)
    if crossing:
        side = -1 if random.random() < 0.3 else 1
        shift[1] = side * (room[1] / 2 + random.uniform(0.3, 0.9) * scale)
    middle = np.array([(left + right) / 2, (top + bottom) / 2]) + shift
    reach = int(np.ceil(0.75 * size * np.hypot(*stroke.shape))) + 2
    x, y = int(middle[0]) - reach, int(middle[1]) - reach
    offset = middle - (x, y) - linear @ np.array([(x0 + x1) / 2, (y0 + y1) / 2])
    patch = cv2.warpAffine(
        cv2.GaussianBlur(stroke, (0, 0), max(0.3 / size, 0.5)), np.column_stack([linear, offset]),
        (2 * reach, 2 * reach), flags=cv2.INTER_LINEAR,
    )  # fmt: skip
    rows, columns = np.nonzero((patch > 0.02).any(axis=1))[0], np.nonzero((patch > 0.02).any(axis=0))[0]
    patch = patch[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return x + int(columns[0]), y + int(rows[0]), np.asarray(patch, dtype=np.float32)
