"""Runs of digits as a hand writes them: touching or apart, with separators between and signs at the ends."""

from collections.abc import Sequence, Set
from dataclasses import dataclass

import cv2
import numpy as np

from ocrbatch.model.strings.glyphs import HIGH, GlyphBank, Hand, draw_digit, draw_hand, draw_row_of_zeros
from ocrbatch.model.strings.signs import (
    Floats,
    Sign,
    dash_behind_slash,
    leading,
    long_comma,
    separator,
    slash_and_dash,
    trailing,
)

SIGN = 10
"""The label of a separator, a dash, a slash or a currency's sign."""
LENGTHS = (0.04, 0.10, 0.16, 0.19, 0.17, 0.13, 0.09, 0.05, 0.04, 0.03)
"""How often a run has 1, 2, … 10 digits."""

GROUPS = ((3, 6, 9), (3, 5, 7, 9), (2, 5, 8))
"""How many digits stand to the right of a separator: by thousands, by thousands and lakhs, and before cents."""
GROUPED = (0.5, 0.35, 0.15)
LAKHS = 0.35
"""How many runs are amounts as in India: long commas by thousands and lakhs, and ``/-`` behind small zeros."""
ROUND, ROUND_LAKHS = 0.35, 0.55
"""How many runs, and how many of these amounts, end in zeros."""
SEPARATED = 4
"""A run of so many digits has a separator by thousands."""
CHAINED = 0.3
"""How many hands join the zeros of a row."""
ONE_STROKE = 0.42
"""How many hands write the zeros of a row without lifting the pen."""
INTO_SLASH = 0.45
"""How many of these go on into the slash that follows."""
TOUCHING = 0.1
"""How many hands let their commas and slashes touch the digit before."""

TALLEST = 5 * HIGH
"""Room for a line: zeros that run into a slash are up to four times as high as a digit in a large hand."""


@dataclass(frozen=True, slots=True)
class Writing:
    """A written run: ``ink`` (h, w) float32, 1 on 0, and its ``labels`` from left to right, 0–9 and 10 for a sign."""

    ink: Floats
    labels: tuple[int, ...]


def draw_digits(rng: np.random.Generator, least: int = 1, round_ones: float = ROUND) -> list[int]:
    """Draw the digits of a run, ``least`` or more: evenly, or as amounts are, of which ``round_ones`` end in zeros."""
    count = max(1 + int(rng.choice(len(LENGTHS), p=np.array(LENGTHS) / sum(LENGTHS))), least)
    digits = [int(digit) for digit in rng.integers(0, 10, count)]
    if rng.random() < round_ones and count > 2:
        zeros = int(rng.integers(1, min(count, 6)))
        digits[-zeros:] = [0] * zeros
    elif rng.random() < 0.12 and count > 1:
        start = int(rng.integers(0, count - 1))
        digits[start : start + 3] = [digits[start]] * len(digits[start : start + 3])
    return digits


@dataclass(frozen=True, slots=True)
class _Manner:
    """How one amount is written: where it is parted, its zeros at the end ``small`` or not, and what it ends with."""

    lakhs: bool
    digits: tuple[int, ...]
    parted: frozenset[int]
    small: float
    ended: bool
    one_stroke: bool
    into_slash: bool
    touching: bool


def _draw_manner(rng: np.random.Generator) -> _Manner:
    lakhs = rng.random() < LAKHS
    digits = draw_digits(rng, SEPARATED, ROUND_LAKHS) if lakhs else draw_digits(rng)
    grouped, groups = lakhs or rng.random() < 0.5, GROUPS[1 if lakhs else int(rng.choice(len(GROUPS), p=GROUPED))]
    small = float(rng.uniform(0.5, 0.9)) if rng.random() < (0.6 if lakhs else 0.25) else 1.0
    parted = frozenset(left for left in range(1, len(digits)) if (grouped and left in groups) or rng.random() < 0.02)
    ended, one_stroke = rng.random() < (0.9 if lakhs else 0.45), rng.random() < ONE_STROKE
    into_slash = one_stroke and lakhs and ended and rng.random() < INTO_SLASH
    return _Manner(lakhs, tuple(digits), parted, small, ended, one_stroke, into_slash, rng.random() < TOUCHING)


