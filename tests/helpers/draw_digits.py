"""Draw digits in many hands' forms, as a set to train on: ``python -m tests.helpers.draw_digits OUT.npz``.

``ocrbatch model train --from MODEL --data OUT.npz --data …`` teaches them to the network that reads single digits.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.model.strings.drawn import draw_own_form
from ocrbatch.model.strings.glyphs import GlyphBank, draw_digit, draw_hand

SIDE, LONGEST = 64, 56
NO_SETS = GlyphBank(((),), (1.0,))


def draw(count: int, seed: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Draw digits (n, 64, 64) uint8, ink bright, each in a hand of its own, and their labels (n,) 0–9."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 10, count)
    pictures = np.zeros((count, SIDE, SIDE), np.uint8)
    for picture, label in zip(pictures, labels.tolist(), strict=True):
        hand = replace(draw_hand(NO_SETS, rng), forms={label: draw_own_form(label, rng)})
        ink = draw_digit(label, hand, NO_SETS, rng)
        scale = LONGEST / max(ink.shape)
        size = tuple(max(round(side * scale), 1) for side in ink.shape[::-1])
        small = cv2.resize(ink, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        top, left = ((SIDE - side) // 2 for side in small.shape)
        picture[top : top + small.shape[0], left : left + small.shape[1]] = np.clip(255 * small, 0, 255)
    return pictures, labels


def main() -> int:
    """Draw a set to train on, and a tenth as many to test on."""
    parser = argparse.ArgumentParser(prog="python -m tests.helpers.draw_digits", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=20000)
    options = parser.parse_args()
    taught, tested = draw(options.count, 1), draw(options.count // 10, 2)
    np.savez_compressed(options.out, x_train=taught[0], y_train=taught[1], x_test=tested[0], y_test=tested[1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
