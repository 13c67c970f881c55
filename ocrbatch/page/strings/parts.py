"""The connected strokes of a run: where each lies, and what tells a digit from a comma, a dash or a slash."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.page.erase import Frame
from ocrbatch.page.strings.slant import Ints, find_shear
from ocrbatch.records import Grey

STRONG = 0.5
SPECK = 0.1
PINHOLE = 6
STRAIGHT = 0.2


@dataclass(frozen=True, slots=True)
class Parts:
    """The connected parts of a run: ``labels`` (h, w), and of each its number there, its box and its upright extent.

    ``spans`` (n, 2) are first and last column after the writing's slant was taken out, which is ``shear`` pixels to the
    right per row down; ``high`` is a digit's height and ``middle`` (n,) the row of the digits' middle at each part.
    """

    labels: Ints
    numbers: Ints
    left: Ints
    top: Ints
    width: Ints
    height: Ints
    shear: float
    spans: npt.NDArray[np.float32]
    holes: npt.NDArray[np.bool_]
    straight: npt.NDArray[np.bool_]
    high: float
    middle: npt.NDArray[np.float64]


def find_parts(mask: Grey, darkness: npt.NDArray[np.float32], frame: Frame) -> Parts | None:
    """Find the connected parts that are writing in the field; None where there are none.

    ``mask`` (h, w) uint8 is 1 where ink is, ``darkness`` (h, w) its strength, ``frame`` the field's place in both.
    """
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
    high = _usual_height(np.where(width > 1.6 * height, 0, width), height)
    # A wide comma outweighs a thin 1: it is the highest that tells whether there is writing.
    if height.max() < 0.18 * frame.height and not (width > 0.2 * frame.height).any():
        return None
    shear, spans = _upright_spans(labels, numbers)
    return Parts(
        labels=labels,
        numbers=numbers,
        left=left,
        top=top,
        width=width,
        height=height,
        shear=shear,
        spans=spans,
        holes=_holes(labels, stats, numbers),
        straight=_straight(labels, numbers),
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


def _usual_height(width: Ints, height: Ints) -> float:
    """Give the height that half of the run does not pass, by its width: a slash or a comma weighs little."""
    order = np.argsort(height)
    weights = np.cumsum(width[order])
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


def _upright_spans(labels: Ints, numbers: Ints) -> tuple[float, npt.NDArray[np.float32]]:
    """Give the shear that makes the writing upright, and the first and last column of each part after it."""
    own = np.isin(labels, numbers)
    shear = find_shear(own)
    y, x = np.nonzero(own)
    columns = x + shear * (y - y.mean())
    first = np.full(labels.max() + 1, np.inf, np.float32)
    last = np.full(labels.max() + 1, -np.inf, np.float32)
    np.minimum.at(first, labels[y, x], columns)
    np.maximum.at(last, labels[y, x], columns)
    return shear, np.stack([first[numbers], last[numbers] + 1], axis=1)


def _holes(labels: Ints, stats: Ints, numbers: Ints) -> npt.NDArray[np.bool_]:
    """Tell which parts enclose paper."""
    holes = []
    for number in numbers:
        left, top, width, height = stats[number, :4]
        own = (labels[top : top + height, left : left + width] == number).astype(np.uint8)
        _, _, papers, _ = cv2.connectedComponentsWithStats(1 - np.pad(own, 1), connectivity=4)
        # The first is the stroke, the next what lies around it.
        holes.append(bool((papers[2:, cv2.CC_STAT_AREA] >= PINHOLE).any()))
    return np.array(holes, np.bool_)


def _straight(labels: Ints, numbers: Ints) -> npt.NDArray[np.bool_]:
    """Tell which parts are one straight stroke: much longer along their main direction than across it."""
    straight = []
    for number in numbers:
        y, x = np.nonzero(labels == number)
        across, along = np.linalg.eigvalsh(np.cov(np.stack([x, y]), bias=True) + np.eye(2) / 12)
        straight.append(bool(across <= (STRAIGHT**2) * along))
    return np.array(straight, np.bool_)
