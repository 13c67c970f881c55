import csv
import io
import json
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from tests.commands.conftest import Command
from tests.helpers.pictures import saved
from tests.helpers.render import drawn_digits

DIGITS = drawn_digits(1, seed=3).pictures


def picture(digit: int, *, side: int = 60, bright: bool = False) -> np.ndarray:
    """Draw a digit on paper; dark unless ``bright``."""
    large = np.kron(DIGITS[digit], np.ones((2, 2), np.uint8))
    framed = np.zeros((side, side), np.uint8)
    framed[:56, :56] = large
    return framed if bright else 255 - framed


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with a dark 1, a bright 4 below it, and what is no picture."""
    (tmp_path / "in" / "b").mkdir(parents=True)
    (tmp_path / "in" / "a.png").write_bytes(saved(picture(1), "PNG"))
    (tmp_path / "in" / "b" / "c.jpg").write_bytes(saved(picture(4, side=75, bright=True), "JPEG"))
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    (tmp_path / "in" / ".hidden.png").write_text("no picture")
    return tmp_path / "in"


def test_a_folder_is_read_in_order_whatever_the_size_and_polarity(command: Command, folder: Path) -> None:
    told = command("model", "predict", folder, "--csv")
    assert told.code == 0, told.err
    found = rows(told.out)
    assert [row["file"] for row in found] == [str(folder / "a.png"), str(folder / "b" / "c.jpg")]
    assert [row["digit"] for row in found] == ["1", "4"]
    assert all(float(row["confidence"]) >= float(row["second_confidence"]) for row in found)
    assert told.out.startswith("file,page,digit,confidence,second,")
    assert "\r\n" in told.out


def test_json_has_the_three_best(command: Command, folder: Path) -> None:
    told = command("model", "predict", folder / "a.png", "--json")
    row = json.loads(told.out)
    assert (row["digit"], row["page"], row["reason"], len(row["top3"])) == ("1", 1, "", 3)
    assert row["top3"][0] == ["1", row["confidence"]]


def test_an_empty_picture_is_no_digit(command: Command, tmp_path: Path) -> None:
    (tmp_path / "empty.png").write_bytes(saved(np.full((40, 40), 250, np.uint8), "PNG"))
    assert json.loads(command("model", "predict", tmp_path / "empty.png", "--json").out)["digit"] is None
    told = command("model", "predict", tmp_path / "empty.png", "--csv")
    assert (told.code, rows(told.out)[0]["digit"], rows(told.out)[0]["second"]) == (0, "?", "")


def test_a_picture_that_cannot_be_read_is_a_row_with_the_reason(command: Command, folder: Path) -> None:
    (folder / "aa.png").write_text("no picture")
    told = command("model", "predict", folder, "--csv")
    assert told.code == 3
    assert [row["digit"] for row in rows(told.out)] == ["1", "", "4"]
    assert rows(told.out)[1]["reason"].startswith("not an image")
    assert "aa.png, page 1: not an image" in told.err


def test_each_page_of_a_tiff_is_a_picture(command: Command, tmp_path: Path) -> None:
    from PIL import Image

    pages = [Image.fromarray(picture(digit)) for digit in (7, 1, 4)]
    (tmp_path / "three.tif").write_bytes(saved(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    found = rows(command("model", "predict", tmp_path / "three.tif", "--csv").out)
    assert [(row["page"], row["digit"]) for row in found] == [("1", "7"), ("2", "1"), ("3", "4")]


def test_more_pictures_than_are_classified_at_once_keep_their_order(
    command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The package gives the function by the module's name.
    monkeypatch.setattr(import_module("ocrbatch.commands.model.predict"), "PICTURES_AT_ONCE", 2)
    told = command("model", "predict", folder, folder / "a.png", folder / "b", folder / "a.png", "--csv")
    assert [row["digit"] for row in rows(told.out)] == ["1", "4", "1", "4", "1"]


def test_standard_input_is_a_picture(command: Command) -> None:
    told = command("model", "predict", "-", "--csv", data=saved(picture(4), "PNG"))
    assert [(row["file"], row["digit"]) for row in rows(told.out)] == [("\\u002d", "4")]


def test_a_person_sees_a_table_and_names_as_they_are(command: Command, folder: Path) -> None:
    (folder / "a.png").rename(folder / "[b] :smile:\n.png")
    told = command("model", "predict", folder)
    assert told.code == 0
    assert "[b] :smile:\\u000a.png" in told.out.replace("│\n│", "")
    assert "confidence" in told.out
    assert "third" in told.out


def test_what_is_missing_or_asked_wrongly_is_told_before_anything_is_read(command: Command, folder: Path) -> None:
    missing = command("model", "predict", folder, folder / "none.png", "--csv")
    assert (missing.code, missing.out) == (4, "")
    assert "none.png" in missing.err
    (folder / "sub").mkdir()
    assert command("model", "predict", folder / "sub").code == 4
    assert command("model", "predict", folder, "--csv", "--json").code == 2
    bad = command("model", "predict", folder, "-m", folder / "notes.txt")
    assert (bad.code, bad.out) == (7, "")
