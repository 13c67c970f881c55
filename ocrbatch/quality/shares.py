"""Shares of counts, and how far they are to be trusted."""

from functools import lru_cache

from ocrbatch.quality.bounds import lower_bound, upper_bound

CONFIDENCE = 0.95
"""Of the bounds that reports show: one bound on either side, each missed by at most half of the rest."""


def share(part: int, whole: int) -> float | None:
    """Give a part of a whole, None of nothing."""
    return part / whole if whole else None


def shown(share: float | None) -> str:
    """Write a share (0–1) in percent, ``-`` for none."""
    return "-" if share is None else f"{share:.2%}"


def shown_part(part: int, whole: int) -> str:
    """Write a part of a whole in percent, ``-`` of nothing."""
    return shown(share(part, whole))


def shown_interval(part: int, whole: int) -> str:
    """Write the bounds of ``interval`` in percent, ``-`` of nothing."""
    lower, upper = interval(part, whole)
    return f"{lower:.2%} – {upper:.2%}" if whole else "-"


@lru_cache(maxsize=100_000)
def interval(part: int, whole: int) -> tuple[float, float]:
    """Give the bounds (0–1) between which the true share lies with 95 %, (0, 1) of nothing (Clopper and Pearson)."""
    side = (1 + CONFIDENCE) / 2
    return lower_bound(part, whole, side), upper_bound(part, whole, side)
