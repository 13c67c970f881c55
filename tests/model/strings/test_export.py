"""From a network of strings to its file and card; needs TensorFlow, whose import alone takes seconds."""

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ocrbatch.errors import ModelError
from ocrbatch.model.card import load_model_file, read_card
from ocrbatch.model.strings import export
from ocrbatch.model.strings.export import export_strings
from ocrbatch.model.strings.pool import LONGEST, Shard
from ocrbatch.page.strings.sequence import make_string_reader
from tests.model.strings.test_train import small_network

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"),
    # Keras 3 hands TensorFlow's variables to NumPy 2 in the old way.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]

FACTS = {"data": [{"name": "drawn", "weight": 1.0}]}


@pytest.fixture(scope="module")
def network() -> Any:
    return small_network()


def shard(count: int, seed: int) -> Shard:
    """Give strips of noise of many widths, all labelled 7."""
    rng = np.random.default_rng(seed)
    strips = tuple(rng.integers(0, 256, (32, width)).astype(np.uint8) for width in rng.integers(20, 140, count))
    labels = np.full((count, LONGEST), -1, np.int8)
    labels[:, 0] = 7
    return Shard(strips, labels)


def test_the_file_and_its_card_are_what_reads_strings(network: Any, tmp_path: Path) -> None:
    card = export_strings(network, shard(12, 1), shard(8, 2), tmp_path, FACTS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["strings.json", "strings.keras", "strings.tflite"]
    model = load_model_file(tmp_path / "strings.tflite")
    assert read_card(tmp_path / "strings.tflite") == card
    assert (model.name, model.temperature) == ("strings", card["temperature"])
    assert 0.6 <= card["temperature"] <= 2
    assert (card["data"], card["parameters"]) == (FACTS["data"], network.count_params())
    assert card["metrics"]["composed"] == 4
    assert len(make_string_reader(model).looks([shard(1, 3).strips[0]])) == 1


def test_the_int8_form_says_nearly_what_the_network_says(network: Any, tmp_path: Path) -> None:
    held_out = shard(6, 4)
    export_strings(network, shard(20, 1), held_out, tmp_path, {})
    content = (tmp_path / "strings.tflite").read_bytes()
    read = export._reader(content, 1.0).looks(held_out.strips)
    for (one, *_), (other,) in zip(read, export._keras_looks(network, held_out.strips), strict=True):
        frames = min(len(one), len(other)) - 3
        assert np.abs(np.exp(one[:frames]) - np.exp(other[:frames])).max() < 0.05


def test_a_form_that_reads_worse_than_the_network_is_not_written(
    network: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares = iter([0.8, 0.9])
    monkeypatch.setattr(export, "_exact", lambda read, texts: next(shares))
    with pytest.raises(ModelError, match=r"0\.8000 .* 0\.9000"):
        export_strings(network, shard(4, 1), shard(4, 2), tmp_path, {})
    assert list(tmp_path.iterdir()) == []


def test_the_temperature_makes_the_true_texts_likeliest() -> None:
    """Looks that are right seven times of ten, and say that they are nearly always, are cooled down."""
    texts = ["7"] * 10
    looks = []
    for number in range(10):
        shares = np.full((3, 12), 0.001)
        shares[[0, 2], 11], shares[1, 7 if number < 7 else 1] = 1, 1
        looks.append((np.log(shares / shares.sum(axis=1, keepdims=True)).astype(np.float32),))
    assert export._fit_temperature(looks, texts) > 1.3
    assert export._fit_temperature(looks[:7], texts[:7]) < 1
