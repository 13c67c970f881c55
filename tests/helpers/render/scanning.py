"""What a scanner or a phone makes of a sheet: turned or tilted, unevenly lit, soft, noisy, perhaps bilevel."""

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.geometry import Matrix, transform_points
from tests.helpers.render.clouds import clouds
from tests.helpers.render.digits import Floats
from tests.helpers.render.plan import Scan

MARGIN = 6.0
STEEPEST = 34.0


def view(scan: Scan, width: int, height: int, corners: Floats, scale: float) -> tuple[Matrix, tuple[int, int]]:
    """Give the homography (3, 3) from the upright sheet to the picture, and the picture's width and height.

    ``corners`` (n, 2) of the sheet's boxes stay inside the picture with a margin; ``scale`` is pixels a
    millimetre. A photograph shows the whole sheet.
    """
    centre = np.array([width / 2, height / 2])
    turn = np.radians(scan.skew)
    tilt, yaw = np.radians(STEEPEST * scan.perspective), np.radians(-0.45 * STEEPEST * scan.perspective)
    around_x = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    around_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    around_z = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    turned = around_y @ around_x @ around_z
    distance = 1.6 * float(np.hypot(width, height))
    # A plane's points (x, y, 0) seen from ``distance``: the two first columns of the rotation, and the way off.
    camera = np.diag([distance, distance, 1.0]) @ np.column_stack([turned[:, :2], [0, 0, distance]])
    matrix = camera @ np.array([[1, 0, -centre[0]], [0, 1, -centre[1]], [0, 0, 1.0]])
    sheet = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    if scan.perspective > 0:
        seen, margin = transform_points(matrix, sheet), 0.03 * width
        low, high = seen.min(axis=0) - margin, seen.max(axis=0) + margin
    else:
        seen, margin = transform_points(matrix, corners), MARGIN * scale
        low = np.minimum(seen.min(axis=0) - margin, -centre)
        high = np.maximum(seen.max(axis=0) + margin, centre)
    matrix = np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1.0]]) @ matrix
    return matrix / matrix[2, 2], (int(np.ceil(high[0] - low[0])), int(np.ceil(high[1] - low[1])))


def take(
    page: Floats, scan: Scan, matrix: Matrix, size: tuple[int, int], *, dpi: float, random: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """Scan a drawn page (h, w, c) through a view: (H, W) or (H, W, 3) uint8; bilevel pages hold 0 and 255."""
    width, height = size
    # OpenCV puts whole numbers at pixel centres, the geometry at their corners.
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
    warp = np.linalg.inv(half) @ matrix @ half
    picture = cv2.warpPerspective(page, warp, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    picture = np.asarray(picture, dtype=np.float32).reshape(height, width, -1)
    if scan.perspective > 0:
        picture = _on_desk(picture, page, scan, warp, random)
    elif abs(scan.skew) > 0:
        # A scanner's lid is as pale as the paper: nothing but a breath of shade marks the sheet's edge.
        inside = cv2.warpPerspective(np.ones(page.shape[:2], np.float32), warp, size)
        lid = np.median(page, axis=(0, 1))
        picture = picture * inside[..., None] + (1 - inside[..., None]) * lid
    picture = cv2.GaussianBlur(picture, (0, 0), max(scan.blur * dpi / 300, 0.3)).reshape(height, width, -1)
    picture = picture * _light(scan, height, width, random)[..., None]
    noise = random.standard_normal((height, width), dtype=np.float32)[..., None]
    if picture.shape[2] == 3:
        noise = 0.7 * noise + 0.5 * random.standard_normal((height, width, 3), dtype=np.float32)
    picture = picture + scan.noise * noise
    return _quantised(picture, scan, dpi, random)


def _on_desk(picture: Floats, page: Floats, scan: Scan, warp: Matrix, random: np.random.Generator) -> Floats:
    """Lay the sheet on a desk of wood, with a soft shadow around it."""
    height, width, channels = picture.shape
    inside = cv2.warpPerspective(np.ones(page.shape[:2], np.float32), warp, (width, height))
    tone = np.array(scan.desk, np.float32)
    tone = tone if channels == 3 else tone.mean(keepdims=True)
    grain = cv2.resize(clouds((height, 40), 3, random), (width, height), interpolation=cv2.INTER_LINEAR)
    desk = tone * (1 + 0.12 * grain + 0.05 * clouds((height, width), width / 5, random))[..., None]
    shadow = cv2.GaussianBlur(inside, (0, 0), width / 120)
    desk = desk * (1 - 0.5 * shadow[..., None])
    return np.asarray(picture * inside[..., None] + desk * (1 - inside[..., None]), dtype=np.float32)


def _light(scan: Scan, height: int, width: int, random: np.random.Generator) -> Floats:
    """Give the light (H, W) that falls on the sheet: 1 at its brightest."""
    direction = random.uniform(0, 2 * np.pi)
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij", copy=False)
    slope = (x * np.cos(direction) + y * np.sin(direction)) / 1.5
    hills = 0.3 * clouds((height, width), max(height, width) / 3, random)
    dark = np.clip(0.5 + 0.5 * slope + hills, 0, 1.2)
    if scan.perspective > 0:
        dark = dark + 0.4 * (x * x + y * y)
    return np.asarray(1 - scan.light * dark, dtype=np.float32)


def _quantised(picture: Floats, scan: Scan, dpi: float, random: np.random.Generator) -> npt.NDArray[np.uint8]:
    height, width, channels = picture.shape
    if scan.bilevel:
        grey = picture.mean(axis=2)
        around = cv2.blur(grey, (2 * round(dpi / 10) + 1,) * 2)
        black = (grey < np.minimum(around - 22, 210)).astype(np.uint8)
        specks = random.integers(0, (height, width), (round(height * width / 90000), 2))
        black[specks[:, 0], specks[:, 1]] = 1
        return np.asarray(255 * (1 - black), np.uint8)
    step = 255 / (scan.levels - 1)
    levels = np.clip(np.round(picture / step) * step, 0, 255).astype(np.uint8)
    return levels if channels == 3 else levels[..., 0]
