from pathlib import Path

import pypdfium2
import pytest

from ocrbatch.form.store import load_forms
from tests.commands.conftest import Command

FORM = """\
name = "delivery_note"
width = 1240
height = 874
dpi = 150
{reference}
[[field]]
name = "date"
kind = "boxes"
box = [120, 200, 280, 42]
cells = 8

[[field]]
name = "paid"
kind = "mark"
box = [600, 200, 30, 30]
"""
NAMED = 'reference = "note.png"\n'


@pytest.fixture
def form(tmp_path: Path) -> Path:
    path = tmp_path / "note.toml"
    path.write_text(FORM.format(reference=NAMED))
    return path


def test_the_pdf_and_the_missing_reference_are_written(command: Command, form: Path) -> None:
    out = form.with_suffix(".pdf")
    answer = command("form", "print", form, "-o", out)
    assert (answer.code, answer.out) == (0, "")
    assert "1 page of 210×148 mm" in answer.err
    document = pypdfium2.PdfDocument(out.read_bytes())
    assert document.get_page_size(0) == pytest.approx((1240 / 150 * 72, 874 / 150 * 72), abs=0.01)
    document.close()
    (loaded,) = load_forms([form])
    assert loaded.pages[0].reference == (form.parent / "note.png").read_bytes()


def test_a_form_without_a_reference_is_told_the_line_to_add(command: Command, form: Path) -> None:
    form.write_text(FORM.format(reference=""))
    answer = command("form", "print", form, "-o", form.with_suffix(".pdf"))
    assert answer.code == 0
    assert 'above the first [[field]]: reference = "note.png"' in answer.err
    form.write_text(FORM.format(reference=NAMED))
    assert load_forms([form])[0].pages[0].reference


def test_each_page_of_several_is_told_its_line(command: Command, form: Path) -> None:
    page = '[[page]]\nwidth = 1240\nheight = 874\ndpi = 150\n[[page.field]]\nname = "{}"\nkind = "mark"\n'
    box = "box = [600, 200, 30, 30]\n"
    form.write_text('name = "two"\n' + page.format("a") + box + page.format("b") + box)
    answer = command("form", "print", form, "-o", form.with_suffix(".pdf"))
    assert "2 pages of 210×148 mm" in answer.err
    assert 'below [[page]] number 2: reference = "note-2.png"' in answer.err
    assert (form.parent / "note-1.png").exists()


def test_a_reference_that_is_there_is_kept_unless_forced(command: Command, form: Path) -> None:
    picture, out = form.parent / "note.png", form.with_suffix(".pdf")
    picture.write_bytes(b"a scan")
    kept = command("form", "print", form, "-o", out)
    assert "note.png: kept" in kept.err
    assert picture.read_bytes() == b"a scan"
    assert command("form", "print", form, "-o", out, "--force").code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "kept" not in command("form", "print", form, "-o", out).err


def test_a_strangers_picture_is_not_proposed_as_reference(command: Command, form: Path) -> None:
    form.write_text(FORM.format(reference=""))
    (form.parent / "note.png").write_bytes(b"a holiday")
    answer = command("form", "print", form, "-o", form.with_suffix(".pdf"))
    assert "add this line" not in answer.err


@pytest.mark.parametrize("name", ["../note.png", "/tmp/note.png", "note.jpg", "link/note.png"])
def test_a_reference_is_written_beside_the_form_only(command: Command, form: Path, name: str) -> None:
    (form.parent / "in").mkdir()
    (form.parent / "in" / "link").symlink_to(form.parent)
    inner = form.rename(form.parent / "in" / "note.toml")
    inner.write_text(FORM.format(reference=f'reference = "{name}"\n'))
    answer = command("form", "print", inner, "-o", inner.with_suffix(".pdf"))
    assert answer.code == 8
    assert name in answer.err
    assert not list(form.parent.rglob("*.png")) + list(form.parent.rglob("*.jpg")) + list(form.parent.rglob("*.pdf"))


@pytest.mark.parametrize("name", ["note.toml", "note.png"])
def test_the_forms_own_files_are_not_written_over(command: Command, form: Path, name: str) -> None:
    before = form.read_bytes()
    answer = command("form", "print", form, "-o", form.parent / name)
    assert answer.code == 2
    assert form.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name = ", "line 1"),
        (FORM.format(reference="").replace("dpi = 150\n", ""), "dpi = 300"),
        (FORM.format(reference="").replace("[600, 200, 30, 30]", "[60, 60, 30, 30]"), "paid"),
        (FORM.format(reference="colour = 3\n"), "colour"),
        ("a" * 2_000_000, "1 MB"),
    ],
)
def test_what_is_wrong_with_a_form_is_said(command: Command, form: Path, text: str, told: str) -> None:
    form.write_text(text)
    answer = command("form", "print", form, "-o", form.with_suffix(".pdf"))
    assert answer.code == 8
    assert told in answer.err
    assert not form.with_suffix(".pdf").exists()


def test_a_folder_or_a_missing_file_is_no_form(command: Command, form: Path) -> None:
    assert command("form", "print", form.parent, "-o", form.with_suffix(".pdf")).code == 8
    assert command("form", "print", form.parent / "none.toml", "-o", form.with_suffix(".pdf")).code == 8


def test_a_place_that_cannot_be_written_is_said(command: Command, form: Path) -> None:
    answer = command("form", "print", form, "-o", form / "note.pdf")
    assert answer.code == 5