def write(bank: GlyphBank, rng: np.random.Generator) -> Writing:
    """Write a run of digits with one hand."""
    hand, how, pen = draw_hand(bank, rng), _draw_manner(rng), float(rng.uniform(2.0, 5.0))
    line = _Line(hand, rng, pen)
    if rng.random() < 0.12:
        line.sign(leading(pen, rng), float(rng.uniform(2, 30)))
    tail, left, slashed = _tail_of_zeros(how.digits), len(how.digits), False
    while left:
        high = how.small if left <= tail else 1.0
        zeros = _zeros_in_a_row(how.digits, left, how.parted) if how.one_stroke else 0
        if zeros > 1:
            slashed = how.into_slash and zeros == left
            line.zeros(zeros, *draw_row_of_zeros(zeros, hand, rng, high, slashed=slashed), slashed=slashed)
            left -= zeros
        else:
            line.digit(how.digits[-left], draw_digit(how.digits[-left], hand, bank, rng, high))
            left -= 1
        if left in how.parted:
            sign = long_comma(pen, rng) if how.lakhs else separator(pen, rng)
            line.sign(sign, _gap_before_sign(rng, 12 if how.lakhs else 8, touching=how.touching))
    for stroke in _behind(pen, rng, lakhs=how.lakhs, slashed=slashed) if how.ended else ():
        line.sign(stroke, _gap_before_sign(rng, 14, touching=how.touching and not slashed))
    return line.written()


def _behind(pen: float, rng: np.random.Generator, *, lakhs: bool, slashed: bool) -> list[Sign]:
    """Draw what stands behind the digits, or behind the slash that they run into."""
    if slashed:
        return [dash_behind_slash(pen, rng)] if rng.random() < 0.9 else []
    return slash_and_dash(pen, rng) if lakhs else trailing(pen, rng)


def _gap_before_sign(rng: np.random.Generator, most: float, *, touching: bool) -> float:
    return float(rng.uniform(-7, 0) if touching else rng.uniform(-3, most if rng.random() < 0.85 else 2 * most))


def _tail_of_zeros(digits: Sequence[int]) -> int:
    tail = 0
    while tail < len(digits) - 1 and digits[-1 - tail] == 0:
        tail += 1
    return tail


def _zeros_in_a_row(digits: Sequence[int], left: int, parted: Set[int]) -> int:
    """Give how many zeros begin the last ``left`` digits, up to the next separator."""
    count = 0
    while count < left and digits[count - left] == 0 and not (count and left - count in parted):
        count += 1
    return count


