"""Digits as a form's cell shows them, made from clean ones: another hand, another pen, a scanner, a box.

Every picture is drawn larger than it is read and then brought to size by the reader's own ``normalize``, so
that training sees what reading sees.
"""

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.model.hands import national_form
from ocrbatch.model.strangers import draw_stranger
from ocrbatch.page.normalize import SIDE, normalize
from ocrbatch.records import NOT_A_DIGIT, Grey, Tiles

CANVAS = 72
"""The side of the picture in which a digit of about 45 pixels is changed."""
ZOOM = 2.25
UNTOUCHED = 0.08
SHIFTED_ONLY = 0.07
STRANGER_SHARE = 0.12
"""How many "not a digit" tiles are added, as a share of the digits."""

Floats = npt.NDArray[np.float32]
Change = Callable[[Grey, np.random.Generator], Grey]

_ROWS, _COLUMNS = np.mgrid[0:CANVAS, 0:CANVAS].astype(np.float32)


def augment_epoch(
    tiles: Tiles, labels: npt.NDArray[np.int64], rng: np.random.Generator, *, strangers: bool = True
) -> tuple[Tiles, npt.NDArray[np.int64]]:
    """Change every tile once, add ``strangers`` (label 10), and shuffle.

    ``tiles`` (n, 28, 28) uint8 and ``labels`` (n,) give about 1.12 n of each; the same ``rng`` gives the same.
    """
    bend = _bends(rng)
    count = round(len(tiles) * STRANGER_SHARE) if strangers else 0
    changed = np.empty((len(tiles) + count, SIDE, SIDE), np.uint8)
    for index, (tile, label) in enumerate(zip(tiles, labels, strict=True)):
        changed[index] = augment(tile, int(label), rng, bend)
    for index in range(len(tiles), len(changed)):
        changed[index] = stranger(tiles, labels, rng, bend)
    new_labels = np.concatenate([labels, np.full(count, NOT_A_DIGIT, np.int64)])
    order = rng.permutation(len(changed))
    return changed[order], new_labels[order]


def augment(tile: Grey, label: int, rng: np.random.Generator, bends: Floats) -> Grey:
    """Give one changed (28, 28) tile of the same label; ``bends`` are those of ``_bends``."""
    choice = rng.random()
    if choice < UNTOUCHED:
        return tile
    if choice < UNTOUCHED + SHIFTED_ONLY:
        return _shift(tile, rng)
    canvas = _warp(tile, rng, bends)
    canvas = national_form(canvas, label, rng)
    for share, change in CHANGES:
        if rng.random() < share:
            canvas = change(canvas, rng)
    changed = normalize(canvas)
    # A change that wiped the digit out is taken back.
    return changed if _written(changed) else tile


def stranger(tiles: Tiles, labels: npt.NDArray[np.int64], rng: np.random.Generator, bends: Floats) -> Grey:
    """Give a (28, 28) tile that is not a digit, through the same scanner and box as the digits."""
    while True:
        first, second = (int(index) for index in rng.integers(0, len(tiles), 2))
        left, right = (_warp(tiles[index], rng, bends) for index in (first, second))
        canvas = draw_stranger(left, int(labels[first]), right, rng)
        for share, change in CHANGES:
            if rng.random() < share / 2:
                canvas = change(canvas, rng)
        changed = normalize(canvas)
        if _written(changed):
            return changed


def _written(tile: Grey) -> bool:
    return cv2.countNonZero(cv2.threshold(tile, 24, 255, cv2.THRESH_BINARY)[1]) >= 18


def _bends(rng: np.random.Generator, count: int = 96) -> Floats:
    """Draw smooth fields of displacement (count, 2, canvas, canvas), largest about one.

    After P. Simard, D. Steinkraus, J. Platt, "Best practices for convolutional neural networks applied to
    visual document analysis" (2003); a few dozen fields, mixed and scaled anew, stand for a field a tile.
    """
    coarse = rng.standard_normal((count, 2, 7, 7)).astype(np.float32)
    fields = [[cv2.resize(side, (CANVAS, CANVAS), interpolation=cv2.INTER_CUBIC) for side in pair] for pair in coarse]
    return np.asarray(fields, np.float32) / np.float32(2)


