"""The trainer, on a few printed digits; all need TensorFlow, whose import alone takes seconds."""

import csv
import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ocrbatch.errors import ModelError, OutputError, UsageError
from ocrbatch.model.card import load_model_file
from ocrbatch.model.datasets import load_dataset
from ocrbatch.model.train import Settings, train
from ocrbatch.page.classify import import_keras, make_classifier
from ocrbatch.records import ModelFile
from tests.model.test_augment import drawn_digits

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"),
    # Keras 3 hands TensorFlow's variables to NumPy 2 in the old way.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]

SMALL = Settings(architecture="conv3-dense64", epochs=3, batch=32)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> str:
    tiles, labels = drawn_digits(360)
    path = tmp_path_factory.mktemp("data") / "printed.npz"
    np.savez(path, x_train=tiles, y_train=labels, x_test=tiles[:40], y_test=labels[:40])
    return str(path)


@pytest.fixture(scope="module")
def trained(source: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    train(source, folder, SMALL)
    return folder


def test_a_training_leaves_the_model_its_card_and_its_history(trained: Path) -> None:
    names = sorted(path.name for path in trained.iterdir())
    assert names == ["digits.json", "digits.keras", "digits.tflite", "history.csv"]
    with (trained / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])
    card = json.loads((trained / "digits.json").read_text("utf-8"))
    assert card["data"][0]["name"] == "printed"
    assert card["metrics"]["test"]["count"] == 40
    assert card["training"]["architecture"] == "conv3-dense64"


def test_the_int8_form_reads_as_the_keras_form_does(trained: Path, source: str) -> None:
    tiles = load_dataset(source).train_tiles[:100]
    scores = [
        make_classifier(load_model_file(trained / name)).scores(tiles) for name in ("digits.tflite", "digits.keras")
    ]
    assert np.abs(scores[0] - scores[1]).mean() < 0.03
    assert scores[1].shape == (100, 11)


@pytest.mark.slow
def test_an_interrupted_training_goes_on_and_ends_alike(trained: Path, source: str, tmp_path: Path) -> None:
    class StopError(Exception):
        pass

    def stop(line: str) -> None:
        if line.startswith("epoch 2"):
            raise StopError

    with pytest.raises(StopError):
        train(source, tmp_path, SMALL, stop)
    lines: list[str] = []
    train(source, tmp_path, SMALL, lines.append)
    assert lines[0] == "goes on after epoch 2 of 3"
    assert len(lines) == 2
    tiles = load_dataset(source).train_tiles[:50]
    ends = [make_classifier(load_model_file(folder / "digits.tflite")).scores(tiles) for folder in (trained, tmp_path)]
    assert np.abs(ends[0] - ends[1]).mean() < 0.03


def test_other_settings_do_not_go_on_with_an_interrupted_training(source: str, tmp_path: Path) -> None:
    (tmp_path / "training").mkdir()
    state = {"settings": {}, "data_sha256": "", "epoch": 1, "best_epoch": 1, "history": []}
    (tmp_path / "training" / "state.json").write_text(json.dumps(state))
    with pytest.raises(ModelError, match="other settings or data"):
        train(source, tmp_path, SMALL)
    (tmp_path / "training" / "state.json").write_text("{")
    with pytest.raises(ModelError, match="damaged"):
        train(source, tmp_path, SMALL)


def test_a_folder_that_cannot_be_made_is_an_output_error(source: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        train(source, tmp_path / "file" / "model", SMALL)


def test_unknown_networks_and_no_epochs_are_usage_errors() -> None:
    with pytest.raises(UsageError, match="conv3-dense64"):
        Settings(architecture="vgg")
    with pytest.raises(UsageError):
        Settings(epochs=0)


def test_an_old_h5_model_of_ten_probabilities_is_read(tmp_path: Path) -> None:
    model = ten_outputs(import_keras(), softmax=True)
    model.save(tmp_path / "old.h5")
    scores = make_classifier(load_model_file(tmp_path / "old.h5")).scores(drawn_digits(300)[0])
    assert scores.shape == (300, 11)
    assert (scores[:, 10] == 0).all()
    assert np.allclose(scores.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("kind", ["keras", "h5"])
def test_bytes_that_are_no_keras_model_are_a_model_error(kind: str) -> None:
    with pytest.raises(ModelError, match="mine"):
        make_classifier(ModelFile(b"not a model", kind, "mine", "", 1.0))


@pytest.mark.parametrize(("shape", "outputs"), [((32, 32, 1), 10), ((28, 28, 3), 10), ((28, 28, 1), 26)])
def test_a_model_of_other_shapes_is_refused(tmp_path: Path, shape: tuple[int, ...], outputs: int) -> None:
    keras = import_keras()
    tiles = keras.Input(shape)
    keras.Model(tiles, keras.layers.Dense(outputs)(keras.layers.Flatten()(tiles))).save(tmp_path / "odd.keras")
    with pytest.raises(ModelError, match="model of digits"):
        make_classifier(load_model_file(tmp_path / "odd.keras"))


def ten_outputs(keras: Any, *, softmax: bool) -> Any:
    tiles = keras.Input((28, 28, 1))
    values = keras.layers.Flatten()(tiles)
    return keras.Model(tiles, keras.layers.Dense(10, activation="softmax" if softmax else None)(values))
