"""A run's strokes to pieces, one a digit where digits do not touch, without its commas, dots and dashes."""

from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.page.erase import Frame
from ocrbatch.records import Grey

TOUCHING = "touching digits"
SIGN = "sign beside digits"
SMALL = "small writing beside digits"

STRONG = 0.5
SPECK = 0.1
WIDE = 1.2
OVERLAP = 0.55
Ints = npt.NDArray[np.int32]


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


@dataclass(frozen=True, slots=True)
class _Parts:
    """The connected parts of a run: ``labels`` (h, w), and of each its number there, its box and its upright extent.

    ``spans`` (n, 2) are first and last column after the writing's slant was taken out; ``high`` is a digit's height.
    """

    labels: Ints
    numbers: Ints
    left: Ints
    top: Ints
    width: Ints
    height: Ints
    spans: npt.NDArray[np.float32]
    holes: npt.NDArray[np.bool_]
    high: float
    middle: npt.NDArray[np.float64]


def find_pieces(mask: Grey, darkness: npt.NDArray[np.float32], frame: Frame) -> tuple[Piece, ...]:
    """Give the pieces of a run from left to right.

    ``mask`` (h, w) uint8 is 1 where ink is, ``darkness`` (h, w) its strength, ``frame`` the field's place in both.
    """
    parts = _parts(mask, darkness, frame)
    if parts is None:
        return ()
    overlap = _overlaps(parts)
    dashes, points = _dashes(parts, overlap), _points(parts)
    body = ~(dashes | points)
    if not body.any():
        # A dash alone is writing, though no digit.
        body = dashes
    groups = _joined(parts, overlap, np.nonzero(body)[0])
    return tuple(_piece(parts, group) for group in groups)


def _parts(mask: Grey, darkness: npt.NDArray[np.float32], frame: Frame) -> _Parts | None:
    """Find the connected parts that are writing in the field; None where there are none."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    inside = np.bincount(labels[frame.inner(0.0)].ravel(), minlength=count)
    strongest = np.zeros(count, np.float32)
    np.maximum.at(strongest, labels.ravel(), darkness.ravel())
    area = stats[:, cv2.CC_STAT_AREA]
    extent = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    own = (inside >= 0.5 * area) & (extent >= max(SPECK * frame.height, 3)) & ~_line_remains(stats, frame)
    own[0] = False
    if not own.any():
        return None
    own &= strongest >= STRONG * strongest[own].max()
    numbers = np.nonzero(own)[0].astype(np.int32)
    left, top, width, height = (stats[numbers, column] for column in range(4))
    high = _usual_height(height, area[numbers], frame)
    if high < 0.18 * frame.height and not (width > 0.2 * frame.height).any():
        return None
    return _Parts(
        labels=labels,
        numbers=numbers,
        left=left,
        top=top,
        width=width,
        height=height,
        spans=_upright_spans(labels, numbers),
        holes=_holes(labels, stats, numbers),
        high=high,
        middle=_middle(left + width / 2, top, height, high),
    )


def _line_remains(stats: Ints, frame: Frame) -> npt.NDArray[np.bool_]:
    """Tell which parts (n, 5) are what is left of a box's line: thin and along a side, or longer than writing."""
    left, top = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_TOP]
    width, height = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    near, thin = 0.15 * frame.height, max(0.08 * frame.height, 2)
    flat = (height <= thin) & ((top + height <= frame.y + near) | (top >= frame.y + frame.height - near))
    upright = (width <= thin) & ((left + width <= frame.x + near) | (left >= frame.x + frame.width - near))
    upright &= height >= 0.6 * frame.height
    long = (width >= 0.4 * frame.width) & (height <= 0.12 * width) & (width >= 1.5 * frame.height)
    return np.asarray(flat | upright | long)


def _usual_height(height: Ints, area: Ints, frame: Frame) -> float:
    """Give the height that half of the ink does not pass: small signs weigh little."""
    order = np.argsort(height)
    weights = np.cumsum(area[order])
    return float(height[order][np.searchsorted(weights, 0.5 * weights[-1])])


def _middle(centre: npt.NDArray[np.float64], top: Ints, height: Ints, high: float) -> npt.NDArray[np.float64]:
    """Give each part the row (n,) of the middle of the digits where it stands; a run may rise or fall."""
    digits = (height >= 0.6 * high) & (height <= 1.5 * high)
    rows = top[digits] + height[digits] / 2
    if digits.sum() < 3 or np.ptp(centre[digits]) < 2 * high:
        return np.full(len(centre), float(np.median(rows)) if digits.any() else 0.0)
    slope, start = np.polyfit(centre[digits], rows, 1)
    slope = float(np.clip(slope, -0.3, 0.3))
    start = float(np.median(rows - slope * centre[digits]))
    return np.asarray(start + slope * centre)


