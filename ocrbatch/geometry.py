"""Plane geometry: boxes, quadrilaterals and the conversions between frames.

Everywhere x runs right and y down. A pixel's coordinates are those of its upper left corner, so that a
picture of W×H pixels covers ``0 ≤ x ≤ W`` and ``0 ≤ y ≤ H``. A quadrilateral is a float32 array (4, 2) of
its corners in the order upper left, upper right, lower right, lower left.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Quad = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float64]
Points = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle in whole pixels of the picture that its user names."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first column that is no longer inside."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row that is no longer inside."""
        return self.y + self.height


def enclosing_box(points: Points) -> Box:
    """Give the smallest whole-pixel box around points of any shape (…, 2), in their own frame."""
    flat = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    low = np.floor(flat.min(axis=0)).astype(int)
    high = np.ceil(flat.max(axis=0)).astype(int)
    return Box(int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1]))


def clip_box(box: Box, width: int, height: int) -> Box:
    """Cut a box to a picture of ``width``×``height`` pixels; it may come out empty."""
    left, top = min(max(box.x, 0), width), min(max(box.y, 0), height)
    right, bottom = min(max(box.right, left), width), min(max(box.bottom, top), height)
    return Box(left, top, right - left, bottom - top)


def quad_size(quad: Quad) -> tuple[float, float]:
    """Give the mean width and height of a quadrilateral (4, 2), in its frame's pixels."""
    top, right = quad[1] - quad[0], quad[2] - quad[1]
    bottom, left = quad[2] - quad[3], quad[3] - quad[0]
    width = (np.hypot(*top) + np.hypot(*bottom)) / 2
    height = (np.hypot(*left) + np.hypot(*right)) / 2
    return float(width), float(height)


def transform_points(matrix: npt.NDArray[np.floating[Any]], points: Points) -> npt.NDArray[np.float32]:
    """Map points (…, 2) by a homography (3, 3) from its source frame to its target frame."""
    flat = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    homogeneous = np.column_stack([flat, np.ones(len(flat))]) @ np.asarray(matrix, dtype=np.float64).T
    mapped = homogeneous[:, :2] / homogeneous[:, 2:3]
    return mapped.reshape(np.shape(points)).astype(np.float32)
