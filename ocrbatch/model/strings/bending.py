"""Runs of digits bent at random, so that no stroke keeps the form that it was composed with."""

from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

Pixel = TypeVar("Pixel", np.uint8, np.float32)


def bend(picture: npt.NDArray[Pixel], strong: float, length: float, rng: np.random.Generator) -> npt.NDArray[Pixel]:
    """Bend a picture (h, w) uint8 or float32, bright on 0: its points are moved by ``strong`` pixels, on average.

    A bend is ``length`` pixels long. What leaves the picture is lost. Elastic distortions, after P. Simard,
    D. Steinkraus, J. Platt, "Best practices for convolutional neural networks" (2003).
    """
    moved = [cv2.GaussianBlur(rng.uniform(-1, 1, picture.shape).astype(np.float32), (0, 0), length) for _ in range(2)]
    down, across = (
        (axis + strong * shift / max(float(np.std(shift)), 1e-6)).astype(np.float32)
        for axis, shift in zip(np.indices(picture.shape), moved, strict=True)
    )
    return np.asarray(cv2.remap(picture, across, down, cv2.INTER_LINEAR), picture.dtype)
