"""The trainer, on a few printed digits; all need TensorFlow, whose import alone takes seconds."""

import contextlib
import csv
import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ocrbatch.errors import ModelError, OutputError, UsageError
from ocrbatch.model.card import load_model_file
from ocrbatch.model.datasets import Mixture, load_dataset, load_mixture
from ocrbatch.model.train import Settings, train
from ocrbatch.page.classify import import_keras, make_classifier, open_keras
from ocrbatch.records import ModelFile
from tests.model.test_augment import drawn_digits

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"),
    # Keras 3 hands TensorFlow's variables to NumPy 2 in the old way.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]

SMALL = Settings(architecture="resnet-small", epochs=3, batch=32, learning_rate=1e-2)
TUTORIAL = Settings(architecture="conv-pool", epochs=3, batch=32, worn=False)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> str:
    tiles, labels = drawn_digits(360)
    path = tmp_path_factory.mktemp("data") / "printed.npz"
    np.savez(path, x_train=tiles, y_train=labels, x_test=tiles[:40], y_test=labels[:40])
    return str(path)


@pytest.fixture(scope="module")
def mixture(source: str) -> Mixture:
    return load_mixture([source])


@pytest.fixture(scope="module")
def trained(mixture: Mixture, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    train(mixture, folder, SMALL)
    return folder


@pytest.fixture(scope="module")
def tutorial(mixture: Mixture, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tutorial")
    train(mixture, folder, TUTORIAL)
    return folder


def test_a_training_leaves_the_model_its_card_and_its_history(trained: Path) -> None:
    names = sorted(path.name for path in trained.iterdir())
    assert names == [
        "confusion.png",
        "digits-float.tflite",
        "digits.h5",
        "digits.json",
        "digits.keras",
        "digits.tflite",
        "history.csv",
        "history.png",
        "mistakes.png",
        "predictions.png",
    ]
    with (trained / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"]
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])
    card = json.loads((trained / "digits.json").read_text("utf-8"))
    assert card["data"][0]["name"] == "printed"
    assert card["metrics"]["test"]["printed"]["count"] == 40
    assert card["training"]["architecture"] == "resnet-small"


def test_a_tutorials_network_is_trained_on_digits_as_they_are(tutorial: Path, source: str) -> None:
    with (tutorial / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert "worn_accuracy" not in rows[0]
    assert float(rows[-1]["clean_accuracy"]) > 0.5
    scores = make_classifier(load_model_file(tutorial / "digits.tflite")).scores(load_dataset(source).test_tiles)
    assert scores.shape == (40, 11)
    assert not scores[:, 10].any()


@pytest.mark.parametrize("name", ["digits.keras", "digits.h5"])
def test_keras_itself_opens_what_was_saved(tutorial: Path, name: str) -> None:
    model = import_keras().models.load_model(tutorial / name, compile=False)
    rows = model.predict(np.zeros((2, 28, 28, 1), np.float32), verbose=0)
    assert rows.shape == (2, 10)
    assert np.allclose(rows.sum(axis=1), 1, atol=1e-5)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights(trained: Path, mixture: Mixture, tmp_path: Path) -> None:
    train(mixture, tmp_path, SMALL)
    first, again = (
        open_keras(load_model_file(folder / "digits.keras")).get_weights() for folder in (trained, tmp_path)
    )
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))


def test_a_training_goes_on_from_an_earlier_result(trained: Path, mixture: Mixture, tmp_path: Path) -> None:
    start = load_model_file(trained / "digits.keras")
    train(mixture, tmp_path, replace(SMALL, epochs=1), start=start)
    fresh, further = (
        float(next(csv.DictReader((folder / "history.csv").read_text("utf-8").splitlines()))["loss"])
        for folder in (trained, tmp_path)
    )
    assert further < 0.8 * fresh
    card = json.loads((tmp_path / "digits.json").read_text("utf-8"))
    assert card["training"]["start_sha256"] == start.sha256


def test_a_training_ends_where_nothing_gets_better(mixture: Mixture, tmp_path: Path) -> None:
    lines: list[str] = []
    # So fast a rate undoes the first epoch, which begins slowly.
    settings = Settings("conv-pool", epochs=30, batch=32, learning_rate=10.0, patience=2, worn=False)
    with contextlib.suppress(ModelError):
        train(mixture, tmp_path, settings, lines.append)
    assert lines[-1].startswith("no better epoch since")
    assert len(lines) < 30


def test_a_network_of_ten_outputs_takes_no_strangers(source: str, tmp_path: Path) -> None:
    tiles, _ = drawn_digits(20)
    np.savez(tmp_path / "marks.npz", x=tiles, y=np.full(20, -3))
    with pytest.raises(UsageError, match="ten digits only"):
        train(load_mixture([source], [str(tmp_path / "marks.npz")]), tmp_path, TUTORIAL)


def test_the_int8_form_reads_as_the_keras_form_does(trained: Path, source: str) -> None:
    tiles = load_dataset(source).train_tiles[:100]
    scores = [
        make_classifier(load_model_file(trained / name)).scores(tiles) for name in ("digits.tflite", "digits.keras")
    ]
    assert np.abs(scores[0] - scores[1]).mean() < 0.03
    assert scores[1].shape == (100, 11)


@pytest.mark.slow
def test_an_interrupted_training_goes_on_and_ends_alike(
    trained: Path, mixture: Mixture, source: str, tmp_path: Path
) -> None:
    class StopError(Exception):
        pass

    def stop(line: str) -> None:
        if line.startswith("epoch 2"):
            raise StopError

    with pytest.raises(StopError):
        train(mixture, tmp_path, SMALL, stop)
    lines: list[str] = []
    train(mixture, tmp_path, SMALL, lines.append)
    assert lines[0] == "goes on after epoch 2 of 3"
    assert len(lines) == 2
    tiles = load_dataset(source).train_tiles[:50]
    ends = [make_classifier(load_model_file(folder / "digits.tflite")).scores(tiles) for folder in (trained, tmp_path)]
    assert np.abs(ends[0] - ends[1]).mean() < 0.03


def test_other_settings_do_not_go_on_with_an_interrupted_training(mixture: Mixture, tmp_path: Path) -> None:
    (tmp_path / ".unfinished").mkdir()
    state = {"settings": {}, "data_sha256": "", "epoch": 1, "best_epoch": 1, "history": []}
    (tmp_path / ".unfinished" / "state.json").write_text(json.dumps(state))
    with pytest.raises(ModelError, match="other settings or data"):
        train(mixture, tmp_path, SMALL)
    (tmp_path / ".unfinished" / "state.json").write_text("{")
    with pytest.raises(ModelError, match="damaged"):
        train(mixture, tmp_path, SMALL)


def test_a_folder_that_cannot_be_made_is_an_output_error(mixture: Mixture, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        train(mixture, tmp_path / "file" / "model", SMALL)


def test_unknown_networks_and_no_epochs_are_usage_errors() -> None:
    with pytest.raises(UsageError, match="conv3-dense64"):
        Settings(architecture="vgg")
    with pytest.raises(UsageError):
        Settings(epochs=0)
    with pytest.raises(UsageError):
        Settings(patience=0)


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
