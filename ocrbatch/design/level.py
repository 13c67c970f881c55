"""Setting a scan level before a form is made of it."""

import cv2
import numpy as np

from ocrbatch.page.ruling import Ruling
from ocrbatch.records import Page, read_only

LEVEL_ENOUGH = 0.3
"""Degrees."""
SQUARE_ENOUGH = 0.07
"""Of a cell's height."""
FINEST = 330.0
REDUCED = 300.0


def reduce_page(page: Page) -> Page:
    """Bring a finer page to 300 dpi: more helps no reading, and the picture is kept beside its form for ever."""
    if page.dpi is None or page.dpi <= FINEST:
        return page
    scale = REDUCED / page.dpi
    height, width = (max(1, round(side * scale)) for side in page.pixels.shape)
    pixels = cv2.resize(page.pixels, (width, height), interpolation=cv2.INTER_AREA)
    return Page(page.number, read_only(pixels), REDUCED)


def tilt(ruling: Ruling) -> float:
    """Give the degrees, clockwise, by which a page's rows of boxes are tilted: that of most of their length."""
    found = []
    for run in ruling.runs:
        for start, end in ((run[0, 0], run[-1, 1]), (run[0, 3], run[-1, 2])):
            across, down = (end - start).tolist()
            found.append((float(np.degrees(np.arctan2(down, across))), float(np.hypot(across, down))))
    if not found:
        return 0.0
    degrees, lengths = np.array(sorted(found)).T
    return float(degrees[np.searchsorted(lengths.cumsum(), lengths.sum() / 2)])


def level_page(page: Page, degrees: float) -> Page:
    """Turn a page that is tilted clockwise by ``degrees`` level; the picture grows, and its new corners are white."""
    height, width = page.pixels.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    cosine, sine = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = (round(width * cosine + height * sine), round(width * sine + height * cosine))
    matrix[:, 2] += (np.array(size) - (width, height)) / 2
    pixels = cv2.warpAffine(
        page.pixels, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT, borderValue=(255,)
    )
    return Page(page.number, read_only(pixels), page.dpi)


def is_oblique(ruling: Ruling) -> bool:
    """Tell whether upright cells would lie beside the boxes of a level page: it was photographed askew."""
    misses = []
    for run in ruling.runs:
        left, right = run[:, [0, 3], 0].mean(axis=1), run[:, [1, 2], 0].mean(axis=1)
        top, bottom = float(np.median(run[:, :2, 1])), float(np.median(run[:, 2:, 1]))
        across = np.abs(run[:, :, 0] - np.stack([left, right, right, left], axis=1)).max()
        down = np.abs(run[:, :, 1] - np.array([top, top, bottom, bottom])).max()
        misses.append(float(max(across, down)) / max(bottom - top, 1.0))
    return bool(misses) and float(np.percentile(misses, 75)) > SQUARE_ENOUGH
