"""Real pages turned, scaled, tilted and packed hard, always the same way for the same seed."""

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.geometry import transform_points
from ocrbatch.records import Grey

MAX_TURN = 10.0
SCALES = (0.6, 1.6)
MAX_TILT = 30.0
QUALITY = 40
FOCAL = 1.3
DESK = 120


def distort(pixels: Grey, seed: int) -> tuple[Grey, npt.NDArray[np.float64]]:
    """Give a page as a careless person's camera would, and the homography (3, 3) from the page to that picture.

    Turned by up to 10 degrees, every second one upside down too, scaled by 0.6 to 1.6, tilted by up to 30 degrees
    against the camera, on a desk of middle grey, as JPEG of quality 40.
    """
    random = np.random.default_rng(seed)
    height, width = pixels.shape
    turn = random.uniform(-MAX_TURN, MAX_TURN) + 180 * (seed % 2)
    # As many small scales as large ones.
    scale = float(np.exp(random.uniform(*np.log(SCALES))))
    matrix = _tilted(random.uniform(0, MAX_TILT), random.uniform(0, 360), FOCAL * max(width, height))
    matrix = matrix @ _turned(turn) @ _shifted(-width / 2, -height / 2)
    matrix = np.diag([scale, scale, 1.0]) @ matrix
    corners = transform_points(matrix, np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=float))
    low, high = corners.min(axis=0), corners.max(axis=0)
    margin = random.uniform(0.0, 0.05) * float(max(high - low))
    matrix = _shifted(margin - low[0], margin - low[1]) @ matrix
    size = tuple(int(side) for side in np.ceil(high - low + 2 * margin))
    source = _shrunk(pixels, scale)
    shrink = np.diag([pixels.shape[1] / source.shape[1], pixels.shape[0] / source.shape[0], 1.0])
    half = _shifted(0.5, 0.5)
    warp = np.linalg.inv(half) @ matrix @ shrink @ half
    picture = cv2.warpPerspective(source, warp, size, flags=cv2.INTER_LINEAR, borderValue=DESK)
    packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    return cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), matrix


def _shrunk(pixels: Grey, scale: float) -> Grey:
    """Reduce by area first where the picture gets smaller, as a lens would."""
    if scale >= 1:
        return pixels
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)


def _shifted(x: float, y: float) -> npt.NDArray[np.float64]:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def _turned(degrees: float) -> npt.NDArray[np.float64]:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])


def _tilted(degrees: float, towards: float, focal: float) -> npt.NDArray[np.float64]:
    """Tilt the plane about an axis through its middle and look at it from ``focal`` pixels away."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    tilt = np.array([[1, 0, 0], [0, c, 0], [0, s / focal, 1.0]])
    return _turned(towards) @ tilt @ _turned(-towards)
