"""The model of strings behind the commands: opened for runs of digits alone, checked, named in the manifest."""

import hashlib
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

import ocrbatch
from ocrbatch.errors import ExitCode, ModelError
from ocrbatch.model import card
from ocrbatch.model.card import write_card
from tests.commands.conftest import Command
from tests.helpers.string_network import string_network


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    pixels = np.full((80, 300), 235, np.uint8)
    for left in (40, 120, 200):
        cv2.ellipse(pixels, (left + 15, 40), (13, 22), 10, 0, 360, 50, 4, cv2.LINE_AA)
    path = tmp_path / "in" / "amount.png"
    path.parent.mkdir()
    path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    return path


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder of shipped models, so far with that of digits alone."""
    folder = tmp_path / "models"
    folder.mkdir()
    for name in ("digits.tflite", "digits.json"):
        shutil.copy(card.shipped_folder() / name, folder)
    monkeypatch.setattr(card, "shipped_folder", lambda: folder)
    return folder


def ship(models: Path, content: bytes, sha256: str | None = None) -> str:
    (models / "strings.tflite").write_bytes(content)
    own = hashlib.sha256(content).hexdigest()
    write_card(models / "strings.json", {"name": "strings", "files": {"strings.tflite": sha256 or own}})
    return own


def test_a_damaged_model_of_strings_stops_what_reads_strings_and_nothing_else(
    command: Command, models: Path, picture: Path, tmp_path: Path
) -> None:
    ship(models, b"TFL3", "0" * 64)
    out = tmp_path / "out"
    for told in (
        command("read", picture, "--whole", "string"),
        command("run", picture.parent, "-o", out, "--whole", "string"),
    ):
        assert told.code == ExitCode.MODEL_BAD
        assert "strings.tflite" in told.err
        assert "install ocrbatch again" in " ".join(told.err.split())
    assert not out.exists()
    with pytest.raises(ModelError, match="install ocrbatch again"):
        list(ocrbatch.read(picture, whole="string"))
    assert command("read", picture, "--whole", "boxes").code == 0


def test_another_network_in_its_place_is_a_model_error(command: Command, models: Path, picture: Path) -> None:
    ship(models, (models / "digits.tflite").read_bytes())
    told = command("read", picture, "--whole", "string")
    assert told.code == ExitCode.MODEL_BAD
    assert "a model of strings takes" in " ".join(told.err.split())


def test_a_job_of_strings_names_their_model(command: Command, models: Path, picture: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    sha256 = ship(models, string_network().content)
    out = tmp_path / "out"
    assert command("run", picture.parent, "-o", out, "--whole", "string", "--jobs", "1").code == 0
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["string_model"] == {"name": "strings", "sha256": sha256}
    (page,) = ocrbatch.read(picture, whole="string")
    assert page.fields[0].value
    assert page.fields[0].value in (out / "results.csv").read_text()
