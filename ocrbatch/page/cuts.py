"""What every kind of field begins with: a cut level from the page, with a margin, taken against its paper."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.geometry import transform_points
from ocrbatch.page.erase import Frame
from ocrbatch.records import FieldImage, Grey

MIN_PEAK = 22.0
"""What is less dark against its paper, in grey levels, is no writing."""

INKED = 3.0
"""A broad pen fills more than half of a small cell: its ink is so many times darker than print on the paper."""

Floats = npt.NDArray[np.float32]
Pyramid = Callable[[int], Grey]
"""The page at 1, 1/2, 1/4 … of its size, by number."""


@dataclass(frozen=True, slots=True)
class FieldCut:
    """A field that is cut, and waits for what the page's other fields tell of its pens.

    ``peaks`` are the darkest ink of its cells, in grey levels against the paper. ``image`` gives its picture; what is
    fainter than its argument, in the same levels, is no writing.
    """

    peaks: tuple[float, ...]
    image: Callable[[float], FieldImage]


def halved(pixels: Grey) -> Pyramid:
    """Give the page at 1, 1/2, 1/4 … of its size, each made when it is first asked for."""
    levels = [pixels]

    def level(number: int) -> Grey:
        while len(levels) <= number:
            last = levels[-1]
            size = (max(last.shape[1] // 2, 1), max(last.shape[0] // 2, 1))
            levels.append(cv2.resize(last, size, interpolation=cv2.INTER_AREA))
        return levels[number]

    return level


def warp(pyramid: Pyramid, quad: npt.NDArray[np.float32], frame: Frame, scale: float) -> Grey:
    """Map the quadrilateral to the frame; where the cut is reduced, it is taken from a page reduced by area."""
    size = (frame.width + 2 * frame.x, frame.height + 2 * frame.y)
    corners = frame.corners()
    source = quad.astype(np.float32).copy()
    pixels = pyramid(0)
    level = 0
    while scale < 0.7 and min(pixels.shape) > 1:
        level, scale = level + 1, 2 * scale
    shrunk = pyramid(level)
    source *= np.array([shrunk.shape[1] / pixels.shape[1], shrunk.shape[0] / pixels.shape[0]], dtype=np.float32)
    # Corners are given at pixels' edges; OpenCV samples at their centres.
    matrix = cv2.getPerspectiveTransform(source - 0.5, corners - 0.5)
    cut: Grey = cv2.warpPerspective(shrunk, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cut


def against_paper(picture: Grey, frame: Frame) -> tuple[npt.NDArray[np.float32], float]:
    """Give the darkness (h, w) float32 against the paper around, and the paper's own unevenness."""
    side = max(int(0.5 * min(frame.width, frame.height)) | 1, 5)
    paper = cv2.morphologyEx(picture, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_RECT, (side, side)))
    # A scribble may fill more than the closing does: the paper is never darker than most of the cell.
    most = quantile(picture[frame.inner(0.1)][::2, ::2], 0.6)
    paper = cv2.blur(np.maximum(paper, np.uint8(most)), (side, side))
    darkness = cv2.subtract(paper, picture).astype(np.float32)
    level = _unevenness(darkness[frame.inner(0.12)][::2, ::2])
    return np.maximum(darkness - level, 0), level


def _unevenness(darkness: npt.NDArray[np.float32]) -> float:
    """Give how dark the paper itself is at its median; where most of the cell is ink, where it is palest."""
    palest, half = quantile(darkness, 0.1), quantile(darkness, 0.5)
    return palest if half > INKED * palest + MIN_PEAK else half


def local_darkness(picture: Grey, reach: float) -> Floats:
    """Give the darkness (h, w) float32 of a cut against the paper close by, for one that is mostly paper.

    ``reach`` is in pixels: larger than anything written that is dark all over.
    """
    side = max(int(reach) | 1, 5)
    paper = cv2.morphologyEx(picture, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_RECT, (side, side)))
    # Security print and grain are part of the paper.
    darkness = cv2.subtract(cv2.blur(paper, (side, side)), picture).astype(np.float32)
    return np.asarray(np.maximum(darkness - quantile(darkness[::2, ::2], 0.5), 0))


def on_page(shape: tuple[int, ...], quad: npt.NDArray[np.float32], frame: Frame) -> npt.NDArray[np.bool_]:
    """Tell which pixels of a cut lie on the page of ``shape`` (height, width): beyond it there is no writing."""
    height, width = shape[:2]
    page = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(quad.astype(np.float32), frame.corners())
    corners = np.clip(transform_points(matrix, page), -30000, 30000)
    mask = np.zeros((frame.height + 2 * frame.y, frame.width + 2 * frame.x), np.uint8)
    cv2.fillConvexPoly(mask, np.round(corners - 0.5).astype(np.int32), 1)
    return np.asarray(mask > 0)


def quantile(values: npt.NDArray[Any], share: float) -> float:
    """Give the value (any shape) that a share 0–1 of the others does not pass; 0 of none."""
    if not values.size:
        return 0.0
    place = min(int(share * values.size), values.size - 1)
    return float(np.partition(values, place, axis=None)[place])
