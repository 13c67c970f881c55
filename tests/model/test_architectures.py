"""The networks as built; all but the names need TensorFlow."""

import importlib.util

import numpy as np
import pytest

from ocrbatch.errors import UsageError
from ocrbatch.model.architectures import ARCHITECTURES, build
from ocrbatch.page.classify import import_keras

needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"
)
# Keras 3 hands TensorFlow's variables to NumPy 2 in the old way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")

STATED = {
    "conv-pool": (542_230, 10),
    "conv2-dense128": (225_034, 10),
    "conv2-dense": (484_390, 10),
    "conv3-dense64": (93_322, 10),
    "conv3-dense2": (249_162, 10),
    "resnet-small": (176_155, 11),
    "ocr": (274_555, 11),
}


def test_every_network_is_known_by_its_own_name() -> None:
    assert list(ARCHITECTURES) == list(STATED)
    assert all(key == known.name for key, known in ARCHITECTURES.items())
    assert len({known.about for known in ARCHITECTURES.values()}) == len(ARCHITECTURES)


def test_an_unknown_network_is_told_which_there_are() -> None:
    with pytest.raises(UsageError, match=r"no architecture vgg.*conv-pool.*ocr"):
        build("vgg")


@needs_tensorflow
@pytest.mark.parametrize("name", STATED)
def test_a_network_has_the_parameters_and_outputs_it_states(name: str) -> None:
    import_keras()
    known, model = ARCHITECTURES[name], build(name)
    assert (known.parameters, known.outputs) == STATED[name]
    assert model.count_params() == known.parameters
    assert model.name == name
    assert model.input_shape == (None, 28, 28, 1)
    assert model.output_shape == (None, known.outputs)


@needs_tensorflow
@pytest.mark.parametrize("name", STATED)
def test_ten_outputs_are_probabilities_and_eleven_are_logits(name: str) -> None:
    import_keras()
    tiles = np.random.default_rng(1).random((3, 28, 28, 1)).astype(np.float32)
    sums = np.asarray(build(name).predict_on_batch(tiles)).sum(axis=1)
    if STATED[name][1] == 10:
        assert sums == pytest.approx(1, abs=1e-5)
    else:
        assert (np.abs(sums - 1) > 1e-3).any()


@needs_tensorflow
def test_each_building_is_a_new_network() -> None:
    import_keras()
    first, second = (build("conv3-dense64").get_weights()[0] for _ in range(2))
    assert not np.array_equal(first, second)
