"""What one training keeps back, and what an epoch shows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.errors import ModelError
from ocrbatch.model.datasets import Dataset, Mixture
from ocrbatch.model.parts import VALIDATION_SHARE, draw_epoch_indices, split_mixture
from tests.helpers.render import drawn_digits


def numbered(name: str, count: int, first: int = 0) -> Dataset:
    """Make a set whose tiles carry their own number."""
    tiles = np.zeros((count, 28, 28), np.uint8)
    tiles[:, 10] = 255
    tiles[:, 14, 14:16] = (np.arange(first, first + count)[:, None] >> np.array([8, 0])) & 255
    return Dataset(name, tiles, np.arange(count) % 10, tiles[:0], np.zeros(0, np.int64), name)


def numbers(tiles: np.ndarray) -> list[int]:
    return [int(high) * 256 + int(low) for high, low in tiles[:, 14, 14:16]]


@given(st.lists(st.integers(2, 60), min_size=1, max_size=4), st.integers(0, 9))
def test_every_set_keeps_a_twelfth_back_and_loses_none(counts: list[int], seed: int) -> None:
    sets = tuple(numbered(f"set {index}", count, 1000 * index) for index, count in enumerate(counts))
    mixture = Mixture(sets, tuple(0.5 + index for index in range(len(sets))))
    split = split_mixture(mixture, seed, worn=False)
    fit, kept = numbers(split.fit_tiles), numbers(split.clean_tiles)
    assert sorted(fit + kept) == sorted(number for data in sets for number in numbers(data.train_tiles))
    for index, count in enumerate(counts):
        assert sum(number // 1000 == index for number in kept) == max(1, round(count * VALIDATION_SHARE))
    assert split.fit_weights.dtype == np.float32
    assert split.fit_weights.tolist() == [0.5 + number // 1000 for number in fit]
    assert split.fit_labels.tolist() == [number % 1000 % 10 for number in fit]
    assert split.clean_labels.tolist() == [number % 1000 % 10 for number in kept]
    assert len(split.worn_tiles) == len(split.worn_labels) == 0


def test_what_is_kept_back_is_worn_once_with_strangers_where_asked() -> None:
    drawn = drawn_digits(12, 1)
    data = Dataset("drawn", drawn.pictures, drawn.labels, drawn.pictures[:0], drawn.labels[:0], "")
    mixture = Mixture((data,), (1.0,))
    split, again = split_mixture(mixture, 3), split_mixture(mixture, 3)
    assert (split.worn_labels == 10).sum() == 1
    assert len(split.worn_tiles) == len(split.clean_tiles) + 1
    assert np.array_equal(split.worn_tiles, again.worn_tiles)
    assert not np.array_equal(split.fit_tiles, split_mixture(mixture, 4).fit_tiles)
    plain = split_mixture(mixture, 3, strangers=False)
    assert sorted(plain.worn_labels) == sorted(split.clean_labels)
    assert not np.array_equal(np.sort(plain.worn_tiles, axis=0), np.sort(split.clean_tiles, axis=0))


def test_pictures_too_pale_to_be_seen_are_left_out() -> None:
    data = numbered("pale", 24)
    data.train_tiles[::2] = 0
    split = split_mixture(Mixture((data,), (1.0,)), 1, worn=False)
    assert sorted(numbers(split.fit_tiles) + numbers(split.clean_tiles)) == list(range(1, 24, 2))
    assert len(split.fit_weights) == len(split.fit_tiles) == 11


def test_a_set_of_one_is_too_few() -> None:
    with pytest.raises(ModelError, match="tiny: 1 to train on is too few"):
        split_mixture(Mixture((numbered("big", 20), numbered("tiny", 1)), (1.0, 1.0)), 1)


@given(st.lists(st.floats(2**-6, 4, width=32), min_size=1, max_size=50), st.integers(0, 2**32 - 1))
def test_an_epoch_shows_each_by_its_weight(weights: list[float], seed: int) -> None:
    shown = draw_epoch_indices(np.array(weights, np.float32), np.random.default_rng(seed))
    assert shown.dtype == np.int64
    counts = np.bincount(shown, minlength=len(weights))
    assert len(counts) == len(weights)
    for weight, count in zip(weights, counts, strict=True):
        assert int(np.floor(weight)) <= count <= int(np.ceil(weight))


def test_fractions_are_met_on_average_and_drawn_anew_each_epoch() -> None:
    weights = np.repeat(np.array([0.5, 1.25, 3], np.float32), 4000)
    epochs = [draw_epoch_indices(weights, np.random.default_rng([1, epoch])) for epoch in (1, 2)]
    for shown in epochs:
        counts = np.bincount(shown, minlength=len(weights)).reshape(3, -1)
        assert np.allclose(counts.mean(axis=1), [0.5, 1.25, 3], atol=0.04)
        assert (counts[2] == 3).all()
        assert np.mean(np.diff(shown) < 0) == pytest.approx(0.5, abs=0.03)
    first, second = (set(shown[shown < 4000].tolist()) for shown in epochs)
    assert 0.4 < len(first & second) / len(first) < 0.6
