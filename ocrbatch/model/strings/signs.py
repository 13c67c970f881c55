"""Signs of an amount, drawn from strokes: separators, and what stands before and behind its digits."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.model.strings.glyphs import HIGH

Floats = npt.NDArray[np.float32]
Point = tuple[float, float]

ARCHED = 0.25
"""How many dashes behind a slash are arches."""
HOOKED = 0.2
"""How many long commas turn to the right at their end."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign's ink, and where its middle stands above the foot of the digits, as a share of their height."""

    ink: Floats
    middle: float


def _strokes(size: tuple[int, int], lines: list[list[Point]], pen: float) -> Floats:
    """Draw lines given in shares of ``size`` (width, height)."""
    width, height = size
    room = int(pen) + 1
    ink = np.zeros((height + 2 * room, width + 2 * room), np.uint8)
    for line in lines:
        points = np.array([[room + x * width, room + y * height] for x, y in line])
        cv2.polylines(ink, [np.round(points * 8).astype(np.int32)], False, 255, max(round(pen), 1), cv2.LINE_AA, 3)
    return ink.astype(np.float32) / np.float32(255)


def _curved(rng: np.random.Generator, start: Point, end: Point) -> list[Point]:
    bend = float(rng.normal(0, 0.12))
    middle = ((start[0] + end[0]) / 2 + bend, (start[1] + end[1]) / 2 + bend)
    return [start, middle, end]


def separator(pen: float, rng: np.random.Generator) -> Sign:
    """Draw a point, a comma, a point at half height, an upper comma or a short dash."""
    kind = rng.random()
    if kind < 0.52:
        size = max(int(rng.uniform(0.6, 1.7) * pen), 2)
        return Sign(_strokes((size, size), [[(0.2, 0.2), (0.8, 0.8)]], pen), float(rng.uniform(-0.08, 0.25)))
    if kind < 0.85:
        long = int(rng.choice([rng.uniform(5, 14), rng.uniform(12, 26)]))
        line = _curved(rng, (0.9, 0.0), (0.1, 1.0))
        foot = float(rng.uniform(-0.25, 0.02))
        # Its head is below the middle of the digits, however long it is.
        middle = min(foot + long / (2 * HIGH), 0.5 - long / (2 * HIGH))
        return Sign(_strokes((max(int(long * rng.uniform(0.1, 0.5)), 2), long), [line], pen), middle)
    if kind < 0.93:
        return Sign(_strokes((int(rng.uniform(6, 16)), 3), [[(0, 0.5), (1, 0.3)]], pen), float(rng.uniform(0.2, 0.6)))
    return Sign(_strokes((3, int(rng.uniform(4, 10))), [[(0.8, 0), (0.2, 1)]], pen), float(rng.uniform(0.8, 1.1)))


def long_comma(pen: float, rng: np.random.Generator) -> Sign:
    """Draw a comma as high as a small digit, which begins about the middle of the digits and ends about their foot.

    It leans as a slash does or stands upright, straight or bowed, and now and then turns to the right at its end.
    """
    foot = float(rng.uniform(-0.45, 0.02))
    # The higher it stands, the shorter it is: what reaches from the foot to the top would be a 1.
    top = float(rng.uniform(max(foot + 0.2, 0.0), 0.6 if foot < -0.12 else 0.48))
    long = max(int((top - foot) * HIGH), 6)
    wide = max(int(long * rng.choice([rng.uniform(0.0, 0.25), rng.uniform(0.2, 0.65)])), 2)
    bow = float(rng.normal(0, 0.18)) * long / wide
    line: list[Point] = [(1.0, 0.0), (0.5 - bow, 0.5), (0.0, 1.0)]
    if rng.random() < HOOKED:
        line.append((float(rng.uniform(0.1, 0.4)) * long / wide, float(rng.uniform(0.85, 1.05))))
    return Sign(_strokes((wide, long), [line], pen), (top + foot) / 2)


