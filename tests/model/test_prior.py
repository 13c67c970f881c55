import importlib.util

import numpy as np
import pytest

from ocrbatch.model.prior import MET, bring_to_practice, bring_to_training, practice_weights
from ocrbatch.page.classify import import_keras


def test_what_is_no_digit_weighs_as_much_as_on_forms() -> None:
    labels = np.array([1, 2, 3, 4, 5, 6, 10, 10])
    weights = practice_weights(labels)
    assert weights[:6].tolist() == [1] * 6
    assert weights[6:].sum() / weights.sum() == pytest.approx(MET)


@pytest.mark.parametrize("labels", [[], [3, 4], [10, 10]])
def test_one_kind_alone_weighs_evenly(labels: list[int]) -> None:
    assert practice_weights(np.array(labels, np.int64)).tolist() == [1] * len(labels)


@pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed")
def test_the_odds_of_no_digit_fall_by_the_ratio_of_the_shares() -> None:
    keras = import_keras()
    tiles = keras.Input((28, 28, 1))
    model = keras.Model(tiles, keras.layers.Dense(11)(keras.layers.Flatten()(tiles)))
    picture = np.random.default_rng(1).random((1, 28, 28, 1)).astype(np.float32)
    before = np.asarray(model(picture))[0]
    bring_to_practice(model, 0.0)
    assert np.array_equal(np.asarray(model(picture))[0], before)
    bring_to_practice(model, 0.2)
    after = np.asarray(model(picture))[0]
    assert after[:10] == pytest.approx(before[:10])
    assert np.exp(after[10] - before[10]) == pytest.approx(MET / (1 - MET) / 0.25, rel=1e-4)
    bring_to_training(model, 0.2)
    assert np.asarray(model(picture))[0] == pytest.approx(before, abs=1e-5)
