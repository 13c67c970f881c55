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
MIN_RESPONSE = 0.03
"""Of two unlike pictures the peak's share of all is about a hundredth."""
PART = 128
"""Pixels of the thumbnail's parts that are laid over each other by themselves."""
MIN_PART_RESPONSE = 0.1
MIN_PARTS = 2
MOST_MORE = 8.0
"""What a part may be shifted beyond the whole, in the thumbnail's pixels."""

Thumbnail = npt.NDArray[np.float32]


def thumbnail(picture: Grey) -> Thumbnail:
    """Give a small picture (256, 256) float32 of a working picture (H, W) uint8: 0 is paper, in its upper left."""
    height, width = (max(min(side // REDUCED, SIDE), 1) for side in picture.shape)
    whole = np.ascontiguousarray(picture[: height * REDUCED, : width * REDUCED])
    small = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)
    canvas = np.zeros((SIDE, SIDE), np.float32)
    canvas[:height, :width] = np.maximum(float(np.median(small)) - small, 0)
    return canvas


def propose_by_shift(reference: Thumbnail, page: Thumbnail) -> Matrix | None:
    """Give the similarity (3, 3) from the reference's working picture to the page's; None where they are not alike.

    The shift of the whole is made better by those of parts of it, which tell a small turn and scale too.
    """
    (x, y), response = cv2.phaseCorrelate(reference, page)
    if response < MIN_RESPONSE:
        return None
    shift = np.array([x, y])
    rows, columns = (int(np.flatnonzero(reference.any(axis=1 - axis))[-1]) + 1 for axis in (0, 1))
    middles, shifts = [], []
    for top in {0, max(rows - PART, 0)}:
        for left in {0, max(columns - PART, 0)}:
            found = _shift_of_part(reference, page, (left, top), np.round(shift))
            if found is not None:
                middles.append(np.array([left + PART / 2, top + PART / 2]))
                shifts.append(found)
    return _similarity(np.array(middles), np.array(shifts)) if len(shifts) >= MIN_PARTS else None


def _shift_of_part(
    reference: Thumbnail, page: Thumbnail, corner: tuple[int, int], shift: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64] | None:
    """Give the shift (2,) of a part of the reference, of which a rough one is known; None where it is not found."""
    x, y = (int(place) for place in np.clip(corner + shift, 0, SIDE - PART))
    own = np.ascontiguousarray(reference[corner[1] : corner[1] + PART, corner[0] : corner[0] + PART])
    other = np.ascontiguousarray(page[y : y + PART, x : x + PART])
    more, response = cv2.phaseCorrelate(own, other, cv2.createHanningWindow((PART, PART), cv2.CV_32F))
    if response < MIN_PART_RESPONSE or np.abs(more).max() > MOST_MORE:
        return None
    return np.array([x - corner[0] + more[0], y - corner[1] + more[1]])


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
