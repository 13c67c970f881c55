"""One picture of one digit, cut out already, to its ink: of any size and polarity, with what is left of a box.

Where cells are found on a page, ``segment`` does this with more knowledge; here the picture is all there is.
"""

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.page.erase import Frame, erase_lines
from ocrbatch.page.quantiles import quantile
from ocrbatch.records import Grey, read_only

FAINTEST_PEAK = 22.0
"""A picture whose strongest ink is less than so many grey levels off its paper is empty."""
MOST = 0.65
"""So large a share of a picture can only be its paper."""
LARGEST = 160
"""More source pixels than this a side tell nothing more."""
NOISE = 3.0
"""Ink begins at so many times the paper's own spread."""
LEAST_PIXELS = 12
STROKE = 0.4
FAINT_STROKE = 0.16
SMALLEST_CELL = 8
OWN_HEIGHT = 0.25
SIDE_BAND = 0.12
MOSTLY = 0.35
STRAIGHT = 0.7
JOINED = 0.25
THROUGH = 0.9
FRAMED = 3
"""A picture with lines along so many of its sides is a whole cell; a digit that fills its picture has fewer bars."""
RIM = 0.04
LEAST_FOR_LINES = 24
"""In a smaller picture a thin stroke looks like a line."""
LONG_RUN = 0.45
LINE_THICKNESS = 0.12
FILLS = 0.75
SPECK_AREA = 0.08
SPECK_EXTENT = 0.12

Floats = npt.NDArray[np.float32]


def ink_of(grey: Grey) -> Grey:
    """Give the ink of a picture of one digit, 0 for paper and 255 for the strongest; zeros where it is empty.

    ``grey`` is (h, w) uint8, ink dark or bright. The ink is (h', w') uint8, of a larger picture reduced.
    Pieces of lines along the picture's sides are taken out where something is written within.
    """
    darkness = _darkness(_workable(grey))
    mask = _strokes(darkness)
    if mask is None:
        return read_only(np.zeros(grey.shape, np.uint8))
    if _touches(mask) and min(mask.shape) >= SMALLEST_CELL:
        darkness, mask = _within(darkness, mask)
    mask = _without_specks(mask)
    peak = _peak(darkness[mask > 0])
    around = cv2.dilate(mask, np.ones((3, 3), np.uint8))
    return read_only(np.clip(darkness * (255 / peak), 0, 255).astype(np.uint8) * around)


