"""The digits of other countries' hands, drawn onto digits of MNIST's: a barred 7, a 1 with upstroke or foot."""

import cv2
import numpy as np

from ocrbatch.records import Grey

SHARES = {7: 0.35, 1: 0.3, 0: 0.02, 2: 0.12, 3: 0.05}
"""How many of a label's digits are changed: 7s get a bar or a hook, 1s an upstroke, some 2s and 3s a curl where
they begin, and a few 0s a slash."""
HOOKED = 0.35
BARRED = 0.85


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
        hooked = rng.random() < HOOKED
        if hooked:
            _hook(drawn, (x, y, width, height), pen, rng)
        if not hooked or rng.random() < BARRED:
            _bar(drawn, (x, y, width, height), pen, rng)
    elif label in (2, 3):
        _curl(drawn, (x, y, width, height), pen, rng)
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


def _hook(canvas: Grey, box: tuple[int, int, int, int], pen: int, rng: np.random.Generator) -> None:
    """Draw the short downstroke with which the top of a 7 may begin."""
    x, y = _beginning(canvas, box, 0.3)
    height = box[3]
    _line(canvas, (x, y), (x + height * rng.uniform(-0.08, 0.04), y + height * rng.uniform(0.06, 0.17)), min(pen, 4))


def _curl(canvas: Grey, box: tuple[int, int, int, int], pen: int, rng: np.random.Generator) -> None:
    """Draw the small loop with which a 2 or a 3 may begin."""
    x, y = _beginning(canvas, box, 0.45)
    across, down = (box[3] * rng.uniform(0.08, 0.16) for _ in range(2))
    centre = (round(x + across * rng.uniform(0.3, 1)), round(y - down * rng.uniform(-0.3, 0.8)))
    axes = (max(round(across), 2), max(round(down), 2))
    cv2.ellipse(canvas, centre, axes, rng.uniform(-40, 40), 0, 360, 255, max(pen - 2, 1), cv2.LINE_AA)


def _beginning(canvas: Grey, box: tuple[int, int, int, int], share: float) -> tuple[float, float]:
    """Give the leftmost point of the writing in the upper ``share`` of its box."""
    x, y, width, height = box
    inked = canvas[y : y + max(round(share * height), 1), x : x + width] > 127
    column = int(inked.any(axis=0).argmax())
    rows = np.flatnonzero(inked[:, column])
    return float(x + column), float(y + (rows.mean() if rows.size else 0))


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
