"""Taking a cell's printed lines out of its cut, with the strokes that cross them kept."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.intp]

BAND = 0.1
MIN_LINE = 7.0
STRONGER = 1.6
MIN_BAR = 2
MAX_TILT = 2
ALONG = 0.22
"""A stroke that touches a line for so much of the cell lies along it."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a cell lies in its cut: ``x``, ``y`` of its upper left corner, its width and height, in pixels."""

    x: int
    y: int
    width: int
    height: int

    def inner(self, inset: float) -> tuple[slice, slice]:
        """Give the cell's rows and columns, without a share ``inset`` of its size on every side."""
        dx, dy = int(inset * self.width), int(inset * self.height)
        return slice(self.y + dy, self.y + self.height - dy), slice(self.x + dx, self.x + self.width - dx)

    def corners(self) -> Floats:
        """Give the cell's corners (4, 2) in the cut, in a quadrilateral's order."""
        right, bottom = self.x + self.width, self.y + self.height
        return np.array([[self.x, self.y], [right, self.y], [right, bottom], [self.x, bottom]], dtype=np.float32)

    def turned(self) -> "Frame":
        """Give the place of the same cell in the transposed cut."""
        return Frame(self.y, self.x, self.height, self.width)


def erase_lines(darkness: Floats, frame: Frame, noise: Floats, reach: int | None = None) -> Floats:
    """Take the lines on all four sides out of the cuts of a run of cells.

    ``darkness`` (n, h, w) float32, 0 paper and up to 255 black, has a cut a cell, all with the same ``frame``;
    ``noise`` (n,) is the unevenness of each one's paper. A line is looked for up to ``reach`` pixels from its side,
    by default a tenth of the cell across it. Gives the same cuts without their lines.
    """
    result = darkness.copy()
    for cuts, place in ((result, frame), (result.transpose(0, 2, 1), frame.turned())):
        for row in (place.y, place.y + place.height):
            _erase_row_line(cuts, place, row, noise, max(int(BAND * place.height), 3) if reach is None else reach)
    return result


def _erase_row_line(cuts: Floats, frame: Frame, row: int, noise: Floats, reach: int) -> None:
    """Erase the line that runs within ``reach`` rows of ``row`` of each cut, in place."""
    low, high = max(row - reach, 0), min(row + reach + 1, cuts.shape[1])
    along = cuts[:, low:high, frame.x : frame.x + frame.width]
    half = frame.width // 2
    # The median along the line is the line's own darkness: writing crosses only parts of it.
    profiles = np.stack([_quantile(along[..., :half], 0.5), _quantile(along[..., half:], 0.5)], axis=1)
    peaks, places = profiles.max(axis=2), profiles.argmax(axis=2)
    ruled = np.nonzero(peaks.max(axis=1) >= np.maximum(MIN_LINE, 2 * noise))[0]
    if not len(ruled):
        return
    peaks, places = peaks[ruled], places[ruled]
    weak = peaks.min(axis=1) < 0.4 * peaks.max(axis=1)
    places[weak] = np.take_along_axis(places, peaks.argmax(axis=1)[:, None], axis=1)[weak]
    # A digit's foot may be darker than the line that it stands on: the line is what is seen in both halves.
    both = profiles[ruled].min(axis=1)
    level = (np.abs(places[:, 1] - places[:, 0]) > MAX_TILT) & (both.max(axis=1) >= 0.4 * peaks.max(axis=1))
    places[level] = both.argmax(axis=1)[level, None]
    # Bent paper tilts a line within its cell.
    columns = np.arange(cuts.shape[2])
    tilt = (places[:, 1] - places[:, 0]) / max(frame.width / 2, 1)
    path = low + places[:, :1] + tilt[:, None] * (columns - frame.x - frame.width / 4)
    path = np.round(path).astype(int)
    first, last = _thickness(cuts, frame, ruled, path, reach)
    _fill(cuts, frame, ruled, path, (first, last), peaks.max(axis=1))


def _rows(cuts: Floats, ruled: Indices, rows: Indices) -> Floats:
    """Take rows (m, k, w) that follow a path out of some cuts; beyond an edge its own row stands."""
    columns = np.arange(cuts.shape[2])
    return np.asarray(cuts[ruled[:, None, None], np.clip(rows, 0, cuts.shape[1] - 1), columns])


