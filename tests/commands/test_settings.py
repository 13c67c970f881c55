from pathlib import Path

import pytest

from tests.commands.conftest import SAMPLES, Command


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def listed(command: Command, *options: str) -> str:
    return command("run", SAMPLES / "slip-green.jpg", "--dry-run", *options).err


def test_a_setting_stands_behind_the_environment_and_the_option(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "output" in listed(command)
    (tmp_path / "ocrbatch.toml").write_text('[run]\noutput = "of-file"\ntarget-error = "2"\njson = true\n')
    # Each is refused with its own value: so the one that counts can be told.
    assert "'2' is no share" in listed(command)
    monkeypatch.setenv("OCRBATCH_RUN_TARGET_ERROR", "3")
    assert "'3' is no share" in listed(command)
    assert "'4' is no share" in listed(command, "--target-error", "4")
    assert "1 of 1 files to read" in listed(command, "--target-error", "1%")
    assert not (tmp_path / "of-file").exists()


def test_settings_of_commands_below_others_and_lists_are_taken(command: Command, tmp_path: Path) -> None:
    (tmp_path / "ocrbatch.toml").write_text('[run]\noutput = "out"\nform = ["none.toml"]\n[form.check]\n')
    assert "none.toml" in listed(command)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[run]\nouput = 1", "[run] has nothing called 'ouput'; there is crops, dry-run,"),
        ("[rnu]\n", "the file has nothing called 'rnu'; there is calibrate, corrections, doctor,"),
        ("run = 3", "the file has nothing called 'run'"),
        ("[run]\noutput = {a = 1}", "[run] has nothing called 'output'"),
        ("[run", "ocrbatch.toml: "),
        ("\xff", "ocrbatch.toml: "),
    ],
)
def test_a_setting_that_is_none_is_told_with_its_place(
    command: Command, tmp_path: Path, content: str, told: str
) -> None:
    (tmp_path / "ocrbatch.toml").write_bytes(content.encode("latin-1"))
    answer = command("run", SAMPLES, "-o", "out")
    assert (answer.code, told in answer.err) == (8, True), answer.err
    assert not (tmp_path / "out").exists()
