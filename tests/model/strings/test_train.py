"""The trainer of strings, on a tiny pool; needs TensorFlow, whose import alone takes seconds."""

import importlib.util
import re
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ocrbatch.errors import ModelError
from ocrbatch.model.strings import train
from ocrbatch.model.strings.pool import LONGEST, WIDEST, Shard, compose_shard, write_shard
from ocrbatch.model.strings.train import Settings, train_network
from ocrbatch.page.classify import import_keras
from ocrbatch.page.strings.sequence import COLUMNS, OUTPUTS
from tests.model.strings.banks import drawn_bank

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"),
    # Keras 3 hands TensorFlow's variables to NumPy 2 in the old way.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]


def small_network() -> Any:
    """Build a network of the same form as the real one, and much quicker."""
    keras = import_keras()
    keras.utils.set_random_seed(3)
    given = keras.Input((32, None, 1))
    x = keras.layers.Conv2D(16, 5, strides=(4, COLUMNS), padding="same", activation="relu")(given)
    x = keras.layers.Conv2D(32, (8, 1), activation="relu")(x)
    x = keras.layers.Conv2D(OUTPUTS, (1, 3), padding="same")(x)
    return keras.Model(given, keras.layers.Reshape((-1, OUTPUTS))(x))


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder of composed runs, all of about one width, so that one graph is built."""
    folder = tmp_path_factory.mktemp("pool")
    shard = compose_shard(drawn_bank(), (1, 0), 80)
    narrow = [i for i, strip in enumerate(shard.strips) if 50 < strip.shape[1] < 83]
    assert len(narrow) >= 8
    write_shard(folder / "000.npz", Shard(tuple(shard.strips[i] for i in narrow), shard.labels[narrow]))
    (folder / ".001.draft.npz").write_bytes(b"half a shard")
    return folder


@pytest.mark.slow
def test_a_few_steps_lower_the_loss_and_leave_weights_and_network(
    pool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "WARM_UP", 4)
    # A clock on which every step takes a second.
    monkeypatch.setattr(train, "time", SimpleNamespace(monotonic=count().__next__))
    told: list[str] = []
    settings = Settings(minutes=1, learning_rate=5e-3, batch=4, report_every=10)
    network = train_network(pool, tmp_path, settings, told.append, small_network())
    losses = [float(re.findall(r"loss ([\d.]+)", line)[0]) for line in told]
    assert len(losses) == 5
    assert losses[-1] < 0.6 * losses[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["last.weights.h5", "strings.keras"]
    # Its weights are the means of the last ones, and are finite.
    assert all(np.isfinite(weight).all() for weight in network.get_weights())
    started = small_network()
    started.load_weights(tmp_path / "last.weights.h5")


@pytest.mark.parametrize("facts", ["flags: avx512f avx512_bf16", "flags: avx2"])
def test_a_network_is_taught_in_bfloat16_where_the_processor_reckons_so(
    facts: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpuinfo").write_text(facts)
    monkeypatch.setattr(train, "PROCESSOR", tmp_path / "cpuinfo")
    net = small_network()
    teaching = train._for_teaching(net)
    wide = "bf16" in facts
    assert [layer.compute_dtype == "bfloat16" for layer in teaching.layers[1:]] == [wide] * (len(net.layers) - 1)
    for own, other in zip(teaching.get_weights(), net.get_weights(), strict=True):
        assert own.dtype == np.float32
        assert np.array_equal(own, other)


@pytest.mark.parametrize("content", ["nothing", "too few"])
def test_a_pool_that_fills_no_batch_is_a_model_error(content: str, pool: Path, tmp_path: Path) -> None:
    folder = tmp_path if content == "nothing" else pool
    with pytest.raises(ModelError, match="batch of 500"):
        train_network(folder, tmp_path, Settings(minutes=0.2, batch=500), str, small_network())


def test_labels_behind_the_last_are_not_taught(pool: Path) -> None:
    strips, labels, lengths = next(train._batches(pool, 4, np.random.default_rng(1)))
    assert strips.shape == (4, 32, 96, 1)
    assert 0 <= strips.min() <= strips.max() <= 1
    assert labels.shape == (4, LONGEST)
    assert (lengths >= 1).all()
    assert labels.min() >= 0


def test_the_widest_strips_keep_their_last_digit(tmp_path: Path) -> None:
    strip = np.zeros((32, WIDEST), np.uint8)
    strip[8:24, -30:-10] = 255
    write_shard(tmp_path / "000.npz", Shard((strip,) * 40, np.zeros((40, LONGEST), np.int8)))
    strips, _, _ = next(train._batches(tmp_path, 30, np.random.default_rng(1)))
    assert strips.shape[2] == WIDEST
    assert (strips.max(axis=(1, 2, 3)) > 0.5).all()
    widths = (strips[:, 16, :, 0] > 0.3).sum(axis=1)
    assert widths.min() >= 15
