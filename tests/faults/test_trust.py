"""Cases 25 to 27: models, code and forms that are not to be trusted, in whole jobs.

Case 28 is of corrections.
"""

import hashlib
import importlib.util
import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ocrbatch.model.card import shipped_folder
from tests import test_house as house
from tests.faults.among import Among
from tests.faults.launch import Launcher

HAS_KERAS = importlib.util.find_spec("tensorflow") is not None
MODEL = "digits.tflite"
SECONDS = 1.5
"""Of the processor's time, of a job that ends before it reads a page."""
FORM = """name = "slip"
width = 1000
height = 500
{}[[field]]
name = "a"
kind = "boxes"
box = [0, 0, 80, 20]
cells = 8
"""


@pytest.fixture(scope="module")
def among(launcher: Launcher, tmp_path_factory: pytest.TempPathFactory) -> Among:
    return Among(launcher, tmp_path_factory.mktemp("trust"))


def shipped(folder: Path) -> Path:
    """Copy the shipped model of digits with its card."""
    for name in (MODEL, "digits.json"):
        shutil.copy(shipped_folder() / name, folder)
    return folder / MODEL


def emptied(content: bytes) -> bytes:
    return content[:0]


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def cut_by_a_byte(content: bytes) -> bytes:
    return content[:-1]


def changed_by_a_bit(content: bytes) -> bytes:
    return content[:5000] + bytes([content[5000] ^ 1]) + content[5001:]


@pytest.mark.parametrize("damage", [emptied, cut, cut_by_a_byte, changed_by_a_bit])
def test_case_25_a_model_that_is_not_the_one_its_card_names_ends_the_job_at_once(
    among: Among, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    model = shipped(tmp_path)
    model.write_bytes(damage(model.read_bytes()))
    ended = among.refuse("-m", model, code=7)
    assert "not the model that its card names" in ended.err
    assert ended.seconds < SECONDS


@pytest.mark.parametrize("damage", [emptied, cut, cut_by_a_byte])
def test_case_25_a_cut_model_without_a_card_ends_the_job(
    among: Among, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    model = shipped(tmp_path)
    model.write_bytes(damage(model.read_bytes()))
    model.with_suffix(".json").unlink()
    assert "digits" in among.refuse("-m", model, code=7).err


def test_case_25_a_model_of_another_shape_ends_the_job(among: Among) -> None:
    strings = shipped_folder() / "strings.tflite"
    assert "a model of digits" in among.refuse("-m", strings, code=7).err


def archive(config: object) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr("config.json", json.dumps(config))
        file.writestr("metadata.json", "{}")
        file.writestr("model.weights.h5", b"")
    return content.getvalue()


def with_external_link() -> bytes:
    import h5py

    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file["weights"] = h5py.ExternalLink("/etc/passwd", "/")
    return content.getvalue()


def hostile(kind: str, mark: Path) -> tuple[str, bytes]:
    """Give a model's ending and bytes; what it runs when it is opened would leave a mark."""
    code = f"__import__('pathlib').Path({str(mark)!r}).touch()"
    layers: dict[str, Any] = {
        "lambda": {"class_name": "Lambda", "module": "keras.layers", "config": {"function": code}},
        "saved model": {"class_name": "TFSMLayer", "module": "keras.layers", "config": {"filepath": str(mark.parent)}},
        "module": {"class_name": "system", "module": "os", "config": {"command": f"touch {mark}"}},
    }
    if kind == "external link":
        return ".h5", with_external_link()
    inner = [{"class_name": "InputLayer", "module": "keras.layers", "config": {"batch_shape": [None, 28, 28, 1]}}]
    config = {"class_name": "Sequential", "module": "keras", "config": {"layers": [*inner, layers[kind]]}}
    return ".keras", archive(config)


@pytest.mark.slow
@pytest.mark.skipif(not HAS_KERAS, reason="TensorFlow is not installed")
@pytest.mark.parametrize("kind", ["lambda", "saved model", "module", "external link"])
def test_case_25_a_hostile_model_is_refused_and_nothing_of_it_runs(among: Among, tmp_path: Path, kind: str) -> None:
    mark = tmp_path / "ran"
    ending, content = hostile(kind, mark)
    model = tmp_path / f"mine{ending}"
    model.write_bytes(content)
    ended = among.refuse("-m", model, code=7)
    assert "may run code" in ended.err or "other files" in ended.err
    assert not mark.exists()


@pytest.mark.parametrize("kind", ["lambda", "external link"])
def test_case_25_the_card_is_asked_before_any_parser(among: Among, tmp_path: Path, kind: str) -> None:
    if kind == "external link":
        pytest.importorskip("h5py")
    ending, content = hostile(kind, tmp_path / "ran")
    model = tmp_path / f"mine{ending}"
    model.write_bytes(content)
    card = {"name": "mine", "files": {model.name: hashlib.sha256(b"another").hexdigest()}}
    model.with_suffix(".json").write_text(json.dumps(card))
    ended = among.refuse("-m", model, code=7)
    assert "not the model that its card names" in ended.err
    assert ended.seconds < SECONDS


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "import joblib.externals",
        "import yaml",
        "from ruamel.yaml import YAML",
        "import shelve",
        "import marshal",
        "eval('1')",
        "exec('1')",
        "import os\nos.system('ls')",
        "import numpy as np\nnp.load('a', allow_pickle=True)",
        "import subprocess\nsubprocess.run('ls', shell=True)",
        "import cv2\ncv2.imread('a')",
    ],
)
def test_case_26_each_way_to_run_data_as_code_would_be_found(tmp_path: Path, source: str) -> None:
    (tmp_path / "module.py").write_text(source)
    with pytest.raises(AssertionError):
        house.test_nothing_that_runs_data_as_code_is_used(tmp_path / "module.py")


