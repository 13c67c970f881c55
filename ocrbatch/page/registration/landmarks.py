"""Proposals from registration marks: ArUco markers, which name themselves, and printed black squares, which do not."""

from collections.abc import Mapping
from itertools import combinations, permutations

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.form.marks import MARKER_DICTIONARY
from ocrbatch.geometry import Matrix, transform_points
from ocrbatch.page.registration.transforms import homography_through
from ocrbatch.records import Grey

Floats = npt.NDArray[np.float32]

THRESHOLD_WINDOW = 23
THIN = 5
MIN_SIDE, MAX_SIDE = 5, 60
MAX_ASPECT = 1.35
MIN_FILL = 0.9
MAX_SQUARES = 12
MOST_PAIRS = 3
SOFT = 2
QUIET = 0.9
NEAR = 0.04
"""How far a square may lie from where it is expected, as a share of the distance between the two that told where."""


def find_markers(picture: Grey) -> dict[int, Floats]:
    """Find the ArUco markers of a picture (H, W) uint8: their corners (4, 2) in its pixels, by their ids."""
    dictionary = cv2.aruco.getPredefinedDictionary(MARKER_DICTIONARY)
    settings = cv2.aruco.DetectorParameters()
    # One threshold is enough for print on paper, and takes a third of the time.
    settings.adaptiveThreshWinSizeMin = settings.adaptiveThreshWinSizeMax = THRESHOLD_WINDOW
    corners, ids, _ = cv2.aruco.ArucoDetector(dictionary, settings).detectMarkers(picture)
    if ids is None:
        return {}
    found = zip(np.asarray(ids).ravel(), corners, strict=True)
    return {int(number): np.float32(quad).reshape(4, 2) + np.float32(0.5) for number, quad in found}


def propose_by_markers(reference: Mapping[int, Floats], page: Mapping[int, Floats]) -> Matrix | None:
    """Give the homography (3, 3) between two pictures that share markers, if they do."""
    shared = sorted(reference.keys() & page.keys())
    if not shared:
        return None
    source, target = (np.concatenate([side[number] for number in shared]) for side in (reference, page))
    return homography_through(source, target)


