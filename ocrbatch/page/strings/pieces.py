"""A run's strokes to pieces, one a digit where digits do not touch, without its commas, dots and dashes."""

from dataclasses import dataclass, replace
from itertools import combinations

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.page.erase import Frame
from ocrbatch.page.strings.parts import Ints, Parts, find_parts
from ocrbatch.records import Grey

TOUCHING = "touching digits"
SIGN = "sign beside digits"
SMALL = "small writing beside digits"
LEAVES = "writing leaves the field"
CUT_OFF = "cut off by the page's edge"

WIDE = 1.2
LOWER = 0.2
OVERLAP = 0.55


@dataclass(frozen=True, slots=True)
class Piece:
    """Strokes that belong together: ``mask`` (h, w) uint8, 0 or 1, and its place in the cut, in pixels."""

    mask: Grey
    left: int
    top: int
    notes: tuple[str, ...] = ()

    @property
    def right(self) -> int:
        """The first column that is no longer inside."""
        return self.left + int(self.mask.shape[1])

    @property
    def bottom(self) -> int:
        """The first row that is no longer inside."""
        return self.top + int(self.mask.shape[0])


def find_pieces(
    mask: Grey, darkness: npt.NDArray[np.float32], frame: Frame, page: npt.NDArray[np.bool_]
) -> tuple[Piece, ...]:
    """Give the pieces of a run from left to right.

    ``mask`` (h, w) uint8 is 1 where ink is, ``darkness`` (h, w) its strength, ``frame`` the field's place in both;
    ``page`` (h, w) is where the page is.
    """
    parts = find_parts(mask, darkness, frame)
    if parts is None:
        return ()
    overlap = _overlaps(parts)
    dashes, points = _dashes(parts, overlap), _points(parts)
    body = ~(dashes | points)
    if not body.any():
        # A dash alone is writing, though no digit.
        body = dashes
    groups = _joined(parts, overlap, np.nonzero(body)[0])
    signs = _signs(parts, groups, parts.left[dashes], frame)
    edge = page & (cv2.erode(page.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1) == 0)
    off = bool(np.isin(parts.labels[edge], parts.numbers[sorted({i for group in groups for i in group})]).any())
    notes = ((LEAVES,) if _others_reach_in(mask, parts, frame) else ()) + ((CUT_OFF,) if off else ())
    pieces = [
        _piece(parts, group, notes + ((SIGN,) if sign else ())) for group, sign in zip(groups, signs, strict=True)
    ]
    return tuple(_small_noted(pieces, [bool(parts.straight[group].any()) for group in groups]))


def _overlaps(parts: Parts) -> npt.NDArray[np.float32]:
    """Give the share (n, n) of the narrower of two parts that lies above or below the other."""
    first, last = parts.spans.T
    common = np.minimum(last[:, None], last) - np.maximum(first[:, None], first)
    shares = np.maximum(common, 0) / np.maximum(np.minimum(last - first, (last - first)[:, None]), 1)
    np.fill_diagonal(shares, 0)
    return np.asarray(shares, np.float32)