def _upright_spans(labels: Ints, numbers: Ints) -> npt.NDArray[np.float32]:
    """Give the first and last column of each part after shearing the writing to where it is most upright."""
    y, x = np.nonzero(np.isin(labels, numbers))
    shear = max((_uprightness(x + s * (y - y.mean())), -abs(s), s) for s in np.linspace(-0.3, 0.9, 13))[2]
    columns = x + shear * (y - y.mean())
    first = np.full(labels.max() + 1, np.inf, np.float32)
    last = np.full(labels.max() + 1, -np.inf, np.float32)
    np.minimum.at(first, labels[y, x], columns)
    np.maximum.at(last, labels[y, x], columns)
    return np.stack([first[numbers], last[numbers] + 1], axis=1)


def _uprightness(columns: npt.NDArray[np.float64]) -> float:
    """Tell how much ink stands above itself: the projection's energy."""
    counts = np.bincount(np.round(columns - columns.min()).astype(int))
    return float((counts.astype(np.float64) ** 2).sum())


def _holes(labels: Ints, stats: Ints, numbers: Ints) -> npt.NDArray[np.bool_]:
    """Tell which parts enclose paper."""
    holes = []
    for number in numbers:
        left, top, width, height = stats[number, :4]
        own = (labels[top : top + height, left : left + width] == number).astype(np.uint8)
        outside = cv2.connectedComponents(1 - np.pad(own, 1), connectivity=4)[0]
        holes.append(outside > 2)
    return np.array(holes, np.bool_)


def _overlaps(parts: _Parts) -> npt.NDArray[np.float32]:
    """Give the share (n, n) of the narrower of two parts that lies above or below the other."""
    first, last = parts.spans.T
    common = np.minimum(last[:, None], last) - np.maximum(first[:, None], first)
    shares = np.maximum(common, 0) / np.maximum(np.minimum(last - first, (last - first)[:, None]), 1)
    np.fill_diagonal(shares, 0)
    return np.asarray(shares, np.float32)


def _dashes(parts: _Parts, overlap: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Tell which parts are dashes: flat, and with no digit above or below that they could be a bar of."""
    flat = (parts.height <= 0.4 * parts.high) & (parts.width >= 1.6 * parts.height)
    digit = parts.height >= 0.5 * parts.high
    return np.asarray(flat & ~((overlap >= OVERLAP) & digit).any(axis=1))


def _points(parts: _Parts) -> npt.NDArray[np.bool_]:
    """Tell which parts are dots and commas: small, without a hole, and low where they are not tiny."""
    tiny = (parts.height < 0.25 * parts.high) & (parts.width < 0.35 * parts.high)
    low = parts.top >= parts.middle + 0.05 * parts.high
    comma = low & (parts.height < 0.65 * parts.high) & (parts.width < 0.5 * parts.high)
    return np.asarray(tiny | (comma & ~parts.holes))


def _joined(parts: _Parts, overlap: npt.NDArray[np.float32], body: npt.NDArray[np.intp]) -> list[list[int]]:
    """Join the parts of broken digits: those that stand above one another by most of the narrower."""
    group = {int(part): {int(part)} for part in body}
    for i, j in combinations(list(group), 2):
        if overlap[i, j] >= OVERLAP:
            joined = group[i] | group[j]
            group.update(dict.fromkeys(joined, joined))
    groups = {min(members): sorted(members) for members in group.values()}
    return sorted(groups.values(), key=lambda members: float(parts.spans[members].mean()))


def _piece(parts: _Parts, group: list[int]) -> Piece:
    left, top = int(parts.left[group].min()), int(parts.top[group].min())
    right = int((parts.left + parts.width)[group].max())
    bottom = int((parts.top + parts.height)[group].max())
    mask = np.isin(parts.labels[top:bottom, left:right], parts.numbers[group]).astype(np.uint8)
    first, last = parts.spans[group][:, 0].min(), parts.spans[group][:, 1].max()
    notes = []
    if last - first > WIDE * max(bottom - top, 0.8 * parts.high):
        notes.append(TOUCHING)
    elif bottom - top < 0.5 * parts.high:
        notes.append(SMALL)
    return Piece(mask, left, top, tuple(notes))
