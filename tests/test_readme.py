"""The README tells the truth: its commands, its tables, its excerpt, its picture and its program."""

import ast
import csv
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import typer
from PIL import Image

from ocrbatch.commands.app import app
from ocrbatch.errors import ExitCode
from ocrbatch.form import rules
from ocrbatch.form.documents import with_missing_pages
from ocrbatch.form.rules.checkdigits import MODULES
from ocrbatch.form.schema import FieldTable, ManyPagesTable, OnePageTable
from ocrbatch.form.template import Blank, Kind
from ocrbatch.job.corrected import CORRECTED, NOT_READABLE, SENT_TO_REVIEW
from ocrbatch.job.engines import DIED, TIMED_OUT
from ocrbatch.job.opened import STILL_WRITTEN
from ocrbatch.job.worker import OUT_OF_MEMORY
from ocrbatch.output.rows import RESULT_COLUMNS
from ocrbatch.page import strokes
from ocrbatch.page.register import MIN_SCORE, NOT_REGISTERED, UNKNOWN_FORM
from ocrbatch.page.whole import NO_BOXES, NO_PAPER
from ocrbatch.quality.bounds import needed
from ocrbatch.quality.compare import Compared
from ocrbatch.records import PageResult, PageStatus, Status
from tests.form.values import a_form
from tests.helpers.readme import (
    FORM_PICTURE,
    PICTURE,
    README,
    ROOT,
    SETS,
    SHOWN,
    block,
    code_blocks,
    excerpt,
    fields_of,
    run_samples,
    show_form,
    shown_file,
    table,
)
from tests.real.digits import ACCURACY, TAKEN
from tests.real.field_figures import PARTS as FIELD_SETS
from tests.real.field_figures import figures
from tests.real.field_sets import SCRIBBLE
from tests.real.measure import ASKED

TEXT = README.read_text("utf-8")
SHELL = [line for code in code_blocks() for line in code.splitlines()]
PARTS = [part.strip() for line in SHELL for part in re.split(r"&&|\|", line)]
COMMANDS = [part for part in PARTS if part.removeprefix(".venv/bin/").startswith("ocrbatch ")]
RAISED = re.compile(r'DecodeError\("([a-z ]+)"')
PROBLEMS = (UNKNOWN_FORM, NOT_REGISTERED, NO_BOXES, NO_PAPER)
INSTALLS = [part for part in PARTS if " install " in f" {part} "]


def parse(command: Any, words: list[str]) -> None:
    """Parse a command line as the program does, without running it."""
    context = command.make_context(command.name, words, resilient_parsing=False)
    assert not context.args


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
    named = set(re.findall(r"samples(?:/[\w.-]+)*", " ".join(PARTS)))
    assert named
    assert all((ROOT / name).exists() for name in named)


def test_the_extras_that_are_installed_exist() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    asked = {name for line in INSTALLS for found in re.findall(r"\[([\w,]+)\]", line) for name in found.split(",")}
    assert asked == {"dask", "dev", "remote", "review", "train"}
    assert asked <= extras.keys()


def test_what_the_check_calls_from_the_readme_stands_there() -> None:
    called = re.findall(r"""\$\(readme (?:'([^']+)'|"([^"]+)")\)""", (ROOT / ".ci/run").read_text("utf-8"))
    assert len(called) == 2
    for one, other in called:
        assert any(line.startswith(one or other) for line in TEXT.splitlines())


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


def assert_same_picture(path: Path, drawn: Path) -> None:
    shown, fresh = (np.asarray(Image.open(one)) for one in (path, drawn))
    assert path.stat().st_size <= 200 * 1024
    assert shown.shape == fresh.shape
    differing = (cv2.absdiff(shown, fresh).max(axis=2) > 60).mean()
    assert differing < 0.0005, "renew it: python -m tests.helpers.readme"


def test_the_picture_is_what_the_program_draws(samples_job: Path) -> None:
    assert_same_picture(PICTURE, samples_job / "overlays" / f"{shown_file()}.p1.jpg")


def test_the_picture_of_a_form_is_what_the_program_draws(tmp_path: Path) -> None:
    assert_same_picture(FORM_PICTURE, show_form(tmp_path / "form.jpg"))


def test_the_tables_of_keys_and_kinds_are_those_of_a_forms_file() -> None:
    keys = set().union(*(model.model_fields for model in (FieldTable, OnePageTable, ManyPagesTable)))
    told = table(TEXT, "key")
    assert sorted(row[0] for row in told) == sorted(keys)
    (blank,) = (row[1] for row in told if row[0] == "blank")
    assert all(one.value in blank for one in Blank)
    assert [row[0] for row in table(TEXT, "kind", "value")] == [kind.value for kind in Kind]


