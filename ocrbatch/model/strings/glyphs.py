"""Single digits as glyphs: ink cut to its own box, in one height, by label and by set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.model.hands import national_form
from ocrbatch.model.strings.drawn import draw_form, draw_own_form, draw_zeros
from ocrbatch.model.strings.forms import Form
from ocrbatch.page.crop import ink_of
from ocrbatch.records import Grey

HIGH = 40
"""A glyph's height in pixels; a flat one is as wide at most."""
INKED = 60
ROOM = 24
DRAWN = (0.25, 0.4, 0.3, 0.15, 0.35, 0.35, 0.2, 0.35, 0.3, 0.45)
"""How many hands write each digit in a form of ``forms``: those that the sets hardly show are many."""
ALL_DRAWN = 0.25
"""How many hands write nearly all digits so."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class GlyphBank:
    """The glyphs of several sets: ``sets[i][label]`` are pictures (h, w) uint8, ink bright, and how often each set."""

    sets: tuple[tuple[tuple[Grey, ...], ...], ...]
    weights: tuple[float, ...]


def glyphs_of(pictures: Sequence[Grey], labels: Sequence[int]) -> tuple[tuple[Grey, ...], ...]:
    """Give the glyphs of pictures (h, w) uint8 of any polarity, by label 0–9; what has no ink is left out."""
    found: list[list[Grey]] = [[] for _ in range(10)]
    for picture, label in zip(pictures, labels, strict=True):
        glyph = _cut(ink_of(picture))
        if glyph is not None and 0 <= int(label) < 10:
            found[int(label)].append(glyph)
    return tuple(tuple(own) for own in found)


def _cut(ink: Grey) -> Grey | None:
    x, y, width, height = cv2.boundingRect((ink >= INKED).astype(np.uint8))
    if max(width, height) < 6:
        return None
    box = ink[max(y - 1, 0) : y + height + 1, max(x - 1, 0) : x + width + 1]
    scale = HIGH / max(box.shape[0], 0.8 * box.shape[1])
    size = (max(round(box.shape[1] * scale), 3), max(round(box.shape[0] * scale), 3))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    glyph: Grey = cv2.resize(box, size, interpolation=way)
    return glyph


@dataclass(frozen=True, slots=True)
class Hand:
    """What all the digits of one writer share.

    ``part`` is the set that they are of, ``stroke`` the share of a blurred stroke that is ink, ``forms`` the labels
    that are drawn, and how.
    """

    part: int
    shear: float
    width: float
    stroke: float
    softness: float
    jitter: float
    foreign: bool
    forms: Mapping[int, Form]


def draw_hand(bank: GlyphBank, rng: np.random.Generator) -> Hand:
    """Draw a writer at random."""
    drawn = np.flatnonzero(rng.random(10) < (0.9 if rng.random() < ALL_DRAWN else DRAWN)).tolist()
    part = int(rng.choice(len(bank.sets), p=np.array(bank.weights) / sum(bank.weights)))
    return Hand(
        part=part,
        shear=float(np.clip(rng.normal(0.1, 0.22), -0.35, 0.75)),
        width=float(np.clip(np.exp(rng.normal(0, 0.22)), 0.55, 1.9)),
        stroke=float(rng.uniform(0.28, 0.62)),
        softness=float(rng.uniform(0.6, 1.6)),
        jitter=float(rng.uniform(0.02, 0.14)),
        foreign=bool(rng.random() < 0.35),
        forms={label: draw_own_form(label, rng) for label in drawn},
    )


def draw_digit(label: int, hand: Hand, bank: GlyphBank, rng: np.random.Generator, high: float = 1.0) -> Floats:
    """Draw a digit of a hand (h, w) float32, ink 1 on 0; ``high`` is its height as a share of the usual 40 pixels."""
    if label in hand.forms:
        glyph = _trimmed(draw_form(hand.forms[label], HIGH, rng))
    else:
        glyph = _scanned(label, hand, bank, rng)
    return _written(glyph, hand, rng, high)


def draw_row_of_zeros(
    count: int, hand: Hand, rng: np.random.Generator, high: float = 1.0, *, slashed: bool = False
) -> tuple[Floats, float]:
    """Draw zeros that a hand writes in one stroke, ``slashed`` with the slash that ends an amount.

    Gives their ink (h, w) float32, 1 on 0, ``high`` as for a digit, and which share of it lies below their foot.
    """
    ink, below = draw_zeros(count, HIGH, rng, slashed=slashed)
    return _written(_trimmed(ink), hand, rng, high), below


def _scanned(label: int, hand: Hand, bank: GlyphBank, rng: np.random.Generator) -> Grey:
    """Give a digit of a set, as a hand of that country writes it."""
    part = hand.part if rng.random() < 0.9 else int(rng.integers(len(bank.sets)))
    # A small set may lack a digit.
    own = bank.sets[part][label] or bank.sets[hand.part][label] or sum((one[label] for one in bank.sets), ())
    glyph = own[rng.integers(len(own))]
    return _foreign(glyph, label, rng) if hand.foreign else glyph


def _trimmed(ink: Grey) -> Grey:
    trimmed: Grey = ink[np.flatnonzero(ink.any(axis=1))][:, np.flatnonzero(ink.any(axis=0))]
    return trimmed


def _written(glyph: Grey, hand: Hand, rng: np.random.Generator, high: float) -> Floats:
    """Give a glyph the hand's slant, breadth and pen."""
    height = high * float(np.exp(rng.normal(0, hand.jitter)))
    shear = hand.shear + float(rng.normal(0, 0.05))
    wide = hand.width * float(np.exp(rng.normal(0, 0.1))) * height
    rows, columns = glyph.shape
    out_height = max(int(rows * height + 0.5), 4)
    out_width = max(int(columns * wide + abs(shear) * out_height + 2.5), 4)
    turn = float(rng.normal(0, 0.04))
    matrix = np.array([[wide, -shear * height, max(shear, 0) * out_height + 1], [turn * wide, height, 0]], np.float32)
    drawn = cv2.warpAffine(glyph, matrix, (out_width, out_height), flags=cv2.INTER_LINEAR)
    return _penned(drawn.astype(np.float32) / 255, hand)


