"""Smooth random unevenness: of paper, pressure of the pen, wood and light."""

import cv2
import numpy as np

from tests.helpers.render.digits import Floats


def clouds(shape: tuple[int, int], cell: float, random: np.random.Generator) -> Floats:
    """Give smooth random hills (H, W), about −1 to 1, that change over ``cell`` pixels."""
    height, width = shape
    small = (max(3, round(height / cell) + 2), max(3, round(width / cell) + 2))
    hills = random.normal(0, 0.5, small).astype(np.float32)
    return np.asarray(cv2.resize(hills, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.float32)
