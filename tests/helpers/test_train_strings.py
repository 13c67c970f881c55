import importlib.util
from pathlib import Path

import numpy as np
import pytest

from ocrbatch.model.datasets import weighed
from tests.helpers.train_strings import mean_weights


def test_names_may_have_a_weight() -> None:
    assert [weighed(one) for one in ("mnist.npz:6", "old.keras")] == [("mnist.npz", 6.0), ("old.keras", 1.0)]


@pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed")
# Keras 3 hands TensorFlow's variables to NumPy 2 in the old way.
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
def test_several_starts_are_taken_by_their_shares(tmp_path: Path) -> None:
    from ocrbatch.model.strings.network import build_network

    network = build_network()
    shapes = [weights.shape for weights in network.get_weights()]
    for name, value in (("a", 1.0), ("b", 5.0)):
        network.set_weights([np.full(shape, value, np.float32) for shape in shapes])
        network.save(tmp_path / f"{name}.keras")
    mean = mean_weights(network, [(str(tmp_path / "a.keras"), 3.0), (str(tmp_path / "b.keras"), 1.0)])
    assert [own.shape for own in mean] == shapes
    assert all(np.allclose(own, 2.0) for own in mean)