def test_case_26_no_module_has_one() -> None:
    assert len(house.MODULES) > 100
    for module in house.MODULES:
        house.test_nothing_that_runs_data_as_code_is_used(module)


def with_reference(reference: str) -> str:
    return FORM.format(f'reference = "{reference}"\n')


BAD_FORMS = {
    "unknown key": (FORM.format("hight = 3\n"), "line 4", '"hight"'),
    "no numbers": (FORM.format("dpi = nan\n"), "line 4", '"dpi"'),
    "negative box": (FORM.format("").replace("[0, 0, 80", "[-5, 0, 80"), "line 7", '"box"'),
    "giant box": (FORM.format("").replace("80, 20", "99999999, 20"), "line 7", '"box"'),
    "no cells": (FORM.format("").replace("cells = 8\n", ""), "line 4", '"cells"'),
    "way out": (with_reference("../secret.png"), "line 4", '"reference"'),
    "whole path": (with_reference("/etc/passwd"), "line 4", '"reference"'),
    "deep": (FORM.format("x = " + "[" * 100_000 + "\n"), "line 4", "brackets"),
    "long number": (FORM.format("x = 0x" + "f" * 500_000 + "\n"), "line 4", '"x"'),
    "no TOML": (FORM.format("= 3\n"), "line 4", "TOML"),
    "bare zeros": (FORM.format("dpi = 00123\n"), "line 4", "leading zeros"),
}


@pytest.mark.parametrize("fault", BAD_FORMS)
def test_case_27_a_bad_form_ends_the_job_at_once_by_key_and_line(among: Among, tmp_path: Path, fault: str) -> None:
    text, line, key = BAD_FORMS[fault]
    (tmp_path / "secret.png").write_bytes(b"secret")
    (tmp_path / "forms").mkdir()
    (tmp_path / "forms/slip.toml").write_text(text, "utf-8")
    ended = among.refuse("-f", tmp_path / "forms", code=8)
    assert f"slip.toml, {line}" in "".join(ended.err.split("\n")), ended.err
    assert key in ended.err
    assert len(ended.err) < 3000
    assert ended.seconds < SECONDS


def test_case_27_a_form_of_ten_megabytes_is_not_even_parsed(among: Among, tmp_path: Path) -> None:
    (tmp_path / "slip.toml").write_bytes(FORM.format("").encode() + b"# more\n" * 1_500_000)
    ended = among.refuse("-f", tmp_path / "slip.toml", code=8)
    assert "more than 1 MB" in ended.err
    assert ended.seconds < SECONDS
