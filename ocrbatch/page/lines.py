"""Finding the printed lines of a page: thin, long, nearly horizontal or vertical in a levelled frame.

The page is reduced to about 150 dpi and sheared so that its two main directions run along the axes (the
*levelled frame*). There a line is a ridge: dark against the paper on both of its sides. Verticals are found as
horizontals of the transposed picture, so one function does both. Broken, dotted and crossed lines come in
pieces, which are chained where they continue each other.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from ocrbatch.geometry import Matrix
from ocrbatch.page.chains import Floats, Indices, Lines, chain_pieces, follow, no_lines, ranges
from ocrbatch.page.directions import main_directions
from ocrbatch.records import Grey, Page

WORK_DPI = 150.0
WORK_SIDE = 1800
MAX_THICKNESS = 9
MIN_RUN = 9
MIN_LENGTH = 16
MIN_SIDE = 16
MAX_SLOPE = 0.16
STRETCH = 96
LEVEL_ENOUGH = 1.0
RIDGE_FLOOR = 6.0
CROWDED = 1.2e-3
"""So many pieces a pixel are more than 60 rows of 60 small boxes make on A4 at 150 dpi; specks make 1.7e-3."""
SHORT_PIECE = 24
LEAST_LONG = 0.65
"""Of the length of all pieces; the small boxes of a page have four fifths and more in longer ones, specks a half."""


@dataclass(frozen=True, slots=True)
class LineMap:
    """A page's lines: ``to_levelled`` (3, 3) maps the page's pixels to the levelled frame's."""

    to_levelled: Matrix
    width: int
    height: int
    horizontals: Lines
    verticals: Lines


def find_lines(page: Page) -> LineMap:
    """Find the printed lines of a page that is skewed by at most 20 degrees."""
    reduced, scale = _reduce(page)
    if min(reduced.shape) < MIN_SIDE:
        height, width = reduced.shape
        return LineMap(np.diag([scale, scale, 1.0]), width, height, no_lines(width), no_lines(height))
    across, down = main_directions(reduced)
    levelled, matrix = _level(reduced, across, down)
    height, width = levelled.shape
    return LineMap(
        to_levelled=matrix @ np.diag([scale, scale, 1.0]),
        width=width,
        height=height,
        horizontals=_lines_along_rows(levelled),
        verticals=_lines_along_rows(cv2.transpose(levelled)),
    )


def _reduce(page: Page) -> tuple[Grey, float]:
    """Bring the page to the working size, never enlarging; gives the picture and the factor."""
    longest = max(page.pixels.shape)
    scale = min(1.0, WORK_SIDE / longest)
    if page.dpi is not None and page.dpi * longest > 0:
        # A dpi that makes the page absurdly small is a scanner's default, not a measure.
        scale = min(1.0, max(WORK_DPI / page.dpi, min(scale, 1000 / longest)), 2400 / longest)
    if scale > 0.9:
        return page.pixels, 1.0
    if scale > 0.4:
        scale = 0.5 if scale < 0.7 else scale
    size = (max(round(page.pixels.shape[1] * scale), 1), max(round(page.pixels.shape[0] * scale), 1))
    return cv2.resize(page.pixels, size, interpolation=cv2.INTER_AREA), scale


