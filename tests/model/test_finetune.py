"""Fine-tuning of a tiny network on drawn digits; all need TensorFlow, whose import alone takes seconds."""

import importlib.util
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from ocrbatch.errors import ModelError, UsageError
from ocrbatch.model import export
from ocrbatch.model.card import load_model_file, shipped_folder
from ocrbatch.model.datasets import Dataset, Mixture
from ocrbatch.model.finetune import FinetuneSettings, finetune
from ocrbatch.model.parts import to_input
from ocrbatch.page.classify import import_keras, make_classifier
from tests.helpers.render import drawn_digits

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"),
    # Keras 3 hands TensorFlow's variables to NumPy 2 in the old way.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]

QUICK = FinetuneSettings(epochs=5, batch=32, learning_rate=2e-3, pull=0.002)


def digits(name: str, seed: int, copies: int = 12, *, leaning: bool = False) -> Dataset:
    drawn = drawn_digits(copies, seed)
    lean = np.array([[1, 0.8, -11], [0, 1, 0]], np.float32)
    pictures = np.stack([cv2.warpAffine(picture, lean, (28, 28)) for picture in drawn.pictures])
    tiles, labels = pictures if leaning else drawn.pictures, drawn.labels
    return Dataset(name, tiles, labels, tiles[::6], labels[::6], name)


def make_start(path: Path, outputs: int, *, softmax: bool) -> Path:
    """Train a network of one hidden layer, with batch normalization, on upright digits."""
    keras = import_keras()
    keras.utils.set_random_seed(1)
    tiles = keras.Input((28, 28, 1))
    values = keras.layers.AveragePooling2D(2)(tiles)
    values = keras.layers.Dense(48)(keras.layers.Flatten()(values))
    values = keras.layers.ReLU()(keras.layers.BatchNormalization()(values))
    values = keras.layers.Dense(outputs, activation="softmax" if softmax else None)(values)
    model = keras.Model(tiles, values)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=not softmax))
    drawn = drawn_digits(60, 5)
    model.fit(to_input(drawn.pictures), drawn.labels, epochs=8, verbose=0)
    model.save(path)
    return path


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_start(tmp_path_factory.mktemp("start") / "first.keras", 11, softmax=False)


@pytest.fixture(autouse=True)
def lenient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a network this small lose more to int8."""
    monkeypatch.setattr(export, "LARGEST_LOSS", 0.1)


@pytest.fixture
def tune(start: Path, tmp_path: Path) -> Callable[..., tuple[Path, list[str]]]:
    def call(*sets: Dataset, frozen: Dataset, begin: Path = start, **options: Any) -> tuple[Path, list[str]]:
        lines: list[str] = []
        mixture = Mixture(sets, (1.0,) * len(sets))
        settings = options.pop("settings", QUICK)
        return finetune(begin, mixture, [frozen], tmp_path / "out", settings, report=lines.append, **options), lines

    return call


Tune = Callable[..., tuple[Path, list[str]]]


def right(model: Path, data: Dataset) -> float:
    read = make_classifier(load_model_file(model)).scores(data.train_tiles).argmax(axis=1)
    return float((read == data.train_labels).mean())


def test_the_writers_own_digits_are_read_better_and_others_as_well_as_before(tune: Tune, start: Path) -> None:
    own, others = digits("own", 7, 16, leaning=True), digits("others", 8)
    model, lines = tune(own, digits("first", 6), frozen=others)
    unseen = digits("unseen", 9, leaning=True)
    assert right(model, unseen) > right(start, unseen) + 0.1
    assert right(model, others) >= right(start, others) - 0.01
    assert any(line.startswith("others: ") and "before" in line and "after" in line for line in lines)
    assert any(line.startswith("own: ") for line in lines)
    card = json.loads(model.with_suffix(".json").read_text("utf-8"))
    assert card["training"]["start"] == "first"
    assert [trial["name"] for trial in card["training"]["frozen"]] == ["others", "own"]


def test_a_model_that_reads_the_frozen_set_worse_is_refused_unless_forced(tune: Tune, tmp_path: Path) -> None:
    hasty = replace(QUICK, epochs=8, batch=16, pull=0.0)
    wrong = digits("wrong", 7, 16)
    wrong = replace(wrong, train_labels=(wrong.train_labels + 1) % 10)
    with pytest.raises(ModelError, match=r"others.*give more corrections.*--force"):
        tune(wrong, frozen=digits("others", 8), settings=hasty)
    assert not list((tmp_path / "out").iterdir())
    model, lines = tune(wrong, frozen=digits("others", 8), settings=hasty, force=True)
    assert model.exists()
    assert any(line.startswith("others: ") for line in lines)


def test_the_pull_keeps_the_weights_near_the_start_and_normalization_as_it_is(tune: Tune, start: Path) -> None:
    load = import_keras().models.load_model
    first = load(start, compile=False)
    moved = []
    for pull in (0.0, 0.3):
        settings = replace(QUICK, epochs=3, batch=16, pull=pull)
        model, _ = tune(digits("own", 7, leaning=True), frozen=digits("o", 8), settings=settings, force=True)
        after = load(model.with_suffix(".keras"), compile=False)
        pairs = list(zip(after.get_weights(), first.get_weights(), strict=True))
        moved.append(sum(float(np.abs(new - old).sum()) for new, old in pairs))
        still = [bool(np.array_equal(new, old)) for new, old in zip(*map(_statistics, (after, first)), strict=True)]
        assert still == [True, True]
    assert 0 < moved[1] < moved[0] / 2


def _statistics(model: Any) -> list[Any]:
    return [np.array(value) for value in model.non_trainable_variables]


@pytest.mark.parametrize("softmax", [False, True])
def test_the_same_seed_gives_the_same_model_also_of_ten_outputs(tune: Tune, tmp_path: Path, softmax: bool) -> None:
    begin = make_start(tmp_path / "ten.h5", 10, softmax=softmax)
    own, tiles = digits("own", 7, leaning=True), digits("others", 8).train_tiles
    scores = []
    for _ in range(2):
        settings = replace(QUICK, epochs=2)
        model, lines = tune(own, digits("first", 6), frozen=digits("o", 8), begin=begin, settings=settings, force=True)
        assert float(lines[1].split()[-1]) < float(lines[0].split()[-1])
        scores.append(make_classifier(load_model_file(model.with_suffix(".keras"))).scores(tiles))
    assert np.array_equal(scores[0], scores[1])
    assert (scores[0][:, 10] == 0).all()


def test_what_cannot_be_done_is_said_before_any_training(tune: Tune, tmp_path: Path) -> None:
    own, others = digits("own", 7), digits("others", 8)
    with pytest.raises(ModelError, match="too few"):
        tune(digits("own", 7, 1), frozen=others)
    untested = replace(others, test_tiles=others.test_tiles[:0], test_labels=others.test_labels[:0])
    with pytest.raises(UsageError, match="must not be trained on"):
        tune(own, untested, frozen=untested)
    with pytest.raises(ModelError, match=r"\.keras or \.h5"):
        tune(own, frozen=others, begin=shipped_folder() / "digits.tflite")
    strangers = replace(others, train_labels=np.full(len(others.train_labels), 10, np.int64))
    ten = make_start(tmp_path / "ten.keras", 10, softmax=True)
    with pytest.raises(UsageError, match="ten digits only"):
        tune(strangers, frozen=digits("frozen", 9), begin=ten)