class _Line:
    """A line that is being written, each glyph set beside the last by their outlines."""

    def __init__(self, hand: Hand, rng: np.random.Generator, pen: float) -> None:
        self._hand, self._rng, self._pen = hand, rng, pen
        self._canvas = np.zeros((TALLEST, 64), np.float32)
        self._foot = 0.6 * TALLEST
        self._rise = float(rng.normal(0, 0.03))
        self._wander = float(rng.uniform(0.01, 0.07)) * HIGH
        self._usual = float(
            rng.choice([rng.uniform(-1.5, 2), rng.uniform(1, 6), rng.uniform(5, 16)], p=[0.3, 0.45, 0.25])
        )
        self._spread = float(rng.uniform(0.5, 4))
        self._ligatures = float(rng.uniform(0.1, 0.6)) if rng.random() < 0.2 else 0.02
        self._chains = rng.random() < CHAINED
        self._labels: list[int] = []
        self._end = 4
        self._last_digit: tuple[int, int, int] | None = None

    def digit(self, label: int, ink: Floats, below: float = 0.0) -> None:
        gap = self._rng.normal(self._usual, self._spread)
        if self._rng.random() < 0.04:
            gap += self._rng.uniform(8, 40)
        wander = self._rng.normal(0, self._wander) - self._rise * self._end
        top = int(self._foot - (1 - below) * ink.shape[0] + wander)
        before = self._last_digit
        left = self._put(ink, top, max(gap, -5.0), label)
        if before is not None and self._chains and label == 0 and self._labels[-2:] == [0, 0]:
            self._chain(before, (left, top, ink.shape[1]))
        elif before is not None and self._rng.random() < self._ligatures:
            self._ligature(before, (left, top, ink.shape[0]))
        self._last_digit = (left + ink.shape[1], top, ink.shape[0])

    def zeros(self, count: int, ink: Floats, below: float, *, slashed: bool) -> None:
        """Set zeros of one stroke, of which a share reaches ``below`` the line where they run into a slash."""
        self.digit(0, ink, below)
        self._labels += [0] * (count - 1) + [SIGN] * slashed

    def sign(self, sign: Sign, gap: float) -> None:
        top = int(self._foot - sign.middle * HIGH - sign.ink.shape[0] / 2 - self._rise * self._end)
        # A point is set under the digit's overhang as often as behind it.
        self._put(sign.ink, top, gap, SIGN)
        self._last_digit = None

    def written(self) -> Writing:
        rows = np.flatnonzero(self._canvas.max(axis=1) > 0.2)
        if not len(rows):
            return Writing(self._canvas[HIGH : 2 * HIGH, :8], tuple(self._labels))
        return Writing(self._canvas[rows[0] : rows[-1] + 1, : self._end + 3], tuple(self._labels))

    def _put(self, ink: Floats, top: int, gap: float, label: int) -> int:
        """Set ink so that it comes as near as ``gap`` to what stands before it in any row; gives its left column."""
        height, width = ink.shape
        top = int(np.clip(top, 0, len(self._canvas) - height))
        self._grow(self._end + width + 64)
        near = slice(max(top - 2, 0), top + height + 2)
        before = self._canvas[near] > 0.3
        columns = before.shape[1] - 1 - np.argmax(before[:, ::-1], axis=1)
        last = np.where(before.any(axis=1), columns, -10000)
        own = np.full(len(last), 10000)
        start = top - near.start
        inked = ink > 0.3
        own[start : start + height] = np.where(inked.any(axis=1), np.argmax(inked, axis=1), 10000)
        for _ in range(2):  # what stands a row higher is nearly as near
            own = np.minimum(own, np.minimum(np.roll(own, 1), np.roll(own, -1)))
        closest = int((last - own).max())
        least = self._end - int(0.75 * width) - 6 if self._labels else 4
        left = max(round(closest + 1 + gap), least, 1) if self._labels else 4
        spot = self._canvas[top : top + height, left : left + width]
        np.maximum(spot, ink, out=spot)
        self._end = max(self._end, left + width)
        self._labels.append(label)
        return left

    def _grow(self, width: int) -> None:
        missing = width - self._canvas.shape[1]
        if missing > 0:
            self._canvas = np.pad(self._canvas, ((0, 0), (0, missing + 128)))

    def _chain(self, before: tuple[int, int, int], after: tuple[int, int, int]) -> None:
        """Join two zeros at their tops, as a hand does that writes many."""
        start = (before[0] - int(self._rng.uniform(0.2, 0.7) * HIGH * 0.5), before[1] + 2)
        end = (after[0] + int(self._rng.uniform(0.2, 0.8) * after[2]), after[1] + 2)
        self._line(start, end)

    def _ligature(self, before: tuple[int, int, int], after: tuple[int, int, int]) -> None:
        """Lead the pen from one digit to the next without lifting it."""
        share = self._rng.uniform(0.05, 0.95)
        start = (before[0] - 3, int(before[1] + share * before[2]))
        share = float(np.clip(share + self._rng.normal(0, 0.25), 0.05, 0.9))
        end = (after[0] + 4, int(after[1] + share * after[2]))
        self._line(start, end)

    def _line(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        drawn = np.zeros(self._canvas.shape, np.uint8)
        cv2.line(drawn, start, end, 230, max(int(self._pen * 0.7), 1), cv2.LINE_AA)
        np.maximum(self._canvas, drawn.astype(np.float32) / 255, out=self._canvas)
