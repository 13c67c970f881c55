"""A proposal for pages that lie as their reference does, a little shifted: what a feeder or a flatbed gives.

The shift is the peak of the phase correlation (C. Kuglin and D. Hines, "The phase correlation image alignment
method", 1975) of two small pictures; it costs a tenth of what matching corners does.
"""

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.geometry import Matrix
from ocrbatch.records import Grey

SIDE = 256
REDUCED = 4
"""The working picture's pixels for one of the thumbnail's."""
THIN = 7
"""Pixels of the working picture: what is broader is no print."""
DARKEST = 25
"""Grey levels: what is darker tells no more. Pens are darker than most print, and lie elsewhere on every sheet."""
MIN_RESPONSE = 0.1
"""Of two unlike pictures the peak's share of all is about a hundredth."""
STRIP, STRIPS = 64, 4
"""Pixels of the thumbnail's strips, all across its shorter side, that are laid over each other by themselves."""
MIN_APART = 48
"""Pixels of the thumbnail between strips that tell a turn."""
MOST_MORE = 8.0
"""What a strip may be shifted beyond the whole, in the thumbnail's pixels."""

Thumbnail = npt.NDArray[np.float32]


def thumbnail(picture: Grey) -> Thumbnail:
    """Give the thin strokes of a working picture (H, W) uint8 in small (256, 256) float32, in its upper left."""
    height, width = (max(min(side // REDUCED, SIDE), 1) for side in picture.shape)
    strokes = cv2.morphologyEx(picture, cv2.MORPH_BLACKHAT, np.ones((THIN, THIN), np.uint8))
    whole = np.ascontiguousarray(strokes[: height * REDUCED, : width * REDUCED])
    canvas = np.zeros((SIDE, SIDE), np.float32)
    canvas[:height, :width] = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)
    return np.minimum(canvas, DARKEST)


def propose_by_shift(reference: Thumbnail, page: Thumbnail) -> Matrix | None:
    """Give the similarity (3, 3) from the reference's working picture to the page's; None where they are not alike.

    The shift of the whole is made better by those of strips of it, which tell a small turn and scale too.
    """
    (x, y), response = cv2.phaseCorrelate(reference, page)
    if response < MIN_RESPONSE:
        return None
    rows, columns = (int(np.flatnonzero(reference.any(axis=1 - axis))[-1]) + 1 for axis in (0, 1))
    middle, shift = np.array([columns, rows]) / 2, np.array([x, y])
    if rows >= columns:
        places, shifts = _shifts_of_strips(reference, page, rows, round(y))
        middles = np.column_stack([np.full(len(places), middle[0]), places])
    else:
        places, turned = _shifts_of_strips(reference.T, page.T, columns, round(x))
        middles, shifts = np.column_stack([places, np.full(len(places), middle[1])]), turned[:, ::-1]
    if len(places) < 2 or np.ptp(places) < MIN_APART:
        middles, shifts = middle[None], shift[None]
    return _similarity(middles, shifts)


def _shifts_of_strips(
    reference: Thumbnail, page: Thumbnail, length: int, shift: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Give the middle rows (n,) of strips of the reference, and each one's shift (n, 2) across and down.

    The reference has ``length`` rows, and is known to be shifted down by about ``shift``.
    """
    places, shifts = [], []
    for top in np.unique(np.linspace(0, max(length - STRIP, 0), STRIPS).astype(int)):
        there = min(max(int(top) + shift, 0), SIDE - STRIP)
        own, other = reference[top : top + STRIP], page[there : there + STRIP]
        (across, down), response = cv2.phaseCorrelate(np.ascontiguousarray(own), np.ascontiguousarray(other))
        down += there - int(top)
        if response >= MIN_RESPONSE and abs(down - shift) <= MOST_MORE:
            places.append(top + STRIP / 2)
            shifts.append((across, down))
    return np.array(places), np.array(shifts).reshape(-1, 2)


def _similarity(points: npt.NDArray[np.float64], shifts: npt.NDArray[np.float64]) -> Matrix:
    """Give the similarity (3, 3) of working pictures that moves points (n, 2) of a thumbnail by about ``shifts``."""
    middle, shift = points.mean(axis=0), shifts.mean(axis=0)
    own, rest = points - middle, shifts - shift
    far = max(float((own**2).sum()), 1.0)
    scale = float((own * rest).sum()) / far
    turn = float((own[:, 0] * rest[:, 1] - own[:, 1] * rest[:, 0]).sum()) / far
    linear = np.array([[1 + scale, -turn], [turn, 1 + scale]])
    moved = REDUCED * (middle + shift) - linear @ (REDUCED * middle)
    return np.vstack([np.column_stack([linear, moved]), [0.0, 0.0, 1.0]])
