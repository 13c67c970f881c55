"""The shape of a mark: strokes that cross in the middle, a stroke with a corner, or ink all over.

From each point of the ink, rays follow the ink as far as it goes: four arms in two opposite pairs make a cross, two
arms that go up from a corner a tick.
"""

import math

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.page.lattice import Step
from ocrbatch.records import Grey

TICKED, CROSSED, STRUCK_OUT = "ticked", "crossed", "struck out"
DOUBTFUL = "mark is doubtful"

SIDE = 48
"""A box's side in pixels, on which shapes are measured."""
STROKE = 110
RAYS = 48
STEPS = 30
POINTS = 160
CROSS_ARM = 0.24
TICK_ARM = 0.1
"""An arm is longer than the stroke is thick, by such a share of the box."""
APART, WIDEST = 5, 17
"""Arms are at least and at most so many rays apart, 37° and 120°."""
STRAIGHT = 0.2
STRAIGHT_WORTH = 1.5
"""A stroke without a corner may be a hasty tick, or a box that is struck through."""

Lengths = npt.NDArray[np.float32]


def tell_mark(ink: Grey) -> Step:
    """Tell what a mark is from its ink (2h, 2w) uint8, in whose middle half the box lies.

    Gives the kind, how sure that is (0–1), and the next best with its own share.
    """
    resized = cv2.resize(ink, (2 * SIDE, 2 * SIDE), interpolation=cv2.INTER_AREA)
    mask = (resized >= STROKE).astype(np.uint8)
    arms = _rays(mask) - 1.1 * _thickness(mask)
    cross, corner = _crossness(arms), _cornerness(arms)
    worth = {
        STRUCK_OUT: 16 * _density(mask) - 60 * max(cross - TICK_ARM, 0.0),
        CROSSED: 80 * (min(cross, 0.4) - CROSS_ARM),
        TICKED: 80 * (min(corner, 0.3) - TICK_ARM) - 80 * max(cross - TICK_ARM, 0.0),
    }
    if _is_straight(mask):
        worth[TICKED] = min(worth[TICKED], STRAIGHT_WORTH)
    weights = {kind: math.exp(min(max(value, -20.0), 20.0)) for kind, value in worth.items()}
    total = sum(weights.values()) + 1.0
    first, second, _ = sorted(weights, key=lambda kind: -weights[kind])
    return Step(first, weights[first] / total, second, weights[second] / total)


def _is_straight(mask: Grey) -> bool:
    """Tell whether a mark is one straight stroke: a bar, a dash or a slash."""
    y, x = np.nonzero(mask)
    if len(x) < 3:
        return True
    across, along = np.linalg.eigvalsh(np.cov(np.stack([x, y]), bias=True) + np.eye(2) / 12)
    return bool(across <= STRAIGHT**2 * along)


def _rays(mask: Grey) -> Lengths:
    """Give how far the ink goes from some of its points (n) in each direction (``RAYS``), in sides of the box.

    Directions run clockwise from the right.
    """
    thick = cv2.dilate(mask, np.ones((3, 3), np.uint8))
    points = cv2.findNonZero(mask)
    if points is None:
        return np.zeros((1, RAYS), np.float32)
    points = points.reshape(-1, 2)[:: max(len(points) // POINTS, 1)]
    angles = np.arange(RAYS) * (2 * np.pi / RAYS)
    steps = np.arange(1, STEPS + 1)
    dx, dy = steps * np.cos(angles)[:, None], steps * np.sin(angles)[:, None]
    x = np.clip(np.round(points[:, 0, None, None] + dx), 0, mask.shape[1] - 1).astype(int)
    y = np.clip(np.round(points[:, 1, None, None] + dy), 0, mask.shape[0] - 1).astype(int)
    paper = thick[y, x] == 0
    ends = np.where(paper.any(axis=2), paper.argmax(axis=2), STEPS)
    return np.asarray(ends / SIDE, np.float32)


def _thickness(mask: Grey) -> float:
    """Give how thick the strokes are, in sides of the box."""
    depths = cv2.distanceTransform(np.pad(mask, 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    return 2 * float(np.quantile(depths[mask > 0], 0.9)) / SIDE if mask.any() else 0.0


def _crossness(lengths: Lengths) -> float:
    """Give the shortest arm of the best cross, in sides of the box: two lines at 35° or more that go on both ways."""
    half = RAYS // 2
    both = np.minimum(lengths[:, :half], lengths[:, half:])
    best = 0.0
    for apart in range(APART, half - APART + 1):
        best = max(best, float(np.minimum(both, np.roll(both, apart, axis=1)).max()))
    return best


def _cornerness(arms: Lengths) -> float:
    """Give the shorter arm of the best tick: one goes up and left, one up and right, and neither goes on below."""
    half, quarter = RAYS // 2, RAYS // 4
    beyond = np.maximum(np.roll(arms, half, axis=1), 0)
    free = arms - 0.7 * beyond
    best = -1.0
    for left in range(half, 3 * quarter + 1):
        for right in range(max(3 * quarter, left + APART), min(RAYS, left + WIDEST)):
            best = max(best, float(np.minimum(free[:, left], free[:, right]).max()))
    return best


def _density(mask: Grey) -> float:
    """Tell how full a box is, −1 to 1: of thick ink all over, or of strokes that leave no free place."""
    box = mask[SIDE // 2 : -SIDE // 2, SIDE // 2 : -SIDE // 2]
    inner = box[SIDE // 5 : -SIDE // 5, SIDE // 5 : -SIDE // 5]
    share = float(inner.mean())
    free = cv2.distanceTransform(1 - np.pad(box, 1, constant_values=1), cv2.DIST_L2, 3).max() / SIDE
    return float(np.clip(max(4 * (share - 0.62), 6 * (0.17 - free) * (share > 0.3)), -1, 1))
