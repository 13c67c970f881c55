import os
import sys
from pathlib import Path

import pytest

import ocrbatch
from ocrbatch.commands import app
from ocrbatch.errors import ExitCode, FormError, InputError, LockedError, ModelError, OcrbatchError, OutputError
from tests.commands.conftest import Command

COMMANDS = ["run", "read", "status", "score", "model", "doctor"]


def test_the_version_is_all_that_is_printed(command: Command) -> None:
    told = command("--version")
    assert (told.code, told.out, told.err) == (0, f"ocrbatch {ocrbatch.__version__}\n", "")


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_names_every_command(command: Command, flag: str) -> None:
    told = command(flag)
    assert told.code == 0
    assert all(f" {name} " in told.out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_help(command: Command, name: str) -> None:
    told = command(name, "-h")
    assert told.code == 0
    assert f"ocrbatch {name}" in told.out
    assert "--help" in told.out


def test_the_help_of_run_tells_every_exit_code(command: Command) -> None:
    words = command("run", "-h").out.replace(",", " ").split()
    assert {str(int(code)) for code in ExitCode} <= set(words)


@pytest.mark.parametrize(
    "arguments", [["nothing"], ["--nothing"], ["run"], ["run", "in"], ["run", "in", "-o"], ["read"], ["status"]]
)
def test_a_call_that_says_too_little_or_too_much_is_a_usage_error(command: Command, arguments: list[str]) -> None:
    told = command(*arguments)
    assert (told.code, told.out) == (2, "")
    assert told.err


@pytest.mark.parametrize("kind", [InputError, OutputError, LockedError, ModelError, FormError, OcrbatchError])
def test_an_error_is_a_line_on_standard_error_and_its_exit_code(
    command: Command, monkeypatch: pytest.MonkeyPatch, kind: type[OcrbatchError]
) -> None:
    def fail() -> None:
        raise kind("do this [bold]instead")

    monkeypatch.setattr(app, "app", fail)
    told = command()
    assert (told.code, told.out, told.err) == (int(kind.exit_code), "", "Error: do this [bold]instead\n")


def test_a_reader_that_has_gone_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail() -> None:
        raise BrokenPipeError

    monkeypatch.setattr(app, "app", fail)
    with (tmp_path / "err").open("w") as err:
        monkeypatch.setattr(sys, "stderr", err)
        with pytest.raises(SystemExit) as end:
            app.main()
    assert end.value.code == 0
    assert os.path.getsize(tmp_path / "err") == 0  # noqa: PTH202
