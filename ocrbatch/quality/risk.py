"""Error against share accepted: what an order by confidence is worth, at every threshold."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Confidence = npt.NDArray[np.float64]
Right = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]

POINTS = 60
"""Of a curve: more are no wider apart than a line in a plot."""
TARGETS = (0.001, 0.005, 0.01, 0.02, 0.05)
"""Errors for which the share that could be accepted is told."""


@dataclass(frozen=True, slots=True)
class Point:
    """What a threshold accepts: fields whose confidence reaches it (0–1), and how many of them are wrong."""

    threshold: float
    accepted: int
    wrong: int


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """The curve of a group: ``fields`` are all, ``acceptable`` those that some threshold would accept.

    ``points`` go from the surest fields alone to all that are acceptable. ``aurc`` is the area under the curve, the
    mean error over all shares of the acceptable fields (0 is best, None without any; Y. Geifman, R. El-Yaniv,
    "SelectiveNet", 2019; Y. Geifman, G. Uziel, R. El-Yaniv, "Bias-reduced uncertainty estimation for deep neural
    classifiers", 2019); ``excess_aurc`` is what of it a perfect order of the same fields would not have.
    """

    fields: int
    acceptable: int
    aurc: float | None
    excess_aurc: float | None
    points: tuple[Point, ...]
    at_error: tuple[tuple[float, Point | None], ...]


def risk_coverage(confidence: Confidence, right: Right, fields: int, most: int = POINTS) -> RiskCoverage:
    """Order acceptable fields by confidence, (n,) 0–1, and see how often they are ``right``, (n,).

    ``fields`` counts all of the group, those that no threshold accepts among them; ``most`` bounds the points.
    ``at_error`` has for each of the targets the point that accepts most with no more errors than that, or None.
    """
    if not len(right):
        return RiskCoverage(fields, 0, None, None, (), tuple((target, None) for target in TARGETS))
    surest = np.argsort(-confidence, kind="stable")
    thresholds = confidence[surest]
    # Equally sure fields are accepted together or not at all.
    last = np.flatnonzero(np.append(np.diff(thresholds) != 0, True))
    kept, wrong = last + 1, np.cumsum(~right[surest], dtype=np.int64)[last]

    def point(index: int) -> Point:
        return Point(float(thresholds[last[index]]), int(kept[index]), int(wrong[index]))

    best = [(target, np.flatnonzero(wrong <= target * kept)) for target in TARGETS]
    aurc = _area(kept, wrong)
    return RiskCoverage(
        fields=fields,
        acceptable=len(right),
        aurc=aurc,
        excess_aurc=max(0.0, aurc - _best_area(len(right), int(wrong[-1]))),
        points=tuple(point(index) for index in _spread(kept, most)),
        at_error=tuple((target, point(int(fit[-1])) if len(fit) else None) for target, fit in best),
    )


def _area(kept: Counts, wrong: Counts) -> float:
    """Give the mean over n = 1, 2, … of the error among the n surest; equally sure ones come in any order alike."""
    numbers = np.arange(1, kept[-1] + 1)
    expected = np.interp(numbers, np.append(0, kept), np.append(0, wrong))
    return float((expected / numbers).mean())


def _best_area(count: int, wrong: int) -> float:
    """Give the area of the best order: all wrong fields last."""
    numbers = np.arange(1, count + 1)
    return float((np.maximum(0, numbers - (count - wrong)) / numbers).mean())


def _spread(kept: Counts, most: int) -> list[int]:
    """Choose at most so many points evenly along the shares, the first and the last among them."""
    if len(kept) <= most:
        return list(range(len(kept)))
    if most < 2:
        return []
    wanted = np.linspace(kept[0], kept[-1], most)
    return [int(index) for index in np.unique(np.searchsorted(kept, wanted))]
