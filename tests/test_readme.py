"""The README tells the truth: its commands, its tables, its excerpt, its picture and its program."""

import csv
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import typer

from ocrbatch.commands.app import app
from ocrbatch.errors import ExitCode
from ocrbatch.output.tables import RESULT_COLUMNS
from ocrbatch.records import PageStatus, Status
from tests.helpers.readme import (
    PICTURE,
    README,
    ROOT,
    SETS,
    SHOWN,
    block,
    code_blocks,
    excerpt,
    run_samples,
    shown_file,
    table,
)
from tests.real.digits import ACCURACY, TAKEN
from tests.real.measure import ASKED

TEXT = README.read_text("utf-8")
SHELL = [line for code in code_blocks() for line in code.splitlines()]
PARTS = [part.strip() for line in SHELL for part in re.split(r"&&|\|", line)]
COMMANDS = [part for part in PARTS if part.removeprefix(".venv/bin/").startswith("ocrbatch ")]
INSTALLS = [part for part in PARTS if " install " in f" {part} "]


def parse(command: Any, words: list[str]) -> None:
    """Parse a command line as the program does, without running it."""
    context = command.make_context(command.name, words, resilient_parsing=False)
    assert not context.args


def fields_of(path: Path) -> dict[tuple[str, str, str], dict[str, str]]:
    rows = csv.DictReader(path.read_text("utf-8").splitlines())
    return {(row["file"], row["page"], row["field"]): row for row in rows}


@pytest.fixture(scope="module")
def samples_job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_samples(tmp_path_factory.mktemp("readme") / "out")


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_has_the_options_it_is_given(line: str) -> None:
    words = shlex.split(line)[1:]
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    parse(command, words)


def test_every_command_of_the_program_is_shown() -> None:
    group: Any = typer.main.get_command(app)
    shown = {tuple(shlex.split(line)[1:3]) for line in COMMANDS}
    for name, command in group.commands.items():
        for inner in getattr(command, "commands", [None]):
            assert any(words[0] == name and inner in (None, words[-1]) for words in shown), (name, inner)


def test_the_samples_that_commands_name_exist() -> None:
    named = set(re.findall(r"samples(?:/[\w.-]+)?", " ".join(PARTS)))
    assert named
    assert all((ROOT / name).exists() for name in named)


def test_the_extras_that_are_installed_exist() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    asked = {name for line in INSTALLS for found in re.findall(r"\[([\w,]+)\]", line) for name in found.split(",")}
    assert asked == {"dev", "train"}
    assert asked <= extras.keys()


def test_the_table_of_exit_codes_is_the_programs() -> None:
    told = [(int(code), name) for code, name, _ in table(TEXT, "code", "name")]
    assert told == [(code.value, code.name) for code in ExitCode]


def test_the_tables_of_columns_and_statuses_are_the_programs() -> None:
    assert [row[0] for row in table(TEXT, "column", "meaning")] == RESULT_COLUMNS
    assert [row[0] for row in table(TEXT, "status", "meaning")] == [status.value for status in Status]
    assert [row[0] for row in table(TEXT, "page", "meaning")] == [status.value for status in PageStatus]


def test_the_table_of_options_is_the_programs() -> None:
    group: Any = typer.main.get_command(app)
    told = [set(row[0].split(", ")) for row in table(TEXT, "option")]
    has = [set(param.opts) for param in group.commands["run"].params if param.param_type_name == "option"]
    assert sorted(map(sorted, told)) == sorted(sorted(opts) for opts in has if "--help" not in opts)


def test_the_excerpt_is_what_the_program_reads(samples_job: Path) -> None:
    told, read = table(block("excerpt"), *SHOWN), excerpt(samples_job / "results.csv")
    place = SHOWN.index("confidence")
    # The last place of a probability may differ from one processor to another.
    assert [float(row.pop(place)) for row in told] == pytest.approx([float(row.pop(place)) for row in read], abs=0.02)
    assert told == read, "renew it: python -m tests.helpers.readme"


def test_the_samples_have_the_fields_of_their_truth_and_none_is_accepted_that_is_wrong(samples_job: Path) -> None:
    truth, read = fields_of(ROOT / "samples/truth.csv"), fields_of(samples_job / "results.csv")
    assert read.keys() == truth.keys()
    accepted = {key: row["value"] for key, row in read.items() if row["status"] in ("accepted", "blank")}
    assert len(accepted) > len(truth) / 3
    assert accepted == {key: truth[key]["value"] for key in accepted}


def test_the_picture_is_what_the_program_draws(samples_job: Path) -> None:
    drawn = (samples_job / "overlays" / f"{shown_file()}.p1.jpg").read_bytes()
    shown, fresh = (cv2.imdecode(np.frombuffer(data, np.uint8), 1) for data in (PICTURE.read_bytes(), drawn))
    assert PICTURE.stat().st_size <= 200 * 1024
    assert shown.shape == fresh.shape
    differing = (cv2.absdiff(shown, fresh).max(axis=2) > 60).mean()
    assert differing < 0.0005, "renew it: python -m tests.helpers.readme"


def test_the_measures_of_real_pages_are_those_that_are_taken() -> None:
    told = [(row[0], row[1]) for row in table(block("measured on real pages"), "pages", "what")]
    assert told == [(SETS[name], what) for name, asked in ASKED.items() for what in asked]


def test_the_measures_of_real_digits_are_those_that_are_taken() -> None:
    told = [(row[0], row[1]) for row in table(block("measured on real digits"), "set", "what")]
    clean = [("mnist+usps", what) for what in ("calibration error", "lost from float to int8")]
    taken = [("non-digits", f"taken at 0.9: {what}") for what in TAKEN]
    assert told == [*((name, "digits read right") for name in ACCURACY), *taken, *clean]


def test_the_program_for_python_runs() -> None:
    (program,) = code_blocks("python")
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    fields, digit = done.stdout.splitlines()[:-1], done.stdout.splitlines()[-1]
    assert [line.split()[0] for line in fields] == [row[0] for row in table(block("excerpt"), *SHOWN)]
    assert digit.startswith("6 0.9")


def test_the_links_of_the_readme_lead_to_files() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert links
    assert all((ROOT / link).exists() for link in links if "://" not in link)