def _foreign(glyph: Grey, label: int, rng: np.random.Generator) -> Grey:
    # Square: a stroke gone over is drawn on a turned copy.
    side = max(glyph.shape) + 2 * ROOM
    canvas = np.zeros((side, side), np.uint8)
    canvas[ROOM : ROOM + glyph.shape[0], ROOM : ROOM + glyph.shape[1]] = glyph
    drawn = national_form(canvas, label, rng)
    x, y, width, height = cv2.boundingRect((drawn >= INKED).astype(np.uint8))
    cut: Grey = drawn[y : y + height, x : x + width]
    return cut if cut.size else glyph


def _penned(ink: Floats, hand: Hand) -> Floats:
    """Make strokes thinner or thicker: of their blur, what passes the hand's level is ink."""
    framed = cv2.copyMakeBorder(ink, 2, 2, 2, 2, cv2.BORDER_CONSTANT)
    blurred = cv2.GaussianBlur(framed, (0, 0), 1.3)
    core = blurred[framed > 0.5]
    # A fine pen's strokes are fainter once blurred: they must not break.
    level = min(hand.stroke, 0.8 * float(np.quantile(core, 0.3))) if core.size else hand.stroke
    inked = np.clip((blurred - level) / (0.12 * hand.softness) + 0.5, 0, 1)
    columns = np.flatnonzero(inked.max(axis=0) > 0.3)
    rows = np.flatnonzero(inked.max(axis=1) > 0.3)
    if not len(columns):
        return ink
    cut: Floats = inked[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return cut
