"""The make of the network of strings; needs TensorFlow, whose import alone takes seconds."""

import importlib.util

import numpy as np
import pytest

from ocrbatch.model.strings.network import build_network
from ocrbatch.page.strings.sequence import COLUMNS, OUTPUTS
from ocrbatch.page.strings.strip import HIGH

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"),
    # Keras 3 hands TensorFlow's variables to NumPy 2 in the old way.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]


def test_a_frame_stands_for_four_columns_of_a_strip_of_any_width() -> None:
    network = build_network()
    strips = np.random.default_rng(1).random((2, HIGH, 96, 1)).astype(np.float32)
    logits = np.asarray(network(strips, training=False))
    assert logits.shape == (2, 96 // COLUMNS, OUTPUTS)
    assert np.asarray(network(strips[:1, :, :32], training=False)).shape == (1, 8, OUTPUTS)
    # What is far away changes nothing: a frame sees what is near it.
    strips[:, :, 80:] = 0
    changed = np.asarray(network(strips, training=False))
    assert changed[:, :4] == pytest.approx(logits[:, :4], abs=1e-5)
    assert np.abs(changed[:, 20:] - logits[:, 20:]).max() > 1e-4


def test_a_network_of_one_width_has_its_number_of_frames() -> None:
    assert build_network(64).output_shape == (None, 16, OUTPUTS)
