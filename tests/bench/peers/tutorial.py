"""The way that tutorials teach: threshold, contours, and ``model.predict`` for each digit by itself.

``python -m tests.bench.peers.tutorial GIVEN``; needs the extra ``train``. The network is the small one of Keras' own
example for MNIST, untaught: what it answers makes no difference to the time.
"""

import sys
from typing import Any

import cv2
import numpy as np

from tests.bench.peers.given import given, timed

SIDE = 28


def network() -> Any:
    """Make the example's network; exit code 3 says that TensorFlow is not installed."""
    from ocrbatch.errors import MissingExtraError
    from ocrbatch.page.classify import import_keras

    try:
        keras = import_keras()
    except MissingExtraError:
        sys.exit(3)
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((SIDE, SIDE, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )


def main() -> None:
    """Read the cells one by one."""
    _, cells = given()
    model = network()

    def read(cell: Any) -> str:
        _, ink = cv2.threshold(cell, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
        contours, _ = cv2.findContours(ink, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        x, y, width, height = cv2.boundingRect(max(contours, key=cv2.contourArea))
        digit = cv2.resize(ink[y : y + height, x : x + width], (SIDE, SIDE)) / 255.0
        return str(np.argmax(model.predict(digit.reshape(1, SIDE, SIDE, 1), verbose=0)))

    timed("a digit", cells, len(cells), read)


if __name__ == "__main__":
    main()
