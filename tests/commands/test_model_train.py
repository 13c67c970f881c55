"""What ``ocrbatch model train`` makes of its options; the trainings themselves are tested in tests/model."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

import ocrbatch.model.finetune
import ocrbatch.model.train
from ocrbatch.commands.model import app
from ocrbatch.errors import ModelError, UsageError
from tests.model.test_augment import drawn_digits


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    tiles, labels = drawn_digits(20)
    np.savez(tmp_path / "printed.npz", x_train=tiles, y_train=labels, x_test=tiles, y_test=labels)
    return tmp_path / "printed.npz"


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    calls: list[tuple[Any, ...]] = []

    def note(*arguments: Any, **named: Any) -> Path:
        calls.append((*arguments, named))
        return Path("model.tflite")

    monkeypatch.setattr(ocrbatch.model.train, "train", note)
    monkeypatch.setattr(ocrbatch.model.finetune, "finetune", note)
    return calls


def run(*arguments: str | Path) -> str:
    words = ["train", *(str(argument) for argument in arguments)]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_options_become_the_settings(digits: Path, tmp_path: Path, called: list[tuple[Any, ...]]) -> None:
    marks = tmp_path / "marks.npz"
    np.savez(marks, x=drawn_digits(10)[0], y=np.full(10, ord("m")))
    run("--data", f"{digits}:2", "--strangers", marks, "-o", tmp_path, "--epochs", "3", "--arch", "resnet-small")
    mixture, folder, settings, *_ = called[0]
    assert mixture.weights == (2.0, 1.0)
    assert set(mixture.sets[1].train_labels) <= {10}
    assert folder == tmp_path
    assert (settings.epochs, settings.architecture, settings.worn, settings.batch) == (3, "resnet-small", True, 256)


def test_digits_are_taken_as_they_are_where_asked(digits: Path, tmp_path: Path, called: list[tuple[Any, ...]]) -> None:
    assert run("--data", digits, "-o", tmp_path, "--as-is") == "model.tflite\n"
    assert called[0][2].worn is False


def test_a_model_to_start_from_is_taught(digits: Path, tmp_path: Path, called: list[tuple[Any, ...]]) -> None:
    run("--data", digits, "-o", tmp_path, "--from", "digits.keras", "--frozen", digits, "--epochs", "5", "--force")
    start, mixture, frozen, folder, settings, named = called[0]
    assert (start, folder, settings.epochs, settings.batch) == (Path("digits.keras"), tmp_path, 5, 64)
    assert [data.name for data in (*mixture.sets, *frozen)] == ["printed", "printed"]
    assert named["force"] is True


def test_options_that_do_not_go_together_are_refused_before_any_set_is_read(tmp_path: Path) -> None:
    for wrong in (["--frozen", "x"], ["--force"], ["--from", "m.keras", "--arch", "ocr"], ["--from", "m", "--as-is"]):
        with pytest.raises(UsageError, match="--from MODEL"):
            run("--data", "nowhere.npz", "-o", tmp_path, *wrong)
    with pytest.raises(UsageError, match="vgg"):
        run("--data", "nowhere.npz", "-o", tmp_path, "--arch", "vgg")
    with pytest.raises(ModelError, match="no such set"):
        run("--data", "nowhere.npz", "-o", tmp_path)
