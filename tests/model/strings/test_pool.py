from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.errors import ModelError
from ocrbatch.model.strings.pool import LONGEST, WIDEST, Shard, compose_shard, load_bank, read_shard, write_shard
from tests.helpers.render import drawn_digits
from tests.model.strings.banks import drawn_bank


def same(one: Shard, other: Shard) -> bool:
    pairs = zip(one.strips, other.strips, strict=True)
    return all(np.array_equal(a, b) for a, b in pairs) and np.array_equal(one.labels, other.labels)


@st.composite
def shards(draw: st.DrawFn) -> Shard:
    widths = draw(st.lists(st.integers(1, 600), min_size=1, max_size=6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    strips = tuple(rng.integers(0, 256, (32, width)).astype(np.uint8) for width in widths)
    return Shard(strips, rng.integers(-1, 11, (len(widths), LONGEST)).astype(np.int8))


@given(shards())
def test_what_was_written_reads_back_and_leaves_no_draft(
    tmp_path_factory: pytest.TempPathFactory, shard: Shard
) -> None:
    folder = tmp_path_factory.mktemp("pool")
    write_shard(folder / "007.npz", shard)
    found = read_shard(folder / "007.npz")
    assert same(found, shard)
    assert {strip.dtype for strip in found.strips} == {np.dtype(np.uint8)}
    assert [path.name for path in folder.iterdir()] == ["007.npz"]


def test_a_seed_gives_one_shard_and_others_other_ones() -> None:
    one, again, other = (compose_shard(drawn_bank(), seed, 6) for seed in ((1, 2), (1, 2), (2, 2)))
    assert same(one, again)
    assert not np.array_equal(one.labels, other.labels)


def test_a_shard_has_as_many_strips_as_asked_each_with_its_labels() -> None:
    shard = compose_shard(drawn_bank(), (3, 0), 12)
    assert (len(shard.strips), shard.labels.shape, shard.labels.dtype) == (12, (12, LONGEST), np.int8)
    for strip, labels in zip(shard.strips, shard.labels.tolist(), strict=True):
        assert strip.shape[0] == 32
        assert strip.shape[1] <= WIDEST
        count = labels.index(-1)
        assert count >= 1
        assert labels[count:] == [-1] * (LONGEST - count)


def test_a_bank_has_what_is_to_train_on_or_to_test_on(tmp_path: Path) -> None:
    digits = drawn_digits(3)
    x, y = digits.pictures, digits.labels
    path = str(tmp_path / "digits.npz")
    np.savez(path, x_train=x, y_train=y, x_test=x[::3], y_test=y[::3])
    taught, held_out = (load_bank([(path, 2.0), (path, 0.5)], test=test) for test in (False, True))
    assert taught.weights == held_out.weights == (2.0, 0.5)
    assert [[len(own) for own in one] for one in taught.sets] == [[3] * 10] * 2
    assert [[len(own) for own in one] for one in held_out.sets] == [[1] * 10] * 2


def test_a_set_that_is_missing_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such set"):
        load_bank([(str(tmp_path / "none.npz"), 1.0)])
