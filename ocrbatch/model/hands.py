"""The digits of other countries' hands, drawn onto digits of MNIST's: a barred 7, a 1 with upstroke or foot."""

import cv2
import numpy as np

from ocrbatch.records import Grey

SHARES = {7: 0.25, 1: 0.4, 0: 0.02}
"""How many of a label's digits are changed: 7s get a bar, 1s an upstroke, and a few 0s a slash."""


def national_form(canvas: Grey, label: int, rng: np.random.Generator) -> Grey:
    """Change a digit drawn on ``canvas`` (n, n) uint8 into another country's form, or leave it."""
    if rng.random() >= SHARES.get(label, 0.0):
        return canvas
    x, y, width, height = cv2.boundingRect(cv2.threshold(canvas, 127, 255, cv2.THRESH_BINARY)[1])
    if width == 0:
        return canvas
    pen = _pen(canvas, y + height // 2, rng)
    drawn = canvas.copy()
    if label == 7:
        _bar(drawn, (x, y, width, height), pen, rng)
    elif label == 0:
        _line(drawn, (x, y + height), (x + width, y), pen)
    else:
        _upstroke(drawn, (x, y, width, height), pen, rng)
    return drawn


def _bar(canvas: Grey, box: tuple[int, int, int, int], pen: int, rng: np.random.Generator) -> None:
    """Draw the bar of a 7 across the middle of its stem."""
    x, y, width, height = box
    middle = y + height * rng.uniform(0.42, 0.6)
    centre = _centre(canvas, int(middle), x + width / 2)
    half = width * rng.uniform(0.25, 0.5)
    tilt = half * rng.uniform(-0.35, 0.15)
    _line(canvas, (centre - half, middle - tilt), (centre + half, middle + tilt), pen)


def _upstroke(canvas: Grey, box: tuple[int, int, int, int], pen: int, rng: np.random.Generator) -> None:
    """Draw the upstroke of a 1, and sometimes its foot."""
    x, y, width, height = box
    top, bottom = (_centre(canvas, row, x + width / 2) for row in (y, y + height - 1))
    # Steep, for one as flat as the bar of a 7 would make a 7 of it; the steeper the longer, up to a caret.
    share = rng.uniform(0.2, 0.95)
    length, angle = height * share, np.deg2rad(rng.uniform(38, 58) + 18 * share)
    _line(canvas, (top, y + 1), (top - length * np.cos(angle), y + 1 + length * np.sin(angle)), pen)
    if rng.random() < 0.25:
        half = height * rng.uniform(0.12, 0.28)
        _line(canvas, (bottom - half, y + height - 1), (bottom + half, y + height - 1), pen)


def _pen(canvas: Grey, row: int, rng: np.random.Generator) -> int:
    """Give the stroke's own width where it is crossed once, roughly."""
    inked = int(np.count_nonzero(canvas[row] > 127))
    return min(max(inked, 2), 8) if rng.random() < 0.6 else int(rng.integers(2, 6))


def _centre(canvas: Grey, row: int, otherwise: float) -> float:
    inked = np.flatnonzero(canvas[row] > 127)
    return float(inked.mean()) if inked.size else otherwise


def _line(canvas: Grey, start: tuple[float, float], end: tuple[float, float], pen: int) -> None:
    ends = [(round(float(x)), round(float(y))) for x, y in (start, end)]
    cv2.line(canvas, ends[0], ends[1], 255, pen, cv2.LINE_AA)
