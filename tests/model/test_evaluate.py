import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.model.evaluate import calibration_error, evaluate, measure, reliability, risk_coverage
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


def scores_of(*readings: tuple[int, float]) -> Probabilities:
    """Give each reading its confidence, and the others equal shares of the rest."""
    scores = np.empty((len(readings), 11), np.float32)
    for row, (label, confidence) in zip(scores, readings, strict=True):
        row[:] = (1 - confidence) / 10
        row[label] = confidence
    return scores


def sure_of(*confidence: float) -> np.ndarray:
    return np.array(confidence, np.float32)


def test_right_and_wrong_readings_are_counted_where_they_belong() -> None:
    result = evaluate(Fixed(), tiles_of(1, 2, 2, 10), np.array([1, 2, 3, 10]))
    assert result.accuracy == 0.75
    assert result.confusion[3, 2] == 1
    assert result.confusion.sum() == 4
    assert result.recall()[[1, 2, 3, 10]].tolist() == [1, 1, 0, 1]
    assert result.precision()[2] == 0.5
    assert np.isnan(result.recall()[0])
    assert result.right.tolist() == [True, True, False, True]
    assert result.confidence.tolist() == [np.float32(0.9)] * 4
    assert result.confidence.dtype == np.float32


def test_f1_is_the_harmonic_mean_of_recall_and_precision() -> None:
    result = evaluate(Fixed(), tiles_of(2, 2, 2, 5, 5, 7), np.array([2, 2, 5, 5, 2, 8]))
    # Of label 2: two right, one read in vain, one not found; of 5: one of each.
    assert result.f1()[[2, 5]] == pytest.approx([2 / 3, 1 / 2])
    assert result.f1()[[7, 8]].tolist() == [0, 0]  # only read, and only there
    assert np.isnan(result.f1()[[0, 10]]).all()
    recall, precision = result.recall()[2], result.precision()[2]
    assert result.f1()[2] == pytest.approx(2 * recall * precision / (recall + precision))


def test_the_loss_is_the_mean_negative_log_probability() -> None:
    result = evaluate(Fixed(), tiles_of(4, 4), np.array([4, 5]))
    assert result.loss == pytest.approx(-(np.log(0.9) + np.log(0.01)) / 2, rel=1e-5)


@given(st.integers(1, 200), st.integers(0, 1000))
def test_confidence_that_keeps_its_word_has_no_error(count: int, seed: int) -> None:
    right = np.random.default_rng(seed).random(count) < 0.7
    confidence = np.full(count, right.mean(), np.float32)
    assert calibration_error(confidence, right) == pytest.approx(0, abs=1e-6)
    assert calibration_error(np.ones(count, np.float32), right) == pytest.approx(1 - right.mean(), abs=1e-6)


def test_bins_tell_confidence_against_accuracy() -> None:
    bins = reliability(sure_of(1.0, 0.95, 0.98, 0.3, 0.32), np.array([True, True, False, False, True]))
    assert np.flatnonzero(bins.count).tolist() == [4, 14]
    assert bins.count[[4, 14]].tolist() == [2, 3]
    assert bins.confidence[[4, 14]] == pytest.approx([0.31, 2.93 / 3])
    assert bins.accuracy[[4, 14]] == pytest.approx([1 / 2, 2 / 3])
    assert np.isnan(bins.confidence[0])
    assert np.isnan(bins.accuracy[0])


