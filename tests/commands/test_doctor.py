import shutil
from importlib import metadata
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import ocrbatch
from ocrbatch.commands.doctor import doctor
from ocrbatch.errors import ModelError
from ocrbatch.model import card

APP = typer.Typer()
APP.command()(doctor)


def answer(exit_code: int = 0) -> str:
    result = CliRunner().invoke(APP, [], catch_exceptions=False)
    assert result.exit_code == exit_code, result.output
    return result.stdout


def without(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    version = metadata.version

    def told(name: str) -> str:
        if name == missing:
            raise metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(metadata, "version", told)


def test_versions_model_and_cores_are_shown() -> None:
    lines = {line.split()[0]: line.split(maxsplit=1)[1] for line in answer().splitlines()}
    assert lines["ocrbatch"] == ocrbatch.__version__
    assert lines["OpenCV"] == metadata.version("opencv-python-headless")
    assert lines["model"].startswith(f"digits, checked, sha256 {card.load_model_file().sha256}")
    assert int(lines["cores"]) > 0


def test_a_missing_extra_has_its_command_and_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "tensorflow")
    assert "not installed: pip install 'ocrbatch[train]'" in answer()


def test_a_missing_library_has_its_command_and_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "pypdfium2")
    assert "pypdfium2   not installed: pip install" in answer(exit_code=1)


def test_a_missing_model_ends_with_the_models_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(card, "shipped_folder", lambda: tmp_path)
    with pytest.raises(ModelError, match="install ocrbatch again"):
        answer()


def test_a_damaged_model_of_strings_ends_with_the_models_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("digits.tflite", "digits.json"):
        shutil.copy(card.shipped_folder() / name, tmp_path)
    monkeypatch.setattr(card, "shipped_folder", lambda: tmp_path)
    (tmp_path / "strings.tflite").write_bytes(b"TFL3")
    (tmp_path / "strings.json").write_text('{"files": {"strings.tflite": "00"}}')
    with pytest.raises(ModelError, match=r"strings\.tflite.*install ocrbatch again"):
        answer()
