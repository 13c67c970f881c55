"""Quantiles of pixels, as ``numpy.quantile`` would give the lower of two but for its cost."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ocrbatch.records import Grey

MANY = 256
"""From so many on, bytes are sorted quickest by counting them."""


def quantiles(rows: Grey, *shares: float) -> list[Grey]:
    """Give of each row (…, k) uint8, k > 0, along the last axis, the value that each share 0–1 of it does not pass."""
    places = [_place(share, rows.shape[-1]) for share in shares]
    if rows.shape[-1] >= MANY:
        # NumPy's partition of bytes takes ten times as long.
        ordered = np.sort(rows, axis=-1, kind="stable")
    else:
        # NumPy orders 16-bit numbers several times quicker than smaller ones, and parts them at one place only.
        wide = rows.astype(np.int16)
        ordered = np.partition(wide, places[0], axis=-1) if len(places) == 1 else np.sort(wide, axis=-1)
    return [ordered[..., place].astype(np.uint8) for place in places]


def quantile(values: npt.NDArray[Any], share: float) -> float:
    """Give the value (any shape) that a share 0–1 of the others does not pass; 0 of none."""
    if not values.size:
        return 0.0
    if values.dtype == np.uint8:
        return float(quantiles(values.reshape(-1), share)[0])
    return float(np.partition(values, _place(share, values.size), axis=None)[_place(share, values.size)])


def _place(share: float, count: int) -> int:
    return min(int(share * count), count - 1)