def _thickness(cuts: Floats, frame: Frame, ruled: Indices, path: Indices, reach: int) -> tuple[Indices, Indices]:
    """Give each line's first and last row relative to its path, with a row for its soft edge on both sides."""
    offsets = np.arange(-reach, reach + 1)
    strip = _rows(cuts, ruled, path[:, None] + offsets[:, None])[..., frame.x : frame.x + frame.width]
    usual, most = (_extent(_quantile(strip, share), reach) for share in (0.5, 0.3))
    # A bar of a digit may lie along half of the line, but hardly along most of it.
    bars = np.stack(usual, axis=1) - np.stack(most, axis=1)
    with_bar = (np.abs(bars) >= MIN_BAR).any(axis=1)
    return np.where(with_bar, most[0], usual[0]), np.where(with_bar, most[1], usual[1])


def _extent(profile: Floats, reach: int) -> tuple[Indices, Indices]:
    """Give the first and last row of each line from its profile (m, 2 reach + 1), with its soft edges."""
    pale = profile <= 0.2 * profile[:, reach - 1 : reach + 2].max(axis=1, keepdims=True)
    # The line ends where the first row on either side of its middle is pale.
    before, after = pale[:, :reach][:, ::-1], pale[:, reach + 1 :]
    first = np.where(before.any(axis=1), before.argmax(axis=1), reach)
    last = np.where(after.any(axis=1), after.argmax(axis=1), reach)
    return -first - 1, last + 1


def _fill(
    cuts: Floats, frame: Frame, ruled: Indices, path: Indices, rows: tuple[Indices, Indices], line: Floats
) -> None:
    """Replace each line: strokes that reach one of its edges run on into it, others that are darker stay."""
    first, last = (edge[:, None, None] for edge in rows)
    beside_above = _rows(cuts, ruled, path[:, None] + first - np.array([1, 2])[:, None])
    beside_below = _rows(cuts, ruled, path[:, None] + last + np.array([1, 2])[:, None])
    thickness = int((last - first).max()) + 1
    inner = path[:, None] + first + np.arange(thickness)[:, None]
    middle = _rows(cuts, ruled, inner)
    # A slanted stroke leaves the line a little beside where it enters.
    reach = max(thickness // 2, 1)
    crossing = np.minimum(_widened(beside_above.max(axis=1), reach), _widened(beside_below.max(axis=1), reach))
    level = line[:, None, None]
    crossing = np.maximum(crossing, _touching(beside_above, beside_below, 0.5 * line + 20, frame))[:, None]
    # A stroke that lies along the line, half hidden, has its own side of the line and not all of it.
    upper = 2 * np.arange(thickness)[None, :, None] <= last - first
    crossing = np.maximum(crossing, np.where(upper, beside_above[:, :1], beside_below[:, :1]))
    ink = np.where(middle > STRONGER * level + 15, middle, 0)
    carried = np.where(crossing > 0.5 * level + 20, np.minimum(middle, crossing), 0)
    inside = (inner <= path[:, None] + last) & (inner >= 0) & (inner < cuts.shape[1])
    cut, _, column = np.nonzero(inside)
    cuts[ruled[cut], inner[inside], column] = np.maximum(ink, carried)[inside]


def _touching(above: Floats, below: Floats, floor: Floats, frame: Frame) -> Floats:
    """Give the darkness (m, w) of strokes that touch a line, but for those that lie along it.

    A slanted stroke is hidden by the line for a part of its way: where it touches, the line is left to it.
    """
    beside = np.maximum(above, below).max(axis=1)
    kernel = np.ones((1, max(int(ALONG * frame.width), 3)), np.uint8)
    long = cv2.morphologyEx((beside > floor[:, None]).astype(np.uint8), cv2.MORPH_OPEN, kernel)
    return np.asarray(np.where(long, 0, beside), np.float32)


def _quantile(rows: Floats, share: float) -> Floats:
    """Give a quantile along the last axis, as ``numpy.quantile`` would but for its cost on small arrays."""
    place = int(share * rows.shape[-1])
    return np.asarray(np.partition(rows, place, axis=-1)[..., place])


def _widened(values: Floats, reach: int) -> Floats:
    """Give the running maximum (n, w) over ``reach`` places to either side."""
    return np.asarray(cv2.dilate(np.ascontiguousarray(values), np.ones((1, 2 * reach + 1), np.uint8)))
