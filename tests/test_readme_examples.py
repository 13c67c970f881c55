"""What the README tells to do works as told: its commands on the samples, and its program."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer

from ocrbatch.commands.app import app
from ocrbatch.commands.settings import load_settings
from ocrbatch.form.store import load_forms, parse_form
from tests.helpers.readme import README, ROOT, SHOWN, block, code_blocks, fields_of, table
from tests.helpers.render_samples import AMOUNTS

TEXT = README.read_text("utf-8")


def named_as(draft: Path, wanted: str) -> str:
    """Give a draft's text with the fields' names of another form."""
    names = iter(re.findall(r'^name = "(.*)"', wanted, re.MULTILINE))
    return re.sub(r'(?m)^name = ".*"', lambda _: f'name = "{next(names)}"', draft.read_text("utf-8"))


def run_here(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one of the README's commands in a folder."""
    program = [sys.executable, "-c", "from ocrbatch.commands.app import main; main()"]
    words = [*program, *shlex.split(line)[1:]]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=180, check=False)


def test_the_forms_and_their_commands_work_as_told(tmp_path: Path) -> None:
    _, slip, bill = code_blocks("toml")
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    (tmp_path / "forms").mkdir()
    assert slip == (ROOT / "samples/forms/slip.toml").read_text("utf-8")
    lines = section("Forms")
    assert {tuple(line.split()[1:3]) for line in lines} >= {
        ("form", name) for name in ("draft", "check", "show", "print")
    }
    for line in lines:
        words = shlex.split(line)[1:]
        if words[1] == "print":
            (tmp_path / "forms/bill.toml").write_text(bill, "utf-8")
        done = run_here(line, tmp_path)
        assert done.returncode == 0, (line, done.stderr)
        if words[1] == "draft":
            (tmp_path / "forms/slip.toml").write_text(named_as(tmp_path / "forms/slip.toml", slip), "utf-8")
    made, told = (load_forms([folder / "forms/slip.toml"])[0].pages[0] for folder in (tmp_path, ROOT / "samples"))
    assert [one.name for one in made.fields] == [one.name for one in told.fields]
    for one, other in zip(made.fields, told.fields, strict=True):
        assert one.cells == pytest.approx(other.cells, abs=1)
    assert all((tmp_path / name).exists() for name in ("forms/slip.draft.jpg", "forms/slip.show.jpg", "bill.pdf"))
    table_of_slips = (tmp_path / "out/forms/slip.csv").read_text("utf-8").splitlines()
    assert table_of_slips[0] == "file,page,date,amount,lowest_confidence,status"
    assert len(table_of_slips) == 5
    assert [len(page.fields) for page in parse_form(bill.encode(), tmp_path / "forms/bill.toml").pages] == [2, 1]


def section(name: str) -> list[str]:
    """Give the commands of one of the README's sections, in their order."""
    (text,) = re.findall(rf"^## {re.escape(name)}$.*?^## ", TEXT, re.DOTALL | re.MULTILINE)
    return re.findall(r"^ *(ocrbatch .*)$", text, re.MULTILINE)


def test_the_commands_that_score_and_calibrate_work_as_told(tmp_path: Path) -> None:
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    lines = section("How often it is wrong")
    assert {line.split()[1] for line in lines} == {"run", "score", "calibrate"}
    for line in lines:
        done = run_here(line, tmp_path)
        assert done.returncode == 0, (line, done.stderr)
    assert (tmp_path / "score.html").read_text("utf-8").startswith("<!doctype html>")
    assert "[card]" in (tmp_path / "checked/thresholds.toml").read_text("utf-8")


def test_the_amounts_are_read_as_told(tmp_path: Path) -> None:
    (tmp_path / "samples").symlink_to(ROOT / "samples")
    for line in section("Amounts and other free runs of digits"):
        done = run_here(line, tmp_path)
        assert done.returncode == 0, (line, done.stderr)
    read = fields_of(tmp_path / "amounts/results.csv")
    truth = fields_of(ROOT / "samples/amounts.csv")
    assert read.keys() == truth.keys()
    assert all(row["value"] == truth[key]["value"] for key, row in read.items() if row["status"] == "accepted")
    by_value = {row["value"]: row for row in read.values()}
    written = {amount.written: amount.value for amount in AMOUNTS}
    for text, value in table(TEXT, "written", "value"):
        assert written[text] == value
        assert value in by_value


def test_the_program_for_python_runs() -> None:
    (program,) = code_blocks("python")
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    *fields, first, second, third, digit = done.stdout.splitlines()
    assert [line.split()[0] for line in fields] == [row[0] for row in table(block("excerpt"), *SHOWN)]
    assert all(line.startswith("slip 0.9") and "'date': " in line for line in (first, second, third))
    assert digit.startswith("6 0.9")


def test_the_settings_are_such_as_the_program_takes(tmp_path: Path) -> None:
    (tmp_path / "ocrbatch.toml").write_text(code_blocks("toml")[0])
    settings = load_settings(tmp_path, typer.main.get_command(app))
    assert settings == {
        "run": {"output": "out", "form": ["forms"], "target_error": "0.1%"},
        "watch": {"output": "out"},
    }


def test_the_lines_that_start_a_job_by_themselves_are_commands_of_the_program() -> None:
    units = [line.split("=", 1)[1] for code in code_blocks("ini") for line in code.splitlines() if "ExecStart=" in line]
    (cron,) = (line for code in code_blocks() for line in code.splitlines() if line.startswith("0 3 * * * "))
    (task,) = (line for code in code_blocks() for line in code.splitlines() if line.startswith("schtasks "))
    lines = [*units, cron.removeprefix("0 3 * * * "), task.partition("/TR ")[2].strip('"').replace("\\", "/")]
    assert len(lines) == 4
    for line in lines:
        program, name, *words = shlex.split(line)
        assert program.removesuffix(".exe").endswith("/ocrbatch")
        command: Any = typer.main.get_command(app)
        command.commands[name].make_context(name, words)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_takes_the_service_and_the_timer(tmp_path: Path) -> None:
    names = ("ocrbatch.service", "ocrbatch.timer", "watch.service")
    for name, unit in zip(names, code_blocks("ini"), strict=True):
        (tmp_path / name).write_text(unit.replace("/opt/ocrbatch/bin/ocrbatch", "/bin/true"))
    told = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / name) for name in names)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    # It tells of other units of the machine too.
    assert [line for line in told.stderr.splitlines() if str(tmp_path) in line] == []
