"""The networks that can be trained: a function each, and a line in ARCHITECTURES.

Each takes (batch, 28, 28, 1) float32, 0 paper to 1 ink, and gives (batch, 11) logits: ten digits and
"not a digit".
"""

from collections.abc import Callable
from typing import Any

from ocrbatch.errors import UsageError
from ocrbatch.records import NOT_A_DIGIT

OUTPUTS = NOT_A_DIGIT + 1


def ocr() -> Any:
    """Build the network that ships: six convolutions, about 8 million multiplications a tile.

    The second convolution halves the picture at once, for most of the time would go into full-size layers.
    """
    from keras import Input, Model, layers

    tiles = Input((28, 28, 1))
    values = _convolve(tiles, 16, 5)
    values = _convolve(values, 40, 3, strides=2)
    values = _convolve(values, 40, 3)
    values = layers.MaxPooling2D(2)(values)
    values = layers.Dropout(0.1)(values)
    values = _convolve(values, 80, 3)
    values = _convolve(values, 80, 3)
    values = layers.MaxPooling2D(2)(values)
    values = layers.Flatten()(values)
    values = layers.Dropout(0.3)(values)
    values = layers.Dense(128, use_bias=False)(values)
    values = layers.ReLU()(layers.BatchNormalization()(values))
    values = layers.Dropout(0.3)(values)
    return Model(tiles, layers.Dense(OUTPUTS)(values), name="ocr")


def conv3_dense64() -> Any:
    """Build the small network of many tutorials: three convolutions and a dense layer of 64."""
    from keras import Input, Model, layers

    tiles = Input((28, 28, 1))
    values = layers.Conv2D(32, 3, activation="relu")(tiles)
    values = layers.MaxPooling2D(2)(values)
    values = layers.Conv2D(64, 3, activation="relu")(values)
    values = layers.MaxPooling2D(2)(values)
    values = layers.Conv2D(64, 3, activation="relu")(values)
    values = layers.Flatten()(values)
    values = layers.Dense(64, activation="relu")(values)
    return Model(tiles, layers.Dense(OUTPUTS)(values), name="conv3-dense64")


ARCHITECTURES: dict[str, Callable[[], Any]] = {
    "ocr": ocr,
    "conv3-dense64": conv3_dense64,
}


def build(name: str) -> Any:
    """Build a fresh Keras model of a registered architecture; UsageError names those there are."""
    if name not in ARCHITECTURES:
        raise UsageError(f"There is no architecture {name}; there are {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[name]()


def _convolve(values: Any, channels: int, size: int, strides: int = 1) -> Any:
    """Convolution, batch normalization (folded into it by the export) and ReLU."""
    from keras import layers

    values = layers.Conv2D(channels, size, strides=strides, padding="same", use_bias=False)(values)
    return layers.ReLU()(layers.BatchNormalization()(values))