@given(st.integers(1, 200), st.integers(0, 1000))
def test_the_calibration_error_is_the_gap_of_the_bins(count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    confidence, right = rng.random(count, np.float32), rng.random(count) < 0.6
    bins = reliability(confidence, right)
    gap = np.nansum(bins.count * np.abs(bins.confidence - bins.accuracy)) / count
    assert calibration_error(confidence, right) == pytest.approx(gap)
    assert bins.count.sum() == count


def test_the_least_sure_are_rejected_first() -> None:
    curve = risk_coverage(sure_of(0.6, 0.9, 0.5, 0.8), np.array([True, True, False, False]))
    # Kept from the surest on: 0.9 right, 0.8 wrong, 0.6 right, 0.5 wrong.
    assert curve.rejected == pytest.approx([0, 1 / 4, 1 / 2, 3 / 4])
    assert curve.error == pytest.approx([2 / 4, 1 / 3, 1 / 2, 0])


def test_equally_sure_readings_are_rejected_together() -> None:
    curve = risk_coverage(sure_of(0.7, 0.9, 0.7, 0.9, 0.7), np.array([False, True, True, True, False]))
    assert curve.rejected == pytest.approx([0, 3 / 5])
    assert curve.error == pytest.approx([2 / 5, 0])


def test_the_area_is_the_mean_error_among_those_at_least_as_sure() -> None:
    apart = measure(scores_of((1, 0.6), (1, 0.9), (1, 0.5), (1, 0.8)), np.array([1, 1, 2, 2]))
    assert apart.aurc == pytest.approx((2 / 4 + 1 / 3 + 1 / 2 + 0) / 4)
    tied = measure(scores_of((1, 0.7), (1, 0.9), (1, 0.7), (1, 0.9), (1, 0.7)), np.array([2, 1, 1, 1, 2]))
    assert tied.aurc == pytest.approx((0 + 0 + 3 * 2 / 5) / 5)
    surest_wrong = measure(scores_of((1, 0.9), (1, 0.8)), np.array([2, 1]))
    assert surest_wrong.aurc == pytest.approx((1 + 1 / 2) / 2)


@given(st.lists(st.tuples(st.sampled_from([0.3, 0.5, 0.51, 0.8, 1.0]), st.booleans()), min_size=1, max_size=40))
def test_the_curve_is_what_a_threshold_gives_in_any_order(readings: list[tuple[float, bool]]) -> None:
    confidence = sure_of(*(sure for sure, _ in readings))
    right = np.array([hit for _, hit in readings])
    curve = risk_coverage(confidence, right)
    kept = [confidence >= least for least in np.unique(confidence)]
    assert curve.rejected == pytest.approx([1 - some.mean() for some in kept])
    assert curve.error == pytest.approx([1 - right[some].mean() for some in kept])


def test_no_more_is_rejected_than_the_error_asks_for() -> None:
    result = measure(scores_of((1, 0.6), (1, 0.9), (1, 0.5), (1, 0.8)), np.array([1, 1, 2, 2]))
    assert result.rejected_for(0.5) == 0
    assert result.rejected_for(0.4) == pytest.approx(1 / 4)
    assert result.rejected_for(0.3) == pytest.approx(3 / 4)
    assert result.rejected_for(0) == pytest.approx(3 / 4)


def test_an_error_just_as_often_as_allowed_is_allowed() -> None:
    labels = np.ones(1000, np.int64)
    labels[0] = 2
    assert measure(scores_of(*[(1, 0.8)] * 1000), labels).rejected_for(0.001) == 0


def test_where_the_surest_is_wrong_no_rejection_helps() -> None:
    result = measure(scores_of((1, 0.9), (1, 0.8)), np.array([2, 1]))
    assert np.isnan(result.rejected_for(0.1))
    assert result.rejected_for(0.5) == 0


def test_taken_are_only_non_digits_that_surely_seem_digits() -> None:
    readings = scores_of((3, 0.95), (3, 0.9), (3, 0.89), (10, 0.99), (4, 0.99), (10, 0.99))
    assert measure(readings, np.array([10, 10, 10, 10, 5, 5])).taken == 0.5
    assert measure(readings[3:4], np.array([10])).taken == 0
    assert np.isnan(measure(readings[:2], np.array([3, 4])).taken)


def test_a_model_of_ten_outputs_takes_every_surely_read_non_digit() -> None:
    readings = np.zeros((2, 11), np.float32)
    readings[:, 4] = 1
    result = measure(readings, np.array([10, 4]))
    assert result.taken == 1
    assert np.isfinite(result.loss)
    assert result.precision()[4] == 0.5
    assert np.isnan(result.precision()[10])


def test_an_empty_set_has_no_measures() -> None:
    result = measure(np.zeros((0, 11), np.float32), np.zeros(0, np.int64))
    assert result.count == 0
    told = [result.accuracy, result.loss, result.calibration_error, result.aurc, result.taken, result.rejected_for(1)]
    assert np.isnan(told).all()
    assert np.isnan(result.f1()).all()
    assert result.reliability().count.tolist() == [0] * 15
    assert len(result.risk_coverage().error) == len(result.confidence) == len(result.right) == 0