def _dashes(parts: Parts, overlap: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Tell which parts are dashes: flat, and with no digit above or below that they could be a bar of."""
    flat = (parts.height <= 0.4 * parts.high) & (parts.width >= 1.6 * parts.height)
    digit = parts.height >= 0.5 * parts.high
    widths = np.ptp(parts.spans, axis=1)
    # Of the dash itself: a slash stands above a small part of the one that follows it.
    own = overlap * np.minimum(1, widths / np.maximum(widths[:, None], 1))
    return np.asarray(flat & ~((own >= 0.5 * OVERLAP) & digit).any(axis=1))


def _points(parts: Parts) -> npt.NDArray[np.bool_]:
    """Tell which parts are dots and commas: tiny, or hanging lower than the digits beside them."""
    tiny = (parts.height < 0.25 * parts.high) & (parts.width < 0.35 * parts.high)
    order = [int(part) for part in np.argsort(parts.spans.mean(axis=1)) if not tiny[part]]
    commas = np.zeros(len(tiny), np.bool_)
    for place, part in enumerate(order):
        others = (order[:place][::-1], order[place + 1 :])
        beside = [found for side in others if (found := _digit_beside(parts, part, side)) is not None]
        commas[part] = bool(beside) and _lower(parts, part, np.array(beside)) >= LOWER
    # Beside touching digits only the run's own height and middle tell.
    low = (parts.top >= parts.middle + 0.05 * parts.high) & (parts.height < 0.65 * parts.high)
    low &= (parts.width < 0.5 * parts.high) & ~parts.holes
    digits = (parts.holes | (parts.height >= 0.45 * parts.high)) & ~(tiny | commas | low)
    end = parts.spans[digits, 1].max() if digits.any() else np.inf
    after = ~digits & (parts.height < 0.3 * parts.high) & (parts.spans.mean(axis=1) > end)
    return np.asarray(tiny | commas | low | after)


def _digit_beside(parts: Parts, part: int, others: list[int]) -> int | None:
    """Give the nearest of the other parts that is a digit if this one is none."""
    for other in others:
        if parts.holes[other] or parts.height[other] > 1.05 * parts.height[part]:
            return other
    return None


def _lower(parts: Parts, part: int, beside: npt.NDArray[np.intp]) -> float:
    """Tell how far a part's foot hangs below those of the digits beside it, in their heights; −1 for no comma."""
    heights, bottoms = parts.height[beside], parts.top[beside] + parts.height[beside]
    begins_low = bool((parts.top[part] >= parts.top[beside] + 0.3 * heights).all())
    if parts.holes[part] or not begins_low or parts.width[part] > 0.9 * parts.high:
        return -1.0
    return float((parts.top[part] + parts.height[part] - bottoms.mean()) / heights.mean())


def _joined(parts: Parts, overlap: npt.NDArray[np.float32], body: npt.NDArray[np.intp]) -> list[list[int]]:
    """Join the parts of broken digits: those that stand above one another by most of the narrower."""
    group = {int(part): {int(part)} for part in body}
    for i, j in combinations(list(group), 2):
        if overlap[i, j] >= OVERLAP:
            joined = group[i] | group[j]
            group.update(dict.fromkeys(joined, joined))
    groups = {min(members): sorted(members) for members in group.values()}
    return sorted(groups.values(), key=lambda members: float(parts.spans[members].mean()))


def _signs(parts: Parts, groups: list[list[int]], dashes: Ints, frame: Frame) -> list[bool]:
    """Tell which pieces are no digits by their shape: a box's line, and a slash with all that follows it.

    ``dashes`` are the left sides of the run's dashes. A slash is a single stroke that is higher than the digits, or
    that only a dash follows.
    """
    boxes = [_box(parts, group) for group in groups]
    holes = [bool(parts.holes[group].any()) for group in groups]
    stroke = [bool(parts.straight[group].any()) for group in groups]
    signs = [
        right - left <= 0.12 * frame.height and bottom - top >= 0.85 * frame.height
        for left, top, right, bottom in boxes
    ]
    for index in reversed(range(1, len(groups))):
        left, top, right, bottom = boxes[index]
        high = bottom - top
        if holes[index]:
            break
        signs[index] = signs[index] or high < 0.45 * parts.high
        followed = bool((dashes > (left + right) / 2).any())
        if (stroke[index] and (high > 1.2 * parts.high or followed)) or _with_dash(parts, groups[index]):
            return signs[:index] + [True] * (len(groups) - index)
        if high > 0.65 * parts.high:
            break
    return signs


def _with_dash(parts: Parts, group: list[int]) -> bool:
    """Tell whether a piece is a slash and the dash after it in one: its right part is thin, and not at the foot."""
    left, top, right, bottom = _box(parts, group)
    own = np.isin(parts.labels[top:bottom, left:right], parts.numbers[group])
    flat = own[:, int(0.6 * own.shape[1]) :]
    rows = np.nonzero(flat.any(axis=1))[0]
    thick = flat.sum(axis=0)
    if bottom - top < 0.9 * parts.high or right - left < 0.6 * parts.high or not len(rows):
        return False
    above_foot = top + float(rows.mean()) < float(parts.middle[group].mean()) + 0.35 * parts.high
    return bool(thick.max() <= 0.3 * parts.high and np.ptp(rows) <= 0.45 * parts.high and above_foot)


def _others_reach_in(mask: Grey, parts: Parts, frame: Frame) -> bool:
    """Tell whether something as high as a digit lies across the field's left or right side, most of it outside."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    rows, columns = frame.inner(0.0)
    inside = np.bincount(labels[rows, columns].ravel(), minlength=count)
    beside = np.bincount(labels[rows].ravel(), minlength=count) - inside
    area, height = stats[:, cv2.CC_STAT_AREA], stats[:, cv2.CC_STAT_HEIGHT]
    across = (inside >= 0.08 * area) & (inside < 0.5 * area) & (beside >= 0.4 * area) & (height >= 0.5 * parts.high)
    return bool(across[1:].any())


def _box(parts: Parts, group: list[int]) -> tuple[int, int, int, int]:
    """Give a group's left, top, right and bottom."""
    left, top = int(parts.left[group].min()), int(parts.top[group].min())
    right = int((parts.left + parts.width)[group].max())
    return left, top, right, int((parts.top + parts.height)[group].max())


def _piece(parts: Parts, group: list[int], notes: tuple[str, ...]) -> Piece:
    left, top, right, bottom = _box(parts, group)
    mask = np.isin(parts.labels[top:bottom, left:right], parts.numbers[group]).astype(np.uint8)
    if SIGN not in notes:
        if np.ptp(parts.spans[group]) > WIDE * max(bottom - top, 0.8 * parts.high):
            notes = (*notes, TOUCHING)
        elif bottom - top < 0.5 * parts.high:
            notes = (*notes, SMALL)
    return Piece(mask, left, top, notes)


def _small_noted(pieces: list[Piece], straight: list[bool]) -> list[Piece]:
    """Note the straight strokes that begin low beside digits: a comma that could be a one."""
    noted = list(pieces)
    for index, piece in enumerate(pieces):
        beside = pieces[max(index - 1, 0) : index] + pieces[index + 1 : index + 2]
        low = all(piece.top >= other.top + 0.25 * (other.bottom - other.top) for other in beside)
        if beside and low and straight[index] and not piece.notes:
            noted[index] = replace(piece, notes=(SMALL,))
    return noted