def find_squares(picture: Grey) -> Floats:
    """Find the black squares of a picture (H, W) uint8: their middles (n, 2) in its pixels, the largest ones first."""
    paper = float(np.percentile(picture[::4, ::4], 75)) if picture.size else 255.0
    ink = (picture < 0.5 * paper).astype(np.uint8)
    # Lines and letters are thinner than a square.
    # The kernel is odd, or all middles would lie half a pixel aside.
    ink = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((THIN, THIN), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    if count < 2:
        return np.empty((0, 2), np.float32)
    area = stats[1:, cv2.CC_STAT_AREA].astype(float)
    long, short = _sides(labels, count)
    good = (short >= MIN_SIDE) & (long <= MAX_SIDE) & (long <= MAX_ASPECT * short) & (area >= MIN_FILL * long * short)
    good &= _alone(picture, stats[1:], 0.8 * paper)
    order = np.flatnonzero(good)[np.argsort(-area[good], kind="stable")][:MAX_SQUARES]
    return np.array([_middle(picture, stats[1 + number], paper) for number in order], np.float32).reshape(-1, 2)


def _middle(picture: Grey, stats: npt.NDArray[np.int32], paper: float) -> tuple[float, float]:
    """Give the middle of a square's darkness, its soft edges included."""
    left, top = (max(int(stats[side]) - SOFT, 0) for side in (cv2.CC_STAT_LEFT, cv2.CC_STAT_TOP))
    patch = picture[
        top : stats[cv2.CC_STAT_TOP] + stats[cv2.CC_STAT_HEIGHT] + SOFT,
        left : stats[cv2.CC_STAT_LEFT] + stats[cv2.CC_STAT_WIDTH] + SOFT,
    ]
    moments = cv2.moments(np.clip(0.9 * paper - patch, 0, 255).astype(np.float32))
    return left + moments["m10"] / moments["m00"] + 0.5, top + moments["m01"] / moments["m00"] + 0.5


def _sides(labels: npt.NDArray[np.int32], count: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Give the sides (n,) of the rectangles, turned as they may be, that have the parts' second moments."""
    y, x = np.nonzero(labels)
    part = labels[y, x] - 1
    n, sx, sy, sxx, syy, sxy = (
        np.bincount(part, weights=v, minlength=count - 1) for v in (np.ones(len(x)), x, y, x * x, y * y, x * y)
    )
    # A pixel has an extent of its own: a twelfth.
    xx, yy, xy = sxx / n - (sx / n) ** 2 + 1 / 12, syy / n - (sy / n) ** 2 + 1 / 12, sxy / n - sx * sy / n**2
    mean, spread = (xx + yy) / 2, np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
    return np.sqrt(12 * (mean + spread)), np.sqrt(12 * np.maximum(mean - spread, 0))


def _alone(picture: Grey, stats: npt.NDArray[np.int32], paper: float) -> npt.NDArray[np.bool_]:
    """Tell which parts (n, 5) have paper around them: letters and bars have neighbours."""
    bright = cv2.integral((picture > paper).astype(np.uint8))
    height, width = picture.shape

    def count(margin: npt.NDArray[np.int32]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        left = np.clip(stats[:, cv2.CC_STAT_LEFT] - margin, 0, width)
        top = np.clip(stats[:, cv2.CC_STAT_TOP] - margin, 0, height)
        right = np.clip(stats[:, cv2.CC_STAT_LEFT] + stats[:, cv2.CC_STAT_WIDTH] + margin, 0, width)
        bottom = np.clip(stats[:, cv2.CC_STAT_TOP] + stats[:, cv2.CC_STAT_HEIGHT] + margin, 0, height)
        inside = bright[bottom, right] - bright[top, right] - bright[bottom, left] + bright[top, left]
        return inside, (right - left) * (bottom - top)

    side = stats[:, cv2.CC_STAT_WIDTH]
    (near, near_area), (far, far_area) = count(np.full_like(side, SOFT)), count(SOFT + np.maximum(side // 2, 2))
    return np.asarray(far - near >= QUIET * (far_area - near_area))


def propose_by_squares(reference: Floats, page: Floats) -> Matrix | None:
    """Give the transform (3, 3) that brings most of the reference's squares (n, 2) onto the page's, at least three.

    The squares furthest apart are tried on every pair of the page; no two of them look different.
    """
    if len(reference) < 3 or len(page) < 3:
        return None
    best: tuple[int, float, Matrix] | None = None
    for one, other in _farthest(reference):
        for first, second in permutations(range(len(page)), 2):
            guess = _similarity(reference[[one, other]], page[[first, second]])
            far = np.linalg.norm(transform_points(guess, reference)[:, None] - page[None], axis=2)
            pairs = _pairs(far, NEAR * float(np.linalg.norm(page[first] - page[second])))
            spread = float(sum(far[i, j] for i, j in pairs))
            if len(pairs) >= 3 and (best is None or (-len(pairs), spread) < (-best[0], best[1])):
                source, target = reference[[i for i, _ in pairs]], page[[j for _, j in pairs]]
                best = len(pairs), spread, homography_through(source, target)
    return None if best is None else best[2]


def _farthest(points: Floats) -> list[tuple[int, int]]:
    """Give the pairs of points that lie furthest apart, the furthest first: one may be missing on the page."""
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    return sorted(combinations(range(len(points)), 2), key=lambda pair: -float(apart[pair]))[:MOST_PAIRS]


def _pairs(far: npt.NDArray[np.float32], reach: float) -> list[tuple[int, int]]:
    """Pair rows and columns that are each other's nearest, and within reach."""
    nearest, back = far.argmin(axis=1), far.argmin(axis=0)
    return [(i, int(j)) for i, j in enumerate(nearest) if back[j] == i and far[i, j] <= reach]


def _similarity(source: Floats, target: Floats) -> Matrix:
    """Give the turn, scale and shift (3, 3) that brings two points (2, 2) onto two others."""
    along, onto = (complex(*(side[1] - side[0]).tolist()) for side in (source, target))
    factor = onto / along
    shift = complex(*target[0].tolist()) - factor * complex(*source[0].tolist())
    return np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag], [0, 0, 1.0]])