def leading(pen: float, rng: np.random.Generator) -> Sign:
    """Draw what stands before an amount: a currency's sign, letters, a dash, an equals sign, a cross."""
    kind = rng.random()
    wide, high = int(rng.uniform(12, 30)), int(rng.uniform(20, 44))
    middle = float(rng.uniform(0.35, 0.6))
    if kind < 0.25:
        return Sign(_dollar(wide, high, pen, rng), middle)
    if kind < 0.45:
        return Sign(_rupee(wide, high, pen), middle)
    if kind < 0.6:
        return Sign(_letters(str(rng.choice(["Rs", "Rs.", "$", "S/", "EUR", "No", "Kr", "R$"])), pen, rng), middle)
    if kind < 0.8:
        rows = [0.2, 0.8] if rng.random() < 0.5 else [0.5]
        lines = [_curved(rng, (0, row), (1, row)) for row in rows]
        return Sign(_strokes((wide, max(high // 3, 4)), lines, pen), middle)
    if kind < 0.9:
        lines = [[(0, 0.3), (1, 0.3)], [(0, 0.7), (1, 0.7)], [(0.4, 0), (0.2, 1)], [(0.8, 0), (0.6, 1)]]
        return Sign(_strokes((wide, high), lines, pen), middle)
    return Sign(_strokes((wide, wide), [[(0, 0), (1, 1)], [(1, 0), (0, 1)], [(0.5, 0), (0.5, 1)]], pen), middle)


def trailing(pen: float, rng: np.random.Generator) -> list[Sign]:
    """Draw what stands behind an amount: a point, a dash, ``=``, ``/-``, ``.-``, a long line."""
    kind = rng.random()
    if kind < 0.25:
        return [separator(pen, rng)]
    wide = int(rng.uniform(8, 50))
    middle = float(rng.uniform(0.1, 0.65))
    dash = _level_dash(wide, middle, pen, rng)
    if kind < 0.4:
        return [dash]
    if kind < 0.5:
        high = int(rng.uniform(6, 16))
        rows = [_curved(rng, (0, 0.0), (1, 0.0)), _curved(rng, (0, 1.0), (1, 1.0))]
        return [Sign(_strokes((int(rng.uniform(8, 30)), high), rows, pen), middle)]
    if kind < 0.88:
        return slash_and_dash(pen, rng)
    return [separator(pen, rng), dash]


def slash_and_dash(pen: float, rng: np.random.Generator) -> list[Sign]:
    """Draw a slash with a dash behind it, in one, in two or more moves; now and then without it."""
    if rng.random() < 0.5:
        return [_slash_with_dash(pen, rng)]
    high = int(rng.uniform(0.8, 1.6) * HIGH)
    slash = _strokes((int(rng.uniform(0.05, 0.6) * high), high), [_curved(rng, (1, 0), (0, 1))], pen)
    behind = rng.choice(3, p=[0.04, 0.86, 0.1])
    return [Sign(slash, float(rng.uniform(0.35, 0.6))), *[dash_behind_slash(pen, rng)] * int(behind)]


def dash_behind_slash(pen: float, rng: np.random.Generator) -> Sign:
    """Draw a dash, level or rising from below as an arch does."""
    middle = float(rng.uniform(0.1, 0.8))
    if rng.random() < ARCHED:
        wide, high = int(rng.uniform(16, 60)), int(rng.uniform(0.2, 0.8) * HIGH)
        bend, end = float(rng.uniform(0.0, 0.3)), float(rng.uniform(0, 0.4))
        # A Bézier curve of three points.
        line: list[Point] = [(2 * (1 - t) * t * bend + t * t, (1 - t) ** 2 + t * t * end) for t in np.linspace(0, 1, 8)]
        return Sign(_strokes((wide, high), [line], pen), middle)
    return _level_dash(int(rng.uniform(8, 50)), middle, pen, rng)


def _level_dash(wide: int, middle: float, pen: float, rng: np.random.Generator) -> Sign:
    line = _curved(rng, (0, rng.random()), (1, rng.random()))
    return Sign(_strokes((wide, 4), [line], pen), middle)


def _slash_with_dash(pen: float, rng: np.random.Generator) -> Sign:
    """Draw ``/-`` in one: the dash begins at the slash."""
    high, wide = int(rng.uniform(0.7, 1.7) * HIGH), int(rng.uniform(0.4, 1.6) * HIGH)
    lean = float(rng.uniform(-0.05, 0.5)) * high / wide
    row = float(rng.uniform(0.3, 0.75))
    slash = _curved(rng, (lean, 0.0), (0.0, 1.0))
    dash = _curved(rng, (lean * (1 - row), row), (1.0, row + float(rng.normal(0, 0.12))))
    return Sign(_strokes((wide, high), [slash, dash], pen), float(rng.uniform(0.35, 0.6)))


def _dollar(wide: int, high: int, pen: float, rng: np.random.Generator) -> Floats:
    curve: list[Point] = [(1, 0.15), (0.5, 0.1), (0.1, 0.28), (0.5, 0.5), (0.9, 0.7), (0.5, 0.9), (0.0, 0.85)]
    bars: list[list[Point]] = (
        [[(0.55, 0), (0.45, 1)]] if rng.random() < 0.6 else [[(0.4, 0), (0.35, 1)], [(0.65, 0), (0.6, 1)]]
    )
    return _strokes((wide, high), [curve, *bars], pen)


def _rupee(wide: int, high: int, pen: float) -> Floats:
    lines: list[list[Point]] = [
        [(0, 0), (1, 0)],
        [(0, 0.28), (1, 0.28)],
        [(0.1, 0), (0.55, 0.04), (0.65, 0.28), (0.5, 0.5), (0.05, 0.55), (0.8, 1)],
    ]
    return _strokes((wide, high), lines, pen)


def _letters(text: str, pen: float, rng: np.random.Generator) -> Floats:
    face = int(rng.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX]))
    scale = float(rng.uniform(0.6, 1.2))
    thick = max(round(pen * 0.7), 1)
    (width, height), base = cv2.getTextSize(text, face, scale, thick)
    ink = np.zeros((height + base + 6, width + 6), np.uint8)
    cv2.putText(ink, text, (3, height + 2), face, scale, 255, thick, cv2.LINE_AA)
    return ink.astype(np.float32) / np.float32(255)