def _level(picture: Grey, across: float, down: float) -> tuple[Grey, Matrix]:
    """Shear the picture so that both main directions run along the axes; gives it and the matrix to it."""
    if abs(across) < LEVEL_ENOUGH and abs(down) < LEVEL_ENOUGH:
        return picture, np.eye(3)
    height, width = picture.shape
    axis_x = np.array([np.cos(np.radians(across)), np.sin(np.radians(across))])
    axis_y = np.array([-np.sin(np.radians(down)), np.cos(np.radians(down))])
    matrix = np.eye(3)
    matrix[:2, :2] = np.linalg.inv(np.column_stack([axis_x, axis_y]))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]]) @ matrix[:2, :2].T
    low = corners.min(axis=0)
    matrix[:2, 2] = -low
    size = np.ceil(corners.max(axis=0) - low).astype(int)
    warped = cv2.warpAffine(
        picture,
        matrix[:2],
        (int(size[0]), int(size[1])),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return warped, matrix


def _lines_along_rows(picture: Grey) -> Lines:
    depth = ridge_depth(picture)
    floor = max(RIDGE_FLOOR, 2.5 * _median(depth[::4, ::4]) + 3)
    mask = cv2.threshold(depth, floor, 255, cv2.THRESH_BINARY)[1]
    # A blurred line is thin at half its depth; writing that touches a line would be one piece with it, and bend it.
    column = cv2.getStructuringElement(cv2.MORPH_RECT, (1, MAX_THICKNESS))
    mask = cv2.bitwise_and(mask, cv2.compare(depth, cv2.dilate(depth, column) // 2, cv2.CMP_GE))
    tall = cv2.morphologyEx(mask, cv2.MORPH_OPEN, column)
    mask = cv2.subtract(mask, tall)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_RECT, (MIN_RUN, 1)))
    _cut_into_stretches(mask)
    pieces = _pieces(mask)
    return follow(chain_pieces(_no_pieces() if _is_noise(pieces, mask.size) else pieces), depth)


def _cut_into_stretches(mask: Grey) -> None:
    """Cut long lines, in place: a line of bent paper is straight in each stretch. A box's short side is left whole."""
    column = cv2.getStructuringElement(cv2.MORPH_RECT, (1, 5))
    for place in range(STRETCH, mask.shape[1] - 2 * MIN_LENGTH, STRETCH):
        around = cv2.dilate(mask[:, place - 2 * MIN_LENGTH : place + 2 * MIN_LENGTH + 1], column) > 0
        sides = (slice(MIN_LENGTH, 3 * MIN_LENGTH + 1), slice(0, 2 * MIN_LENGTH), slice(2 * MIN_LENGTH, None))
        mask[np.any([around[:, side].all(axis=1) for side in sides], axis=0), place] = 0


def _is_noise(pieces: Floats, pixels: int) -> bool:
    """Tell whether the pieces (n, 5) of so many pixels are specks that happen to lie in rows: many, most very short."""
    length = pieces[:, 1] - pieces[:, 0]
    longer = length[length >= SHORT_PIECE].sum()
    return len(pieces) > CROWDED * pixels and bool(longer < LEAST_LONG * length.sum())


def _median(values: Grey) -> float:
    """Give a picture's median; of bytes, counting is many times quicker than sorting."""
    counts = cv2.calcHist([np.ascontiguousarray(values)], [0], None, [256], [0, 256]).ravel().cumsum()
    middle = ((values.size - 1) // 2, values.size // 2)
    return float(np.searchsorted(counts, middle, side="right").mean())


def ridge_depth(picture: Grey) -> Grey:
    """Give how much darker (H, W) than above and below each pixel is, where something thin runs along its row."""
    # What a vertical closing fills is thin from top to bottom; its depth is the line's contrast.
    column = cv2.getStructuringElement(cv2.MORPH_RECT, (1, MAX_THICKNESS + 2))
    depth = cv2.morphologyEx(picture, cv2.MORPH_BLACKHAT, column)
    # Averaging along the row lifts pale lines out of the noise and bridges dots.
    smooth: Grey = cv2.filter2D(depth, -1, np.full((1, 7), 1 / 7))
    return smooth


def _pieces(mask: Grey) -> Floats:
    """Fit a straight line to every connected piece: rows of (start, end, offset, slope, spread).

    The mask is thin and wide, so it is taken as runs along its rows: a few thousand instead of millions of pixels.
    """
    row, first, last = _runs(mask)
    if not len(row):
        return _no_pieces()
    owner = connected_groups(len(row), *_touching_runs(row, first, last, mask.shape[1]))
    n = (last - first).astype(np.float64)
    # Sums over a run's pixels in closed form: x runs from first to last - 1.
    x = n * (first + last - 1) / 2
    xx = (n - 1) * n * (n + 1) / 12 + x * x / n
    sums = [np.bincount(owner, weights=v) for v in (n, x, xx, n * row, x * row, n * row * row)]
    count = np.maximum(sums[0], 1)
    mx, mxx, my, mxy, myy = (total / count for total in sums[1:])
    slope = (mxy - mx * my) / np.maximum(mxx - mx * mx, 1e-9)
    spread = np.sqrt(np.maximum(myy - my * my - slope * (mxy - mx * my), 0))
    start = np.full(len(count), np.inf)
    end = np.full(len(count), -np.inf)
    np.minimum.at(start, owner, first)
    np.maximum.at(end, owner, last)
    kept = (sums[0] > 0) & (end - start >= MIN_LENGTH) & (np.abs(slope) <= MAX_SLOPE)
    kept &= spread <= np.minimum(3.0, 0.08 * (end - start) + 0.5)
    rows = np.column_stack([start, end, my + 0.5 - slope * (mx + 0.5), slope, spread])
    return np.asarray(rows[kept])


def _no_pieces() -> Floats:
    """Give the pieces of a page that has none."""
    return np.empty((0, 5))


def _runs(mask: Grey) -> tuple[Indices, Indices, Indices]:
    """Give the row, first and last + 1 column of every run of the mask, in reading order."""
    height, width = mask.shape
    padded = np.zeros((height, width + 1), np.bool_)
    padded[:, :width] = mask
    flat = padded.ravel()
    edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    if flat[0]:
        edges = np.concatenate([[0], edges])
    row, first = np.divmod(edges[::2], width + 1)
    return row, first, first + edges[1::2] - edges[::2]


def _touching_runs(row: Indices, first: Indices, last: Indices, width: int) -> tuple[Indices, Indices]:
    """Give the pairs of runs that touch, sides or corners, from one row to the next."""
    step = width + 2
    starts, ends = row * step + first, row * step + last
    low = np.searchsorted(ends, starts + step, side="left")
    high = np.searchsorted(starts, ends + step, side="right")
    return ranges(low, np.maximum(high, low))


def connected_groups(size: int, one: Indices, other: Indices) -> Indices:
    """Give every one of ``size`` things the least number of those that the pairs connect it to."""
    group = np.arange(size)
    while True:
        least = np.minimum(group[one], group[other])
        before = group.copy()
        np.minimum.at(group, one, least)
        np.minimum.at(group, other, least)
        group = group[group]
        if (group == before).all():
            return group
