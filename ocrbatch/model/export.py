"""A trained network to the files that are read with: Keras', LiteRT's in int8, and the card of both."""

import contextlib
import hashlib
import io
import platform
import warnings
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ocrbatch.errors import ModelError
from ocrbatch.model.card import Card, write_card
from ocrbatch.model.datasets import Dataset, Labels
from ocrbatch.model.evaluate import evaluate
from ocrbatch.model.parts import Split, to_input
from ocrbatch.page.classify import BATCH, import_keras, make_classifier, quiet_stderr
from ocrbatch.records import ModelFile, Tiles

SAMPLES = 1000
LARGEST_LOSS = 0.005
"""How much accuracy the int8 form may lose before it counts as broken."""
LICENCES = {"mnist": "CC BY-SA 3.0, as usually cited (Y. LeCun, C. Cortes, C. Burges)"}
VERSIONS = ("ocrbatch", "tensorflow", "keras", "numpy", "opencv-python-headless", "ai-edge-litert")


def finish(
    model: Any,
    data: Dataset,
    split: Split,
    *,
    settings: Mapping[str, Any],
    epoch: int,
    folder: Path,
    name: str,
) -> Path:
    """Write ``name``.keras, ``name``.tflite and ``name``.json to ``folder``; give the LiteRT file's path.

    Raises ModelError where the int8 form reads clearly worse than the network it was made from.
    """
    keras = import_keras()
    # Without the optimizer's state, which is twice the weights.
    bare = keras.Model.from_config(model.get_config())
    bare.set_weights(model.get_weights())
    bare.save(folder / f"{name}.keras")
    content = to_int8(bare, split.worn_tiles[:SAMPLES])
    kept_tiles = np.concatenate([split.clean_tiles, split.worn_tiles])
    kept_labels = np.concatenate([split.clean_labels, split.worn_labels])
    temperature = fit_temperature(as_classifier(content, 1.0).scores(kept_tiles), kept_labels)
    loss = _int8_loss(bare, as_classifier(content, temperature), kept_tiles, kept_labels)
    tflite = folder / f"{name}.tflite"
    _write(tflite, content)
    card: Card = {
        "name": name,
        "about": "Handwritten digits: 28x28 grey tiles to 0-9 and not-a-digit",
        "files": {path.name: _sha256(path) for path in (tflite, folder / f"{name}.keras")},
        "temperature": temperature,
        "parameters": int(bare.count_params()),
        "data": [describe(data)],
        "training": {**settings, "kept_back": len(split.clean_tiles), "best_epoch": epoch},
        "metrics": {
            "int8_accuracy_lost": round(loss, 5),
            "kept_back": _measures(content, temperature, split.clean_tiles, split.clean_labels),
            "kept_back_worn": _measures(content, temperature, split.worn_tiles, split.worn_labels),
            "test": _measures(content, temperature, data.test_tiles, data.test_labels),
        },
        "made_with": {"python": platform.python_version(), **_versions()},
    }
    write_card(folder / f"{name}.json", card)
    return tflite


def to_int8(model: Any, samples: Tiles) -> bytes:
    """Convert a Keras model to LiteRT: int8 in and throughout, weights a scale a channel, batch fixed.

    ``samples`` (n, 28, 28) uint8 are typical tiles, from which the ranges of the activations are taken. The
    logits come out in int8 too: their steps of about 0.07 move a confidence of 0.995 by 0.0004.
    """
    import tensorflow as tf

    def typical() -> Any:
        for start in range(0, len(samples), BATCH):
            part = samples[start : start + BATCH]
            # The full range of grey must be among them, so that a tile's level is its int8 value less 128.
            filled = np.zeros((BATCH, *samples.shape[1:]), np.uint8)
            filled[: len(part)] = part
            filled[-1, 0, 0] = 255
            yield [to_input(filled)]

    keras = import_keras()
    fixed = keras.Input(batch_shape=(BATCH, *samples.shape[1:], 1))
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(fixed, model(fixed, training=False)))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = typical
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8
    with quiet_stderr(), warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        content: bytes = converter.convert()
    return content


def as_classifier(content: bytes, temperature: float) -> Any:
    """Open LiteRT bytes as the classifier that reads with them."""
    return make_classifier(ModelFile(content, "tflite", "trained", hashlib.sha256(content).hexdigest(), temperature))


def fit_temperature(scores: npt.NDArray[np.float32], labels: Labels) -> float:
    """Find the temperature that makes the truth most probable, given probabilities at temperature 1.

    After C. Guo et al., "On calibration of modern neural networks" (2017).
    """
    logits = np.log(np.maximum(scores.astype(np.float64), 1e-30))

    def loss(temperature: float) -> float:
        scaled = logits / temperature
        peak = scaled.max(axis=1, keepdims=True)
        total = peak[:, 0] + np.log(np.exp(scaled - peak).sum(axis=1))
        return float((total - scaled[np.arange(len(labels)), labels]).mean())

    temperatures = np.exp(np.linspace(np.log(0.25), np.log(4), 241))
    return round(float(temperatures[int(np.argmin([loss(value) for value in temperatures]))]), 4)


def describe(data: Dataset) -> Card:
    """Tell a set's name, sizes, licence and sha256."""
    return {
        "name": data.name,
        "train": len(data.train_tiles),
        "test": len(data.test_tiles),
        "licence": LICENCES.get(data.name, "not stated"),
        "sha256": data.sha256,
    }


def _int8_loss(model: Any, classifier: Any, tiles: Tiles, labels: Labels) -> float:
    """Give the accuracy lost from float to int8; ModelError where it is more than half a point."""
    read = np.asarray(model.predict(to_input(tiles), batch_size=512, verbose=0)).argmax(axis=1)
    lost = float((read == labels).mean()) - evaluate(classifier, tiles, labels).accuracy
    if lost > LARGEST_LOSS:
        raise ModelError(f"The int8 form reads {lost:.1%} fewer digits right than the network; train it longer")
    return lost


def _measures(content: bytes, temperature: float, tiles: Tiles, labels: Labels) -> Card | None:
    if len(tiles) == 0:
        return None
    result = evaluate(as_classifier(content, temperature), tiles, labels)
    return {
        "count": result.count,
        "accuracy": round(result.accuracy, 5),
        "loss": round(result.loss, 5),
        "calibration_error": round(result.calibration_error, 5),
    }


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(path.name + ".tmp")
    draft.write_bytes(content)
    draft.replace(path)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _versions() -> dict[str, str]:
    known = {}
    for package in VERSIONS:
        with contextlib.suppress(metadata.PackageNotFoundError):
            known[package] = metadata.version(package)
    return known
