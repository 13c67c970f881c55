"""Proposals from features of the print: corners described by their surroundings, matched with the reference's.

ORB (E. Rublee et al., "ORB: an efficient alternative to SIFT or SURF", ICCV 2011) is quick enough for every page;
SIFT (D. Lowe, IJCV 2004) bears more perspective and blur, and costs ten times as much: it is the last resort.
The homography is that of most matches (MAGSAC++: D. Barath et al., CVPR 2020).
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.geometry import Matrix
from ocrbatch.records import Grey

SMALL_SIDE = 640
GLANCE_COUNT = 500
ORB_COUNT = 1000
SIFT_COUNT = 1000
RATIO = 0.8
MIN_MATCHES = 6
TOLERANCE = 4.0
SMOOTH = 1.0
TILES = 12


@dataclass(frozen=True, slots=True)
class Features:
    """Corners of a picture: ``points`` (n, 2) float32 in its pixels, and their ``descriptors`` (n, bytes or floats).

    They are in such an order that the first so many are the strongest of all parts of the picture.
    """

    points: npt.NDArray[np.float32]
    descriptors: npt.NDArray[Any]

    def first(self, count: int) -> "Features":
        """Give only the first ones."""
        return Features(self.points[:count], self.descriptors[:count])


def glance_features(picture: Grey) -> Features:
    """Find the clearest ORB corners of a picture (H, W) uint8 at the working size, in a smaller one made of it."""
    return _smaller(picture, cv2.ORB.create(GLANCE_COUNT, 1.3, 6, fastThreshold=20, edgeThreshold=15), 32, np.uint8)


def orb_features(picture: Grey) -> Features:
    """Find ORB corners of a picture (H, W) uint8 at the working size."""
    return _features(picture, cv2.ORB.create(ORB_COUNT, 1.2, 8, fastThreshold=8, edgeThreshold=15), 32, np.uint8)


def sift_features(picture: Grey) -> Features:
    """Find SIFT corners of a picture (H, W) uint8 at the working size, in a smaller one: SIFT itself doubles it."""
    return _smaller(picture, cv2.SIFT.create(SIFT_COUNT), 128, np.float32)


def _smaller(picture: Grey, detector: Any, length: int, dtype: type) -> Features:
    scale = SMALL_SIDE / max(picture.shape)
    height, width = (max(round(side * scale), 1) for side in picture.shape)
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    found = _features(small, detector, length, dtype)
    return Features((found.points / np.float32(scale)).astype(np.float32), found.descriptors)


def _features(picture: Grey, detector: Any, length: int, dtype: type) -> Features:
    # Screens, dots and JPEG blocks make corners of their own.
    smooth = cv2.GaussianBlur(picture, (0, 0), SMOOTH)
    found, descriptors = detector.detectAndCompute(smooth, None)
    if descriptors is None or not len(found):
        return Features(np.empty((0, 2), np.float32), np.empty((0, length), dtype))
    # A picture's coordinates are those of its pixels' corners, OpenCV's are those of their centres.
    points = np.asarray(cv2.KeyPoint.convert(found), dtype=np.float32).reshape(-1, 2) + np.float32(0.5)
    order = _spread(points, np.array([point.response for point in found]), max(picture.shape))
    return Features(points[order], descriptors[order])


def _spread(points: npt.NDArray[np.float32], strength: npt.NDArray[np.float64], side: int) -> npt.NDArray[np.intp]:
    """Order points so that each part of the picture has its strongest among the first."""
    tile = (points * (TILES / side)).astype(int) @ np.array([1, TILES])
    by_tile = np.lexsort((-strength, tile))
    starts = np.flatnonzero(np.diff(tile[by_tile], prepend=-1))
    rank = np.empty(len(points), int)
    rank[by_tile] = np.arange(len(points)) - np.repeat(starts, np.diff(np.append(starts, len(points))))
    return np.lexsort((-strength, rank))


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
    # The generator's state must not depend on what was registered before.
    cv2.setRNGSeed(1)
    matrix, agree = cv2.findHomography(source, target, cv2.USAC_MAGSAC, TOLERANCE, maxIters=3000, confidence=0.999)
    if matrix is None or int(agree.sum()) < MIN_MATCHES:
        return None
    return np.asarray(matrix, dtype=np.float64)
