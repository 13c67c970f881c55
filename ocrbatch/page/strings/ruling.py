"""Taking the lines out of a run's cut: what is dark through all of it, in the gaps between digits too.

Nothing says that the field's sides lie on lines, and digits stand on a line or bridge it: a row is a line only where
most of the gaps are dark as well. What touches a line from either side keeps its part of it.
"""

from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.page.erase import Frame

FAINTEST = 7.0
FAINTEST_SHARE = 0.1
PALE = 0.2
"""The share of a row that may be pale though it is a line."""
PALE_UPRIGHT = 0.08
"""The same of a column: a tall digit is not to be taken for a line."""
NEAR_SIDE = 0.16
THICKEST = 0.16
TILT = 0.03
MOST_LINES = 3
TOUCHING = 0.4
CORNER = 0.12
WIDEST_FOOT, FOOT = 0.3, 0.05
"""How wide the foot of a loop is at most, and how far above it the loop is wider, in heights of the cut."""

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.intp]


def without_lines(darkness: Floats, frame: Frame, peak: float) -> Floats:
    """Give the darkness (h, w) float32 of a cut without its lines; ``peak`` is that of its ink.

    Lines along the run are looked for everywhere, those across it near its two ends.
    """
    # Each is looked for with the others in their place: they end at one another.
    result, across = darkness.copy(), darkness.copy()
    reach = max(int(NEAR_SIDE * min(frame.height, frame.width)), 1)
    rows = np.arange(max(frame.y - reach, 0), min(frame.y + frame.height + reach, len(result)))
    for _ in range(MOST_LINES):
        if not _erase_one(result, frame, rows, PALE, peak):
            break
    for side in (frame.x, frame.x + frame.width):
        near = np.arange(max(side - reach, 0), min(side + reach, result.shape[1]))
        _erase_one(across.T, frame.turned(), near, PALE_UPRIGHT, peak)
    return np.minimum(result, across)


def _erase_one(cut: Floats, frame: Frame, rows: Ints, pale: float, peak: float) -> bool:
    """Erase the clearest line in some rows of the cut, in place; tell whether there was one."""
    thickest = max(round(THICKEST * min(frame.height, frame.width)), 3)
    level, row, tilt, profile = _clearest(cut, frame, rows, pale, thickest)
    if level < max(FAINTEST, FAINTEST_SHARE * peak):
        return False
    # Paper is bent: most of the line lies in more rows than all of it does.
    dark = _profile(cut, frame, _path(cut.shape[1], frame, tilt), 0.5)[0] > 0.35 * profile[row]
    first, last = row, row
    while first > 0 and dark[first - 1]:
        first -= 1
    while last + 1 < len(dark) and dark[last + 1]:
        last += 1
    soft = max((last - first + 1) // 3, 1)
    _erase(cut, frame, (first - soft, last + soft), _path(cut.shape[1], frame, tilt), peak, profile[row])
    return True


def _clearest(cut: Floats, frame: Frame, rows: Ints, pale: float, thickest: int) -> tuple[float, int, int, Floats]:
    """Give how clear the clearest line is, its row, its tilt in pixels, and the profile (h,) of all rows."""
    most = min(max(int(TILT * frame.width), 1), max(frame.height // 3, 1))
    best: tuple[float, int, int, Floats] = (0.0, 0, 0, np.zeros(len(cut), np.float32))
    whole = 0.0
    for tilt in sorted(range(-most, most + 1), key=abs):
        profile, mean = _profile(cut, frame, _path(cut.shape[1], frame, tilt), pale)
        # A line is thin: a little above and below it there is none.
        padded = np.pad(profile, thickest)
        clear = profile - np.maximum(padded[: len(cut)], padded[2 * thickest :])
        row = int(rows[clear[rows].argmax()])
        # The share that may be pale would let a line be left at an angle.
        dark = float(clear[row] + mean[row]) if clear[row] > 0 else 0.0
        if dark > whole:
            whole, best = dark, (float(clear[row]), row, tilt, profile)
    return best


def _profile(cut: Floats, frame: Frame, path: Ints, pale: float) -> tuple[Floats, Floats]:
    """Give for rows (h,) that follow a path the darkness that a share ``pale`` of each does not reach, and the mean."""
    columns = np.arange(frame.x, frame.x + frame.width)
    level = cut[np.clip(np.arange(len(cut))[:, None] + path[columns], 0, len(cut) - 1), columns]
    return np.partition(level, int(pale * frame.width), axis=1)[:, int(pale * frame.width)], level.mean(axis=1)


def _path(width: int, frame: Frame, tilt: int) -> Ints:
    """Give how far down (width,) a line is at each column that falls by ``tilt`` along the frame."""
    return np.round(tilt * ((np.arange(width) - frame.x) / max(frame.width, 1) - 0.5)).astype(np.intp)


def _erase(cut: Floats, frame: Frame, band: tuple[int, int], path: Ints, peak: float, line: float) -> None:
    """Make a band of rows, its first and last given, pale along a path, but for what is darker and what touches it.

    At the frame's corners it is other lines that touch it.
    """
    first, last = band
    columns = np.arange(cut.shape[1])
    rows = np.clip(np.arange(first, last + 1)[:, None] + path, 0, len(cut) - 1)
    beside = [np.clip(row + path, 0, len(cut) - 1) for row in (first - 1, last + 1)]
    touching = np.maximum(cut[beside[0], columns], cut[beside[1], columns])
    touching[(touching < TOUCHING * peak) | (touching < 0.7 * line)] = 0
    corner = int(CORNER * min(frame.height, frame.width))
    touching[: frame.x + corner] = touching[frame.x + frame.width - corner :] = 0
    for row, away in zip(beside, (-1, 1), strict=True):
        _bridge(cut, rows, row, away, touching, peak)
    # A slanted stroke enters the line beside where it is seen.
    reach = max((last - first) // 3, 1)
    kept = cv2.dilate(touching[None].astype(np.float32), np.ones((1, 2 * reach + 1), np.uint8))[0]
    inked = cut[rows, columns]
    darker = np.where(inked > 1.6 * line + 15, inked, 0)
    cut[rows, columns] = np.maximum(darker, np.minimum(inked, kept))


def _bridge(cut: Floats, rows: Ints, beside: Ints, away: int, touching: Floats, peak: float) -> None:
    """Let what nears itself towards the line, as the foot of a 0 does, touch it between its two sides too, in place.

    ``rows`` (k, w) are the line's, ``beside`` (w,) those on one side of it, from which ``away`` (1 or -1) leads off.
    """
    columns = np.arange(cut.shape[1])
    strokes = (cut >= TOUCHING * peak).astype(np.uint8)
    strokes[rows, columns] = 0
    _, labels = cv2.connectedComponents(strokes, connectivity=8)
    own = np.where(touching > 0, labels[beside, columns], 0)
    found = np.flatnonzero(own)
    for left, right in pairwise(found.tolist()):
        if not 1 < right - left <= WIDEST_FOOT * len(cut) or own[left] != own[right]:
            continue
        further = int(np.clip(beside[left] + away * FOOT * len(cut), 0, len(cut) - 1))
        middle = (left + right) // 2
        before, after = strokes[further, :middle][::-1], strokes[further, middle:]
        wider = before.any() and after.any() and int(before.argmax() + after.argmax()) > right - left
        if wider:
            touching[left : right + 1] = np.maximum(touching[left : right + 1], min(touching[left], touching[right]))
