import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import ocrbatch
from ocrbatch import __version__
from ocrbatch.errors import FormError
from ocrbatch.form.thresholds import Threshold, read_thresholds, thresholds_toml
from ocrbatch.model.card import load_model_file
from tests.commands.conftest import SAMPLES, Command
from tests.commands.test_run import rows
from tests.quality.test_calibrate import job, truth


def thresholds(folder: Path, threshold: float, **changed: str | float) -> Path:
    """Write a file with a threshold for fields without a form, proved with this program and its model."""
    model = load_model_file(None)
    made: dict[str, Any] = {"ocrbatch": __version__, "model_sha256": model.sha256, "form_sha256": ""}
    path = folder / "thresholds.toml"
    auto = Threshold("auto", threshold, 0.005, 0.95, 900, 800, 0, 0.004, **made)
    path.write_text(thresholds_toml([replace(auto, **{"model_temperature": model.temperature, **changed})]))
    return path


def test_a_proved_threshold_is_told_and_written(command: Command, tmp_path: Path) -> None:
    told = command("calibrate", job(tmp_path), truth(tmp_path, wrong={5: "99"}))
    assert told.code == 0
    assert "claim: 1400 fields of 700 pages" in told.out
    assert "threshold 0.89995 accepts 1400 of them (100.0%)" in told.out
    assert "1 of these wrong: surely at most 0.338%, with a confidence of 0.95" in told.out
    assert "beside them 700 read as blank, 0 of which are written" in told.out
    assert str(tmp_path / "out/thresholds.toml") in told.err
    assert read_thresholds(tmp_path / "out/thresholds.toml")[0].wrong == 1


def test_json_is_all_that_is_printed(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    call = ("calibrate", job(tmp_path), truth(tmp_path), "--target-error", "1%", "--confidence", "0.99", "--json")
    told = command(*call, "-o", file, "-f", "claim")
    assert told.code == 0
    found = json.loads(told.out)
    assert (found["target_error"], found["confidence"]) == (0.01, 0.99)
    assert found["forms"][0]["proof"]["accepted"] == 1400
    assert read_thresholds(file)[0].confidence == 0.99


def test_what_is_not_proved_is_refused_and_changes_nothing(command: Command, tmp_path: Path) -> None:
    out, told = job(tmp_path, 206), truth(tmp_path, 206)
    before = thresholds(out, 0.9).read_bytes()
    answer = command("calibrate", out, told)
    assert answer.code == 8
    assert "no threshold is proved by 412 that could be accepted, 0 wrong" in answer.out
    assert "correct about 186 more such fields, 598 in all" in " ".join(answer.err.split())
    assert "prove with fields that no refused try has used" in " ".join(answer.err.split())
    assert json.loads(command("calibrate", out, told, "--json").out)["forms"][0]["needed"] == 186
    assert (out / "thresholds.toml").read_bytes() == before
    assert command("calibrate", out, told, "--target-error", "1%").code == 0


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--confidence", "95"), "--confidence '95' is no share"),
        (("--confidence", "1e-17"), "--confidence 1e-17: is less than can be asked for; ask for 0.000001 at least"),
        (("--target-error", "1e-320"), "--target-error 1e-320: is less than can be asked for"),
        (("--confidence", "0.9999999999999999"), "--confidence 0.9999999999999999: is more than can be proved"),
        (("--target-error", "x"), "--target-error 'x' is no"),
    ],
)
def test_shares_that_are_none_are_usage_errors(
    command: Command, tmp_path: Path, more: tuple[str, ...], message: str
) -> None:
    answer = command("calibrate", tmp_path, tmp_path, *more)
    assert (answer.code, message in answer.err) == (2, True)


def test_a_run_accepts_by_the_threshold_and_reads_anew_where_it_changes(
    command: Command, scans: Path, tmp_path: Path
) -> None:
    def run(threshold: float, *more: str) -> tuple[int, set[str]]:
        file = thresholds(tmp_path, threshold)
        call = ("run", scans, "-o", tmp_path / "out", "--jobs", "1", "--json", "--thresholds", file, *more)
        told = command(*call)
        assert told.code == 0
        table = [row for row in rows(tmp_path / "out/results.csv") if row["value"]]
        return json.loads(told.out)["files_read"], {row["status"] for row in table}

    assert run(0.0) == (1, {"accepted"})
    assert run(0.0)[0] == 0
    settings = json.loads((tmp_path / "out/manifest.json").read_text())["settings"]
    assert settings["thresholds"] == {"auto": 0.0}
    assert run(1.0) == (1, {"review"})
    # What was asked for is laxer than what was proved, then stricter than any field is sure.
    assert run(0.0, "--target-error", "1%") == (1, {"accepted"})
    assert run(0.0, "--target-error", "0.0000001%") == (1, {"review"})


def test_read_accepts_by_the_threshold(command: Command, scans: Path, tmp_path: Path) -> None:
    def statuses(threshold: float) -> set[str]:
        told = command("read", scans / "slip.jpg", "--json", "--thresholds", thresholds(tmp_path, threshold))
        assert told.code == 0
        return {row["status"] for row in map(json.loads, told.out.splitlines()) if row["value"]}

    assert statuses(0.0) == {"accepted"}
    assert statuses(1.0) == {"review"}


def test_thresholds_of_another_model_are_refused_before_anything_is_read(
    command: Command, scans: Path, tmp_path: Path
) -> None:
    file = thresholds(tmp_path, 0.9, model_sha256="ab" * 32)
    answer = command("run", scans, "-o", tmp_path / "out", "--thresholds", file)
    assert (answer.code, (tmp_path / "out").exists()) == (8, False)
    assert "proved with another model" in answer.err
    assert command("read", scans / "slip.jpg", "--thresholds", file).code == 8
    with pytest.raises(FormError, match="another model"):
        ocrbatch.read(scans / "slip.jpg", thresholds=file)


def test_thresholds_proved_with_another_temperature_are_refused_everywhere(
    command: Command, scans: Path, tmp_path: Path
) -> None:
    file = thresholds(tmp_path, 0.9, model_temperature=9.5)
    for call in (("run", scans, "-o", tmp_path / "out"), ("read", scans / "slip.jpg")):
        answer = command(*call, "--thresholds", file)
        assert (answer.code, "another temperature of the model" in " ".join(answer.err.split())) == (8, True)
    with pytest.raises(FormError, match="another temperature"):
        ocrbatch.read(scans / "slip.jpg", thresholds=file)


def test_programs_accept_by_the_threshold_too(tmp_path: Path) -> None:
    def statuses(threshold: float, accept: float | None = None) -> set[str]:
        file = thresholds(tmp_path, threshold)
        (page,) = ocrbatch.read(SAMPLES / "slip-green.jpg", thresholds=file, accept=accept)
        return {field.status.value for field in page.fields if field.value}

    assert statuses(0.0) == {"accepted"}
    assert statuses(1.0) == {"review"}
    assert statuses(0.0, accept=0.5) == {"accepted"}
    assert statuses(0.0, accept=1.0) == {"review"}
