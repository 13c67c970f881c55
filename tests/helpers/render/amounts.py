"""Amounts as a cheque sorter cuts them out: digits in a row that lean and may touch, with separators between them."""

from dataclasses import dataclass

import cv2
import numpy as np

from ocrbatch.records import Grey
from tests.helpers.render.clouds import clouds
from tests.helpers.render.digits import ENLARGED, Digits, Floats, stroke_of

HEIGHT = 56
"""Pixels of a digit."""
MARGIN = 26
PEN = 5
SIGNS = {
    ",": (16, (((8, 46), (8, 52), (3, 62)),)),
    ".": (14, (((7, 51), (8, 52)),)),
    "-": (30, (((3, 32), (27, 31)),)),
    "/": (24, (((21, 2), (4, 60)),)),
}
"""Each sign's width and strokes, in pixels from the upper edge of the digits."""


@dataclass(frozen=True, slots=True)
class Amount:
    """What is written, how far it leans (pixels across for each one down), and the usual gap in pixels."""

    written: str
    lean: float = 0.1
    gap: float = 5.0

    @property
    def value(self) -> str:
        """Its digits."""
        return "".join(sign for sign in self.written if sign.isdecimal())


def render_amount(amount: Amount, digits: Digits, seed: int) -> Grey:
    """Draw an amount (h, w) dark on paper with a pale print of waves; the same arguments give the same picture."""
    random = np.random.default_rng(seed)
    strokes = [_stroke(sign, amount.lean, digits, random) for sign in amount.written]
    width = 2 * MARGIN + sum(stroke.shape[1] for stroke in strokes) + 12 * len(strokes)
    ink = np.zeros((HEIGHT + 2 * MARGIN, width), np.float32)
    x = MARGIN
    for stroke in strokes:
        y = MARGIN + int(random.integers(-3, 4))
        place = np.s_[y : y + stroke.shape[0], x : x + stroke.shape[1]]
        ink[place] = np.maximum(ink[place], stroke[: ink.shape[0] - y])
        x += stroke.shape[1] + round(random.normal(amount.gap, 2.5))
    ink = cv2.GaussianBlur(ink[:, : x + MARGIN], (0, 0), 0.9)
    down, across = np.mgrid[: ink.shape[0], : ink.shape[1]]
    paper = 238 - 14 * (np.sin(down / 2.6 + 2.2 * np.sin(across / 19)) > 0.55) + random.normal(0, 2, ink.shape)
    pressure = np.clip(0.9 + 0.1 * clouds(ink.shape, 12, random), 0.6, 1)
    return np.asarray(np.rint(np.clip(paper - (paper - 52) * ink * pressure, 0, 255)), np.uint8)


def _stroke(sign: str, lean: float, digits: Digits, random: np.random.Generator) -> Floats:
    """Give a sign's ink (h, w), 0–1, cut to its width; its upper edge is that of the digits."""
    if sign in SIGNS:
        width, lines = SIGNS[sign]
        drawn = np.zeros((HEIGHT + MARGIN, width), np.uint8)
        for line in lines:
            cv2.polylines(drawn, [np.array(line, np.int32)], False, 255, PEN, cv2.LINE_AA)
        return (drawn / 255).astype(np.float32)
    whole = stroke_of(digits.pictures[random.choice(digits.of(int(sign)))])
    scale = HEIGHT * random.uniform(0.92, 1.04) / (20 * ENLARGED)
    size = round(whole.shape[0] * scale)
    move = np.array([[scale, -lean * scale, lean * size / 2], [0, scale, 0]])
    leaning = cv2.warpAffine(whole, move, (size, size), flags=cv2.INTER_AREA)
    rows, columns = np.nonzero(leaning > 0.1)
    return np.asarray(leaning[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1], np.float32)