def test_the_table_of_reasons_is_the_programs() -> None:
    folder, words = ROOT / "ocrbatch/page", set()
    sources = [path.read_text("utf-8") for part in (folder, folder / "strings") for path in part.glob("*.py")]
    for source in sources:
        for line in ast.parse(source).body:
            value = getattr(line, "value", None)
            if isinstance(line, ast.Assign) and isinstance(value, ast.Constant) and isinstance(value.value, str):
                words.add(value.value)
    named = {word for word in words if re.fullmatch(r"[a-z]+( [a-z'-]+)+", word)} - {*PROBLEMS, "struck out"}
    in_cells = {"low confidence", "several digits", "not a digit"}
    assert all(re.search(rf'"{word}( in|")', "".join(sources)) for word in in_cells)
    by_people = {CORRECTED, NOT_READABLE, SENT_TO_REVIEW}
    by_rules = {"changed by", "breaks", "not checked"}
    assert all(re.search(rf'f"[^"]*{word}', "".join(sources)) for word in by_rules)
    assert {row[0] for row in table(TEXT, "reason", "meaning")} == named | in_cells | by_rules | by_people


def test_the_table_of_rules_has_them_all_and_its_examples_keep_and_break_them() -> None:
    rows = table(TEXT, "rule", "the value")
    assert {row[0].split()[0] for row in rows} >= set(rules.SHOWN)
    for text, _, kept, broken in rows:
        if not text.startswith("one-of"):
            rule = rules.parse_rule(text, load=lambda name: b"")
            assert not kept or rule.others or (rule.allows(kept) and not rule.allows(broken)), text


def test_the_check_digits_that_are_told_are_the_programs() -> None:
    (told,) = re.findall(r"^Check digits are .*?\n\n", TEXT, re.DOTALL | re.MULTILINE)
    assert {*re.findall(r"`([\w.]+)`", told)} == {*MODULES}


def test_the_reasons_of_the_samples_are_in_the_table(samples_job: Path) -> None:
    told = {row[0] for row in table(TEXT, "reason", "meaning")}
    with (samples_job / "results.csv").open(encoding="utf-8", newline="") as file:
        found = {
            re.sub(r" in cells? .*", "", word) for row in csv.DictReader(file) for word in row["reasons"].split(";")
        }
    assert found - {""} <= told


def test_the_table_of_the_pages_reasons_is_the_programs() -> None:
    bill = a_form("bill", ("customer",), ("paid",))

    def reasons(*numbers: int) -> set[str]:
        pages = [
            PageResult(i, "bill", PageStatus.READ, "", 1.0, 0.0, (), number) for i, number in enumerate(numbers, 1)
        ]
        return {page.reason for page in with_missing_pages(pages, [bill])} - {""}

    wanted = {*PROBLEMS} | reasons(1) | reasons(1, 2, 2, 1)
    assert {row[0] for row in table(TEXT, "page's reason")} == wanted
    assert f"Below {MIN_SCORE} a page is not read" in TEXT


def test_the_reasons_why_a_page_gave_nothing_are_the_programs() -> None:
    told = [row[0] for row in table(TEXT, "no reading", "meaning")]
    codes = {code for path in (ROOT / "ocrbatch/page").rglob("*.py") for code in RAISED.findall(path.read_text())}
    of_jobs = {TIMED_OUT, DIED, OUT_OF_MEMORY, STILL_WRITTEN, "vanished", "unreadable", "internal error"}
    assert sorted(told) == sorted(codes | of_jobs)


def test_the_marks_that_are_told_are_those_that_are_read() -> None:
    (told,) = (row[1] for row in table(TEXT, "kind", "value") if row[0] == "mark")
    assert told.startswith(f"{strokes.TICKED}, {strokes.CROSSED} or {strokes.STRUCK_OUT};")


def test_the_numbers_of_fields_that_prove_an_error_are_the_programs() -> None:
    for what, *told in table(TEXT, "to prove at 95 %"):
        (percent,) = re.findall(r"at most ([\d.]+) %", what)
        assert [int(number) for number in told] == [needed(float(percent) / 100, 0.95, wrong) for wrong in range(3)]


def test_the_measures_of_real_pages_are_those_that_are_taken() -> None:
    told = [(row[0], row[1]) for row in table(block("measured on real pages"), "pages", "what")]
    assert told == [(SETS[name], what) for name, asked in ASKED.items() for what in asked]


def test_the_measures_of_fields_are_those_that_are_taken() -> None:
    told = [(row[0], row[1]) for row in table(block("measured fields"), "pages", "what")]
    struck_out = Compared("", 1, "", "", SCRIBBLE, "", "")
    lines = figures({name: [struck_out] if name == "marksheet" else [] for name in FIELD_SETS})
    assert told == [(line.set, line.what) for line in lines]


def test_the_measures_of_real_digits_are_those_that_are_taken() -> None:
    told = [(row[0], row[1]) for row in table(block("measured on real digits"), "set", "what")]
    clean = [("mnist+usps", what) for what in ("calibration error", "lost from float to int8")]
    taken = [("non-digits", f"taken at 0.9: {what}") for what in TAKEN]
    assert told == [*((name, "digits read right") for name in ACCURACY), *taken, *clean]


def test_the_readmes_links_to_its_own_sections_lead_there() -> None:
    headings = re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", TEXT)) <= anchors


def test_the_links_of_the_readme_lead_to_files() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert links
    assert all((ROOT / link).exists() for link in links if "://" not in link)
