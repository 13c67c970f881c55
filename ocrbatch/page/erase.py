"""Taking a cell's printed lines out of its cut, with the strokes that cross them kept."""

from dataclasses import dataclass

import cv2
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
    half = frame.width // 2
    # The median along the line is the line's own darkness: writing crosses only parts of it.
    profiles = np.stack([_middle(along[:, :half]), _middle(along[:, half:])])
    peaks, places = profiles.max(axis=1), profiles.argmax(axis=1)
    if peaks.max() < max(MIN_LINE, 2 * noise):
        return
    if peaks.min() < 0.4 * peaks.max():
        places[:] = places[peaks.argmax()]
    # Bent paper tilts a line within its cell.
    columns = np.arange(picture.shape[1])
    tilt = (places[1] - places[0]) / max(frame.width / 2, 1)
    path = low + places[0] + tilt * (columns - frame.x - frame.width / 4)
    first, last = _thickness(picture, frame, path, reach)
    rows = np.round(path).astype(int)[None] + np.arange(first - 2, last + 3)[:, None]
    rows = np.clip(rows, 0, len(picture) - 1)
    band = picture[rows, columns[None]]
    picture[rows[2:-2], columns[None]] = _filled(band, float(peaks.max()))


def _thickness(picture: Floats, frame: Frame, path: npt.NDArray[np.float64], reach: int) -> tuple[int, int]:
    """Give the line's first and last row relative to its path, with a row for its soft edge on both sides."""
    columns = np.arange(frame.x, frame.x + frame.width)
    offsets = np.arange(-reach, reach + 1)
    rows = np.clip(np.round(path[columns]).astype(int)[None] + offsets[:, None], 0, len(picture) - 1)
    profile = _middle(picture[rows, columns[None]])
    dark = profile > 0.2 * profile[reach - 1 : reach + 2].max()
    first = last = reach
    while first > 0 and dark[first - 1]:
        first -= 1
    while last < 2 * reach and dark[last + 1]:
        last += 1
    return first - reach - 1, last - reach + 1


def _middle(rows: Floats) -> Floats:
    """Give the median of every row (n, w), as ``numpy.median`` would but for its cost on small arrays."""
    place = rows.shape[1] // 2
    return np.asarray(np.partition(rows, place, axis=1)[:, place])


def _filled(band: Floats, line: float) -> Floats:
    """Replace a line in a band that has two more rows on both sides: strokes that reach both edges run on."""
    above, below, middle = band[:2].max(axis=0), band[-2:].max(axis=0), band[2:-2]
    # A slanted stroke leaves the line a little beside where it enters.
    reach = max(len(middle) // 2, 1)
    crossing = np.minimum(_widened(above, reach), _widened(below, reach))
    crossing = np.minimum(crossing, np.maximum(above, below) + 0.5 * crossing)
    ink = np.where(middle > STRONGER * line + 15, middle, 0)
    carried = np.where(crossing > 0.5 * line + 20, np.minimum(middle, crossing), 0)
    return np.asarray(np.maximum(ink, carried), dtype=np.float32)


def _widened(values: Floats, reach: int) -> Floats:
    """Give the running maximum over ``reach`` places to either side."""
    kernel = np.ones((1, 2 * reach + 1), np.uint8)
    return np.asarray(cv2.dilate(values[None], kernel)[0])
