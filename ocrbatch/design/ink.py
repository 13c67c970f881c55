"""Print and writing on a page, and what of it stands in or beside a box. Boxes are left, top, right, bottom."""

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.records import Grey

CONTRAST = 45
"""Grey levels; the pale pattern of a cheque's paper is no ink."""
PAPER = 8.0
"""Millimetres: no stroke or line is so thick."""
INSET = 0.14
LEAST_INK = 0.012
"""Of a cell's height squared: a full stop has about half as much."""
SMALL = 0.5
MOSTLY = 0.75
BESIDE = 5.0
BESIDE_INK = 0.02

Ink = npt.NDArray[np.uint8]
"""(H, W): 1 where a page is darker than its paper, else 0."""
Rects = npt.NDArray[np.float64]
"""(n, 4): left, top, right, bottom."""


def find_ink(pixels: Grey, unit: float) -> Ink:
    """Tell what of a page (H, W) is darker than the paper around it; ``unit`` is a millimetre in pixels."""
    step = max(1, round(unit / 2))
    height, width = pixels.shape
    small = cv2.resize(pixels, (max(1, width // step), max(1, height // step)), interpolation=cv2.INTER_AREA)
    side = max(3, round(PAPER * unit / step)) | 1
    paper = cv2.morphologyEx(small, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_RECT, (side, side)))
    paper = cv2.resize(cv2.blur(paper, (side, side)), (width, height), interpolation=cv2.INTER_LINEAR)
    ink: Ink = cv2.threshold(cv2.subtract(paper, pixels), CONTRAST, 1, cv2.THRESH_BINARY)[1]
    return ink


def part(ink: Ink, left: float, top: float, right: float, bottom: float) -> Ink:
    """Cut a stretch out of the page; it may be empty."""
    high, wide = ink.shape
    x0, x1 = (int(np.clip(round(x), 0, wide)) for x in (left, right))
    y0, y1 = (int(np.clip(round(y), 0, high)) for y in (top, bottom))
    return ink[y0 : max(y0, y1), x0 : max(x0, x1)]


def share(ink: Ink, left: float, top: float, right: float, bottom: float) -> float:
    """Give the share 0–1 of a stretch that is ink; 0 off the page."""
    cut = part(ink, left, top, right, bottom)
    return float(cut.mean()) if cut.size else 0.0


def count_written(rects: Rects, ink: Ink) -> int:
    """Count the cells (n, 4) with print or writing in them."""
    return sum(_is_written(_inside(rect, ink)) for rect in rects)


def is_caption_row(rects: Rects, ink: Ink) -> bool:
    """Tell whether all cells of a row bear print, in most of them lower than anybody writes digits there."""
    insides = [_inside(rect, ink) for rect in rects]
    if not all(_is_written(inside) for inside in insides):
        return False
    small = sum(_tallest(inside) < SMALL * len(inside) for inside in insides)
    return small >= MOSTLY * len(insides)


def print_beside(rect: npt.NDArray[np.float64], ink: Ink) -> bool:
    """Tell whether print begins within five heights right or left of a small box, on its line."""
    left, top, right, bottom = rect
    height, gap = bottom - top, 0.25 * (bottom - top)
    after = share(ink, right + gap, top, right + BESIDE * height, bottom)
    before = share(ink, left - BESIDE * height, top, left - gap, bottom)
    return max(after, before) >= BESIDE_INK


def _inside(rect: npt.NDArray[np.float64], ink: Ink) -> Ink:
    left, top, right, bottom = rect
    inset = INSET * min(right - left, bottom - top)
    return part(ink, left + inset, top + inset, right - inset, bottom - inset)


def _is_written(inside: Ink) -> bool:
    return bool(inside.sum() > LEAST_INK * len(inside) ** 2)


def _tallest(inside: Ink) -> int:
    """Give the height of the tallest connected piece."""
    count, _, stats, _ = cv2.connectedComponentsWithStats(np.ascontiguousarray(inside))
    return int(stats[1:, cv2.CC_STAT_HEIGHT].max()) if count > 1 else 0
