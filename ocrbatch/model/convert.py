"""A Keras network to the bytes of each form that a model is kept in, and the temperature it is read with."""

import contextlib
import hashlib
import io
import logging
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ocrbatch.model.datasets import Labels
from ocrbatch.model.parts import to_input
from ocrbatch.model.prior import practice_weights
from ocrbatch.page.classify import BATCH, SIDE, Classifier, LiteRtClassifier, import_keras
from ocrbatch.page.litert import quiet_stderr
from ocrbatch.records import ModelFile, Tiles

SAMPLES = 1000


def to_keras(model: Any) -> bytes:
    """Give a network as a .keras file, without what it was trained with (twice the weights)."""
    return _saved(model, "model.keras")


def to_h5(model: Any) -> bytes:
    """Give a network as one HDF5 file, the form before .keras, without what it was trained with."""
    return _saved(model, "model.h5")


def to_int8(model: Any, samples: Tiles) -> bytes:
    """Convert a network to LiteRT: int8 in and throughout, weights a scale a channel, batch fixed.

    ``samples`` (n, 28, 28) uint8 are typical tiles, from which the ranges of the activations are taken; a
    thousand are enough. It gives logits, also where the network ends in a softmax: the 256 steps of int8 are
    too coarse for probabilities. Steps of about 0.07 move a confidence of 0.995 by 0.0004.
    """
    import tensorflow as tf

    picked = spread(samples)

    def typical() -> Iterator[list[npt.NDArray[np.float32]]]:
        for start in range(0, len(picked), BATCH):
            part = picked[start : start + BATCH]
            # The full range of grey must be among them, so that a tile's level is its int8 value less 128.
            filled = np.zeros((BATCH, SIDE, SIDE), np.uint8)
            filled[: len(part)] = part
            filled[-1, 0, 0] = 255
            yield [to_input(filled).reshape(-1, *model.input_shape[1:])]

    converter = _converter(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = typical
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    return converted(converter)


def to_float(model: Any) -> bytes:
    """Convert a network to LiteRT in float32, batch fixed; it gives logits as ``to_int8`` does."""
    return converted(_converter(model))


def without_softmax(model: Any) -> Any:
    """Give the same network up to its last layer's softmax; as it is where it ends otherwise.

    What it then gives differs from the logarithms of its probabilities by one number a row, so the two are
    read alike.
    """
    keras = import_keras()
    last = model.layers[-1]

    def copied(layer: Any) -> Any:
        linear = {"activation": "linear"} if layer is last else {}
        return layer.__class__.from_config({**layer.get_config(), **linear})

    softmax = getattr(last, "activation", None) is keras.activations.softmax
    if isinstance(last, keras.layers.Softmax) or (softmax and isinstance(last, keras.layers.Activation)):
        return keras.Model(model.inputs, last.input)
    if not softmax:
        return model
    bare = keras.models.clone_model(model, clone_function=copied)
    bare.set_weights(model.get_weights())
    return bare


def as_classifier(content: bytes, temperature: float) -> Classifier:
    """Open LiteRT bytes as the classifier that reads with them."""
    return LiteRtClassifier(ModelFile(content, "tflite", "trained", hashlib.sha256(content).hexdigest(), temperature))


def fit_temperature(scores: npt.NDArray[np.float32], labels: Labels) -> float:
    """Find the temperature that makes the truth most probable, given probabilities at temperature 1.

    After C. Guo et al., "On calibration of modern neural networks" (2017). What is no digit weighs as on forms.
    """
    weights = practice_weights(labels)
    logits = np.log(np.maximum(scores.astype(np.float64), 1e-30))

    def loss(temperature: float) -> float:
        scaled = logits / temperature
        peak = scaled.max(axis=1, keepdims=True)
        total = peak[:, 0] + np.log(np.exp(scaled - peak).sum(axis=1))
        return float(np.average(total - scaled[np.arange(len(labels)), labels], weights=weights))

    temperatures = np.exp(np.linspace(np.log(0.25), np.log(4), 241))
    return round(float(temperatures[int(np.argmin([loss(value) for value in temperatures]))]), 4)


def spread(tiles: Tiles) -> Tiles:
    """Pick a thousand tiles evenly, for a set may be sorted by label; all where there are no more."""
    return tiles[np.linspace(0, len(tiles) - 1, min(len(tiles), SAMPLES)).round().astype(np.int64)]


def _saved(model: Any, name: str) -> bytes:
    bare = type(model).from_config(model.get_config())
    bare.set_weights(model.get_weights())
    # Keras writes to files only, and tells the form by the ending.
    with tempfile.TemporaryDirectory() as folder, _quiet_absl():
        path = Path(folder) / name
        bare.save(path)
        return path.read_bytes()


@contextlib.contextmanager
def _quiet_absl() -> Iterator[None]:
    """Keep Keras' advice against the older form off the terminal: it is asked for by name."""
    logger = logging.getLogger("absl")
    kept = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = kept


def _converter(model: Any) -> Any:
    import tensorflow as tf

    keras = import_keras()
    bare = without_softmax(model)
    fixed = keras.Input(batch_shape=(BATCH, *model.input_shape[1:]))
    return tf.lite.TFLiteConverter.from_keras_model(keras.Model(fixed, bare(fixed, training=False)))


def converted(converter: Any) -> bytes:
    """Convert, without what TensorFlow says of it."""
    with quiet_stderr(), warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        content: bytes = converter.convert()
    return content
