"""The slant of a run of digits, and pictures sheared by whole pixels to where it is upright, and back."""

from typing import Any, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]
Rows = TypeVar("Rows", bound=npt.NDArray[Any])
STEP = 5
"""Outlines are followed by chords of so many pixels."""
STEEP = 1.2
"""Chords that run aside more than this times as far as they run down tell of no upright stroke."""
LEAST, MOST = -0.3, 0.9


def find_shear(ink: npt.NDArray[np.bool_]) -> float:
    """Give how many pixels to the right per row down makes ink (h, w) upright: the mean lean of its steep outlines.

    After F. Kimura, M. Shridhar, Z. Chen, "Improvements of a lexicon directed algorithm for recognition of
    unconstrained handwritten words" (1993), with chords for single steps.
    """
    contours, _ = cv2.findContours(np.pad(ink, 1).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    aside = down = 0.0
    for contour in contours:
        points = contour.reshape(-1, 2).astype(np.float64)
        chords = np.roll(points, -STEP, axis=0) - points if len(points) > 2 * STEP else np.zeros((0, 2))
        steep = np.abs(chords[:, 0]) <= STEEP * np.abs(chords[:, 1])
        aside -= float((chords[steep, 0] * np.sign(chords[steep, 1])).sum())
        down += float(np.abs(chords[steep, 1]).sum())
    return float(np.clip(aside / down, LEAST, MOST)) if down else 0.0


def shifts(shear: float, height: int) -> Ints:
    """Give by how many pixels (height,) each row is moved to the right; none of them by less than 0."""
    moved = np.round(shear * (np.arange(height) - (height - 1) / 2))
    return np.asarray(moved - moved.min(), np.int32)


def upright(picture: Rows, shift: Ints) -> Rows:
    """Move each row of a picture (h, w) by its shift (h,), to the right or, negative ones, to the left.

    The result has room for all of it: w plus the largest shift to the right.
    """
    height, width = picture.shape
    room = max(int(shift.max()), 0)
    wide = np.zeros((height, width + room), picture.dtype)
    rows, columns = np.nonzero(picture)
    wide[rows, columns + shift[rows]] = picture[rows, columns]
    return wide  # type: ignore[return-value]
