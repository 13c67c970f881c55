"""What a cell may hold that is no digit: two digits, halves, pieces of lines, dashes, dots, scribbles.

A lone upright line is left out, for it may be a 1; so are a slash, a ring, a box's upper right corner (a 7)
and halves that read as a digit.
"""

from collections.abc import Callable

import cv2
import numpy as np

from ocrbatch.records import Grey

HALVES: dict[int, tuple[str, ...]] = {0: ("bottom",), 4: ("left",), 5: ("top",)}
"""The halves that look like no digit, by the digit they are cut from."""


def draw_stranger(first: Grey, label: int, second: Grey, rng: np.random.Generator) -> Grey:
    """Draw one on a picture of about the canvas's size.

    ``first`` and ``second`` are square pictures (n, n) uint8 of one digit each, ``label`` is the first's.
    """
    draw = DRAWERS[int(rng.choice(len(DRAWERS), p=SHARES))]
    drawn: Grey = draw(first, label, second, rng)
    framed: Grey = cv2.copyMakeBorder(drawn, 4, 4, 4, 4, cv2.BORDER_CONSTANT, value=0)
    return framed


def _pair(first: Grey, label: int, second: Grey, rng: np.random.Generator) -> Grey:
    """Put two digits side by side, touching or a little apart."""
    left, right = _cropped(first), _cropped(second)
    if left.size == 0 or right.size == 0:
        return np.zeros_like(first)
    scale = left.shape[0] / right.shape[0] * float(np.exp(rng.normal(0, 0.12)))
    right = cv2.resize(right, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR)
    # Narrow digits overlap less: two 1s on one another are a 1.
    gap = max(int(rng.integers(-4, 12)), -min(left.shape[1], right.shape[1]) // 5)
    height = max(left.shape[0], right.shape[0]) + 8
    canvas = np.zeros((height, left.shape[1] + right.shape[1] + max(gap, 0)), np.uint8)
    low = [int(rng.integers(0, height - part.shape[0] + 1)) for part in (left, right)]
    canvas[low[0] : low[0] + left.shape[0], : left.shape[1]] = left
    start = max(0, left.shape[1] + gap)
    place = canvas[low[1] : low[1] + right.shape[0], start : start + right.shape[1]]
    np.maximum(place, right[:, : place.shape[1]], out=place)
    return canvas


def _fraction(first: Grey, label: int, second: Grey, rng: np.random.Generator) -> Grey:
    """Write a vulgar fraction, with a slash or a bar, mostly after a whole number."""
    whole, lower = _cropped(first), _cropped(second)
    if whole.size == 0 or lower.size == 0:
        return np.zeros_like(first)
    height = len(first)
    canvas = np.zeros((height, 2 * height), np.uint8)
    right = 2
    if rng.random() < 0.7:
        right = _place(canvas, whole, (2, int(rng.integers(0, height // 5))), height * rng.uniform(0.5, 0.8))
    right += int(rng.integers(-2, 8))
    small = height * rng.uniform(0.25, 0.45)
    pen = int(rng.integers(2, 5))
    middle, half = height / 2 + rng.normal(0, 4), small * rng.uniform(0.8, 1.2)
    slanted = rng.random() < 0.75
    over = right + small * 0.3
    if rng.random() < 0.7:
        _stroke(canvas, np.array([over, over - rng.uniform(-2, 3)]), np.array([middle - small - 2, middle - 2]), pen)
    else:
        _place(canvas, lower, (int(right), int(middle - small - 2)), small)
    if slanted:
        lean = half * rng.uniform(0.3, 0.8)
        start = over + small * rng.uniform(0.5, 0.9)
        _stroke(canvas, np.array([start + lean, start - lean]), np.array([middle - half, middle + half]), pen)
        _place(canvas, lower, (int(start + small * 0.4), int(middle - small * 0.2)), small)
    else:
        _stroke(canvas, np.array([right, right + 1.3 * small]), np.array([middle, middle]), pen)
        _place(canvas, lower, (int(right + small * 0.2), int(middle + 3)), small)
    return canvas


def _place(canvas: Grey, picture: Grey, corner: tuple[int, int], height: float) -> int:
    """Lay a picture, brought to a height, with its upper left corner (x, y) on the canvas; give its right side."""
    scale = height / len(picture)
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(height)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    x, y = (max(int(side), 0) for side in corner)
    place = canvas[y : y + size[1], x : x + size[0]]
    np.maximum(place, small[: place.shape[0], : place.shape[1]], out=place)
    return int(x + size[0])


def _half(first: Grey, label: int, second: Grey, rng: np.random.Generator) -> Grey:
    """Keep half of a digit; a digit whose halves are digits themselves becomes a pair."""
    sides = HALVES.get(label, ())
    if not sides:
        return _pair(first, label, second, rng)
    crop = _cropped(first)
    share = rng.uniform(0.38, 0.5)
    down, across = round(crop.shape[0] * share), round(crop.shape[1] * share)
    match str(rng.choice(sides)):
        case "top":
            return crop[:down].copy()
        case "bottom":
            return crop[crop.shape[0] - down :].copy()
        case _:
            return crop[:, :across].copy()


def _box_piece(first: Grey, label: int, second: Grey, rng: np.random.Generator) -> Grey:
    """Draw what is left of a box: a lying line, a corner, a tee, a cross, two uprights, three sides."""
    side = len(first)
    canvas = np.zeros_like(first)
    pen, ink = int(rng.integers(1, 7)), int(rng.integers(90, 256))
    low, high = rng.integers(2, side // 3, 2), rng.integers(side * 2 // 3, side - 2, 2)
    (x1, y1), (x2, y2) = low.tolist(), high.tolist()
    xm, ym = (int(value) for value in rng.integers(side // 3, side * 2 // 3, 2))
    top, bottom = ((x1, y1), (x2, y1)), ((x1, y2), (x2, y2))
    left, right = ((x1, y1), (x1, y2)), ((x2, y1), (x2, y2))
    upright = ((xm, y1), (xm, y2))
    kinds = (
        (top,), (bottom, top), (top, left), (bottom, right), (bottom, left), (left, right),
        (left, right, bottom), (left, right, top), (top, bottom, left),
        (upright, ((x1, ym), (x2, ym))), (top, upright), (bottom, upright),
    )  # fmt: skip
    tilt = int(rng.integers(-2, 3))
    for (ax, ay), (bx, by) in kinds[int(rng.integers(len(kinds)))]:
        cv2.line(canvas, (ax, ay), (bx + tilt, by - tilt), ink, pen, cv2.LINE_AA)
    return canvas


def _dash(first: Grey, label: int, second: Grey, rng: np.random.Generator) -> Grey:
    """Draw a lying stroke, straight or wavy, or two of them (an equals sign)."""
    side = len(first)
    canvas = np.zeros_like(first)
    pen = int(rng.integers(2, 8))
    length, tilt = rng.uniform(0.3, 0.8) * side, np.deg2rad(rng.normal(0, 9))
    steps = np.linspace(-0.5, 0.5, 12)
    wave = rng.uniform(0, 0.08) * side * np.sin(2 * np.pi * (steps + rng.random()))
    for down in (0, 0.25 * length)[: 1 + int(rng.random() < 0.25)]:
        x = side / 2 + steps * length * np.cos(tilt)
        y = side / 2 + steps * length * np.sin(tilt) + wave + down
        _stroke(canvas, x, y, pen)
    return canvas


def _dot(first: Grey, label: int, second: Grey, rng: np.random.Generator) -> Grey:
    """Draw a dot, a blot, or a comma: a blot with a short tail to the lower left."""
    side = len(first)
    canvas = np.zeros_like(first)
    centre = side // 2
    # Rounder than the thickest upright stroke.
    axis = int(rng.integers(3, 12))
    axes = (axis, max(2, round(axis * rng.uniform(0.6, 1))))
    cv2.ellipse(canvas, (centre, centre), axes, float(rng.uniform(0, 180)), 0, 360, 255, -1, cv2.LINE_AA)
    if rng.random() < 0.4:
        reach = max(axes) * rng.uniform(1.0, 1.6)
        end = (round(centre - reach * rng.uniform(0.3, 1)), round(centre + reach))
        cv2.line(canvas, (centre, centre), end, 255, max(2, min(axes) - 1), cv2.LINE_AA)
    return canvas


def _scribble(first: Grey, label: int, second: Grey, rng: np.random.Generator) -> Grey:
    """Scribble to and fro."""
    side = len(first)
    canvas = np.zeros_like(first)
    turns = int(rng.integers(5, 14))
    reach = rng.uniform(0.2, 0.42) * side
    drift = np.linspace(-0.6, 0.6, turns) * rng.uniform(0, 1)
    x = side / 2 + reach * (np.where(np.arange(turns) % 2, 1, -1) * rng.uniform(0.5, 1, turns))
    y = side / 2 + reach * (drift + rng.normal(0, 0.35, turns))
    if rng.random() < 0.3:
        x, y = side / 2 + rng.normal(0, reach / 1.5, turns), side / 2 + rng.normal(0, reach / 1.5, turns)
    _stroke(canvas, x, y, int(rng.integers(1, 6)))
    return canvas


def _struck_out(first: Grey, label: int, second: Grey, rng: np.random.Generator) -> Grey:
    """Strike a digit out: a scribble, a large X, or three strokes and more over it."""
    side = len(first)
    pen = int(rng.integers(2, 6))
    kind = rng.random()
    if kind < 0.4:
        over = _scribble(first, label, second, rng)
    else:
        over = np.zeros_like(first)
        low, high = (rng.uniform(0.12, 0.3) * side for _ in range(2))
        if kind < 0.65:
            _stroke(over, np.array([low, side - low]), np.array([high, side - high]), pen)
            _stroke(over, np.array([low, side - low]), np.array([side - high, high]), pen)
        else:
            slope = rng.uniform(-0.7, 0.7)
            for level in rng.uniform(0.25, 0.75, int(rng.integers(3, 6))) * side:
                tilt = slope * side / 4
                _stroke(over, np.array([low, side - low]), np.array([level + tilt, level - tilt]), pen)
    struck: Grey = cv2.max(first, over)
    return struck


def _cross(first: Grey, label: int, second: Grey, rng: np.random.Generator) -> Grey:
    """Draw the X of a ticked box."""
    side = len(first)
    canvas = np.zeros_like(first)
    pen = int(rng.integers(2, 7))
    jitter = rng.uniform(0.15, 0.35, 8) * side
    _stroke(canvas, np.array([jitter[0], side - jitter[1]]), np.array([jitter[2], side - jitter[3]]), pen)
    _stroke(canvas, np.array([side - jitter[4], jitter[5]]), np.array([jitter[6], side - jitter[7]]), pen)
    return canvas


def _noise(first: Grey, label: int, second: Grey, rng: np.random.Generator) -> Grey:
    """Leave specks, or clouds of grey."""
    side = len(first)
    if rng.random() < 0.5:
        canvas = np.zeros_like(first)
        for x, y in rng.integers(4, side - 4, (int(rng.integers(3, 30)), 2)).tolist():
            cv2.circle(canvas, (x, y), int(rng.integers(1, 4)), int(rng.integers(60, 256)), -1)
        return canvas
    small = int(rng.integers(5, 24))
    cloud = cv2.resize(rng.normal(0, 1, (small, small)).astype(np.float32), (side, side))
    clouded: Grey = np.clip((cloud - rng.uniform(0, 0.8)) * rng.uniform(80, 250), 0, 255).astype(np.uint8)
    return clouded


def _cropped(picture: Grey) -> Grey:
    x, y, width, height = cv2.boundingRect(cv2.threshold(picture, 60, 255, cv2.THRESH_BINARY)[1])
    return picture[y : y + height, x : x + width]


def _stroke(canvas: Grey, x: np.ndarray, y: np.ndarray, pen: int) -> None:
    points = np.stack([x, y], axis=1).round().astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(canvas, [points], False, 255, pen, cv2.LINE_AA)


Drawer = Callable[[Grey, int, Grey, np.random.Generator], Grey]
DRAWERS: tuple[Drawer, ...] = (
    _pair, _fraction, _half, _box_piece, _dash, _dot, _scribble, _struck_out, _cross, _noise,
)  # fmt: skip
SHARES = (0.27, 0.12, 0.07, 0.13, 0.09, 0.06, 0.07, 0.09, 0.05, 0.05)
