from pathlib import Path

import pytest

from tests.commands.conftest import SAMPLES, Command

SMALL = """\
name = "slip"
width = 1480
height = 677
dpi = 200

[[field]]
name = "date"
kind = "boxes"
box = [980, 100, 160, 20]
cells = 8
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "slip.toml"
    path.write_text(SMALL)
    return path


def test_a_form_that_was_drafted_has_no_faults(command: Command, tmp_path: Path) -> None:
    form = tmp_path / "slip.toml"
    command("form", "draft", SAMPLES / "slip-green.jpg", "-o", form)
    answer = command("form", "check", form, "--strict")
    assert (answer.code, answer.out) == (0, "no faults found\n")


def test_warnings_are_shown_with_their_mend(command: Command, small: Path) -> None:
    answer = command("form", "check", small)
    assert (answer.code, answer.err) == (0, "")
    assert "its cells are small (2.5 mm)" in answer.out
    assert "5 mm" in answer.out
    assert "no reference picture" in answer.out


def test_strict_refuses_warnings(command: Command, small: Path) -> None:
    assert command("form", "check", small, "--strict").code == 8


def test_an_invalid_form_is_refused_with_its_line(command: Command, small: Path) -> None:
    broken = small.with_name("broken.toml")
    broken.write_text(SMALL.replace("cells = 8", "cell = 8"))
    answer = command("form", "check", small, broken)
    assert (answer.code, answer.out) == (8, "")
    assert "broken.toml, line " in answer.err


def test_two_forms_of_one_name_are_refused(command: Command, small: Path) -> None:
    small.with_name("again.toml").write_text(SMALL)
    answer = command("form", "check", small.parent)
    assert answer.code == 8
    assert "again.toml" in answer.err


def test_a_missing_form_is_told(command: Command, tmp_path: Path) -> None:
    answer = command("form", "check", tmp_path / "none.toml")
    assert answer.code != 0
    assert "none.toml" in answer.err
