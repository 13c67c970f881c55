"""The digits of other hands, drawn onto digits of MNIST's: a barred 7, a 1 with upstroke or foot, ink gone over."""

import cv2
import numpy as np

from ocrbatch.records import Grey

SHARES = {7: 0.45, 1: 0.3, 0: 0.12, 2: 0.12, 3: 0.05}
"""How many of a label's digits are changed: 7s get a bar or a hook, 1s an upstroke, some 2s and 3s a curl where
they begin, and some 0s a stroke that leads in or runs on, a few of them a slash."""
SLASHED = 0.15
HOOKED = 0.35
BARRED = 0.85
ROUNDED = 0.4
"""How many of the changed 7s have a top that sags or arches; these are barred always, for without a bar a 7 whose
top sags is a 4 or a 9."""
RETRACED = {1: 0.12}
RETRACED_OF_OTHERS = 0.025
"""How many digits are gone over with the pen: most often 1s, the quickest to draw twice."""


def national_form(canvas: Grey, label: int, rng: np.random.Generator) -> Grey:
    """Change a digit drawn on ``canvas`` (n, n) uint8 into another country's form, or leave it."""
    canvas = _retrace(canvas, rng) if rng.random() < RETRACED.get(label, RETRACED_OF_OTHERS) else canvas
    if rng.random() >= SHARES.get(label, 0.0):
        return canvas
    x, y, width, height = cv2.boundingRect(cv2.threshold(canvas, 127, 255, cv2.THRESH_BINARY)[1])
    if width == 0:
        return canvas
    pen = _pen(canvas, y + height // 2, rng)
    drawn = canvas.copy()
    if label == 7:
        drawn = _seven(canvas, (x, y, width, height), pen, rng)
    elif label in (2, 3):
        _curl(drawn, (x, y, width, height), pen, rng)
    elif label == 0:
        _slash_or_lead(drawn, (x, y, width, height), pen, rng)
    else:
        _upstroke(drawn, (x, y, width, height), pen, rng)
    return drawn


def _seven(canvas: Grey, box: tuple[int, int, int, int], pen: int, rng: np.random.Generator) -> Grey:
    """Give a 7 with a hook, a bar or both, its top rounded or not; as it was where that would close a loop."""
    rounded, hooked = rng.random() < ROUNDED, rng.random() < HOOKED
    drawn = _round_top(canvas, box, rng) if rounded else canvas.copy()
    if hooked:
        _hook(drawn, box, pen, rng)
    if rounded or not hooked or rng.random() < BARRED:
        _bar(drawn, box, 0.5 if rounded else 0.35, pen, rng)
    # A bar that meets the hook makes a 9 or a 4 of it.
    return drawn if _loops(drawn) <= _loops(canvas) else canvas


def _loops(canvas: Grey) -> int:
    """Count the patches of paper that the writing closes in."""
    framed = cv2.copyMakeBorder(canvas, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    paper = cv2.threshold(framed, 60, 255, cv2.THRESH_BINARY_INV)[1]
    return cv2.connectedComponents(paper, connectivity=4)[0] - 2


def _bar(canvas: Grey, box: tuple[int, int, int, int], highest: float, pen: int, rng: np.random.Generator) -> None:
    """Draw the bar of a 7 across its stem, from ``highest`` to where the stem still shows below it; most rise."""
    x, y, width, height = box
    middle = y + height * rng.uniform(highest, 0.72)
    centre = _centre(canvas, int(middle), x + width / 2)
    left, right = width * rng.uniform(0.2, 0.5), width * rng.uniform(0.2, 0.65)
    rise = np.tan(np.deg2rad(rng.uniform(-10, 22)))
    _line(canvas, (centre - left, middle + rise * left), (centre + right, middle - rise * right), pen)


def _round_top(canvas: Grey, box: tuple[int, int, int, int], rng: np.random.Generator) -> Grey:
    """Make a 7 narrower, and let its top sag between its ends, as one drawn in one stroke does, or arch."""
    x, y, width, height = box
    depth = height * (rng.uniform(0.1, 0.33) if rng.random() < 0.7 else rng.uniform(-0.2, -0.05))
    narrower = rng.uniform(0.55, 1)
    rows, columns = np.mgrid[0 : len(canvas), 0 : len(canvas)].astype(np.float32)
    columns = (x + width / 2 + (columns - x - width / 2) / narrower).astype(np.float32)
    across = np.clip((columns - x) / width, 0, 1)
    down = np.clip((rows - y - max(depth, 0)) / (0.6 * height), 0, 1)
    # Most in the middle of the top, nothing at its ends and further down the stem.
    moved = np.float32(depth) * np.sin(np.pi * across) * (1 - down)
    rounded: Grey = cv2.remap(canvas, columns, (rows - moved).astype(np.float32), cv2.INTER_LINEAR, borderValue=0)
    return rounded


def _retrace(canvas: Grey, rng: np.random.Generator) -> Grey:
    """Go over the whole digit again, bowed or turned up to 6 degrees, a pixel or two of a tile beside the first."""
    side = len(canvas)
    if rng.random() < 0.5:  # with a pen so thin that paper shows between the strokes
        canvas = cv2.erode(canvas, np.ones((3, 3), np.uint8))
    pixel = side / 32
    move = cv2.getRotationMatrix2D((side / 2, side / 2), rng.uniform(-6, 6), 1.0)
    move[:, 2] += rng.uniform(-1.5, 1.5, 2) * pixel
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32)
    columns += np.float32(rng.uniform(-2, 2) * pixel) * np.sin(np.pi * rows / side)
    again = cv2.warpAffine(cv2.remap(canvas, columns, rows, cv2.INTER_LINEAR, borderValue=0), move, (side, side))
    twice: Grey = cv2.max(canvas, again)
    return twice


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


def _slash_or_lead(canvas: Grey, box: tuple[int, int, int, int], pen: int, rng: np.random.Generator) -> None:
    """Draw the slash of a 0, or the short stroke that leads into its top from one side or runs on from it."""
    x, y, width, height = box
    if rng.random() < SLASHED:
        _line(canvas, (x, y + height), (x + width, y), pen)
        return
    top = (x + width * rng.uniform(0.35, 0.65), y + height * rng.uniform(0, 0.15))
    away = width * rng.uniform(0, 0.45)
    # Level or falling away from the ring: a stroke that rises from it makes a 6.
    side = x - away if rng.random() < 0.65 else x + width + away
    _line(canvas, top, (side, top[1] + height * rng.uniform(-0.05, 0.25)), pen)


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
