import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ocrbatch.commands.model import app
from ocrbatch.errors import UsageError
from ocrbatch.model.card import shipped_folder
from tests.model.test_augment import drawn_digits


def answer(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    tiles, labels = drawn_digits(20)
    np.savez(tmp_path / "printed.npz", x_train=tiles, y_train=labels, x_test=tiles, y_test=labels)
    return tmp_path / "printed.npz"


def test_info_shows_the_shipped_models_card() -> None:
    assert "mnist" in answer("info")
    assert "CC BY-SA" in answer("info")
    assert json.loads(answer("info", "--json"))["name"] == "digits"


def test_info_of_a_model_without_a_card_tells_what_it_is(tmp_path: Path) -> None:
    mine = tmp_path / "mine.tflite"
    mine.write_bytes((shipped_folder() / "digits.tflite").read_bytes())
    told = json.loads(answer("info", mine, "--json"))
    assert (told["name"], told["card"]) == ("mine", None)


def test_errors_are_raised_for_the_mounting_command_to_translate(digits: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="conv3-dense64"):
        answer("train", "--data", digits, "-o", tmp_path / "out", "--arch", "vgg")


@pytest.mark.parametrize("command", ["train", "evaluate", "info"])
def test_every_command_explains_itself(command: str) -> None:
    assert len(answer(command, "-h")) > 200
