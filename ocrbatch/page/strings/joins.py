"""Which neighbouring segments of a run may be one digit, and which a sign, and what their sizes and gaps say for it.

All weights are natural logarithms, of about the odds with which a person would bet on them before having seen more
than a piece's outline; the classifier sees the rest. Sizes are in heights of the run's digits.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ocrbatch.page.strings.pieces import Segments

MOST_TOGETHER = 5
MOST_CANDIDATES = 120

WIDEST = 1.8
WIDE, WIDE_COST = 1.1, 6.0
TALL, TALL_COST = 1.5, 3.0
CUT_COST, STROKE_COST, MOST_STROKES = 2.0, 0.7, 5.0
NARROW, NARROW_COST = 0.95, 5.0
GAP_COST, GAP_SLOPE = 1.7, 8.0
ASIDE_COST = 1.5
UNDER_COST, UNDER_FROM = 2.0, 0.3

SIGN_AT_ALL = -5.0
SIGN_SMALL, SMALL = 12.0, 0.62
SIGN_LOW, LOW = 10.0, 0.15
SIGN_UNDER, UNDER, STRAIGHT_UNDER = 14.0, -0.15, -0.35
"""A straight stroke alone is a comma already where it begins less far down."""
SIGN_FLAT, FLAT, LONG = 3.0, 0.4, 1.6
SIGN_TINY, TINY = 16.0, 0.6
SIGN_HOLE = -3.0
SIGN_SLASH, SLASH = 3.0, 1.25
SIGN_BEFORE_A_DASH, SHORTEST = 6.0, 0.3
"""A single stroke that only a dash follows is a slash: amounts end so."""
SIGN_OF_A_STROKE = -3.0
"""What is cut off a stroke is seldom a sign: its weight is not above this."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Segments ``start`` … ``end`` − 1 taken for one digit, or left out as signs; ``weight`` is a logarithm."""

    start: int
    end: int
    sign: bool
    weight: float


def candidates(segments: Segments) -> tuple[Candidate, ...]:
    """Give what neighbouring segments may be, sorted by start; at most 120, and enough to go past each segment."""
    between = _between(segments)
    stroke = np.bincount(segments.part, minlength=1)[segments.part] > 1
    needed = [
        Candidate(i, i + 1, True, min(_log_share(_sign_odds(segments, i, i + 1)), SIGN_OF_A_STROKE if stroke[i] else 0))
        for i in range(len(segments))
    ]
    free: list[Candidate] = []
    for start in range(len(segments)):
        for end in range(start + 1, min(start + MOST_TOGETHER, len(segments)) + 1):
            weight = _digit_weight(segments, start, end, between)
            if end == start + 1:
                needed.append(Candidate(start, end, False, weight))
            elif _width(segments, start, end) <= WIDEST:
                free.append(Candidate(start, end, False, weight))
    free.sort(key=lambda one: -one.weight)
    kept = free[: max(MOST_CANDIDATES - len(needed), 0)]
    return tuple(sorted(needed + kept, key=lambda one: (one.start, one.end, one.sign)))


def _digit_weight(segments: Segments, start: int, end: int, between: tuple[Floats, Floats]) -> float:
    """Give the weight of segments as one digit: its size, the gaps in it, and the borders on both sides."""
    apart, joined = between
    left, top, right, bottom = _box(segments, start, end)
    high, wide = (bottom - top) / segments.high, (right - left) / segments.high
    size = WIDE_COST * max(0.0, wide / high - WIDE, wide - WIDE) + TALL_COST * max(0.0, high - TALL)
    own = _log_share(-_sign_odds(segments, start, end))
    borders = 0.5 * (apart[start] + apart[end])
    return float(own - size + borders + joined[start + 1 : end].sum())


def _between(segments: Segments) -> tuple[Floats, Floats]:
    """Give for each border (n + 1,), those at both ends too, what parting there weighs, and what joining does."""
    apart, joined = np.zeros(len(segments) + 1), np.zeros(len(segments) + 1)
    wide = np.ptp(segments.parts.spans, axis=1) / np.maximum(segments.parts.height, 0.5 * segments.high)
    narrow = NARROW_COST * np.maximum(0.0, NARROW - wide)
    for i in range(1, len(segments)):
        if segments.part[i] == segments.part[i - 1]:
            strokes = max(segments.cut[i], segments.cut[i - 1] if segments.cut[i] == 0 else 0) / segments.stroke
            apart[i] = -(CUT_COST + STROKE_COST * min(strokes, MOST_STROKES) + narrow[segments.part[i]])
            continue
        before, after = segments.boxes[i - 1], segments.boxes[i]
        common = float(min(before[2], after[2]) - max(before[0], after[0]))
        if common < 0:
            joined[i] = -(GAP_COST - GAP_SLOPE * common / segments.high)
            continue
        share = common / max(min(before[2] - before[0], after[2] - after[0]), 1)
        joined[i] = -ASIDE_COST * (1 - min(share, 1.0))
        apart[i] = -UNDER_COST * max(0.0, share - UNDER_FROM)
    return apart, joined


def _sign_odds(segments: Segments, start: int, end: int) -> float:
    """Give the logarithm of the odds that segments are a comma, a dot, a dash or a slash, by their size and place."""
    left, top, right, bottom = _box(segments, start, end)
    high, wide = (bottom - top) / segments.high, (right - left) / segments.high
    low = ((top + bottom) / 2 - segments.middle[start]) / segments.high
    odds = SIGN_AT_ALL + SIGN_SMALL * max(0.0, SMALL - high) + SIGN_LOW * max(0.0, low - LOW)
    odds += SIGN_FLAT * (high < FLAT and wide >= LONG * high)
    odds += SIGN_TINY * max(0.0, TINY - float(np.hypot(high, wide)))
    place = int(segments.part[start])
    alone = end == start + 1 and int((segments.part == place).sum()) == 1
    straight = alone and bool(segments.parts.straight[place])
    begins = (top - segments.middle[start]) / segments.high
    odds += SIGN_UNDER * max(0.0, begins - (STRAIGHT_UNDER if straight else UNDER))
    if alone:
        odds += SIGN_HOLE * bool(segments.parts.holes[place])
        if straight:
            odds += SIGN_SLASH * (high > SLASH) + SIGN_BEFORE_A_DASH * _dash_follows(segments, end)
    return float(odds)


def _dash_follows(segments: Segments, start: int) -> bool:
    """Tell whether a dash, and nothing as high as a digit, stands after the segments before ``start``."""
    after = segments.boxes[start:]
    high, wide = (after[:, 3] - after[:, 1]) / segments.high, (after[:, 2] - after[:, 0]) / segments.high
    return bool((high < SMALL).all() and ((high < FLAT) & (wide > high) & (wide > SHORTEST)).any())


def _log_share(odds: float) -> float:
    """Give the logarithm of the probability of these odds."""
    return float(-np.logaddexp(0.0, -odds))


def _box(segments: Segments, start: int, end: int) -> tuple[int, int, int, int]:
    """Give the left, top, right and bottom of segments taken together."""
    boxes = segments.boxes[start:end]
    left, top = (int(side) for side in boxes[:, :2].min(axis=0))
    right, bottom = (int(side) for side in boxes[:, 2:].max(axis=0))
    return left, top, right, bottom


def _width(segments: Segments, start: int, end: int) -> float:
    left, _, right, _ = _box(segments, start, end)
    return (right - left) / segments.high
