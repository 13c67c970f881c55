import stat
from pathlib import Path

import pytest

from ocrbatch.form.store import load_forms
from tests.commands.conftest import SAMPLES, Command
from tests.helpers.pictures import saved, written_page

CARD = SAMPLES / "card-grey.png"
SLIP = SAMPLES / "slip-green.jpg"


def test_a_form_its_reference_and_its_picture_are_written(command: Command, tmp_path: Path) -> None:
    out = tmp_path / "new" / "slip.toml"
    answer = command("form", "draft", SLIP, "-o", out)
    assert answer.code == 0
    (form,) = load_forms([out])
    assert form.name == "slip"
    assert [(field.name, len(field.cells)) for field in form.pages[0].fields] == [("top_right", 8), ("middle_right", 6)]
    assert form.pages[0].reference == out.with_suffix(".png").read_bytes()
    assert {path.name for path in out.parent.iterdir()} == {"slip.toml", "slip.png", "slip.draft.jpg"}
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in out.parent.iterdir())


def test_what_was_found_is_told_and_what_to_do_next(command: Command, tmp_path: Path) -> None:
    answer = command("form", "draft", SLIP, "-o", tmp_path / "slip.toml")
    assert "top_right" in answer.out
    assert "4 of 6" in answer.out
    assert "form check" in answer.err
    assert "form show" in answer.err


def test_an_older_draft_is_written_over_by_force_alone(command: Command, tmp_path: Path) -> None:
    out = tmp_path / "slip.toml"
    out.write_text("names that somebody edited")
    refused = command("form", "draft", SLIP, "-o", out)
    assert refused.code == 5
    assert "--force" in refused.err
    assert out.read_text() == "names that somebody edited"
    assert command("form", "draft", SLIP, "-o", out, "--force", "--name", "payment").code == 0
    assert load_forms([out])[0].name == "payment"


def test_a_scan_is_never_written_over(command: Command, tmp_path: Path) -> None:
    scan = tmp_path / "card.png"
    scan.write_bytes(CARD.read_bytes())
    refused = command("form", "draft", scan, "-o", tmp_path / "card.toml", "--force")
    assert refused.code == 5
    assert scan.read_bytes() == CARD.read_bytes()


def test_a_page_of_several_is_drafted(command: Command, tmp_path: Path) -> None:
    out = tmp_path / "slip.toml"
    assert command("form", "draft", SAMPLES / "slips.pdf", "-o", out, "--page", 2).code == 0
    assert load_forms([out])[0].pages[0].number == 1
    beyond = command("form", "draft", SAMPLES / "slips.pdf", "-o", tmp_path / "other.toml", "--page", 9)
    assert beyond.code == 2
    assert "3 pages" in beyond.err


def test_the_dpi_given_is_the_forms(command: Command, tmp_path: Path) -> None:
    out = tmp_path / "slip.toml"
    assert command("form", "draft", SLIP, "-o", out, "--dpi", 250).code == 0
    assert load_forms([out])[0].pages[0].dpi == 250


@pytest.mark.parametrize(
    ("scan", "out", "more", "code"),
    [
        ("slip.jpg", "form.yaml", (), 2),
        ("slip.jpg", "form.toml", ("--name", "a/b"), 8),
        ("missing.jpg", "form.toml", (), 4),
        ("notes.txt", "form.toml", (), 4),
        ("bare.png", "form.toml", (), 4),
        ("slip.jpg", "notes.txt/form.toml", (), 5),
    ],
)
def test_what_cannot_be_drafted_is_told_and_leaves_nothing(
    command: Command, tmp_path: Path, scan: str, out: str, more: tuple[str, ...], code: int
) -> None:
    (tmp_path / "slip.jpg").write_bytes(SLIP.read_bytes())
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "bare.png").write_bytes(saved(written_page() // 255 + 240, "PNG"))
    before = sorted(tmp_path.rglob("*"))
    answer = command("form", "draft", tmp_path / scan, "-o", tmp_path / out, *more)
    assert (answer.code, answer.out) == (code, "")
    assert answer.err.startswith("Error: ")
    assert sorted(tmp_path.rglob("*")) == before
