import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ocrbatch.commands.model import app
from ocrbatch.commands.model.show import as_lines
from ocrbatch.errors import ModelError, UsageError
from ocrbatch.model.architectures import ARCHITECTURES
from ocrbatch.model.card import shipped_folder
from tests.model.test_augment import drawn_digits

needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="TensorFlow is not installed"
)
SHIPPED = shipped_folder() / "digits.keras"


def answer(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_list_shows_every_network_and_its_parameters() -> None:
    lines = answer("list").splitlines()[1:]
    assert [line.split()[0] for line in lines] == list(ARCHITECTURES)
    assert next(line for line in lines if line.startswith("conv3-dense64")).split()[1:3] == ["93,322", "10"]
    rows = json.loads(answer("list", "--json"))
    assert rows[-1] == {
        "name": "ocr",
        "parameters": ARCHITECTURES["ocr"].parameters,
        "outputs": 11,
        "about": ARCHITECTURES["ocr"].about,
    }


def test_a_card_of_several_sets_is_laid_out_a_line_a_value() -> None:
    data = [{"name": "mnist", "weight": 1.0}, {"name": "letters", "weight": 0.5}]
    lines = as_lines({"data": data, "metrics": {"test": {"mnist": {"count": 9}, "letters": None}}}).splitlines()
    assert [line.split() for line in lines] == [
        ["data", "1"],
        ["name", "mnist"],
        ["weight", "1.0"],
        ["data", "2"],
        ["name", "letters"],
        ["weight", "0.5"],
        ["metrics"],
        ["test"],
        ["mnist"],
        ["count", "9"],
        ["letters", "-"],
    ]


@needs_tensorflow
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
def test_export_names_the_files_it_wrote(tmp_path: Path) -> None:
    told = answer("export", SHIPPED, "-o", tmp_path / "out", "--format", "float", "--format", "h5")
    assert told.split() == [str(tmp_path / "out" / name) for name in ("digits-float.tflite", "digits.h5")]
    card = json.loads(answer("info", tmp_path / "out" / "digits-float.tflite", "--json"))
    assert (card["kind"], card["exported"]["from"]) == ("tflite", "digits.keras")


@needs_tensorflow
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")
def test_export_to_int8_takes_its_ranges_from_a_set(tmp_path: Path) -> None:
    tiles, labels = drawn_digits(100)
    np.savez(tmp_path / "printed.npz", x_train=tiles, y_train=labels)
    told = answer("export", SHIPPED, "-o", tmp_path / "out", "--samples", tmp_path / "printed.npz")
    assert told.split() == [str(tmp_path / "out" / "digits.tflite")]


def test_what_export_cannot_do_is_told_before_tensorflow_is_loaded(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--samples"):
        answer("export", SHIPPED, "-o", tmp_path)
    with pytest.raises(UsageError, match="int8, float, h5, keras"):
        answer("export", SHIPPED, "-o", tmp_path, "--format", "onnx")
    with pytest.raises(UsageError, match="exported already"):
        answer("export", shipped_folder() / "digits.tflite", "-o", tmp_path, "--format", "h5")
    with pytest.raises(ModelError, match=r"none\.keras"):
        answer("export", tmp_path / "none.keras", "-o", tmp_path, "--format", "h5")


@pytest.mark.parametrize("command", ["list", "info", "export"])
def test_every_command_explains_itself(command: str) -> None:
    assert len(answer(command, "-h")) > 200
