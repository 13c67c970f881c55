import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from ocrbatch.commands.model import app
from ocrbatch.commands.model.evaluate import evaluate
from ocrbatch.errors import MissingExtraError, ModelError, OutputError
from ocrbatch.model.card import load_model_file, shipped_folder
from ocrbatch.model.datasets import load_dataset
from ocrbatch.page.classify import make_classifier
from tests.model.test_augment import drawn_digits

Save = Callable[..., Path]


def run(*arguments: str | Path) -> Result:
    words = ["evaluate", *(str(argument) for argument in arguments)]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def measured(*arguments: str | Path) -> list[dict[str, Any]]:
    told = json.loads(run(*arguments, "--json").stdout)
    assert isinstance(told, list)
    return told


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Give a function that makes a set of printed digits."""

    def save(name: str, train: int = 20, test: int = 10, label: int | None = None) -> Path:
        path = tmp_path / f"{name}.npz"
        path.parent.mkdir(exist_ok=True)
        parts: dict[str, Any] = {}
        for part, count in (("train", train), ("test", test)):
            tiles, labels = drawn_digits(count)
            parts |= {f"x_{part}": tiles, f"y_{part}": labels if label is None else np.full(count, label)}
        np.savez(path, **parts)
        return path

    return save


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """Give the shipped model under another name, without a card."""
    path = tmp_path / "mine.tflite"
    path.write_bytes((shipped_folder() / "digits.tflite").read_bytes())
    return path


def test_one_model_on_one_set_is_told_in_full(save: Save) -> None:
    text = run("--data", save("printed")).stdout
    assert re.search(r"^tiles +10$", text, re.MULTILINE)
    assert "truth down, reading across" in text


@pytest.mark.parametrize(("part", "count"), [("test", 10), ("train", 20), ("all", 30)])
def test_the_part_asked_for_is_measured(save: Save, part: str, count: int) -> None:
    (told,) = measured("--data", save("printed"), "--part", part)
    assert (told["model"], told["data"], told["part"], told["count"]) == ("digits", "printed", part, count)
    assert told["sha256"] == load_model_file().sha256


def test_the_shipped_model_itself_reads(save: Save) -> None:
    source = save("printed", test=40)
    digits = load_dataset(str(source))
    scores = make_classifier(load_model_file()).scores(digits.test_tiles)
    (told,) = measured("--data", source)
    assert told["accuracy"] == pytest.approx((scores.argmax(axis=1) == digits.test_labels).mean(), abs=1e-6)


def test_a_set_without_a_test_part_is_measured_whole_and_that_is_said(save: Save) -> None:
    source = save("printed", test=0)
    result = run("--data", source, "--json")
    (told,) = json.loads(result.stdout)
    assert (told["part"], told["count"]) == ("all", 20)
    assert "printed: has no test part" in result.stderr
    assert "no test part" not in run("--data", source, "--part", "all").stderr


def test_models_and_sets_stand_side_by_side(save: Save, mine: Path) -> None:
    sets = ("--data", save("first"), "--data", save("second", test=5))
    shipped = shipped_folder() / "digits.tflite"
    lines = run(mine, shipped, *sets).stdout.splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["set", "model", "tiles"],
        ["first", "mine", "10"],
        ["first", "digits", "10"],
        ["second", "mine", "5"],
        ["second", "digits", "5"],
    ]
    told = measured(mine, shipped, *sets)
    assert [(one["data"], one["model"]) for one in told] == [tuple(line.split()[:2]) for line in lines[1:]]


def test_strangers_are_measured_as_what_is_no_digit(save: Save) -> None:
    letters = save("letters", label=ord("K"))
    digits, strange = measured("--data", save("printed"), "--strangers", letters)
    assert digits["non_digits_taken"] is None
    assert strange["label_counts"] == [0] * 10 + [10]
    assert 0 <= strange["non_digits_taken"] <= 1


def test_models_of_one_name_are_told_apart_by_their_paths(save: Save, mine: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / mine.name
    other.parent.mkdir()
    other.write_bytes(mine.read_bytes())
    told = measured(mine, other, "--data", save("printed"))
    assert [one["model"] for one in told] == [str(mine), str(other)]


def test_sets_of_one_name_are_told_apart_by_their_paths(save: Save) -> None:
    first, second = save("a/printed"), save("b/printed")
    assert [one["data"] for one in measured("--data", first, "--data", second)] == [str(first), str(second)]


def test_what_is_given_twice_is_measured_once(save: Save, mine: Path) -> None:
    source = save("printed")
    assert len(measured(mine, mine, "--data", source, "--data", source)) == 1


def test_every_model_is_checked_before_any_set_is_read(save: Save, mine: Path, tmp_path: Path) -> None:
    missing = tmp_path / "none.npz"
    with pytest.raises(ModelError, match="no such set"):
        run("--data", missing)
    with pytest.raises(ModelError, match=r"none\.tflite"):
        run(mine, tmp_path / "none.tflite", "--data", missing)
    mine.with_suffix(".json").write_text(json.dumps({"files": {mine.name: "0" * 64}}))
    with pytest.raises(ModelError, match="not the model that its card names"):
        run(shipped_folder() / "digits.tflite", mine, "--data", missing)


def test_another_part_is_refused(save: Save) -> None:
    assert CliRunner().invoke(app, ["evaluate", "--data", str(save("printed")), "--part", "half"]).exit_code == 2


def test_pictures_are_written_beside_what_is_printed(save: Save, mine: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    folder = tmp_path / "new" / "pictures"
    shipped = shipped_folder() / "digits.tflite"
    result = run(mine, shipped, "--data", save("printed"), "--json", "--pictures", folder)
    assert len(json.loads(result.stdout)) == 2
    written = {path.name for path in folder.iterdir()}
    pairs = {f"{kind}-printed-{model}.png" for kind in ("confusion", "mistakes") for model in ("mine", "digits")}
    assert written == pairs | {"reliability.png", "rejection.png"}
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in folder.iterdir())
    assert {Path(line).name for line in result.stderr.splitlines()} == written


def test_no_picture_takes_the_place_of_another(save: Save, mine: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    folder = tmp_path / "pictures"
    models = [tmp_path / "a" / "b" / mine.name, tmp_path / "a_b" / mine.name]
    for model in models:
        model.parent.mkdir(parents=True)
        model.write_bytes(mine.read_bytes())
    run(*models, "--data", save("printed"), "--pictures", folder)
    assert len(list(folder.glob("confusion-*.png"))) == len(list(folder.glob("mistakes-*.png"))) == 2
    assert len(list(folder.iterdir())) == 6


def test_curves_bear_what_tells_them_apart(
    save: Save, mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ocrbatch.model import plots

    drawn: list[dict[str, plots.Curve]] = []

    def draw(curves: dict[str, plots.Curve]) -> bytes:
        drawn.append(curves)
        return b""

    monkeypatch.setattr(plots, "reliability_picture", draw)
    monkeypatch.setattr(plots, "rejection_picture", draw)
    monkeypatch.setattr(plots, "confusion_picture", lambda evaluation: b"")
    monkeypatch.setattr(plots, "mistakes_picture", lambda tiles, labels, scores: b"")
    first, second = ("--data", save("first")), ("--data", save("second", test=5))
    models = (mine, shipped_folder() / "digits.tflite")
    asked: list[tuple[tuple[str | Path, ...], list[str]]] = [
        (first, ["digits"]),
        ((*first, *second), ["first", "second"]),
        ((*models, *first), ["mine", "digits"]),
        ((*models, *first, *second), ["first, mine", "first, digits", "second, mine", "second, digits"]),
    ]
    for arguments, names in asked:
        drawn.clear()
        run(*arguments, "--pictures", tmp_path / "pictures")
        assert [list(curves) for curves in drawn if curves] == [names, names]
    assert [len(right) for _, right in drawn[-1].values()] == [10, 10, 5, 5]


def test_without_what_draws_nothing_is_measured(save: Save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ocrbatch.model import plots

    def missing(curves: object) -> bytes:
        raise MissingExtraError("Pictures need matplotlib")

    monkeypatch.setattr(plots, "reliability_picture", missing)
    with pytest.raises(MissingExtraError):
        run("--data", tmp_path / "none.npz", "--pictures", tmp_path / "pictures")
    assert not (tmp_path / "pictures").exists()


def test_a_folder_that_cannot_be_made_ends_it_before_any_set_is_read(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file"):
        run("--data", tmp_path / "none.npz", "--pictures", tmp_path / "file" / "pictures")


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_told_at_a_terminal_only(
    save: Save, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], terminal: bool
) -> None:
    source = save("printed")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    evaluate([str(source)], as_json=True)
    told = capsys.readouterr()
    assert told.err == ("printed: digits reads 10 tiles\n" if terminal else "")
    assert len(json.loads(told.out)) == 1
