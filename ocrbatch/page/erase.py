"""Taking a cell's printed lines out of its cut, with the strokes that cross them kept."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.page.quantiles import quantiles
from ocrbatch.records import Grey

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


def erase_lines(darkness: Grey, frame: Frame, noise: npt.NDArray[Any], reach: int | None = None) -> Grey:
    """Take the lines on all four sides out of the cuts of many cells, each for itself.

    ``darkness`` (n, h, w) uint8, 0 paper to 255 black, has a cut a cell, all with the same ``frame``; ``noise`` (n,)
    is the unevenness of each one's paper. A line is looked for up to ``reach`` pixels from its side, by default a
    tenth of the cell across it. Gives the same cuts without their lines.
    """
    cuts = darkness.copy()
    # Lines that run up are erased as rows of the cuts on their side, and then these are put upright again.
    for place in (frame, frame.turned()):
        for row in (place.y, place.y + place.height):
            _erase_row_line(cuts, place, row, noise, max(int(BAND * place.height), 3) if reach is None else reach)
        cuts = _transposed(cuts)
    return cuts


def _transposed(cuts: Grey) -> Grey:
    count, height, width = cuts.shape
    turned = np.empty((count, width, height), np.uint8)
    for cut, place in zip(cuts, turned, strict=True):
        cv2.transpose(cut, dst=place)
    return turned


def _erase_row_line(cuts: Grey, frame: Frame, row: int, noise: npt.NDArray[Any], reach: int) -> None:
    """Erase the line that runs within ``reach`` rows of ``row`` of each cut, in place."""
    low, high = max(row - reach, 0), min(row + reach + 1, cuts.shape[1])
    along = cuts[:, low:high, frame.x : frame.x + frame.width]
    half = frame.width // 2
    # The median along the line is the line's own darkness: writing crosses only parts of it.
    halves = [*quantiles(along[..., :half], 0.5), *quantiles(along[..., half:], 0.5)]
    profiles = np.stack(halves, axis=1).astype(np.float32)
    peaks, places = profiles.max(axis=2), _middles(profiles)
    ruled = np.nonzero(peaks.max(axis=1) >= np.maximum(MIN_LINE, 2 * noise.astype(np.float32)))[0]
    if not len(ruled):
        return
    peaks, places = peaks[ruled], places[ruled]
    weak = peaks.min(axis=1) < 0.4 * peaks.max(axis=1)
    places[weak] = np.take_along_axis(places, peaks.argmax(axis=1)[:, None], axis=1)[weak]
    # A digit's foot may be darker than the line that it stands on: the line is what is seen in both halves.
    both = profiles[ruled].min(axis=1)
    level = (np.abs(places[:, 1] - places[:, 0]) > MAX_TILT) & (both.max(axis=1) >= 0.4 * peaks.max(axis=1))
    places[level] = _middles(both)[level, None]
    # Bent paper tilts a line within its cell.
    tilt = (places[:, 1] - places[:, 0]) / max(frame.width / 2, 1)
    columns = np.arange(cuts.shape[2])
    path = low + places[:, :1] + tilt[:, None] * (columns - frame.x - frame.width / 4)
    path = np.round(path).astype(np.intp)
    straight = places[:, 0] == places[:, 1]
    for own, paths in ((straight, path[:, :1]), (~straight, path)):
        if own.any():
            _erase_along(cuts, frame, ruled[own], paths[own], peaks[own].max(axis=1), reach)


def _middles(profiles: Floats) -> Indices:
    """Give where profiles (…, k) are darkest; of several rows that are, the one in their middle."""
    last = profiles.shape[-1] - 1 - profiles[..., ::-1].argmax(axis=-1)
    return np.asarray((profiles.argmax(axis=-1) + last) // 2)


def _erase_along(cuts: Grey, frame: Frame, ruled: Indices, path: Indices, line: Floats, reach: int) -> None:
    """Erase the lines that run along paths: a row for each cut (m, 1), or one for each of its columns (m, w)."""
    first, last = _thickness(cuts, frame, ruled, path, reach)
    rows = path[:, None] + (first[:, None] + np.arange(int((last - first).max()) + 1))[..., None]
    filled = _filled(cuts, frame, ruled, path, rows, (first, last), line)
    inside = (rows <= path[:, None] + last[:, None, None]) & (rows >= 0) & (rows < cuts.shape[1])
    if path.shape[1] == 1:
        cut, step, _ = np.nonzero(inside)
        cuts[ruled[cut], rows[cut, step, 0]] = filled[cut, step]
    else:
        cut, step, column = np.nonzero(inside)
        cuts[ruled[cut], rows[cut, step, column], column] = filled[cut, step, column]


def _rows(cuts: Grey, ruled: Indices, rows: Indices) -> Grey:
    """Take rows (m, k, 1 or w) that follow a path out of some cuts (m, k, w); beyond an edge its own row stands."""
    rows = np.clip(rows, 0, cuts.shape[1] - 1)
    # Whole rows are copied many times quicker than single pixels.
    if rows.shape[2] == 1:
        whole: Grey = cuts[ruled[:, None], rows[..., 0]]
        return whole
    return cuts[ruled[:, None, None], rows, np.arange(cuts.shape[2])]


def _thickness(cuts: Grey, frame: Frame, ruled: Indices, path: Indices, reach: int) -> tuple[Indices, Indices]:
    """Give each line's first and last row relative to its path, with a row for its soft edge on both sides."""
    offsets = np.arange(-reach, reach + 1)
    strip = _rows(cuts, ruled, path[:, None] + offsets[:, None])[..., frame.x : frame.x + frame.width]
    usual, most = (_extent(profile, reach) for profile in quantiles(strip, 0.5, 0.3))
    # A bar of a digit may lie along half of the line, but hardly along most of it.
    bars = np.stack(usual, axis=1) - np.stack(most, axis=1)
    with_bar = (np.abs(bars) >= MIN_BAR).any(axis=1)
    return np.where(with_bar, most[0], usual[0]), np.where(with_bar, most[1], usual[1])


