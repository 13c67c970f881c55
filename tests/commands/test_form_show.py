import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from ocrbatch.page import register as stage
from ocrbatch.page.registration import index
from ocrbatch.records import FieldPlace, Page, RegisteredPage, read_only
from tests.commands.conftest import SAMPLES, Command

SLIP = SAMPLES / "slip-green.jpg"
FORM = """\
name = "slip"
width = 1480
height = 677
dpi = 200

[[field]]
name = "date"
kind = "boxes"
box = [980, 100, 430, 62]
cells = 8
"""


@pytest.fixture
def form(tmp_path: Path) -> Path:
    path = tmp_path / "slip.toml"
    path.write_text(FORM)
    return path


def register_as(monkeypatch: pytest.MonkeyPatch, problem: str, form: str = "slip") -> None:
    """Let every page be found, or not found, with a score of 0.429."""
    cells = read_only(np.array([[[50, 50], [150, 50], [150, 90], [50, 90]]], np.float32))

    def found(page: Page, forms: object, *, guess: bool) -> RegisteredPage:
        assert guess
        places = (FieldPlace("date", "boxes", cells),) if form else ()
        return RegisteredPage(page, form, places, 0.429, 0.0, problem=problem)

    monkeypatch.setattr(stage, "register", found)
    monkeypatch.setattr(index, "index_forms", tuple)


def opened(path: Path) -> npt.NDArray[np.uint8]:
    picture = Image.open(io.BytesIO(path.read_bytes()))
    assert picture.format == "JPEG"
    return np.asarray(picture.convert("RGB"))


def test_a_form_is_drawn_beside_its_file(command: Command, form: Path) -> None:
    answer = command("form", "show", form)
    picture = form.with_name("slip.show.jpg")
    assert (answer.code, answer.out) == (0, f"{picture}\n")
    assert len(np.unique(opened(picture).reshape(-1, 3), axis=0)) > 10


def test_a_scan_is_drawn_with_the_score(command: Command, form: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    register_as(monkeypatch, "")
    out = form.with_name("seen.jpg")
    answer = command("form", "show", form, SLIP, "-o", out)
    assert (answer.code, answer.out) == (0, f"{out}\n")
    assert "registration 0.42" in answer.err
    opened(out)


@pytest.mark.parametrize(
    ("problem", "found", "told"),
    [("unknown form", "", "looks like none"), ("not registered", "slip", "looks like page 1 of slip")],
)
def test_a_scan_that_is_not_registered_is_told(
    command: Command, form: Path, monkeypatch: pytest.MonkeyPatch, problem: str, found: str, told: str
) -> None:
    register_as(monkeypatch, problem, found)
    picture = form.with_name("slip.show.jpg")
    picture.write_text("an older picture")
    answer = command("form", "show", form, SLIP)
    assert (answer.code, answer.out) == (3, f"{picture}\n" if found else "")
    assert problem in answer.err
    assert told in answer.err
    assert "0.42" in answer.err
    # A stranger has no picture, and no older one is left to be taken for it; a doubtful page shows its doubt.
    assert picture.exists() == bool(found)
    if found:
        opened(picture)


def test_a_draft_is_found_on_its_own_scan(command: Command, tmp_path: Path) -> None:
    form = tmp_path / "slip.toml"
    assert command("form", "draft", SLIP, "-o", form).code == 0
    assert command("form", "show", form, SLIP).code == 0
    assert command("form", "show", form, SAMPLES / "tally-dotted.png").code == 3


def test_one_of_several_forms_must_be_named_unless_a_scan_tells(command: Command, form: Path) -> None:
    form.with_name("other.toml").write_text(FORM.replace('"slip"', '"other"'))
    answer = command("form", "show", form.parent)
    assert answer.code == 2
    assert "2 forms" in answer.err


def test_the_scan_is_never_written_over(command: Command, form: Path) -> None:
    scan = form.with_name("scan.jpg")
    scan.write_bytes(SLIP.read_bytes())
    assert command("form", "show", form, scan, "-o", scan).code == 2
    assert scan.read_bytes() == SLIP.read_bytes()


@pytest.mark.parametrize("more", [("-o", "picture.png"), ("--page", "2"), ("missing.jpg",)])
def test_what_cannot_be_shown_is_told(command: Command, form: Path, more: tuple[str, ...]) -> None:
    answer = command("form", "show", form, *more)
    assert answer.code in (2, 4)
    assert answer.out == ""
    assert answer.err
