"""Where the handwriting comes from: MNIST's test set, or simple strokes of our own."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.records import Tiles

Floats = npt.NDArray[np.float32]

ENLARGED = 8
SHAPES: dict[int, tuple[tuple[tuple[float, float], ...], ...]] = {
    0: (((10, 0), (4, 3), (2, 10), (4, 17), (8, 20), (12, 17), (14, 10), (12, 3), (9, 0)),),
    1: (((8, 0), (8, 20)),),
    2: (((3, 5), (5, 1), (9, 0), (13, 3), (12, 8), (3, 20), (15, 19)),),
    3: (((3, 2), (9, 0), (13, 4), (8, 9), (13, 14), (9, 20), (3, 18)),),
    4: (((4, 1), (2, 11), (15, 11)), ((12, 3), (11, 20))),
    5: (((14, 0), (4, 0), (3, 8), (10, 8), (14, 13), (10, 19), (3, 18)),),
    6: (((12, 0), (5, 6), (2, 14), (6, 20), (11, 19), (13, 14), (9, 11), (3, 15)),),
    7: (((2, 1), (14, 0), (7, 20)),),
    8: (((12, 2), (6, 0), (4, 5), (12, 13), (11, 19), (5, 20), (3, 15), (12, 6), (12, 2)),),
    9: (((13, 5), (8, 9), (3, 6), (6, 0), (12, 1), (13, 6), (10, 20)),),
}


@dataclass(frozen=True, slots=True)
class Digits:
    """Pictures (n, 28, 28) uint8, ink bright on 0, and their labels (n,)."""

    pictures: Tiles
    labels: npt.NDArray[np.int64]

    def of(self, digit: int) -> npt.NDArray[np.intp]:
        """Give the numbers of the pictures that show a digit."""
        return np.nonzero(self.labels == digit)[0]


def mnist_digits(path: Path) -> Digits:
    """Take the handwriting of MNIST's test set from the file that Keras gives out, and of it the clear digits.

    Clear are those in one piece that look more like the mean of their own digit than like any other mean: the
    others leave even a person in doubt, which is no use in a sample.
    """
    with np.load(path, allow_pickle=False) as data:
        pictures, labels = data["x_test"], data["y_test"].astype(np.int64)
    soft = np.stack([cv2.GaussianBlur(picture, (0, 0), 1.0).ravel() for picture in pictures]).astype(np.float32)
    soft /= np.linalg.norm(soft, axis=1, keepdims=True)
    means = np.stack([soft[labels == digit].mean(axis=0) for digit in range(10)])
    likest = (soft @ (means / np.linalg.norm(means, axis=1, keepdims=True)).T).argmax(axis=1)
    whole = [cv2.connectedComponents((picture > 60).astype(np.uint8))[0] == 2 for picture in pictures]
    clear = (likest == labels) & np.array(whole)
    return Digits(pictures[clear], labels[clear])


def drawn_digits(copies: int = 8, seed: int = 0) -> Digits:
    """Draw digits by polylines with a shaking hand: good for geometry and blanks, not for measuring a model."""
    random = np.random.default_rng(seed)
    pictures = [_drawn(digit, random) for digit in range(10) for _ in range(copies)]
    return Digits(np.stack(pictures), np.repeat(np.arange(10), copies).astype(np.int64))


def _drawn(digit: int, random: np.random.Generator) -> npt.NDArray[np.uint8]:
    canvas = np.zeros((28 * 4, 28 * 4), np.uint8)
    lean = np.array([[1, random.uniform(-0.2, 0.1)], [0, 1]])
    for stroke in SHAPES[digit]:
        points = np.array(stroke, np.float64) + random.normal(0, 0.35, (len(stroke), 2))
        points = (points - (8, 10)) @ lean.T + 14
        cv2.polylines(canvas, [np.round(points * 4 * 16).astype(np.int32)], False, 255, 9, cv2.LINE_AA, 4)
    small = cv2.resize(cv2.GaussianBlur(canvas, (0, 0), 1.5), (28, 28), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def stroke_of(picture: npt.NDArray[np.uint8]) -> Floats:
    """Turn a digit (28, 28) into a smooth pen stroke, eight times its size: (224, 224) float32 in 0–1."""
    side = 28 * ENLARGED
    large = cv2.resize(picture, (side, side), interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
    large = cv2.GaussianBlur(large, (0, 0), 0.45 * ENLARGED)
    # An edge a fifth of a stroke wide: ink ends sharply on paper, the rest of the softness is the scanner's.
    edge = np.clip((large - 0.22) / 0.24, 0, 1)
    return np.asarray(edge * edge * (3 - 2 * edge), dtype=np.float32)