def _extent(profile: Grey, reach: int) -> tuple[Indices, Indices]:
    """Give the first and last row of each line from its profile (m, 2 reach + 1), with its soft edges."""
    pale = profile <= 0.2 * profile[:, reach - 1 : reach + 2].max(axis=1, keepdims=True)
    # The line ends where the first row on either side of its middle is pale.
    before, after = pale[:, :reach][:, ::-1], pale[:, reach + 1 :]
    first = np.where(before.any(axis=1), before.argmax(axis=1), reach)
    last = np.where(after.any(axis=1), after.argmax(axis=1), reach)
    return -first - 1, last + 1


def _filled(
    cuts: Grey,
    frame: Frame,
    ruled: Indices,
    path: Indices,
    rows: Indices,
    extent: tuple[Indices, Indices],
    line: Floats,
) -> Grey:
    """Give what replaces each line: strokes that reach one of its edges run on into it, others that are darker stay.

    ``rows`` (m, k, 1 or w) are the line's, and ``extent`` its first and last row (m,) relative to its path.
    """
    first, last = extent
    above = _rows(cuts, ruled, path[:, None] + first[:, None, None] - np.array([1, 2])[:, None])
    below = _rows(cuts, ruled, path[:, None] + last[:, None, None] + np.array([1, 2])[:, None])
    middle = _rows(cuts, ruled, rows)
    # A slanted stroke leaves the line a little beside where it enters.
    reach = np.maximum((last - first + 1) // 2, 1)
    crossing = np.minimum(_widened(above.max(axis=1), reach), _widened(below.max(axis=1), reach))
    reaching = _limits(0.5 * line + 20)
    crossing = np.maximum(crossing, _touching(above, below, reaching, frame))[:, None]
    # A stroke that lies along the line, half hidden, has its own side of the line and not all of it.
    upper = 2 * np.arange(rows.shape[1])[None, :, None] <= (last - first)[:, None, None]
    crossing = np.maximum(crossing, np.where(upper, above[:, :1], below[:, :1]))
    # A product is many times quicker than a choice.
    ink = middle * (middle > _limits(STRONGER * line + 15)[:, None])
    carried = np.minimum(middle, crossing) * (crossing > reaching[:, None])
    return np.asarray(np.maximum(ink, carried), np.uint8)


def _limits(values: Floats) -> Grey:
    """Give limits (m, 1) uint8 that a grey level passes where it passes these (m,)."""
    return np.minimum(values, 255).astype(np.uint8)[:, None]


def _touching(above: Grey, below: Grey, floor: Grey, frame: Frame) -> Grey:
    """Give the darkness (m, w) of strokes that touch a line, but for those that lie along it.

    A slanted stroke is hidden by the line for a part of its way: where it touches, the line is left to it.
    """
    beside = np.maximum(above, below).max(axis=1)
    kernel = np.ones((1, max(int(ALONG * frame.width), 3)), np.uint8)
    long = cv2.morphologyEx((beside > floor).astype(np.uint8), cv2.MORPH_OPEN, kernel)
    return np.asarray(beside * (1 - long), np.uint8)


def _widened(values: Grey, reach: Indices) -> Grey:
    """Give the running maximum (n, w) over as many places to either side as each row's ``reach`` (n,) says."""
    result = np.empty_like(values)
    for far in np.unique(reach):
        rows = reach == far
        result[rows] = cv2.dilate(values[rows], np.ones((1, 2 * int(far) + 1), np.uint8))
    return result
