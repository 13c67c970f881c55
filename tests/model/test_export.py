"""A network to its files; all need TensorFlow, whose import alone takes seconds."""

import hashlib
import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ocrbatch.errors import ModelError, OutputError, UsageError
from ocrbatch.model import export
from ocrbatch.model.architectures import build
from ocrbatch.model.card import load_model_file, read_card, shipped_folder
from ocrbatch.model.convert import as_classifier, fit_temperature, to_float, to_int8, without_softmax
from ocrbatch.model.datasets import Dataset, Mixture
from ocrbatch.model.export import export_model, finish
from ocrbatch.model.parts import Split, to_input
from ocrbatch.page.classify import (
    KerasClassifier,
    LiteRtClassifier,
    import_keras,
    make_classifier,
    to_probabilities,
)
from ocrbatch.records import Tiles
from tests.model.test_augment import drawn_digits

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"),
    # Keras 3 hands TensorFlow's variables to NumPy 2 in the old way.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
]

FILES = ("digits.tflite", "digits-float.tflite", "digits.h5", "digits.keras")
SHIPPED = shipped_folder() / "digits.keras"


def split_of(tiles: Tiles, labels: np.ndarray) -> Split:
    return Split(tiles, labels, tiles[:40], labels[:40], tiles, labels, np.ones(len(tiles), np.float32))


@pytest.fixture(scope="module")
def printed() -> tuple[Tiles, np.ndarray]:
    tiles, labels = drawn_digits(200)
    rng = np.random.default_rng(2)
    shifts = rng.integers(-2, 3, (len(tiles), 2))
    return np.stack([np.roll(tile, tuple(by), (0, 1)) for tile, by in zip(tiles, shifts, strict=True)]), labels


@pytest.fixture(scope="module")
def network(printed: tuple[Tiles, np.ndarray]) -> Any:
    """Give a network of ten probabilities that has learnt printed digits."""
    keras = import_keras()
    keras.utils.set_random_seed(1)
    model = build("conv3-dense64")
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    model.fit(to_input(printed[0]), printed[1], epochs=8, batch_size=20, verbose=0)
    return model


