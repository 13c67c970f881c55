"""What every kind of field begins with: a cut level from the page, with a margin, taken against its paper."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.geometry import transform_points
from ocrbatch.page.erase import Frame
from ocrbatch.page.quantiles import quantile
from ocrbatch.records import FieldImage, Grey

MIN_PEAK = 22.0
"""What is less dark against its paper, in grey levels, is no writing."""

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
    """Give the page at 1, 1/2, 1/4 … of its size, by area, each made when it is first asked for."""
    levels = [pixels]

    def level(number: int) -> Grey:
        while len(levels) <= number:
            last = levels[-1]
            height, width = max(last.shape[0] // 2, 1), max(last.shape[1] // 2, 1)
            # Of an odd size the last row or column is left out: halving exactly is many times quicker.
            even = last[: 2 * height, : 2 * width]
            levels.append(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA))
        return levels[number]

    return level


def warp(pyramid: Pyramid, quad: npt.NDArray[np.float32], frame: Frame, scale: float) -> Grey:
    """Map the quadrilateral (4, 2) to the frame, as ``warp_many`` does."""
    cut: Grey = warp_many(pyramid, quad[None], frame, scale)[0]
    return cut


def warp_many(pyramid: Pyramid, quads: npt.NDArray[np.float32], frame: Frame, scale: float) -> Grey:
    """Map quadrilaterals (n, 4, 2) to the same frame; gives their cuts (n, h, w) uint8 with the frame's margins.

    Where a cut is reduced (``scale`` is its pixels to the page's), it is taken from a page reduced by area.
    """
    level = 0
    while scale < 0.7 and min(pyramid(level).shape) > 1:
        level, scale = level + 1, 2 * scale
    shrunk = pyramid(level)
    source = quads.astype(np.float64) / 2**level
    height, width = frame.height + 2 * frame.y, frame.width + 2 * frame.x
    cuts = np.empty((len(quads), height, width), np.uint8)
    for matrix, cut in zip(_from_frame(source, frame), cuts, strict=True):
        cv2.warpPerspective(
            shrunk,
            matrix,
            (width, height),
            dst=cut,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
    return cuts


def _from_frame(quads: npt.NDArray[np.float64], frame: Frame) -> npt.NDArray[np.float64]:
    """Give the homographies (n, 3, 3) that lead from a cut's pixels to the page's.

    The map from the unit square to a quadrilateral is in closed form in P. Heckbert, "Fundamentals of texture mapping
    and image warping" (1989).
    """
    zero, one, two, three = quads[:, 0], quads[:, 1], quads[:, 2], quads[:, 3]
    across, down, skew = one - two, three - two, zero - one + two - three
    area = _cross(across, down)
    area = np.where(np.abs(area) < 1e-9, 1e-9, area)
    tilt_x, tilt_y = _cross(skew, down) / area, _cross(across, skew) / area
    square = np.empty((len(quads), 3, 3))
    square[:, :2, 0] = one - zero + tilt_x[:, None] * one
    square[:, :2, 1] = three - zero + tilt_y[:, None] * three
    square[:, :2, 2] = zero
    square[:, 2] = np.stack([tilt_x, tilt_y, np.ones(len(quads))], axis=1)
    # Corners are given at pixels' edges; OpenCV samples at their centres.
    to_x = [1 / frame.width, 0, (0.5 - frame.x) / frame.width]
    to_y = [0, 1 / frame.height, (0.5 - frame.y) / frame.height]
    to_square = np.array([to_x, to_y, [0, 0, 1]])
    centres = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
    return np.asarray(centres @ square @ to_square)


def _cross(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0])


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
