import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from ocrbatch.errors import ExitCode, ModelError
from ocrbatch.form.template import Field, Form, FormPage, Kind
from ocrbatch.geometry import Box
from ocrbatch.model import card
from ocrbatch.model.card import (
    describe_model,
    load_model_file,
    load_string_model,
    shipped_folder,
    string_model_for,
    write_card,
)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    for name in ("digits.tflite", "digits.json", "digits.keras"):
        shutil.copy(shipped_folder() / name, tmp_path)
    return tmp_path / "digits.tflite"


def test_the_shipped_model_is_the_one_its_card_names() -> None:
    model = load_model_file()
    assert (model.kind, model.name) == ("tflite", "digits")
    assert hashlib.sha256(model.content).hexdigest() == model.sha256
    card = json.loads((shipped_folder() / "digits.json").read_text("utf-8"))
    assert card["files"]["digits.tflite"] == model.sha256
    assert card["temperature"] == model.temperature
    assert all(source["licence"] != "not stated" for source in card["data"])


def test_both_forms_of_a_model_share_a_card(copied: Path) -> None:
    keras = load_model_file(copied.with_suffix(".keras"))
    assert keras.kind == "keras"
    assert keras.temperature == load_model_file(copied).temperature


@pytest.mark.parametrize("length", [0, 1, 1000, -1])
def test_a_truncated_model_is_refused(copied: Path, length: int) -> None:
    copied.write_bytes(copied.read_bytes()[:length])
    with pytest.raises(ModelError, match="fetch it again") as caught:
        load_model_file(copied)
    assert caught.value.exit_code == ExitCode.MODEL_BAD


@pytest.mark.parametrize("place", [0, 5000, -1])
def test_a_model_changed_by_one_bit_is_refused(copied: Path, place: int) -> None:
    content = bytearray(copied.read_bytes())
    content[place] ^= 1
    copied.write_bytes(content)
    with pytest.raises(ModelError, match="not the model that its card names"):
        load_model_file(copied)


def test_a_model_without_a_card_is_taken_as_it_is(copied: Path) -> None:
    copied.with_suffix(".json").unlink()
    mine = copied.rename(copied.with_name("mine.tflite"))
    model = load_model_file(mine)
    assert (model.name, model.temperature) == ("mine", 1.0)


def test_a_json_file_about_something_else_is_no_card(copied: Path) -> None:
    copied.with_suffix(".json").write_text('{"files": {"another.tflite": "00"}}')
    assert load_model_file(copied).temperature == 1.0


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\xff"])
def test_a_damaged_card_is_refused(copied: Path, text: str) -> None:
    copied.with_suffix(".json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ModelError, match="card"):
        load_model_file(copied)


@pytest.mark.parametrize("temperature", [0, -1, "1", True, None, float("nan"), float("inf")])
def test_a_card_with_an_impossible_temperature_is_refused(copied: Path, temperature: object) -> None:
    card = json.loads(copied.with_suffix(".json").read_text("utf-8"))
    write_card(copied.with_suffix(".json"), {**card, "temperature": temperature})
    with pytest.raises(ModelError, match="temperature"):
        load_model_file(copied)


@pytest.mark.parametrize("name", ["none.tflite", "model.pkl", "folder.tflite"])
def test_what_is_no_model_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.tflite").mkdir()
    with pytest.raises(ModelError, match=name):
        load_model_file(tmp_path / name)


def test_a_description_tells_what_the_file_is_and_what_its_card_says(copied: Path) -> None:
    told = describe_model(copied)
    assert told["kind"] == "tflite"
    assert told["metrics"]["test"]["mnist"]["count"] == 10_000
    copied.with_suffix(".json").unlink()
    assert describe_model(copied)["card"] is None


@pytest.fixture
def strings(copied: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ship another model's bytes as the model of strings: a card vouches for bytes alone."""
    monkeypatch.setattr(card, "shipped_folder", lambda: copied.parent)
    model = copied.with_name("strings.tflite")
    shutil.copy(copied, model)
    sha256 = hashlib.sha256(model.read_bytes()).hexdigest()
    write_card(model.with_suffix(".json"), {"name": "strings", "files": {model.name: sha256}, "temperature": 1.5})
    return model


def form_of(*kinds: Kind) -> Form:
    fields = tuple(
        Field(f"f{i}", kind, Box(0, 0, 9, 9), np.zeros((1, 4, 2), np.float32)) for i, kind in enumerate(kinds)
    )
    return Form("form", (FormPage(1, 90, 90, None, None, ()), FormPage(2, 90, 90, None, None, fields)), "")


@pytest.mark.usefixtures("strings")
def test_the_model_of_strings_is_the_one_its_card_names() -> None:
    model = load_string_model()
    assert (model.kind, model.name, model.temperature) == ("tflite", "strings", 1.5)
    assert hashlib.sha256(model.content).hexdigest() == model.sha256


@pytest.mark.parametrize("length", [0, 1, 1000, -1])
def test_a_truncated_model_of_strings_is_refused(strings: Path, length: int) -> None:
    strings.write_bytes(strings.read_bytes()[:length])
    with pytest.raises(ModelError, match="install ocrbatch again") as caught:
        load_string_model()
    assert caught.value.exit_code == ExitCode.MODEL_BAD


@pytest.mark.parametrize("place", [0, 5000, -1])
def test_a_model_of_strings_changed_by_one_bit_is_refused(strings: Path, place: int) -> None:
    content = bytearray(strings.read_bytes())
    content[place] ^= 1
    strings.write_bytes(content)
    with pytest.raises(ModelError, match="not the model that its card names"):
        load_string_model()


@pytest.mark.parametrize("ending", [".tflite", ".json"])
def test_half_a_model_of_strings_is_an_error_wherever_strings_are_read(strings: Path, ending: str) -> None:
    strings.with_suffix(ending).unlink()
    for load in (load_string_model, lambda: string_model_for([form_of(Kind.STRING)], None)):
        with pytest.raises(ModelError, match="install ocrbatch again"):
            load()


@pytest.mark.usefixtures("strings")
@pytest.mark.parametrize(
    ("kinds", "whole", "needed"),
    [
        ((), None, False),
        ((Kind.BOXES, Kind.MARK), None, False),
        ((Kind.BOXES, Kind.STRING), None, True),
        ((), "string", True),
        ((), "digit", False),
    ],
)
def test_the_model_of_strings_is_opened_only_for_strings(
    kinds: tuple[Kind, ...], whole: str | None, needed: bool
) -> None:
    assert (string_model_for([form_of(*kinds)], whole) is not None) == needed
