"""The networks that can be trained: a function each, and a line in ARCHITECTURES.

Each takes (batch, 28, 28, 1) float32, 0 paper to 1 ink. Those of the tutorials give (batch, 10)
probabilities of the digits; the others (batch, 11) logits, the last of them for "not a digit".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ocrbatch.errors import UsageError
from ocrbatch.page.classify import OUTPUTS
from ocrbatch.records import LABELS

DIGITS = len(LABELS)
SHAPE = (28, 28, 1)


@dataclass(frozen=True, slots=True)
class Architecture:
    """A network by name: ``parameters`` as Keras counts them, ``outputs`` 10 or 11, ``make`` builds it anew."""

    name: str
    about: str
    parameters: int
    outputs: int
    make: Callable[[], Any]


def build(name: str) -> Any:
    """Build a fresh Keras model of a registered architecture; UsageError names those there are."""
    return find(name).make()


def find(name: str) -> Architecture:
    """Give the architecture of this name; UsageError names those there are."""
    if name not in ARCHITECTURES:
        raise UsageError(f"There is no architecture {name}; there are {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[name]


def conv_pool() -> Any:
    """Build the plainest network that sees shapes: a convolution, a pooling, a dense layer."""
    from keras import layers

    return _tutorial(
        [
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(100, activation="relu"),
        ],
        name="conv-pool",
    )


def conv2_dense128() -> Any:
    """Build two convolutions, a dense layer of 128, and a quarter of it dropped while training."""
    from keras import layers

    return _tutorial(
        [
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.25),
        ],
        name="conv2-dense128",
    )


def conv2_dense() -> Any:
    """Build two wide convolutions of 5x5 and two dense layers, after Y. LeCun's LeNet-5 (1998)."""
    from keras import layers

    return _tutorial(
        [
            layers.Conv2D(32, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 5, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(256, activation="relu"),
            layers.Dense(84, activation="relu"),
        ],
        name="conv2-dense",
    )


def conv3_dense64() -> Any:
    """Build three convolutions, two of them pooled, and a dense layer of 64."""
    from keras import layers

    return _tutorial(
        [
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
        ],
        name="conv3-dense64",
    )


def conv3_dense2() -> Any:
    """Build three convolutions, each pooled, and two dense layers."""
    from keras import layers

    return _tutorial(
        [
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(128, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(64, activation="relu"),
        ],
        name="conv3-dense2",
    )


def resnet_small() -> Any:
    """Build six residual blocks at three sizes, after K. He et al., "Deep residual learning" (2015)."""
    from keras import Input, Model, layers

    tiles = Input(SHAPE)
    values = _convolve(tiles, 16, 3)
    for channels, strides in ((16, 1), (16, 1), (32, 2), (32, 1), (64, 2), (64, 1)):
        values = _residual(values, channels, strides)
    values = layers.GlobalAveragePooling2D()(values)
    return Model(tiles, layers.Dense(OUTPUTS)(values), name="resnet-small")


def ocr() -> Any:
    """Build the network that ships: seven convolutions, about 13 million multiplications a tile.

    The second convolution halves the picture at once, for most of the time would go into full-size layers.
    """
    from keras import Input, Model, layers

    tiles = Input(SHAPE)
    values = _convolve(tiles, 16, 5)
    values = _convolve(values, 40, 3, strides=2)
    values = _convolve(values, 40, 3)
    values = _convolve(values, 40, 3)
    values = layers.MaxPooling2D(2)(values)
    values = layers.Dropout(0.1)(values)
    values = _convolve(values, 80, 3)
    values = _convolve(values, 80, 3)
    values = _convolve(values, 80, 3)
    values = layers.MaxPooling2D(2)(values)
    values = layers.Flatten()(values)
    values = layers.Dropout(0.3)(values)
    values = layers.Dense(128, use_bias=False)(values)
    values = layers.ReLU()(layers.BatchNormalization()(values))
    values = layers.Dropout(0.3)(values)
    return Model(tiles, layers.Dense(OUTPUTS)(values), name="ocr")


def _tutorial(hidden: list[Any], name: str) -> Any:
    """Put layers between the tile and a softmax over ten digits."""
    from keras import Input, Sequential, layers

    return Sequential([Input(SHAPE), *hidden, layers.Dense(DIGITS, activation="softmax")], name=name)


def _convolve(values: Any, channels: int, size: int, strides: int = 1) -> Any:
    """Convolution, batch normalization (folded into it by the export) and ReLU."""
    from keras import layers

    values = layers.Conv2D(channels, size, strides=strides, padding="same", use_bias=False)(values)
    return layers.ReLU()(layers.BatchNormalization()(values))


def _residual(values: Any, channels: int, strides: int) -> Any:
    """Two convolutions added to what they were given; that goes through a 1x1 one where its shape changes."""
    from keras import layers

    change = _convolve(values, channels, 3, strides)
    change = layers.Conv2D(channels, 3, padding="same", use_bias=False)(change)
    change = layers.BatchNormalization()(change)
    if strides > 1:
        values = layers.Conv2D(channels, 1, strides=strides, use_bias=False)(values)
        values = layers.BatchNormalization()(values)
    return layers.ReLU()(layers.Add()([values, change]))


_KNOWN = (
    Architecture("conv-pool", "one convolution, a pooling, a dense layer: the plainest", 542_230, DIGITS, conv_pool),
    Architecture("conv2-dense128", "two convolutions, a dense layer of 128, dropout", 225_034, DIGITS, conv2_dense128),
    Architecture("conv2-dense", "two convolutions of 5x5, two dense layers", 484_390, DIGITS, conv2_dense),
    Architecture("conv3-dense64", "three convolutions, a dense layer of 64", 93_322, DIGITS, conv3_dense64),
    Architecture("conv3-dense2", "three convolutions, two dense layers", 249_162, DIGITS, conv3_dense2),
    Architecture("resnet-small", "six residual blocks; tells what is no digit", 176_155, OUTPUTS, resnet_small),
    Architecture("ocr", "seven convolutions, the one that ships; tells what is no digit", 274_555, OUTPUTS, ocr),
)
ARCHITECTURES: dict[str, Architecture] = {known.name: known for known in _KNOWN}
