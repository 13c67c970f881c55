"""The slant of a run of digits, and pictures sheared by whole pixels to where it is upright, and back."""

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]
Rows = TypeVar("Rows", bound=npt.NDArray[Any])
SHEARS = np.linspace(-0.3, 0.9, 25)


def find_shear(rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp]) -> float:
    """Give how many pixels to the right per row down makes ink at these rows and columns most upright."""
    down = rows - rows.mean()
    return float(max((_uprightness(columns + s * down), -abs(s), s) for s in SHEARS)[2])


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


def _uprightness(columns: npt.NDArray[np.float64]) -> float:
    """Tell how much ink stands above itself: the projection's energy."""
    counts = np.bincount(np.round(columns - columns.min()).astype(int))
    return float((counts.astype(np.float64) ** 2).sum())
