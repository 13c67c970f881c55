"""The make of the network that reads strings: convolutions alone, a frame for each four columns of a strip.

It is trained by connectionist temporal classification (A. Graves et al., 2006): a frame says a digit, a sign, or
nothing. After the recognizers of text lines that need no recurrence (F. Borisyuk et al., "Rosetta", 2018).
"""

from typing import Any

from ocrbatch.page.classify import import_keras
from ocrbatch.page.strings.sequence import COLUMNS, OUTPUTS
from ocrbatch.page.strings.strip import HIGH


def build_network(width: int | None = None) -> Any:
    """Build the network: strips (n, 32, width, 1), ink 0–1, to logits (n, width / 4, 12)."""
    keras = import_keras()
    layers = keras.layers

    def step(x: Any, filters: int, size: tuple[int, int] = (3, 3), strides: tuple[int, int] = (1, 1)) -> Any:
        padding = "valid" if size == (4, 1) else "same"
        x = layers.Conv2D(filters, size, strides, padding=padding, use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.97)(x)
        return layers.ReLU()(x)

    def added(x: Any, times: int, filters: int, size: tuple[int, int] = (3, 3)) -> Any:
        for _ in range(times):
            x = layers.Add()([x, step(x, filters, size)])
        return x

    given = keras.Input((HIGH, width, 1))
    x = step(given, 24, (5, 5), (2, 2))
    x = added(x, 1, 24)
    x = step(x, 64, strides=(2, 2))
    x = added(x, 3, 64)
    x = step(x, 96, strides=(2, 1))
    x = added(x, 3, 96)
    x = step(x, 160, (4, 1))
    x = added(x, 1, 160, (1, 5))
    x = layers.SpatialDropout2D(0.1)(x)
    x = added(x, 3, 160, (1, 5))
    x = layers.Conv2D(OUTPUTS, (1, 1))(x)
    made = layers.Reshape((-1 if width is None else width // COLUMNS, OUTPUTS))(x)
    return keras.Model(given, made, name="strings")
