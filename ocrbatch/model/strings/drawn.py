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
FINE = 4
STEPS = 8


def draw_own_form(label: int, rng: np.random.Generator) -> Form:
    """Draw the form in which a writer gives the digit 0–9 each time."""
    forms = FORMS[label]
    width, strokes = forms[int(rng.integers(len(forms)))]
    return Form(width * float(np.exp(rng.normal(0, 0.15))), tuple(_moved(stroke, OWN_MOVED, rng) for stroke in strokes))


def draw_form(form: Form, high: int, rng: np.random.Generator) -> Grey:
    """Draw a digit (h, w) uint8, ink 255 on 0, about ``high`` pixels high."""
    wide = high * form.width * float(np.exp(rng.normal(0, 0.08)))
    pen = float(rng.uniform(0.06, 0.15)) * high
    room = int(pen) + 6
    ink = np.zeros((high + 2 * room, int(wide) + 2 * room + 8), np.uint8)
    for stroke in form.strokes:
        curve = _smooth(_moved(stroke, MOVED, rng)) * [wide, high] + room
        cv2.polylines(ink, [np.round(curve * 16).astype(np.int32)], False, 255, max(round(pen), 1), cv2.LINE_AA, FINE)
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
