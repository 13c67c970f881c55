"""``--whole`` of ``run`` and ``read``, from pictures to rows."""

import csv
import io
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocrbatch.records import Grey
from tests.commands.conftest import Command
from tests.helpers.render import Grid, PageSpec, drawn_digits, render_page


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def save(path: Path, pixels: Grey) -> None:
    path.write_bytes(bytes(cv2.imencode(".png", pixels)[1]))


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    """Give a folder of digits, bright on dark, by their names, and a blank picture."""
    folder = tmp_path / "digits"
    folder.mkdir()
    drawn = drawn_digits(1)
    for digit in range(10):
        save(folder / f"{digit}.png", drawn.pictures[int(drawn.of(digit)[0])])
    save(folder / "blank.png", np.full((40, 30), 250, np.uint8))
    return folder


def test_a_folder_of_digits_becomes_a_row_a_picture(command: Command, digits: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert command("run", digits, "-o", out, "--whole", "digit", "--jobs", "1", "--crops", "--overlays").code == 0
    fields = rows((out / "results.csv").read_bytes().decode())
    assert {row["file"]: row["value"] for row in fields} == {f"{d}.png": str(d) for d in range(10)} | {"blank.png": ""}
    assert {(row["form"], row["field"]) for row in fields} == {("whole", "whole")}
    assert [row["status"] for row in fields if row["file"] == "blank.png"] == ["blank"]
    assert all((out / row["crop"]).is_file() for row in fields)
    by_file = rows((out / "forms/whole.csv").read_bytes().decode())
    assert {row["file"]: row["whole"] for row in by_file} == {row["file"]: row["value"] for row in fields}
    assert json.loads((out / "manifest.json").read_text())["settings"]["whole"] == "digit"
    read = rows(command("read", *sorted(digits.iterdir()), "--whole", "digit", "--csv").out)
    assert [row["value"] for row in read] == [row["value"] for row in fields]


def test_a_row_of_boxes_is_one_field_and_a_picture_without_is_to_review(command: Command, tmp_path: Path) -> None:
    page = render_page(PageSpec((76, 16), (Grid(4, 3, ("90817263",), (8, 10)),)), dpi=150).page()
    folder, out = tmp_path / "combs", tmp_path / "out"
    folder.mkdir()
    save(folder / "comb.png", page.pixels)
    save(folder / "none.png", np.full_like(page.pixels, 255))
    assert command("run", folder, "-o", out, "--whole", "boxes", "--jobs", "1").code == 0
    (field,) = rows((out / "results.csv").read_bytes().decode())
    assert (field["file"], field["field"], field["value"]) == ("comb.png", "whole", "90817263")
    pages = {row["file"]: (row["status"], row["reason"]) for row in rows((out / "pages.csv").read_bytes().decode())}
    assert pages["none.png"] == ("review", "no boxes found")


def test_a_run_of_digits_reads_alike_in_run_and_read(command: Command, tmp_path: Path) -> None:
    amount = np.full((70, 260), 245, np.uint8)
    drawn = drawn_digits(1)
    for place, digit in enumerate((4, 7, 2)):
        amount[20:48, 60 + 34 * place : 88 + 34 * place] -= drawn.pictures[int(drawn.of(digit)[0])] // 5 * 4
    (tmp_path / "in").mkdir()
    save(tmp_path / "in/amount.png", amount)
    command("run", tmp_path / "in", "-o", tmp_path / "out", "--whole", "string", "--jobs", "1")
    (job,) = rows((tmp_path / "out/results.csv").read_bytes().decode())
    (read,) = rows(command("read", tmp_path / "in/amount.png", "--whole", "string", "--csv").out)
    assert job["value"] == "472"
    assert job | {"file": ""} == read | {"file": ""}


def test_another_kind_reads_the_files_anew(command: Command, digits: Path, tmp_path: Path) -> None:
    def files_read(*more: str) -> int:
        told = command("run", digits, "-o", tmp_path / "out", "--jobs", "1", "--json", *more)
        return int(json.loads(told.out)["files_read"])

    assert [files_read("--whole", "digit"), files_read("--whole", "digit")] == [11, 0]
    assert [files_read("--whole", "string"), files_read()] == [11, 11]


@pytest.mark.parametrize("call", [("run", "-o", "out"), ("read",)])
def test_another_word_or_forms_beside_it_are_a_usage_error(
    command: Command, digits: Path, call: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    unknown = command(*call, digits / "1.png", "--whole", "digits")
    assert (unknown.code, unknown.out) == (2, "")
    assert "boxes, string, digit" in unknown.err
    both = command(*call, digits / "1.png", "--whole", "digit", "-f", "forms")
    assert both.code == 2
    assert "exclude each other" in both.err
    assert not (tmp_path / "out").exists()
