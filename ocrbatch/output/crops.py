"""A field cut out of its page, for a person who compares it with its reading."""

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.geometry import Box
from ocrbatch.records import FieldReading, Grey, Page

HEIGHT = 96
MARGIN = 0.15
"""Of a cell's height, on every side: writing leaves its box."""
LONGEST = 4096
STEEP = 0.3
"""Turned by nearly 45 degrees, a box tells little of the sides of what it holds."""


def cut_crop(page: Page, field: FieldReading) -> bytes:
    """Give a field as a grey PNG, level, with a small margin, at most 96 pixels high.

    Cut by its ``cells`` (n, 4, 2), in the page's pixels; the scale is the page's own, or smaller. The cells of a
    ``string`` are the digits that were found: it is shown whole, by its ``box``, with the signs beside them.
    """
    if not len(field.cells):
        return _png(np.full((1, 1), 255, np.uint8))
    cells = field.cells.astype(np.float64)
    along = (cells[:, 1] - cells[:, 0] + cells[:, 2] - cells[:, 3]).sum(axis=0)
    along /= max(float(np.hypot(*along)), 1e-6)
    # The field's own frame: x along its cells, y across.
    axes = np.array([along, [-along[1], along[0]]])
    if field.kind == "string":
        corners, high = _whole(field.box, axes)
    else:
        corners, high = cells.reshape(-1, 2) @ axes.T, np.linalg.norm(cells[:, 3] - cells[:, 0], axis=1).mean()
    return _png(_level(page.pixels, axes, corners, high * MARGIN))


def _whole(box: Box, axes: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], float]:
    """Give the corners (4, 2) of a turned field in its own frame, and its height, from the upright box around it."""
    across, down = np.abs(axes[0])
    spread = across**2 - down**2
    width, height = box.width * across + box.height * down, box.width * down + box.height * across
    if abs(spread) > STEEP:
        # The box holds the field's sides and what the turn adds to them: solved for the sides.
        exact = (box.width * across - box.height * down) / spread, (box.height * across - box.width * down) / spread
        width, height = exact if min(exact) > 0 else (width, height)
    middle = axes @ (box.x + box.width / 2, box.y + box.height / 2)
    signs = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    return middle + signs * (width / 2, height / 2), float(height)


def _level(pixels: Grey, axes: npt.NDArray[np.float64], corners: npt.NDArray[np.float64], high: float) -> Grey:
    """Turn the strip around ``corners`` (n, 2) level, ``high`` pixels more on every side; beside the page is white."""
    low = corners.min(axis=0) - high
    width, height = np.maximum(corners.max(axis=0) + high - low, 1.0)
    scale = min(1.0, HEIGHT / height, LONGEST / width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    matrix = scale * np.column_stack([axes, -low])
    # A reduced cut samples a reduced page: a warp alone would drop thin strokes.
    reduced, matrix = _reduced(pixels, corners @ axes, matrix, scale)
    crop: Grey = cv2.warpAffine(
        reduced, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(255,)
    )
    return crop


def _reduced(
    pixels: Grey, corners: npt.NDArray[np.float64], matrix: npt.NDArray[np.float64], scale: float
) -> tuple[Grey, npt.NDArray[np.float64]]:
    """Cut the page to the field's surroundings and reduce it by area; give it with its matrix to the crop."""
    spare = 2 + (corners.max(axis=0) - corners.min(axis=0)).min()
    left, top = np.maximum(np.floor(corners.min(axis=0) - spare), 0).astype(int)
    right, bottom = np.ceil(corners.max(axis=0) + spare).astype(int)
    part = pixels[top:bottom, left:right]
    if part.size == 0:
        return np.full((1, 1), 255, np.uint8), matrix
    width, height = (max(1, round(side * scale)) for side in (part.shape[1], part.shape[0]))
    if scale < 1:
        shrunk: Grey = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)
    else:
        shrunk = part
    back = np.array(
        [
            [part.shape[1] / shrunk.shape[1], 0, left],
            [0, part.shape[0] / shrunk.shape[0], top],
            [0, 0, 1],
        ]
    )
    # Warps count from the middle of a pixel, the house from its corner.
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    whole = np.vstack([matrix, [0, 0, 1]])
    return shrunk, (np.linalg.inv(half) @ whole @ back @ half)[:2]


def _png(picture: Grey) -> bytes:
    return bytes(cv2.imencode(".png", picture)[1])
