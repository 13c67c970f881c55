"""Tiles to probabilities, through LiteRT by default or through TensorFlow for Keras' own files."""

import contextlib
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ocrbatch.errors import MissingExtraError, ModelError
from ocrbatch.records import LABELS, NOT_A_DIGIT, ModelFile, Probabilities, Tiles

INSTALL_TRAIN = "pip install 'ocrbatch[train]'"
SIDE = 28
BATCH = 256
OUTPUTS = NOT_A_DIGIT + 1

Logits = npt.NDArray[np.float32]


class Classifier(Protocol):
    """Tells digits; any object with this method will do."""

    def scores(self, tiles: Tiles) -> Probabilities:
        """Give (n, 11) float32 for (n, 28, 28) uint8: a row sums to 1; column 10 is "not a digit"."""
        ...


def make_classifier(model: ModelFile, threads: int = 1) -> Classifier:
    """Open a model with the library its kind needs.

    Raises ModelError where the model cannot be opened or takes or gives other shapes than digits have, and
    MissingExtraError where TensorFlow is needed and not installed.
    """
    if model.kind == "tflite":
        return LiteRtClassifier(model, threads)
    return KerasClassifier(model)


def import_keras() -> Any:
    """Import Keras on TensorFlow, quietly; MissingExtraError gives the command where it is not installed."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        with _quiet(), warnings.catch_warnings():
            # TensorFlow's own imports use what NumPy and the standard library are about to drop.
            warnings.simplefilter("ignore")
            import keras
            import tensorflow  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(f"This needs TensorFlow, which is not installed: {INSTALL_TRAIN}") from error
    return keras


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what C++ libraries print to standard error while they load off the terminal."""
    try:
        kept = os.dup(2)
    except OSError:
        yield
        return
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
