"""A whole run of digits as one strip of ink, 32 pixels high, for the network that reads strings."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.geometry import transform_points
from ocrbatch.page.cuts import Floats, Pyramid
from ocrbatch.page.erase import Frame
from ocrbatch.page.strings.level import cut_level
from ocrbatch.records import Grey, read_only

HIGH = 32
MARGIN = (0.2, 2)
INK = 0.4
OUTSIDE = 0.03
"""The share of a run's ink that may lie above its digits, and below: long strokes, and what is no writing."""
PAD = 0.16
LEAST_HIGH = 0.3
"""A run is taken to be at least so high, in its field's heights: a dash alone is not blown up."""


@dataclass(frozen=True, slots=True)
class Strip:
    """``ink`` (32, w) uint8, paper 0; ``quad`` (4, 2) float32 its corners on the page, in the page's pixels."""

    ink: Grey
    quad: npt.NDArray[np.float32]


def cut_strip(pyramid: Pyramid, quad: npt.NDArray[np.float32]) -> Strip:
    """Cut the field ``quad`` (4, 2) level from the page, its box's lines out, and bring what is written to 32 rows."""
    cut = cut_level(pyramid, quad, 1.0, MARGIN)
    lineless, frame, peak = cut.darkness, cut.frame, max(cut.peak, 1.0)
    top, bottom = _written_rows(lineless, frame, peak)
    left, right = frame.x - frame.x // 3, frame.x + frame.width + frame.x // 3
    high = bottom - top
    size = (max(int((right - left) * HIGH / high + 0.5), 4), HIGH)
    way = cv2.INTER_AREA if high > HIGH else cv2.INTER_LINEAR
    levels = np.clip(lineless[top:bottom, left:right] * (255 / (0.9 * peak)), 0, 255)
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
    to_page = cv2.getPerspectiveTransform(frame.corners(), quad.astype(np.float32))
    ink = cv2.resize(levels, size, interpolation=way).astype(np.uint8)
    return Strip(read_only(ink), read_only(transform_points(to_page, corners).astype(np.float32)))


def _written_rows(darkness: Floats, frame: Frame, peak: float) -> tuple[int, int]:
    """Give the first row and the last but one of what is written, with some paper above and below."""
    inked = darkness[:, frame.x : frame.x + frame.width] >= INK * peak
    rows = inked.sum(axis=1).astype(np.float64)
    # What stands beyond the field is its print or another's writing, and of its own no more than ends of strokes.
    rows[: frame.y] = rows[frame.y + frame.height :] = 0
    # A line that was not taken out must not outweigh the writing.
    rows = np.minimum(rows, 2 * np.median(rows[rows > 0])) if rows.any() else np.ones(len(rows))
    mass = np.cumsum(rows) / rows.sum()
    first, last = (int(np.searchsorted(mass, share)) for share in (OUTSIDE, 1 - OUTSIDE))
    middle, high = (first + last + 1) / 2, max(last + 1 - first, LEAST_HIGH * frame.height)
    half = (0.5 + PAD) * high + 1
    reach = frame.y // 2
    return max(int(middle - half), frame.y - reach), min(int(middle + half + 0.5), frame.y + frame.height + reach)
