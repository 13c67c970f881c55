"""Taking a cell's printed lines out of its cut, with the strokes that cross them kept."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

BAND = 0.14
MIN_LINE = 7.0
STRONGER = 1.6


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

    def turned(self) -> "Frame":
        """Give the place of the same cell in the transposed cut."""
        return Frame(self.y, self.x, self.height, self.width)


def erase_lines(darkness: Floats, frame: Frame, noise: float) -> Floats:
    """Take the lines on all four sides out of a cut (h, w) float32, 0 paper and up to 255 black."""
    result = darkness.copy()
    for picture, place in ((result, frame), (result.T, frame.turned())):
        for row in (place.y, place.y + place.height):
            _erase_row_line(picture, place, row, noise)
    return result


def _erase_row_line(picture: Floats, frame: Frame, row: int, noise: float) -> None:
    """Erase the line that runs along the rows near ``row``, in place."""
    reach = max(int(BAND * frame.height), 3)
    low, high = max(row - reach, 0), min(row + reach + 1, len(picture))
    along = picture[low:high, frame.x : frame.x + frame.width]
    # The median along the line is the line's own darkness: writing crosses only parts of it.
    profile = np.median(along, axis=1)
    peak = float(profile.max())
    if peak < max(MIN_LINE, 2 * noise):
        return
    centre = int(profile.argmax())
    first = last = centre
    while first > 0 and profile[first - 1] > 0.2 * peak:
        first -= 1
    while last < len(profile) - 1 and profile[last + 1] > 0.2 * peak:
        last += 1
    first, last = max(low + first - 1, 0), min(low + last + 1, len(picture) - 1)
    _fill(picture, first, last, peak)


def _fill(picture: Floats, first: int, last: int, line: float) -> None:
    """Replace rows ``first`` to ``last``: strokes that reach both edges run on, others end there."""
    above = (
        picture[max(first - 2, 0) : first].max(axis=0) if first > 0 else np.zeros(picture.shape[1], np.float32)
    )
    below = picture[last + 1 : last + 3]
    below = below.max(axis=0) if len(below) else np.zeros(picture.shape[1], np.float32)
    # A slanted stroke leaves the line a little beside where it enters.
    reach = max((last - first) // 2, 1)
    crossing = np.minimum(_widened(above, reach), _widened(below, reach))
    crossing = np.minimum(crossing, np.maximum(above, below) + 0.5 * crossing)
    band = picture[first : last + 1]
    ink = np.where(band > STRONGER * line + 15, band, 0)
    carried = np.where(crossing > 0.5 * line + 20, np.minimum(band, crossing), 0)
    picture[first : last + 1] = np.maximum(ink, carried)


def _widened(values: Floats, reach: int) -> Floats:
    """Give the running maximum over ``reach`` places to either side."""
    padded = np.pad(values, reach)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).max(axis=1))
