"""What a sample's errors prove of the share that is wrong: exact one-sided bounds of a binomial share.

C. J. Clopper and E. S. Pearson, The use of confidence or fiducial limits illustrated in the case of the binomial,
Biometrika 26, 1934. Plain Python: the binomial's tail is summed from its largest term, in logarithms.
"""

import math
from collections.abc import Callable
from itertools import count

_NEGLIGIBLE = 1e-18


def upper_bound(wrong: int, of: int, confidence: float) -> float:
    """Give the share (0–1) that the true share of wrong ones does not exceed, with ``confidence`` (0–1, exclusive).

    ``wrong`` of ``of`` independent ones were seen to be wrong; 1 where there are none to see. The true share exceeds
    the bound in at most 1 − ``confidence`` of all samples, whatever it is.
    """
    _check(wrong, of, confidence)
    if wrong == of:
        return 1.0
    limit = math.log1p(-confidence)
    return _crossing(lambda share: log_tail(wrong, of, share) > limit)


def lower_bound(wrong: int, of: int, confidence: float) -> float:
    """Give the share (0–1) that the true share of wrong ones does not fall below, with ``confidence``."""
    return 1.0 - upper_bound(of - wrong, of, confidence)


def needed(target_error: float, confidence: float, wrong: int) -> int:
    """Give how many it takes, ``wrong`` of them wrong, for the upper bound not to exceed ``target_error``.

    ``target_error`` and ``confidence`` are shares, 0–1, exclusive: 598 for 0.005, 0.95 and none wrong.
    """
    _check(wrong, wrong, confidence)
    if not 0 < target_error < 1:
        raise ValueError(f"a target error is a share between 0 and 1, not {target_error}")
    limit = math.log1p(-confidence)

    def enough(of: int) -> bool:
        return log_tail(wrong, of, target_error) <= limit

    high = next(wrong + (1 << power) for power in count() if enough(wrong + (1 << power)))
    low = wrong
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def log_tail(wrong: int, of: int, share: float) -> float:
    """Give the natural logarithm of the probability of at most ``wrong`` of ``of``, each wrong with ``share`` (0–1)."""
    if wrong >= of or share <= 0:
        return 0.0
    if share >= 1:
        return -math.inf
    # The terms of wrong, wrong - 1, …, each as a multiple of the first: from where they shrink they soon are nothing.
    first = (
        math.lgamma(of + 1)
        - math.lgamma(wrong + 1)
        - math.lgamma(of - wrong + 1)
        + wrong * math.log(share)
        + (of - wrong) * math.log1p(-share)
    )
    odds = (1 - share) / share
    term = total = 1.0
    for number in range(wrong, 0, -1):
        ratio = number / (of - number + 1) * odds
        term *= ratio
        total += term
        if (ratio < 1 and term < _NEGLIGIBLE * total) or math.isinf(total):
            break
    return min(first + math.log(total), 0.0)


def _crossing(below: Callable[[float], bool]) -> float:
    """Give the least float in 0–1 for which ``below``, true up to some place, is false."""
    low, high = 0.0, 1.0
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return high
        low, high = (middle, high) if below(middle) else (low, middle)


def _check(wrong: int, of: int, confidence: float) -> None:
    if not 0 <= wrong <= of:
        raise ValueError(f"{wrong} of {of} cannot be wrong")
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence is a share between 0 and 1, not {confidence}")
