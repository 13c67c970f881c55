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
ARM = 0.17
CORNER = 0.16
FREE = 0.2

Lengths = npt.NDArray[np.float32]


def tell_mark(ink: Grey) -> Step:
    """Tell what a mark is from its ink (2h, 2w) uint8, in whose middle half the box lies.

    Gives the kind, how sure that is (0–1), and the next best with its own share.
    """
    resized = cv2.resize(ink, (2 * SIDE, 2 * SIDE), interpolation=cv2.INTER_AREA)
    mask = (resized >= STROKE).astype(np.uint8)
    lengths = _rays(mask)
    cross, tick = _crossness(lengths), _cornerness(lengths)
    dense = _density(mask)
    worth = {
        STRUCK_OUT: 14 * dense,
        CROSSED: 40 * (cross - ARM),
        TICKED: 40 * (min(tick, 0.35) - CORNER) - 20 * max(cross - 0.5 * ARM, 0),
    }
    weights = {kind: math.exp(min(max(value, -20.0), 20.0)) for kind, value in worth.items()}
    total = sum(weights.values()) + 1.0
    first, second, _ = sorted(weights, key=lambda kind: -weights[kind])
    return Step(first, weights[first] / total, second, weights[second] / total)


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


def _crossness(lengths: Lengths) -> float:
    """Give the shortest arm of the best cross, in sides of the box: two lines at 35° or more that go on both ways."""
    half = RAYS // 2
    both = np.minimum(lengths[:, :half], lengths[:, half:])
    best = 0.0
    for apart in range(RAYS // 10, half - RAYS // 10 + 1):
        best = max(best, float(np.minimum(both, np.roll(both, apart, axis=1)).max()))
    return best


def _cornerness(lengths: Lengths) -> float:
    """Give the shorter arm of the best tick: one goes up and left, one up and right, and little goes on below."""
    left = lengths[:, RAYS // 2 + 1 : 3 * RAYS // 4 + 2]
    right = lengths[:, 3 * RAYS // 4 + 1 :]
    best = 0.0
    for i in range(left.shape[1]):
        for j in range(right.shape[1]):
            apart = (RAYS // 4 + j) - i
            if apart >= RAYS // 12:
                best = max(best, float(np.minimum(left[:, i], right[:, j]).max()))
    return best


def _density(mask: Grey) -> float:
    """Tell how full a box is, −1 to 1: of thick ink all over, or of strokes that leave no free place."""
    box = mask[SIDE // 2 : -SIDE // 2, SIDE // 2 : -SIDE // 2]
    inner = box[SIDE // 8 : -SIDE // 8, SIDE // 8 : -SIDE // 8]
    share = float(inner.mean())
    free = cv2.distanceTransform(1 - np.pad(box, 1, constant_values=1), cv2.DIST_L2, 3).max() / SIDE
    return float(np.clip(max(4 * (share - 0.62), 6 * (0.17 - free) * (share > 0.3)), -1, 1))
