"""What of a form's print tells where a page lies, and which side of it is up."""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.design.ink import Ink, find_ink
from ocrbatch.geometry import Box
from ocrbatch.page.registration.landmarks import find_markers
from ocrbatch.records import Grey

WORK_SIDE = 1000
"""Pixels of the longer side while the print is judged."""
TYPICAL_SIDE = 280.0
"""Millimetres of the longer side where no dpi tells."""
FRAME = 0.5
"""Millimetres of a field on each side that are its frame."""
FEW = 50
MOST = 600
APART = 6
QUALITY = 0.08
ONE_SIDED = 0.92
BLUR = 1.5
SHIFT = 0.02
SAME_TURNED = 0.7


def look_at_landmarks(pixels: Grey, fields: Sequence[Box], dpi: float | None) -> Iterator[tuple[str, str]]:
    """Tell what is weak about the print of a reference picture (H, W), each with its mend.

    ``fields`` are in its pixels: what stands in them changes from page to page.
    """
    scale = min(1.0, WORK_SIDE / max(pixels.shape))
    unit = (dpi / 25.4 if dpi else max(pixels.shape) / TYPICAL_SIDE) * scale
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    ink = find_ink(small, unit)
    boxes = [_scaled(box, scale) for box in fields]
    # The frames of the fields are printed, too.
    points = _corners(_without(ink, boxes, -round(FRAME * unit)))
    if len(points) < FEW:
        yield (
            f"it has few landmarks beside what is written in its fields ({len(points)})",
            "print more on it (a heading, a frame), or marks in its corners, as form print does",
        )
    else:
        middle = points / np.array([ink.shape[1], ink.shape[0]])
        for axis, halves in ((0, ("left", "right")), (1, ("upper", "lower"))):
            share = float((middle[:, axis] < 0.5).mean())
            if max(share, 1 - share) > ONE_SIDED:
                yield (
                    f"its landmarks are all in the {halves[share < 0.5]} half",
                    "print something in the other half too, or marks in the corners, as form print does",
                )
    # Markers have numbers, which tell where up is.
    if not find_markers(small) and _same_turned(ink, boxes):
        yield (
            "it looks the same upside down",
            "print something at one end only, so that a page that was fed the wrong way round is noticed",
        )


def _scaled(box: Box, scale: float) -> Box:
    left, top = round(box.x * scale), round(box.y * scale)
    return Box(left, top, round(box.right * scale) - left, round(box.bottom * scale) - top)


def _without(ink: Ink, boxes: Sequence[Box], margin: int) -> Ink:
    """Give the ink without that in boxes, which are taken larger by a margin (smaller where it is negative)."""
    left = ink.copy()
    for box in boxes:
        top, start = max(box.y - margin, 0), max(box.x - margin, 0)
        left[top : max(box.bottom + margin, 0), start : max(box.right + margin, 0)] = 0
    return left


def _corners(ink: Ink) -> npt.NDArray[np.float64]:
    """Find corners (n, 2) of the print (after J. Shi and C. Tomasi, "Good features to track", 1994)."""
    soft = cv2.GaussianBlur(ink * 255, (0, 0), 1.0)
    found = cv2.goodFeaturesToTrack(soft, MOST, QUALITY, APART)
    return np.empty((0, 2)) if found is None else np.asarray(found, np.float64).reshape(-1, 2)


def _same_turned(ink: Ink, boxes: Sequence[Box]) -> bool:
    """Tell whether the print and the fields' frames lie much as before when the page is turned by 180 degrees."""
    drawn = _without(ink, boxes, 0)
    for box in boxes:
        cv2.rectangle(drawn, (box.x, box.y), (box.right, box.bottom), 1, 1)
    if not drawn.any():
        return False
    soft = cv2.GaussianBlur(drawn.astype(np.float32), (0, 0), BLUR)
    # A little may be cut off at one end of the page.
    shift = max(1, round(SHIFT * max(ink.shape)))
    if min(ink.shape) <= 4 * shift:
        return False
    turned = cv2.rotate(soft, cv2.ROTATE_180)[shift:-shift, shift:-shift]
    return float(cv2.matchTemplate(soft, turned, cv2.TM_CCOEFF_NORMED).max()) > SAME_TURNED
