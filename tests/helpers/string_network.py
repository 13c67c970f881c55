"""A tiny network in the form of the one that reads strings, for tests: random, or of other shapes."""

import contextlib
import hashlib
import io
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from ocrbatch.page.classify import import_keras
from ocrbatch.page.litert import quiet_stderr
from ocrbatch.records import ModelFile


def string_network(
    outputs: int = 12, columns: int = 4, high: int = 32, width: int | None = None, *, int8: bool = True
) -> ModelFile:
    """Convert a random network of strips (1, high, width, 1) to LiteRT; a frame is so many columns wide."""
    keras = import_keras()
    import tensorflow as tf

    keras.utils.set_random_seed(7)
    wide = {"kernel_initializer": keras.initializers.RandomNormal(stddev=0.3)}
    layers = [
        keras.layers.Conv2D(8, 3, strides=(4, columns), padding="same", activation="relu", **wide),
        keras.layers.Conv2D(8, (high // 4, 1), activation="relu", **wide),
        keras.layers.Conv2D(outputs, (1, 5), padding="same", **wide),
    ]
    given = keras.Input(batch_shape=(1, high, width, 1))
    made = given
    for layer in layers:
        made = layer(made)
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(given, tf.keras.ops.squeeze(made, axis=1)))
    if int8:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: _typical(high)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    with quiet_stderr(), warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        content: bytes = converter.convert()
    return ModelFile(content, "tflite", "strings", hashlib.sha256(content).hexdigest(), 1.0)


def _typical(high: int) -> Iterator[list[Any]]:
    rng = np.random.default_rng(5)
    for _ in range(8):
        yield [rng.random((1, high, 64, 1)).astype(np.float32)]
