"""Whether a confidence keeps its word: of fields at 0.99, one in a hundred should be wrong."""

from dataclasses import dataclass

import numpy as np

from ocrbatch.quality.risk import Confidence, Right

EDGES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0)
"""Ten equal bins, the last of them parted finer: there most fields lie, and there it is decided who looks."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Fields with a confidence from ``low`` to below ``high`` (the last: to 1): its mean, and how many are right."""

    low: float
    high: float
    fields: int
    confidence: float
    right: int


@dataclass(frozen=True, slots=True)
class Reliability:
    """The bins that have fields, and ``error``: the expected calibration error, None without fields.

    That is the mean distance between confidence and share right in a bin, weighted by its fields (C. Guo et al., "On
    calibration of modern neural networks", 2017). It is never less than over ten equal bins, which these part.
    """

    fields: int
    error: float | None
    bins: tuple[Bin, ...]


def reliability(confidence: Confidence, right: Right) -> Reliability:
    """Put confidences (n,) 0–1 into bins, with how often they were right, (n,)."""
    if not len(right):
        return Reliability(0, None, ())
    where = np.searchsorted(EDGES[1:-1], confidence, side="right")
    bins = len(EDGES) - 1
    count = np.bincount(where, minlength=bins)
    sure = np.bincount(where, weights=confidence, minlength=bins)
    hits = np.bincount(where, weights=right.astype(np.float64), minlength=bins)
    return Reliability(
        fields=len(right),
        error=float(np.abs(sure - hits).sum() / len(right)),
        bins=tuple(
            Bin(EDGES[i], EDGES[i + 1], int(count[i]), float(sure[i] / count[i]), int(hits[i]))
            for i in range(bins)
            if count[i]
        ),
    )
