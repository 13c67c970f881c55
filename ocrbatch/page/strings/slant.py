"""The slant of a run of digits, and pictures sheared by whole pixels to where it is upright, and back."""

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]
Rows = TypeVar("Rows", bound=npt.NDArray[Any])
SHEARS = np.linspace(-0.3, 0.9, 25)
USUAL, SPREAD = 0.15, 0.45
"""The shear of most hands, and by how much they differ."""


def find_shear(rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]) -> float:
    """Give how many pixels to the right per row down makes ink at these rows and columns most upright.

    Upright strokes fill their columns without a gap: the shear that gives such columns the largest squared heights is
    taken. After A. Vinciarelli, J. Luettin, "A new normalization technique for cursive handwritten words" (2001).
    """
    down = rows - rows.mean()
    usual = np.exp(-0.5 * ((SHEARS - USUAL) / SPREAD) ** 2)
    scores = [_uprightness(rows, columns + s * down) * share for s, share in zip(SHEARS, usual, strict=True)]
    return float(SHEARS[int(np.argmax(scores))])


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


def _uprightness(rows: npt.NDArray[np.intp], columns: npt.NDArray[np.float64]) -> float:
    """Give the sum of the squared heights of those columns whose ink has no gap."""
    place = np.round(columns - columns.min()).astype(int)
    count = np.bincount(place)
    first, last = np.full(len(count), np.iinfo(np.int64).max), np.full(len(count), -1)
    np.minimum.at(first, place, rows)
    np.maximum.at(last, place, rows)
    whole = count == last - first + 1
    return float((count[whole].astype(np.float64) ** 2).sum())