@pytest.fixture(scope="module")
def finished(network: Any, printed: tuple[Tiles, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Path:
    tiles, labels = printed
    sets = (
        Dataset("mnist", tiles, labels, tiles[:30], labels[:30], "aa"),
        Dataset("mine", tiles[:50], labels[:50], tiles[:0], labels[:0], "bb"),
        Dataset("mine", tiles[:60], labels[:60], tiles[:20], labels[:20], "cc"),
    )
    folder = tmp_path_factory.mktemp("finished") / "new"
    settings = {"architecture": "conv3-dense64", "epochs": 8}
    mixture, split = Mixture(sets, (1.0, 0.5, 2.0)), split_of(tiles, labels)
    assert finish(network, mixture, split, settings=settings, epoch=7, folder=folder, name="digits").name == FILES[0]
    return folder


def test_a_finished_network_leaves_four_forms_and_the_card_that_names_them(finished: Path) -> None:
    assert sorted(path.name for path in finished.iterdir()) == sorted([*FILES, "digits.json"])
    card = json.loads((finished / "digits.json").read_text("utf-8"))
    assert card["files"] == {name: hashlib.sha256((finished / name).read_bytes()).hexdigest() for name in FILES}
    assert {load_model_file(finished / name).temperature for name in FILES} == {card["temperature"]}
    assert card["parameters"] == 93_322
    assert card["about"].endswith("0-9")
    assert card["training"] == {"architecture": "conv3-dense64", "epochs": 8, "kept_back": 40, "best_epoch": 7}


def test_the_card_tells_each_set_its_weight_its_licence_and_its_measures(finished: Path) -> None:
    card = json.loads((finished / "digits.json").read_text("utf-8"))
    told = [(data["name"], data["weight"], data["train"], data["test"], data["sha256"]) for data in card["data"]]
    assert told == [("mnist", 1.0, 200, 30, "aa"), ("mine", 0.5, 50, 0, "bb"), ("mine 2", 2.0, 60, 20, "cc")]
    assert [data["licence"][:8] for data in card["data"]] == ["CC BY-SA", "not stat", "not stat"]
    assert card["metrics"]["kept_back"]["count"] == 40
    assert card["metrics"]["kept_back_worn"]["count"] == 200
    tests = {name: told and told["count"] for name, told in card["metrics"]["test"].items()}
    assert tests == {"mnist": 30, "mine": None, "mine 2": 20}


@pytest.mark.parametrize("name", FILES)
def test_every_form_reads_as_the_network_does(finished: Path, network: Any, printed: tuple, name: str) -> None:
    card = read_card(finished / name)
    assert card is not None
    raw = np.asarray(without_softmax(network).predict(to_input(printed[0]), verbose=0))
    expected = to_probabilities(raw, card["temperature"])
    file = load_model_file(finished / name)
    one_look = LiteRtClassifier(file) if file.kind == "tflite" else KerasClassifier(file)
    scores = one_look.scores(printed[0])
    assert (scores[:, 10] == 0).all()
    assert np.abs(scores[:, :10] - expected).max() < (0.15 if name == FILES[0] else 0.001)
    assert (scores.argmax(axis=1) == printed[1]).mean() > 0.95


@pytest.mark.parametrize("name", ["digits.h5", "digits.keras"])
def test_kerass_forms_open_with_keras_and_keep_their_softmax(finished: Path, printed: tuple, name: str) -> None:
    opened = import_keras().models.load_model(finished / name)
    sums = np.asarray(opened.predict(to_input(printed[0][:5]), verbose=0)).sum(axis=1)
    assert sums == pytest.approx(1, abs=1e-5)
    assert not opened.compiled


def test_litert_forms_of_a_softmax_give_logits(network: Any, printed: tuple[Tiles, np.ndarray]) -> None:
    from ai_edge_litert.interpreter import Interpreter

    for content in (to_int8(network, printed[0]), to_float(network)):
        interpreter = Interpreter(model_content=content)
        interpreter.allocate_tensors()
        given, made = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
        interpreter.set_tensor(given["index"], np.zeros(given["shape"], given["dtype"]))
        interpreter.invoke()
        values = interpreter.get_tensor(made["index"]).astype(np.float32)
        assert values.min() < 0
        assert made["dtype"] == given["dtype"]


@pytest.mark.parametrize("last", ["softmax layer", "activation", "none", "nested"])
def test_only_a_softmax_at_the_end_is_taken_off(last: str) -> None:
    keras = import_keras()
    tiles = keras.Input((28, 28, 1))
    values = keras.layers.Dense(10)(keras.layers.Flatten()(tiles))
    ends = {
        "softmax layer": keras.layers.Softmax(),
        "activation": keras.layers.Activation("softmax"),
        "none": keras.layers.ReLU(),
        "nested": keras.Sequential([keras.layers.Dense(10, activation="tanh")]),
    }
    model = keras.Model(tiles, ends[last](values))
    given = np.random.default_rng(1).random((4, 28, 28, 1)).astype(np.float32)
    before, after = (np.asarray(made.predict(given, verbose=0)) for made in (model, without_softmax(model)))
    if last in ("none", "nested"):
        assert np.array_equal(before, after)
    else:
        assert np.allclose(to_probabilities(after), before, atol=1e-6)
        assert not np.allclose(after, before, atol=0.01)


@pytest.mark.parametrize("name", ["resnet-small", "ocr"])
def test_networks_of_eleven_logits_go_into_litert(name: str, printed: tuple[Tiles, np.ndarray]) -> None:
    import_keras()
    model = build(name)
    expected = to_probabilities(np.asarray(model.predict(to_input(printed[0][:50]), verbose=0)))
    for content, far in ((to_int8(model, printed[0]), 0.1), (to_float(model), 0.001)):
        assert np.abs(as_classifier(content, 1.0).scores(printed[0][:50]) - expected).max() < far


def test_an_int8_form_that_reads_worse_is_not_written(
    network: Any, printed: tuple[Tiles, np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiles, labels = printed
    import_keras()
    monkeypatch.setattr(export, "to_int8", lambda model, samples: to_int8(build("conv3-dense64"), samples))
    mixture = Mixture((Dataset("mine", tiles, labels, tiles[:0], labels[:0], "aa"),), (1.0,))
    with pytest.raises(ModelError, match="fewer digits right"):
        finish(network, mixture, split_of(tiles, labels), settings={}, epoch=1, folder=tmp_path, name="digits")
    with pytest.raises(ModelError, match="otherwise than the network"):
        export_model(SHIPPED, tmp_path, ["int8"], tiles)
    assert list(tmp_path.iterdir()) == []


def test_the_temperature_that_made_the_scores_is_found_again() -> None:
    rng = np.random.default_rng(4)
    logits = rng.normal(0, 3, (4000, 11)).astype(np.float32)
    labels = np.array([rng.choice(11, p=row / row.sum()) for row in to_probabilities(logits, 2.0).astype(np.float64)])
    assert fit_temperature(to_probabilities(logits, 1.0), labels) == pytest.approx(2.0, abs=0.15)


def test_an_export_carries_the_card_over_with_its_own_sums(printed: tuple, tmp_path: Path) -> None:
    source = read_card(SHIPPED)
    assert source is not None
    paths = export_model(SHIPPED, tmp_path, ["int8", "h5", "int8"], printed[0])
    assert [path.name for path in paths] == ["digits.tflite", "digits.h5"]
    card = read_card(paths[0])
    assert card is not None
    assert set(card["files"]) == {"digits.tflite", "digits.h5"}
    assert {**card, "files": 0, "exported": 0} == {**source, "files": 0, "exported": 0}
    assert card["exported"]["sha256"] == source["files"]["digits.keras"]
    assert card["exported"]["int8_readings_changed"] <= 0.05
    scores = [make_classifier(load_model_file(path)).scores(printed[0]) for path in (SHIPPED, *paths)]
    assert np.allclose(scores[0], scores[2], atol=1e-4)
    assert np.abs(scores[0] - scores[1]).mean() < 0.03


def test_a_later_export_of_the_same_model_joins_the_card(printed: tuple, tmp_path: Path) -> None:
    first = export_model(SHIPPED, tmp_path, ["h5"])[0]
    second = export_model(SHIPPED, tmp_path, ["float"])[0]
    for path in (first, second):
        make_classifier(load_model_file(path)).scores(printed[0][:1])
        assert set((read_card(path) or {})["files"]) == {"digits.h5", "digits-float.tflite"}


def test_an_export_does_not_take_another_models_place(tmp_path: Path, network: Any) -> None:
    shutil.copy(SHIPPED, tmp_path)
    shutil.copy(SHIPPED.with_suffix(".json"), tmp_path)
    mine = tmp_path / "digits.keras"
    for form in ("keras", "int8"):
        with pytest.raises(UsageError, match="choose another folder"):
            export_model(mine, tmp_path, [form], np.zeros((1, 28, 28), np.uint8))
    (tmp_path / "other").mkdir()
    network.save(tmp_path / "other" / "digits.keras")
    with pytest.raises(UsageError, match="another model"):
        export_model(tmp_path / "other" / "digits.keras", tmp_path, ["h5"])
    export_model(mine, tmp_path / "third", ["h5"])
    assert load_model_file(mine).temperature == load_model_file(tmp_path / "third" / "digits.h5").temperature != 1


def test_a_model_without_a_card_gets_one(tmp_path: Path, network: Any) -> None:
    network.save(tmp_path / "mine.keras")
    card = read_card(export_model(tmp_path / "mine.keras", tmp_path, ["float"])[0])
    assert card is not None
    assert (card["name"], card["temperature"], card["parameters"]) == ("mine", 1.0, 93_322)
    assert set(card["files"]) == {"mine-float.tflite"}


def test_a_folder_that_cannot_be_written_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        export_model(SHIPPED, tmp_path / "file", ["keras"])
    (tmp_path / "out" / "digits.keras").mkdir(parents=True)
    with pytest.raises(OutputError):
        export_model(SHIPPED, tmp_path / "out", ["keras"])
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["digits.keras"]


def test_a_model_that_its_card_does_not_name_is_not_opened(tmp_path: Path) -> None:
    content = bytearray(SHIPPED.read_bytes())
    content[-1] ^= 1
    (tmp_path / "digits.keras").write_bytes(content)
    shutil.copy(SHIPPED.with_suffix(".json"), tmp_path)
    with pytest.raises(ModelError, match="not the model"):
        export_model(tmp_path / "digits.keras", tmp_path / "out", ["h5"])


def test_a_model_with_code_inside_is_not_opened(tmp_path: Path) -> None:
    keras = import_keras()
    tiles = keras.Input((28, 28, 1))
    values = keras.layers.Lambda(lambda values: values * 2)(keras.layers.Flatten()(tiles))
    keras.Model(tiles, keras.layers.Dense(10)(values)).save(tmp_path / "odd.keras")
    with pytest.raises(ModelError, match="may run code"):
        export_model(tmp_path / "odd.keras", tmp_path / "out", ["h5"])
    assert not (tmp_path / "out").exists()


def test_the_older_form_is_written_without_a_word(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    export_model(SHIPPED, tmp_path, ["h5", "float"])
    assert capfd.readouterr() == ("", "")
