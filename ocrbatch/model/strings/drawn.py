"""Digits drawn from strokes, in one writer's forms.

A stroke's points are joined by a smooth curve (E. Catmull and R. Rom, 1974). No writer's digit is copied: a form's
points are moved and the whole is stretched at random, once for a writer and a little more each time that he writes it.
"""

import cv2
import numpy as np

from ocrbatch.model.strings.forms import FORMS, Form, Points
from ocrbatch.records import Grey

OWN_MOVED, MOVED = 0.045, 0.025
"""How far a writer's points lie from the form's, and each time's from the writer's, as shares of the digit."""
ROUND = 3.0
"""A curve is made rounder over so many of its steps at most: some hands write corners, some do not."""
FINE = 4
STEPS = 8

ZEROS = {
    "circled": (60, 420),
    "open": (120, 420),
    "looped": (-70, 270),
    "rolled": (200, -270),
    "like an e": (-20, 300),
}
"""From which angle to which a hand goes round a zero before it goes on to the next: in degrees, against the clock."""
MIXED = ("circled", "open")
"""A hand that closes its zeros at the top leaves one open now and then, and the other way round."""
OTHER, POINTED = 0.2, 0.35
"""How often it does, and how many hands bring their zeros to a point at the foot."""
HASTY, NARROWED = 0.4, (0.2, 1.1)
"""How many hands let some zeros of a row all but close to a stroke, and to what share of their width."""
LEAST_PITCH = 0.35
"""From one zero to the next, in heights: however narrow it is, the pen goes on."""
TURN = 45
"""A zero has a point every so many degrees."""


def draw_own_form(label: int, rng: np.random.Generator) -> Form:
    """Draw the form in which a writer gives the digit 0–9 each time."""
    forms = FORMS[label]
    width, strokes = forms[int(rng.integers(len(forms)))]
    return Form(width * float(np.exp(rng.normal(0, 0.15))), tuple(_moved(stroke, OWN_MOVED, rng) for stroke in strokes))


def draw_form(form: Form, high: int, rng: np.random.Generator) -> Grey:
    """Draw a digit (h, w) uint8, ink 255 on 0, about ``high`` pixels high."""
    wide = high * form.width * float(np.exp(rng.normal(0, 0.08)))
    return _inked([_smooth(_moved(stroke, MOVED, rng)) * [wide, high] for stroke in form.strokes], high, high, rng)


def draw_zeros(count: int, high: int, rng: np.random.Generator, *, slashed: bool = False) -> tuple[Grey, float]:
    """Draw so many zeros (h, w) uint8, ink 255 on 0, that a hand writes without lifting the pen.

    ``slashed`` leads the pen on from the last of them into a slash. Beside the ink, gives which share of its height
    lies below the foot of the zeros.
    """
    hasty = rng.random() < HASTY
    kind = str(rng.choice(MIXED if hasty else list(ZEROS)))
    wide = float(rng.uniform(0.45, 1.25))
    gap = wide * float(rng.uniform(-0.15, 0.5))
    pointed = float(rng.uniform(0.2, 0.9)) if rng.random() < POINTED else 0.0
    zeros: list[Points] = []
    start = 0.0
    for index in range(count):
        # At the last one the hand comes to rest.
        own = wide * float(rng.uniform(*NARROWED)) if hasty and index < count - 1 else wide
        zeros.append(_zero(_mixed(kind, rng), own, pointed, rng) + np.array([start, 0]))
        start += max(own + gap, LEAST_PITCH)
    points = np.concatenate([*zeros, _slash(float(zeros[-1][:, 0].max()), rng)] if slashed else zeros)
    top, foot = min(float(points[:, 1].min()), 0.0), max(float(points[:, 1].max()), 1.0)
    rows = round((foot - top) * high)
    ink = _inked([_smooth(_moved(points - [0, top], MOVED, rng)) * high], high, rows, rng)
    return ink, (foot - 1) / (foot - top) if slashed else 0.0


def _mixed(kind: str, rng: np.random.Generator) -> str:
    return MIXED[1 - MIXED.index(kind)] if kind in MIXED and rng.random() < OTHER else kind


def _zero(kind: str, wide: float, pointed: float, rng: np.random.Generator) -> Points:
    """Give the points of one zero, 1 high: the nearer to its foot, the narrower where the hand is ``pointed``."""
    first, last = ZEROS[kind]
    angles = np.radians(np.append(np.arange(first, last, np.copysign(TURN, last - first)), last))
    down = 0.5 * (1 - np.sin(angles))
    zero = np.stack([0.5 * wide * (1 + np.cos(angles) * (1 - pointed * down)), down], axis=1)
    if kind == "like an e":
        # The pen comes in from the left, half-way up.
        zero = np.concatenate([[[-0.1 * wide, rng.uniform(0.5, 0.8)], [0.5 * wide, rng.uniform(0.45, 0.7)]], zero])
    moved: Points = zero * [1, rng.uniform(0.8, 1.1)]
    return moved


def _slash(right: float, rng: np.random.Generator) -> Points:
    """Give the points of a slash from its head to its foot; ``right`` is the right side of the zero before it."""
    head = (right + float(rng.uniform(-0.1, 0.45)), float(rng.uniform(-0.7, 0.05)))
    foot = (head[0] - float(rng.uniform(-0.1, 0.5)), float(rng.uniform(0.85, 1.5)))
    middle = (0.5 * (head[0] + foot[0]) + float(rng.normal(0, 0.05)), 0.5 * (head[1] + foot[1]))
    return np.array([head, middle, foot])


def _inked(curves: list[Points], high: int, rows: int, rng: np.random.Generator) -> Grey:
    """Lead one pen along curves (n, 2), in pixels of a sheet of ``rows`` and some room, as for digits so ``high``."""
    pen = float(rng.uniform(0.06, 0.15)) * high
    room = int(pen) + 6
    wide = max(float(curve[:, 0].max()) for curve in curves)
    ink = np.zeros((rows + 2 * room, int(wide) + 2 * room + 8), np.uint8)
    rounder = float(rng.uniform(0.3, ROUND))
    for curve in curves:
        way = cv2.GaussianBlur(
            curve[:, None].astype(np.float32), (1, 0), 1, sigmaY=rounder, borderType=cv2.BORDER_REPLICATE
        )
        points = np.round((way[:, 0] + room) * 16).astype(np.int32)
        cv2.polylines(ink, [points], False, 255, max(round(pen), 1), cv2.LINE_AA, FINE)
    return ink


def _moved(stroke: Points, far: float, rng: np.random.Generator) -> Points:
    moved: Points = stroke + rng.normal(0, far, stroke.shape)
    return moved


def _smooth(points: Points) -> Points:
    """Lead a Catmull-Rom curve through points (n, 2)."""
    if len(points) < 3:
        bend = np.array([points.mean(axis=0)])
        points = np.concatenate([points[:1], bend, points[1:]])
    framed = np.concatenate([points[:1], points, points[-1:]])
    t = np.linspace(0, 1, STEPS, endpoint=False)[:, None]
    parts = []
    for before, start, end, after in zip(framed, framed[1:], framed[2:], framed[3:], strict=False):
        parts.append(
            0.5
            * (
                2 * start
                + (end - before) * t
                + (2 * before - 5 * start + 4 * end - after) * t**2
                + (3 * start - before - 3 * end + after) * t**3
            )
        )
    return np.concatenate([*parts, points[-1:]])
