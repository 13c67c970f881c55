"""Transforms of the plane through pairs of points."""

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.geometry import Matrix

Floats = npt.NDArray[np.float32]

NEAREST = 0.1
"""The far corner of a form is not ten times as far from the camera as the near one."""
LEAST_AREA = 0.01


def affine_through(source: Floats, target: Floats) -> Matrix:
    """Fit an affine transform (3, 3) to points (n, 2) by least squares."""
    rows = np.column_stack([source, np.ones(len(source))])
    affine = np.linalg.lstsq(rows, target, rcond=None)[0].T
    return np.vstack([affine, [0, 0, 1]]).astype(np.float64)


def homography_through(source: Floats, target: Floats) -> Matrix:
    """Fit a homography (3, 3) to points (n, 2) by least squares; an affine transform to fewer than four."""
    if len(source) >= 4:
        matrix, _ = cv2.findHomography(source, target, 0)
        if matrix is not None:
            return np.asarray(matrix, dtype=np.float64)
    return affine_through(source, target)


def is_sound(matrix: Matrix, size: tuple[int, int]) -> bool:
    """Tell whether a homography (3, 3) shows a frame of ``size``, wide and high, as a camera could."""
    width, height = size
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], dtype=float) @ matrix.T
    if not np.isfinite(corners).all() or not (corners[:, 2] > NEAREST * np.abs(corners[:, 2]).max()).all():
        return False
    seen = (corners[:, :2] / corners[:, 2:]).astype(np.float32)
    return bool(cv2.isContourConvex(seen.reshape(-1, 1, 2)) and cv2.contourArea(seen) > LEAST_AREA * width * height)
