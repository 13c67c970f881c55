"""Forms of digits that the training sets hardly show, drawn from strokes: the 9 like a P, the 1 with a long upstroke.

Each is a list of strokes; a stroke's points are shares of the digit's width and height, joined by a smooth curve
(E. Catmull and R. Rom, 1974). No writer's digit is copied: points are moved, and the whole is stretched, at random.
"""

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.records import Grey

Points = tuple[tuple[float, float], ...]
MOVED = 0.045
FINE = 4
STEPS = 8

FORMS: dict[int, tuple[tuple[float, tuple[Points, ...]], ...]] = {
    0: (
        (0.6, (((0.6, 0.02), (0.12, 0.3), (0.1, 0.8), (0.5, 1.0), (0.9, 0.7), (0.85, 0.2), (0.5, 0.04), (0.3, 0.15)),)),
        (0.7, (((0.45, 0.1), (0.1, 0.45), (0.2, 0.9), (0.6, 1.0), (0.9, 0.6), (0.75, 0.1), (0.4, 0.08), (1.1, 0.0)),)),
    ),
    1: (
        (0.55, (((0.0, 0.55), (0.35, 0.3), (0.8, 0.0)), ((0.8, 0.0), (0.7, 0.5), (0.6, 1.0)))),
        (0.35, (((0.0, 0.3), (0.6, 0.0)), ((0.6, 0.0), (0.55, 0.5), (0.5, 1.0)))),
        (0.5, (((0.1, 0.3), (0.55, 0.0)), ((0.55, 0.0), (0.5, 1.0)), ((0.05, 1.0), (0.95, 0.98)))),
        (0.3, (((0.8, 0.0), (0.45, 0.5), (0.2, 1.0)),)),
    ),
    2: (
        (
            0.65,
            (
                ((0.25, 0.32), (0.08, 0.2), (0.4, 0.0), (0.85, 0.22), (0.5, 0.65), (0.05, 0.97)),
                ((0.05, 0.97), (0.25, 0.8), (0.5, 0.93), (1.0, 0.9)),
            ),
        ),
        (
            0.7,
            (
                ((0.2, 0.28), (0.3, 0.1), (0.6, 0.0), (0.85, 0.2), (0.55, 0.6), (0.1, 0.98)),
                ((0.1, 0.98), (0.5, 0.95), (1.1, 0.98)),
            ),
        ),
        (
            0.65,
            (((0.05, 0.25), (0.4, 0.0), (0.85, 0.2), (0.6, 0.6), (0.1, 0.95), (0.2, 0.78), (0.5, 0.9), (1.0, 0.95)),),
        ),
        (0.6, (((0.05, 0.2), (0.45, 0.0), (0.85, 0.25), (0.5, 0.65), (0.05, 1.0)), ((0.05, 1.0), (0.95, 0.97)))),
    ),
    3: (
        (
            0.6,
            (
                ((0.05, 0.03), (0.9, 0.0)),
                ((0.9, 0.0), (0.45, 0.38)),
                ((0.45, 0.38), (0.9, 0.62), (0.6, 1.0), (0.0, 0.9)),
            ),
        ),
    ),
    4: (
        (0.65, (((0.25, 0.0), (0.05, 0.55), (0.95, 0.5)), ((0.75, 0.15), (0.68, 1.0)))),
        (0.6, (((0.1, 0.05), (0.12, 0.45), (0.5, 0.5), (0.85, 0.4)), ((0.9, 0.0), (0.8, 0.5), (0.7, 1.0)))),
    ),
    5: (
        (0.6, (((0.95, 0.0), (0.4, 0.05), (0.15, 0.25), (0.5, 0.45), (0.85, 0.7), (0.6, 0.98), (0.0, 0.95)),)),
        (
            0.6,
            (
                ((0.25, 0.05), (0.15, 0.42)),
                ((0.15, 0.42), (0.7, 0.4), (0.85, 0.75), (0.5, 1.0), (0.0, 0.9)),
                ((0.2, 0.05), (1.1, 0.0)),
            ),
        ),
    ),
    6: ((0.55, (((0.7, 0.0), (0.2, 0.4), (0.05, 0.75), (0.4, 1.0), (0.85, 0.78), (0.5, 0.55), (0.12, 0.75)),)),),
    7: (
        (
            0.6,
            (
                ((0.0, 0.08), (0.5, 0.06), (1.0, 0.0)),
                ((1.0, 0.0), (0.65, 0.45), (0.45, 1.0)),
                ((0.25, 0.52), (0.95, 0.46)),
            ),
        ),
        (
            0.6,
            (
                ((0.0, 0.25), (0.05, 0.03), (0.5, 0.1), (1.0, 0.0)),
                ((1.0, 0.0), (0.6, 0.5), (0.4, 1.0)),
                ((0.2, 0.55), (0.9, 0.45)),
            ),
        ),
        (0.6, (((0.0, 0.25), (0.1, 0.02), (0.5, 0.12), (1.0, 0.0)), ((1.0, 0.0), (0.6, 0.5), (0.45, 1.0)))),
    ),
    8: (
        (
            0.5,
            (
                (
                    (0.9, 0.1),
                    (0.45, 0.0),
                    (0.15, 0.22),
                    (0.5, 0.45),
                    (0.9, 0.78),
                    (0.5, 1.0),
                    (0.1, 0.78),
                    (0.5, 0.45),
                    (0.92, 0.12),
                ),
            ),
        ),
        (
            0.55,
            (((0.95, 0.02), (0.5, 0.5), (0.15, 0.82), (0.45, 1.0), (0.75, 0.82), (0.5, 0.5), (0.1, 0.15), (0.4, 0.0)),),
        ),
    ),
    9: (
        (
            0.5,
            (
                ((0.4, 0.05), (0.25, 0.5), (0.1, 1.0)),
                ((0.4, 0.08), (0.75, 0.0), (1.0, 0.2), (0.75, 0.45), (0.25, 0.46)),
            ),
        ),
        (
            0.55,
            (
                ((0.95, 0.15), (0.5, 0.0), (0.1, 0.2), (0.4, 0.46), (0.9, 0.3), (0.95, 0.1)),
                ((0.95, 0.1), (0.85, 0.6), (0.55, 1.0), (0.15, 0.9)),
            ),
        ),
        (0.5, (((0.9, 0.1), (0.4, 0.0), (0.1, 0.25), (0.5, 0.45), (0.9, 0.2)), ((0.9, 0.1), (0.7, 0.6), (0.5, 1.0)))),
    ),
}
"""By label: each form's width as a share of its height, and its strokes."""


def draw_form(label: int, high: int, rng: np.random.Generator) -> Grey:
    """Draw a digit (h, w) uint8, ink 255 on 0, about ``high`` pixels high, in one of its forms."""
    forms = FORMS[label]
    width, strokes = forms[int(rng.integers(len(forms)))]
    wide = high * width * float(np.exp(rng.normal(0, 0.15)))
    pen = float(rng.uniform(0.06, 0.15)) * high
    room = int(pen) + 4
    ink = np.zeros((high + 2 * room, int(wide) + 2 * room + 4), np.uint8)
    for stroke in strokes:
        points = np.array(stroke) + rng.normal(0, MOVED, (len(stroke), 2))
        curve = _smooth(points) * [wide, high] + room
        cv2.polylines(ink, [np.round(curve * 16).astype(np.int32)], False, 255, max(round(pen), 1), cv2.LINE_AA, FINE)
    return ink


def _smooth(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
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
