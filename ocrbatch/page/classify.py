"""Tiles to probabilities, through LiteRT by default or through TensorFlow for Keras' own files."""

import os
import tempfile
import warnings
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ocrbatch.errors import MissingExtraError, ModelError
from ocrbatch.page.litert import UNIT_LEVELS, Network, Shape, quiet_stderr
from ocrbatch.page.second_look import SecondLook
from ocrbatch.page.vetting import vet
from ocrbatch.records import LABELS, NOT_A_DIGIT, ModelFile, Probabilities, Tiles

INSTALL_TRAIN = "pip install 'ocrbatch[train]'"
SIDE = 28
BATCH = 16
KERAS_BATCH = 256
OUTPUTS = NOT_A_DIGIT + 1

Logits = npt.NDArray[np.float32]


class Classifier(Protocol):
    """Tells digits; any object with this method will do."""

    def scores(self, tiles: Tiles) -> Probabilities:
        """Give (n, 11) float32 for (n, 28, 28) uint8: a row sums to 1; column 10 is "not a digit"."""
        ...


def make_classifier(model: ModelFile, threads: int = 1) -> Classifier:
    """Open a model with the library its kind needs, to read with: what is doubtful gets a second look.

    Raises ModelError where the model cannot be opened or takes or gives other shapes than digits have, and
    MissingExtraError where TensorFlow is needed and not installed.
    """
    first = LiteRtClassifier(model, threads) if model.kind == "tflite" else KerasClassifier(model)
    return SecondLook(first.scores)


def import_keras() -> Any:
    """Import Keras on TensorFlow, quietly; MissingExtraError gives the command where it is not installed."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with quiet_stderr(), warnings.catch_warnings():
            # TensorFlow's own imports use what NumPy and the standard library are about to drop.
            warnings.simplefilter("ignore")
            import keras
            import tensorflow as tf

            # Looks for graphics cards now, while what it says of their absence is not heard.
            tf.config.list_physical_devices()
    except ImportError as error:
        raise MissingExtraError(f"This needs TensorFlow, which is not installed: {INSTALL_TRAIN}") from error
    return keras


def open_keras(model: ModelFile) -> Any:
    """Open a .keras or .h5 file as Keras' own model, uncompiled, after a look through its bytes.

    Raises ModelError where it is hostile, broken or no model of digits.
    """
    keras = import_keras()
    vet(model.content, model.kind, model.name)
    # Keras opens files only, and tells their kind by the ending.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model.{model.kind}"
        path.write_bytes(model.content)
        try:
            opened = keras.models.load_model(path, compile=False, safe_mode=True)
        except Exception as error:  # a hostile or broken file makes Keras raise whatever it likes
            raise ModelError(f"{model.name}: is no Keras model that can be opened safely ({error})") from error
    _check_shapes(model.name, getattr(opened, "input_shape", ()), getattr(opened, "output_shape", ()))
    return opened


class LiteRtClassifier:
    """A .tflite model; of int8, uint8 or float32 input and output."""

    def __init__(self, model: ModelFile, threads: int = 1) -> None:
        self._temperature = model.temperature
        self._network = Network(model, threads, _in_batches)
        _check_shapes(model.name, self._network.given_shape, self._network.made_shape)

    def scores(self, tiles: Tiles) -> Probabilities:
        """Give (n, 11) float32 for (n, 28, 28) uint8, in batches of the model's own size."""
        batch = self._network.given_shape[0]
        logits = np.empty((len(tiles), OUTPUTS), np.float32)
        filled = np.zeros((batch, SIDE, SIDE), np.uint8)
        for start in range(0, len(tiles), batch):
            part = tiles[start : start + batch]
            filled[: len(part)] = part
            logits[start : start + len(part)] = _widened(self._network.run(filled)[: len(part)])
        return to_probabilities(logits, self._temperature)


class KerasClassifier:
    """A .keras or .h5 model, through TensorFlow."""

    def __init__(self, model: ModelFile) -> None:
        self._temperature = model.temperature
        self._model = open_keras(model)
        self._shape = (KERAS_BATCH, *self._model.input_shape[1:])

    def scores(self, tiles: Tiles) -> Probabilities:
        """Give (n, 11) float32 for (n, 28, 28) uint8, in batches of 256."""
        logits = np.empty((len(tiles), OUTPUTS), np.float32)
        filled = np.zeros((KERAS_BATCH, SIDE, SIDE), np.uint8)
        for start in range(0, len(tiles), KERAS_BATCH):
            part = tiles[start : start + KERAS_BATCH]
            filled[: len(part)] = part
            values = self._model.predict_on_batch(UNIT_LEVELS[filled].reshape(self._shape))
            logits[start : start + len(part)] = _widened(np.asarray(values, np.float32)[: len(part)])
        return to_probabilities(logits, self._temperature)


def to_probabilities(logits: Logits, temperature: float = 1.0) -> Probabilities:
    """Softmax of (n, k) logits divided by the temperature; minus infinity gives 0."""
    scaled = logits / np.float32(temperature)
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True, initial=-np.inf))
    probabilities: Probabilities = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return probabilities


def _in_batches(own: Shape) -> Shape:
    """Let a model of one tile at a time take a batch."""
    return (BATCH, *own[1:]) if own[:1] == (1,) else own


def _check_shapes(name: str, given: tuple[int, ...], made: tuple[int, ...]) -> None:
    if tuple(given[1:]) not in ((SIDE, SIDE, 1), (SIDE, SIDE)):
        raise ModelError(f"{name}: takes {tuple(given)}; a model of digits takes (n, {SIDE}, {SIDE}, 1)")
    if len(made) != 2 or made[1] not in (len(LABELS), OUTPUTS):
        raise ModelError(f"{name}: gives {tuple(made)}; a model of digits gives (n, 10) or (n, {OUTPUTS})")


def _widened(values: Logits) -> Logits:
    """Make logits (n, 11) of a model's outputs (n, 10 or 11), be they logits or probabilities."""
    # Rows that are probabilities already (a softmax as the last layer) become logits again.
    sums = values.sum(axis=1)
    already = (values.min(axis=1) >= 0) & (np.abs(sums - 1) < 0.03)
    values = np.where(already[:, None], np.log(np.maximum(values, 1e-7)), values)
    if values.shape[1] == OUTPUTS:
        return values
    missing = np.full((len(values), OUTPUTS - values.shape[1]), -np.inf, np.float32)
    return np.concatenate([values, missing], axis=1)
