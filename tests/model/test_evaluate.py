import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.model.evaluate import as_json, as_text, calibration_error, evaluate, measure
from ocrbatch.records import Probabilities, Tiles


class Fixed:
    """Read every tile as the label that its first pixel gives."""

    def scores(self, tiles: Tiles) -> Probabilities:
        scores = np.full((len(tiles), 11), 0.01, np.float32)
        scores[np.arange(len(tiles)), tiles[:, 0, 0]] = 0.9
        return scores


def tiles_of(*labels: int) -> Tiles:
    tiles = np.zeros((len(labels), 28, 28), np.uint8)
    tiles[:, 0, 0] = labels
    return tiles


def test_right_and_wrong_readings_are_counted_where_they_belong() -> None:
    result = evaluate(Fixed(), tiles_of(1, 2, 2, 10), np.array([1, 2, 3, 10]))
    assert result.accuracy == 0.75
    assert result.confusion[3, 2] == 1
    assert result.confusion.sum() == 4
    assert result.recall()[[1, 2, 3, 10]].tolist() == [1, 1, 0, 1]
    assert result.precision()[2] == 0.5
    assert np.isnan(result.recall()[0])


def test_the_loss_is_the_mean_negative_log_probability() -> None:
    result = evaluate(Fixed(), tiles_of(4, 4), np.array([4, 5]))
    assert result.loss == pytest.approx(-(np.log(0.9) + np.log(0.01)) / 2, rel=1e-5)


@given(st.integers(1, 200), st.integers(0, 1000))
def test_confidence_that_keeps_its_word_has_no_error(count: int, seed: int) -> None:
    right = np.random.default_rng(seed).random(count) < 0.7
    confidence = np.full(count, right.mean(), np.float32)
    assert calibration_error(confidence, right) == pytest.approx(0, abs=1e-6)
    assert calibration_error(np.ones(count, np.float32), right) == pytest.approx(1 - right.mean(), abs=1e-6)


def test_an_empty_set_has_no_measures_and_can_be_shown() -> None:
    result = measure(np.zeros((0, 11), np.float32), np.zeros(0, np.int64))
    assert as_json(result)["accuracy"] is None
    assert "0" in as_text(result)


def test_json_and_text_tell_the_same() -> None:
    result = evaluate(Fixed(), tiles_of(1, 2, 2, 7), np.array([1, 2, 3, 7]))
    told = json.loads(json.dumps(as_json(result), allow_nan=False))
    assert told["accuracy"] == 0.75
    assert told["recall"][0] is None
    assert "75.00%" in as_text(result)