def _workable(grey: Grey) -> Grey:
    """Turn the paper bright, and reduce what is needlessly large."""
    longer = max(grey.shape)
    if longer > LARGEST:
        size = (max(1, grey.shape[1] * LARGEST // longer), max(1, grey.shape[0] * LARGEST // longer))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return cv2.bitwise_not(grey) if _paper_is_dark(grey) else grey


def _paper_is_dark(grey: Grey) -> bool:
    """Tell by the larger part where it is much larger, else by the border: a bold digit may fill its picture."""
    level = cv2.threshold(grey, 0, 255, cv2.THRESH_OTSU)[0]
    dark = float(np.mean(grey <= level))
    if not 1 - MOST < dark < MOST:
        return dark >= MOST
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    return bool(np.median(border) <= level)


def _darkness(grey: Grey) -> Floats:
    """Give the darkness (h, w) float32 against the paper around, less the paper's own unevenness."""
    side = max(min(grey.shape) // 2 | 1, 5)
    paper = cv2.morphologyEx(grey, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    # A scribble may fill more than the closing does: the paper is never darker than the brighter part.
    paper = np.maximum(paper, np.uint8(quantile(grey, MOST)))
    paper = cv2.blur(paper, (side, side))
    darkness: Floats = cv2.subtract(paper, grey).astype(np.float32)
    level = quantile(darkness[darkness < quantile(darkness, MOST)], 0.5)
    return np.asarray(np.maximum(darkness - np.float32(level), 0))


def _peak(values: Floats) -> float:
    return max(quantile(values, 0.98), 1.0)


def _strokes(darkness: Floats) -> Grey | None:
    """Give the mask (h, w) of the strokes: what is dark, with the pale parts that hang on it; None of none."""
    height, width = darkness.shape
    inner = darkness[height // 8 : height - height // 8, width // 8 : width - width // 8]
    # A small digit in a large picture is a small share of it.
    peak = quantile(inner, min(max(0.993, 1 - LEAST_PIXELS / max(inner.size, 1)), 0.999))
    if peak < FAINTEST_PEAK:
        return None
    noise = quantile(darkness, 0.5)
    pale = min(max(FAINT_STROKE * peak, NOISE * noise), STROKE * peak)
    count, labels = cv2.connectedComponents((darkness >= pale).astype(np.uint8), connectivity=8)
    dark = np.zeros(count, np.uint8)
    dark[labels[darkness >= STROKE * peak]] = 1
    dark[0] = 0
    mask: Grey = dark[labels]
    return mask if mask.any() else None


def _touches(mask: Grey) -> bool:
    return bool(mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any())


def _within(darkness: Floats, mask: Grey) -> tuple[Floats, Grey]:
    """Leave out what lies along the sides, where something else is written; else leave all as it is."""
    inside = _without_sides(mask)
    if inside is not None and not _touches(inside):
        return darkness, inside
    lined = [_runs_through(np.rot90(mask, turns)) for turns in range(4)]
    framed = sum(lined) >= FRAMED
    if any(lined):
        freed = _without_lines(darkness, [framed or side for side in lined])
        rim = max(round(RIM * min(mask.shape)), 1) if framed else 0
        strokes = _strokes(_without_rim(freed, rim))
        cleared = None if strokes is None else _without_sides(strokes, rim)
        if cleared is not None and (framed or _is_small(cleared)):
            darkness, inside = freed, cleared
    left = mask if inside is None else inside
    if _touches(left) and min(left.shape) >= LEAST_FOR_LINES:
        cleared = _without_sides(_without_long_runs(left))
        if cleared is not None and not _touches(cleared) and _height(cleared) <= FILLS * len(cleared):
            return darkness, cleared
    return darkness, left


def _is_small(mask: Grey) -> bool:
    """Tell whether the writing is clear of the sides, or at least less high than a digit that fills its picture.

    Such a one has bars where others have lines, and nearly fills the picture without them.
    """
    return not _touches(mask) or _height(mask) <= FILLS * len(mask)


def _height(mask: Grey) -> int:
    return int(cv2.boundingRect(mask)[3])


def _without_long_runs(mask: Grey) -> Grey:
    """Take thin straight lines from side to side out of the strokes; what crosses one is joined again."""
    freed = mask.copy()
    for strokes, left in ((mask, freed), (mask.T, freed.T)):
        runs = _long_runs(strokes)
        _, labels, stats, _ = cv2.connectedComponentsWithStats(runs, connectivity=8)
        through = stats[:, cv2.CC_STAT_WIDTH] >= THROUGH * strokes.shape[1]
        thin = stats[:, cv2.CC_STAT_AREA] <= LINE_THICKNESS * len(strokes) * stats[:, cv2.CC_STAT_WIDTH]
        through[0] = False
        lines: Grey = (through & thin)[labels].astype(np.uint8)
        without = np.where(lines > 0, 0, strokes).astype(np.uint8)
        thickness = int(lines.sum(axis=0).max()) + 1
        joined = cv2.morphologyEx(without, cv2.MORPH_CLOSE, np.ones((thickness, 1), np.uint8))
        left[(lines > 0) & (joined == 0)] = 0
    return freed


def _without_rim(darkness: Floats, rim: int) -> Floats:
    """Clear so many of the outermost pixels, where a frame's edge is left."""
    height, width = darkness.shape
    cleared = np.zeros_like(darkness)
    inner = np.s_[rim : height - rim, rim : width - rim]
    cleared[inner] = darkness[inner]
    return cleared


def _runs_through(mask: Grey) -> bool:
    """Tell whether a line runs along the upper side from end to end."""
    ruled = mask[: max(round(SIDE_BAND * len(mask)), 2)].max(axis=0) > 0
    ends = max(round(0.1 * ruled.size), 1)
    return bool(ruled.mean() >= THROUGH and ruled[:ends].all() and ruled[-ends:].all())


def _long_runs(mask: Grey) -> Grey:
    """Give what of the strokes runs along the rows for nearly half of the picture or more."""
    kernel = np.ones((1, max(round(LONG_RUN * mask.shape[1]), 3)), np.uint8)
    runs: Grey = cv2.morphologyEx(np.ascontiguousarray(mask), cv2.MORPH_OPEN, kernel)
    return runs


def _without_sides(mask: Grey, rim: int = 0) -> Grey | None:
    """Drop the connected parts that lie along the picture's sides; None where nothing of a digit's size is left."""
    height, width = mask.shape
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    area = stats[:, cv2.CC_STAT_AREA]
    left, top = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_TOP]
    right, bottom = left + stats[:, cv2.CC_STAT_WIDTH], top + stats[:, cv2.CC_STAT_HEIGHT]
    at_side = (left <= rim) | (top <= rim) | (right >= width - rim) | (bottom >= height - rim)
    dx, dy = round(SIDE_BAND * width), round(SIDE_BAND * height)
    inner = np.s_[dy : height - dy, dx : width - dx]
    inside = np.bincount(labels[inner].ravel(), minlength=count)
    straight = cv2.dilate(_long_runs(mask) | _long_runs(mask.T).T, np.ones((3, 3), np.uint8))
    written = np.bincount(labels[inner][straight[inner] == 0], minlength=count)
    free = np.where(at_side, 0, area)
    free[0] = 0
    lines = np.bincount(labels[straight > 0], minlength=count) >= STRAIGHT * area
    # A line that is joined with writing stays, for another way to part them.
    alone = written <= JOINED * free.max()
    keep = ~(at_side & ((inside < MOSTLY * area) | (lines & (free.max() > 0))) & alone)
    keep[0] = False
    own: Grey = keep[labels].astype(np.uint8)
    heights = (bottom - top)[keep]
    return own if len(heights) and heights.max() >= OWN_HEIGHT * height else None


def _without_lines(darkness: Floats, lined: list[bool]) -> Floats:
    """Erase the lines near some sides (above, right, below, left), also where writing crosses them."""
    height, width = darkness.shape
    pad = max(round(0.1 * max(height, width)), 3)
    padded = cv2.copyMakeBorder(darkness, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
    noise = np.array([quantile(darkness, 0.5)], np.float32)
    whole = np.round(padded).astype(np.uint8)
    erased = erase_lines(whole[None], Frame(pad, pad, width, height), noise)[0][pad : pad + height, pad : pad + width]
    freed = darkness.copy()
    dx, dy = max(width // 5, 2), max(height // 5, 2)
    every = slice(None)
    above, below = (slice(dy), every), (slice(height - dy, height), every)
    left, right = (every, slice(dx)), (every, slice(width - dx, width))
    for side, ruled in zip((above, right, below, left), lined, strict=True):
        if ruled:
            freed[side] = np.minimum(freed[side], erased[side])
    return freed


def _without_specks(mask: Grey) -> Grey:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count <= 2:
        return mask
    area = stats[:, cv2.CC_STAT_AREA]
    extent = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    keep = (area >= SPECK_AREA * area[1:].max()) | (extent >= SPECK_EXTENT * max(mask.shape))
    keep[0] = False
    kept: Grey = keep[labels].astype(np.uint8)
    return kept
