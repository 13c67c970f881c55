"""A digit's ink to MNIST's form: the one function that training and reading share.

The form is the one described in Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning
applied to document recognition" (1998): the longer side 20 pixels, aspect and grey kept, the centre of
mass at the centre of 28x28.
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.records import Grey, Tiles

SIDE = 28
BOX = 20
FAINTEST = 18
"""Ink below this grey level is noise, or what sharpening leaves around a stroke."""
BEGINS = 0.36
"""Writing begins where the ink reaches this share of what it is half a tile pixel further in."""
OUTLINE = 0.65
"""The outline lies at this share of that ink; this and the number above measured best on MNIST's digits."""
LARGEST = 400
"""More source pixels than this a side give the same tile."""
SPARE = 0.5
SPARE_SHARE = 0.07
"""The shorter side may lose up to so many tile pixels, and so large a share, before it gets one more."""

_PIXELS = np.arange(LARGEST + 1, dtype=np.float32)


def normalize(ink: Grey) -> Grey:
    """Bring one cell's ink to a (28, 28) uint8 tile; ink without writing gives zeros.

    ``ink`` is (h, w) uint8, 0 paper to 255 ink, of any size.
    """
    tile = np.zeros((SIDE, SIDE), np.uint8)
    small = _shrink(ink) if ink.size else None
    if small is None:
        return tile
    moments = cv2.moments(small)
    height, width = small.shape
    # Centred by whole pixels, as MNIST is: a shift by parts of a pixel would blur the tile.
    left = _offset(moments["m10"] / moments["m00"], width)
    top = _offset(moments["m01"] / moments["m00"], height)
    tile[top : top + height, left : left + width] = small
    return tile


def normalize_many(inks: Sequence[Grey]) -> Tiles:
    """Normalize each ink; (n, 28, 28) uint8, also for n = 0."""
    if not inks:
        return np.zeros((0, SIDE, SIDE), np.uint8)
    return np.stack([normalize(ink) for ink in inks])


def _shrink(ink: Grey) -> Grey | None:
    """Crop to the writing and bring its longer side to 20 pixels; None where there is none."""
    left, top, width, height = cv2.boundingRect(cv2.threshold(ink, FAINTEST - 1, 255, cv2.THRESH_BINARY)[1])
    if width == 0:
        return None
    crop = ink[top : top + height, left : left + width]
    crop = _at_workable_size(crop)
    reach = max(1, round(max(crop.shape) / BOX / 2))
    x0, x1 = _extent(crop.max(axis=0), reach)
    y0, y1 = _extent(crop.max(axis=1), reach)
    pitch = max(x1 - x0, y1 - y0) / BOX
    across = _area_weights(x0, x1, pitch, crop.shape[1])
    down = _area_weights(y0, y1, pitch, crop.shape[0])
    small: Grey = (down @ crop.astype(np.float32) @ across.T + 0.5).astype(np.uint8)
    return small if small.any() else None


def _at_workable_size(crop: Grey) -> Grey:
    """Enlarge what has less than two pixels a tile pixel, whose corners would show; reduce what has many."""
    height, width = crop.shape
    longer = max(height, width)
    if longer < 2 * BOX:
        times = math.ceil(2 * BOX / longer)
        larger: Grey = cv2.resize(crop, (width * times, height * times), interpolation=cv2.INTER_LINEAR)
        return larger
    if longer > LARGEST:
        size = (max(1, round(width * LARGEST / longer)), max(1, round(height * LARGEST / longer)))
        smaller: Grey = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
        return smaller
    return crop


def _extent(profile: Grey, reach: int) -> tuple[float, float]:
    """Where the writing begins and ends along one side, in pixels from its first edge, to parts of a pixel.

    ``profile`` is the strongest ink of each column or row. The outline is where it has risen to a share of
    what it is ``reach`` pixels (half a tile pixel) further in: so the tail of a smooth edge is no size, and
    the pale end of a stroke is.
    """
    levels = profile.astype(np.float32)
    return _rise(levels, reach), len(levels) - _rise(levels[::-1], reach)


def _rise(levels: npt.NDArray[np.float32], reach: int) -> float:
    head = levels[: 4 * reach + 2]
    further = levels[reach : reach + len(head)]
    if len(further) == 0:
        return 0.0
    begun = int((head[: len(further)] >= further * BEGINS).argmax())
    outline = float(further[begun]) * OUTLINE
    index = int((head >= outline).argmax())
    if index == 0:
        return 0.0
    before, here = float(head[index - 1]), float(head[index])
    return index - (here - outline) / (here - before) if here > before else float(index)


def _area_weights(start: float, stop: float, pitch: float, pixels: int) -> npt.NDArray[np.float32]:
    """Weights (n, pixels) that average source pixels over boxes of ``pitch`` pixels lying around start…stop.

    The boxes are as many as the side needs and lie centred on it: a thin stroke keeps its own width.
    """
    side = (stop - start) / pitch
    count = max(1, min(BOX, math.ceil(side - min(SPARE, SPARE_SHARE * side))))
    first = (start + stop - count * pitch) / 2
    edges = np.float32(first) + np.float32(pitch) * _PIXELS[: count + 1, None]
    covered = np.minimum(np.maximum(edges - _PIXELS[:pixels], 0), 1)
    weights: npt.NDArray[np.float32] = (covered[1:] - covered[:-1]) / np.float32(pitch)
    return weights


def _offset(centre: float, length: int) -> int:
    """Where a side of ``length`` pixels begins so that its centre of mass lies on the tile's pixel 14."""
    return min(max(round(SIDE / 2 - centre), 0), SIDE - length)
