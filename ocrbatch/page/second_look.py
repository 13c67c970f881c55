"""A second look at doubtful tiles: turned, leant, resized and moved a little, and read again.

A hand's slant and the place of a digit's centre of mass are uncertain by about as much; what all these pictures of
one digit say together, the geometric mean of their probabilities, is right more often than what one of them says.
After D. Ciresan, U. Meier, J. Schmidhuber, "Multi-column deep neural networks for image classification" (2012), who
average over networks and distortions; only doubtful tiles are worth the time.
"""

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.records import Probabilities, Tiles

DOUBTFUL = 0.9
"""Below this probability a reading is looked at again."""
TURN = 7.0
LEAN = 0.12
SMALLER, LARGER = 0.92, 1.07
LEAST = 1e-9

Matrix = npt.NDArray[np.float64]


class SecondLook:
    """Tells digits as ``first`` does, and the doubtful ones by a second look; a tile's scores depend on it alone."""

    def __init__(self, first: Callable[[Tiles], Probabilities]) -> None:
        self._first = first

    def scores(self, tiles: Tiles) -> Probabilities:
        """Give (n, 11) float32 for (n, 28, 28) uint8: a row sums to 1."""
        scores = self._first(tiles)
        doubtful = np.flatnonzero(scores.max(axis=1, initial=0.0) < DOUBTFUL)
        if len(doubtful):
            views = np.concatenate([_seen(tiles[doubtful], view) for view in VIEWS])
            again = self._first(views).reshape(len(VIEWS), len(doubtful), -1)
            scores[doubtful] = _mean(np.concatenate([scores[None, doubtful], again]))
        return scores


def _mean(looks: Probabilities) -> Probabilities:
    """Give the geometric mean (n, 11) of probabilities (looks, n, 11); what was impossible at first stays so."""
    logs = np.log(np.maximum(looks.astype(np.float64), LEAST)).mean(axis=0)
    powers = np.where(looks[0] > 0, np.exp(logs - logs.max(axis=1, keepdims=True)), 0)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


def _seen(tiles: Tiles, view: Matrix) -> Tiles:
    return np.stack([cv2.warpAffine(tile, view, tile.shape[::-1], flags=cv2.INTER_LINEAR) for tile in tiles])


def _views() -> tuple[Matrix, ...]:
    """Give the affine maps (2, 3) of the further looks, about a tile's middle."""
    middle = 13.5
    turned = [cv2.getRotationMatrix2D((middle, middle), turn, 1.0) for turn in (TURN, -TURN)]
    leant = [np.array([[1, lean, -lean * middle], [0, 1, 0]]) for lean in (LEAN, -LEAN)]
    resized = [cv2.getRotationMatrix2D((middle, middle), 0, size) for size in (SMALLER, LARGER)]
    moved = [np.array([[1.0, 0, across], [0, 1.0, down]]) for across, down in ((1, 0), (-1, 0), (0, 1), (0, -1))]
    return (*turned, *leant, *resized, *moved)


VIEWS = _views()
