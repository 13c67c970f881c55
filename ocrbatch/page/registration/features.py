"""Proposals from features of the print: corners described by their surroundings, matched with the reference's.

ORB (E. Rublee et al., "ORB: an efficient alternative to SIFT or SURF", ICCV 2011) is quick enough for every page;
SIFT (D. Lowe, IJCV 2004) bears more perspective and blur, and costs ten times as much: it is the last resort.
Of the matches, a similarity, an affine transform or a homography (MAGSAC++: D. Barath et al., CVPR 2020) is made.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.geometry import Matrix
from ocrbatch.records import Grey

SMALL_SIDE = 640
NARROWEST = 16
GLANCE_COUNT = 500
ORB_COUNT = 1000
SIFT_COUNT = 1000
RATIO = 0.8
MIN_MATCHES = 6
TOLERANCE = 4.0
ROUNDS, CONFIDENCE = 3000, 0.999
WORTH = 1.15
SPREAD_OF = 4
TELLING_COUNT = 150
SMOOTH = 1.0
TILES = 12


@dataclass(frozen=True, slots=True)
class Features:
    """Corners of a picture: ``points`` (n, 2) float32 in its pixels, and their ``descriptors`` (n, bytes or floats)."""

    points: npt.NDArray[np.float32]
    descriptors: npt.NDArray[Any]


def glance_features(picture: Grey) -> Features:
    """Find ORB corners of a picture (H, W) uint8 at the working size, in a smaller one made of it."""
    orb = cv2.ORB.create(SPREAD_OF * GLANCE_COUNT, 1.3, 6, fastThreshold=20, edgeThreshold=15)
    return _smaller(picture, orb, GLANCE_COUNT)


def telling_features(picture: Grey) -> Features:
    """Find the few clearest ORB corners of a picture (H, W) uint8 at the working size, in a smaller one made of it.

    They lie close together, in its boldest print: that tells forms apart, and not where they lie.
    """
    return _smaller(picture, cv2.ORB.create(TELLING_COUNT, 1.3, 6, fastThreshold=20, edgeThreshold=15), TELLING_COUNT)


def orb_features(picture: Grey) -> Features:
    """Find ORB corners of a picture (H, W) uint8 at the working size, also faint ones."""
    orb = cv2.ORB.create(SPREAD_OF * ORB_COUNT, 1.2, 8, fastThreshold=8, edgeThreshold=15)
    return _features(picture, orb, ORB_COUNT)


def sift_features(picture: Grey) -> Features:
    """Find SIFT corners of a picture (H, W) uint8 at the working size, in a smaller one: SIFT itself doubles it."""
    return _smaller(picture, cv2.SIFT.create(), SIFT_COUNT)


def _smaller(picture: Grey, detector: Any, count: int) -> Features:
    scale = SMALL_SIDE / max(picture.shape)
    height, width = (max(round(side * scale), 1) for side in picture.shape)
    # Reducing by area refuses pictures of a single row.
    how = cv2.INTER_AREA if min(picture.shape) >= NARROWEST else cv2.INTER_NEAREST
    small = cv2.resize(picture, (width, height), interpolation=how)
    found = _features(small, detector, count)
    return Features((found.points / np.float32(scale)).astype(np.float32), found.descriptors)


def _features(picture: Grey, detector: Any, count: int) -> Features:
    # Screens, dots and JPEG blocks make corners of their own.
    smooth = cv2.GaussianBlur(picture, (0, 0), SMOOTH)
    found = detector.detect(smooth, None) if min(picture.shape) >= NARROWEST else []
    # The strongest corners of all may be those of one headline, which tells nothing of the page's other end.
    if len(found) > count:
        found = [found[number] for number in _spread(found, max(picture.shape))[:count]]
    kept, descriptors = detector.compute(smooth, found) if found else ((), None)
    if descriptors is None:
        length, dtype = (
            detector.descriptorSize(),
            np.uint8 if detector.defaultNorm() == cv2.NORM_HAMMING else np.float32,
        )
        return Features(np.empty((0, 2), np.float32), np.empty((0, length), dtype))
    # A picture's coordinates are those of its pixels' corners, OpenCV's are those of their centres.
    points = np.asarray(cv2.KeyPoint.convert(kept), dtype=np.float32).reshape(-1, 2) + np.float32(0.5)
    return Features(points, descriptors)


def _spread(found: Sequence[Any], side: int) -> list[int]:
    """Order corners so that each part of the picture has its strongest among the first."""
    if not len(found):
        return []
    strength = np.array([point.response for point in found])
    points = np.asarray(cv2.KeyPoint.convert(found), dtype=np.float32).reshape(-1, 2)
    tile = (points * (TILES / side)).astype(int) @ np.array([1, TILES])
    by_tile = np.lexsort((-strength, tile))
    starts = np.flatnonzero(np.diff(tile[by_tile], prepend=-1))
    rank = np.empty(len(points), int)
    rank[by_tile] = np.arange(len(points)) - np.repeat(starts, np.diff(np.append(starts, len(points))))
    return [int(number) for number in np.lexsort((-strength, rank))]


def matches(reference: Features, page: Features) -> npt.NDArray[np.intp]:
    """Pair features: rows (reference's index, page's index) where one match is clearly the best."""
    if len(reference.points) < 2 or not len(page.points):
        return np.empty((0, 2), np.intp)
    norm = cv2.NORM_HAMMING if page.descriptors.dtype == np.uint8 else cv2.NORM_L2
    pairs = cv2.BFMatcher(norm).knnMatch(page.descriptors, reference.descriptors, k=2)
    return np.array(
        [(best.trainIdx, best.queryIdx) for best, next_best in pairs if best.distance < RATIO * next_best.distance],
        dtype=np.intp,
    ).reshape(-1, 2)


def propose(reference: Features, page: Features) -> Matrix | None:
    """Give the homography (3, 3) from the reference's picture to the page's that most matches bear out, if any."""
    pairs = matches(reference, page)
    if len(pairs) < MIN_MATCHES:
        return None
    source, target = reference.points[pairs[:, 0]], page.points[pairs[:, 1]]
    best: Matrix | None = None
    agreeing = 0
    for model in (_similarity, _affine, _homography):
        # The generator's state must not depend on what was registered before.
        cv2.setRNGSeed(1)
        matrix, agree = model(source, target)
        # What has more freedom goes further astray where there are no matches: it has to earn it.
        if matrix is not None and agree.sum() > WORTH * agreeing:
            best, agreeing = np.vstack([matrix, [0, 0, 1]])[:3].astype(np.float64), int(agree.sum())
    return best if agreeing >= MIN_MATCHES else None


Model = tuple[npt.NDArray[np.float64] | None, npt.NDArray[np.uint8]]


def _similarity(source: npt.NDArray[np.float32], target: npt.NDArray[np.float32]) -> Model:
    found, agree = cv2.estimateAffinePartial2D(
        source, target, method=cv2.RANSAC, ransacReprojThreshold=TOLERANCE, maxIters=ROUNDS, confidence=CONFIDENCE
    )
    return found, agree


def _affine(source: npt.NDArray[np.float32], target: npt.NDArray[np.float32]) -> Model:
    found, agree = cv2.estimateAffine2D(
        source, target, method=cv2.RANSAC, ransacReprojThreshold=TOLERANCE, maxIters=ROUNDS, confidence=CONFIDENCE
    )
    return found, agree


def _homography(source: npt.NDArray[np.float32], target: npt.NDArray[np.float32]) -> Model:
    found, agree = cv2.findHomography(
        source, target, cv2.USAC_MAGSAC, TOLERANCE, maxIters=ROUNDS, confidence=CONFIDENCE
    )
    return found, agree