def _warp(tile: Grey, rng: np.random.Generator, bends: Floats) -> Grey:
    """Draw the tile on the canvas, larger, turned up to 12 degrees, sheared, stretched and bent."""
    turn = np.deg2rad(rng.uniform(-12, 12))
    shear = rng.normal(0, 0.12)
    stretch = np.exp(rng.normal(0, 0.09))
    zoom = ZOOM * np.exp(rng.uniform(-0.2, 0.15))
    cosine, sine = np.cos(turn), np.sin(turn)
    forward = np.array([[cosine, -sine], [sine, cosine]]) @ np.array([[1, shear], [0, 1]])
    forward = forward @ np.diag([zoom * stretch, zoom / stretch])
    back = np.linalg.inv(forward).astype(np.float32)
    across, down = _COLUMNS - CANVAS / 2, _ROWS - CANVAS / 2
    x = back[0, 0] * across + back[0, 1] * down + np.float32(SIDE / 2)
    y = back[1, 0] * across + back[1, 1] * down + np.float32(SIDE / 2)
    if rng.random() < 0.6:
        strength = np.float32(rng.uniform(0.3, 1.6))
        field = bends[rng.integers(len(bends))]
        x, y = x + strength * field[0], y + strength * field[1]
    changed: Grey = cv2.remap(tile, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    return changed


def _shift(tile: Grey, rng: np.random.Generator) -> Grey:
    """Move the tile by up to two whole pixels, as an imperfect centring would."""
    right, down = rng.integers(-2, 3, 2)
    move = np.array([[1, 0, right], [0, 1, down]], np.float32)
    changed: Grey = cv2.warpAffine(tile, move, (SIDE, SIDE), flags=cv2.INTER_NEAREST)
    return changed


def _thin(canvas: Grey, rng: np.random.Generator) -> Grey:
    """Wear the strokes away, or down to a hairline of the pen's own width."""
    if rng.random() < 0.4:
        worn: Grey = cv2.erode(canvas, _disc(rng.integers(2, 4)))
        return worn
    spine = np.zeros_like(canvas)
    left = canvas
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    while cv2.countNonZero(cv2.threshold(left, 100, 255, cv2.THRESH_BINARY)[1]):
        inner = cv2.erode(left, cross)
        # What opening takes from each layer is the middle of the stroke (Lantuejoul's skeleton).
        spine = cv2.max(spine, cv2.subtract(left, cv2.dilate(inner, cross)))
        left = inner
    spine = cv2.threshold(spine, 40, 255, cv2.THRESH_BINARY)[1]
    spine = cv2.morphologyEx(spine, cv2.MORPH_CLOSE, _disc(3))
    changed: Grey = cv2.GaussianBlur(cv2.dilate(spine, _disc(rng.integers(2, 5))), (3, 3), 0)
    return changed


def _thicken(canvas: Grey, rng: np.random.Generator) -> Grey:
    changed: Grey = cv2.dilate(canvas, _disc(rng.integers(2, 5)))
    return changed


def _disc(size: int | np.integer) -> Grey:
    shape = cv2.MORPH_ELLIPSE if size > 2 else cv2.MORPH_RECT
    disc: Grey = cv2.getStructuringElement(shape, (int(size), int(size))).astype(np.uint8)
    return disc


def _clip(canvas: Grey, rng: np.random.Generator) -> Grey:
    """Lose up to a tenth of the digit at one side, where the cell's edge cut it."""
    x, y, width, height = cv2.boundingRect(cv2.threshold(canvas, 60, 255, cv2.THRESH_BINARY)[1])
    clipped = canvas.copy()
    depth = rng.uniform(0.02, 0.1)
    match rng.choice(4, p=[0.4, 0.3, 0.15, 0.15]):
        case 0:
            clipped[: y + round(height * depth)] = 0
        case 1:
            clipped[y + height - round(height * depth) :] = 0
        case 2:
            clipped[:, : x + round(width * depth)] = 0
        case _:
            clipped[:, x + width - round(width * depth) :] = 0
    return clipped


def _line_remains(canvas: Grey, rng: np.random.Generator) -> Grey:
    """Leave pieces of the box around the digit: short, broken or pale, hardly clear of the writing."""
    x, y, width, height = cv2.boundingRect(cv2.threshold(canvas, 60, 255, cv2.THRESH_BINARY)[1])
    drawn = canvas.copy()
    for _ in range(int(rng.choice([1, 2], p=[0.75, 0.25]))):
        ink, pen = int(rng.integers(70, 256)), int(rng.integers(1, 4))
        gap = rng.uniform(-2, 7) if rng.random() < 0.75 else rng.uniform(7, 15)
        across = rng.random() < 0.6
        span, start = (width, x) if across else (height, y)
        length = span * rng.uniform(0.1, 0.6 if not across else 0.9)
        begin = start + rng.uniform(-0.1, 0.9) * span
        if across:
            level = y - gap if rng.random() < 0.5 else y + height + gap
            ends = ((begin, level), (begin + length, level + rng.uniform(-1, 1)))
        else:
            level = x - gap if rng.random() < 0.5 else x + width + gap
            ends = ((level, begin), (level + rng.uniform(-1, 1), begin + length))
        (x1, y1), (x2, y2) = ends
        cv2.line(drawn, (round(x1), round(y1)), (round(x2), round(y2)), ink, pen)
    changed: Grey = cv2.max(drawn, canvas)
    return changed


def _background(canvas: Grey, rng: np.random.Generator) -> Grey:
    """Leave specks and pale patches of paper that was not quite taken for paper."""
    level = rng.uniform(5, 45)
    coarse = rng.normal(0, level, (9, 9)).astype(np.float32)
    noise = cv2.resize(coarse, canvas.shape[::-1]) * np.float32(rng.random() < 0.5)
    noise = noise + rng.normal(0, level / 2, canvas.shape).astype(np.float32)
    # Only near the writing, as a mask grown from the ink leaves it.
    near = cv2.dilate(canvas, _disc(9)) > 60
    changed: Grey = np.where(near, np.clip(canvas + noise, 0, 255), canvas).astype(np.uint8)
    return changed


def _blur(canvas: Grey, rng: np.random.Generator) -> Grey:
    changed: Grey = cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.5, 2.2))
    return changed


def _bilevel(canvas: Grey, rng: np.random.Generator) -> Grey:
    changed: Grey = cv2.threshold(canvas, rng.uniform(80, 170), 255, cv2.THRESH_BINARY)[1]
    return changed


def _coarse(canvas: Grey, rng: np.random.Generator) -> Grey:
    """Scan at fewer dots an inch, where a digit is 12 to 25 pixels high."""
    scale = rng.uniform(0.28, 0.6)
    changed: Grey = cv2.resize(canvas, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return changed


def _pale(canvas: Grey, rng: np.random.Generator) -> Grey:
    """Write with a pale pen, whose stroke is uneven besides."""
    changed: Grey = cv2.convertScaleAbs(canvas, alpha=rng.uniform(0.4, 0.95))
    return changed


CHANGES: tuple[tuple[float, Change], ...] = (
    (0.3, _thin),
    (0.15, _thicken),
    (0.12, _clip),
    (0.15, _line_remains),
    (0.25, _blur),
    (0.15, _pale),
    (0.12, _background),
    (0.15, _bilevel),
    (0.2, _coarse),
)
"""What may befall a digit on its way to the tile, with its probability, in the order of the way."""
