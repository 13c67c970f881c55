import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ocrbatch.errors import FormError
from ocrbatch.form.store import LARGEST_FORM, load_forms, parse_form

FORM = (
    'name = "{}"\nwidth = 100\nheight = 50\n{}[[field]]\nname = "a"\nkind = "boxes"\nbox = [0, 0, 80, 20]\ncells = 8\n'
)


def form_file(folder: Path, name: str, form: str = "", keys: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(FORM.format(form or path.stem, keys), "utf-8")
    return path


def fault(*paths: Path) -> str:
    with pytest.raises(FormError) as caught:
        load_forms(paths)
    return str(caught.value)


def names(*paths: Path) -> list[str]:
    return [form.name for form in load_forms(paths)]


def test_a_folders_own_forms_are_read_in_order(tmp_path: Path) -> None:
    for name in ("b.toml", "a.toml", "C.TOML", "ocrbatch.toml", ".#a.toml", "a.toml~"):
        form_file(tmp_path, name)
    form_file(tmp_path / "below", "d.toml")
    assert names(tmp_path) == ["C", "a", "b"]
    assert names(tmp_path / "b.toml", tmp_path / "a.toml") == ["b", "a"]


def test_a_form_met_twice_counts_once(tmp_path: Path) -> None:
    path = form_file(tmp_path, "a.toml")
    (tmp_path / "link.toml").symlink_to(path)
    assert names(tmp_path, path, tmp_path) == ["a"]


def test_two_forms_of_one_name_are_told_whatever_its_case(tmp_path: Path) -> None:
    form_file(tmp_path, "a.toml", "Cheque")
    form_file(tmp_path, "b.toml", "cheque")
    told = fault(tmp_path)
    assert "a.toml" in told
    assert "b.toml" in told
    assert "own name" in told


def test_the_faults_of_several_files_are_told_together(tmp_path: Path) -> None:
    form_file(tmp_path, "a.toml", "auto")
    form_file(tmp_path, "b.toml", "whole")
    told = fault(tmp_path, tmp_path / "missing.toml").split("\n")
    assert [line.split(":")[0].split("/")[-1] for line in told] == ["a.toml, line 1", "b.toml, line 1", "missing.toml"]


def test_missing_paths_and_empty_folders_are_told(tmp_path: Path) -> None:
    assert "No such file" in fault(tmp_path / "x.toml")
    assert "has no form" in fault(tmp_path)
    assert "cannot be read" in fault(Path("a\0b"))


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "large"])
def test_what_is_no_regular_file_of_a_form_is_told_at_once(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.toml"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.write_bytes(b"#" * (LARGEST_FORM + 1))
    assert "a.toml: cannot be read" in fault(tmp_path)


def test_a_reference_is_read_from_the_forms_folder(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a b.png").write_bytes(b"picture")
    form_file(tmp_path, "a.toml", keys='reference = "pictures/a b.png"\n')
    (form,) = load_forms([tmp_path])
    assert form.pages[0].reference == b"picture"


def outside(folder: Path) -> str:
    (folder.parent / "secret").write_bytes(b"secret")
    return "../secret"


def inside_by_dots(folder: Path) -> str:
    (folder / "r.png").write_bytes(b"r")
    return f"../{folder.name}/r.png"


def absolute(folder: Path) -> str:
    (folder / "r.png").write_bytes(b"r")
    return str(folder / "r.png")


def link_out(folder: Path) -> str:
    (folder.parent / "secret").write_bytes(b"secret")
    (folder / "r.png").symlink_to(folder.parent / "secret")
    return "r.png"


def folder_link_out(folder: Path) -> str:
    outside(folder)
    (folder / "up").symlink_to(folder.parent)
    return "up/secret"


def beside_of_like_name(folder: Path) -> str:
    twin = folder.with_name(folder.name + "2")
    twin.mkdir()
    (twin / "r.png").write_bytes(b"r")
    (folder / "r.png").symlink_to(twin / "r.png")
    return "r.png"


def pipe(folder: Path) -> str:
    os.mkfifo(folder / "r.png")
    return "r.png"


def loop(folder: Path) -> str:
    (folder / "r.png").symlink_to("r.png")
    return "r.png"


def empty(folder: Path) -> str:
    (folder / "r.png").touch()
    return "r.png"


def large(folder: Path) -> str:
    with (folder / "r.png").open("wb") as file:
        file.truncate(100_000_001)
    return "r.png"


BAD_REFERENCES: list[Callable[[Path], str]] = [
    outside,
    inside_by_dots,
    absolute,
    link_out,
    folder_link_out,
    beside_of_like_name,
    pipe,
    loop,
    empty,
    large,
    lambda _: "missing.png",
    lambda _: ".",
    lambda _: "/dev/zero",
    lambda _: "n" * 5000,
    lambda _: "a\\u0000b",
    lambda _: "a\\nb",
]


@pytest.mark.parametrize("make", BAD_REFERENCES, ids=lambda make: make.__name__)
def test_a_reference_that_is_no_file_of_the_forms_folder_is_told(tmp_path: Path, make: Callable[[Path], str]) -> None:
    folder = tmp_path / "forms"
    folder.mkdir()
    told = fault(form_file(folder, "a.toml", keys=f'reference = "{make(folder)}"\n'))
    assert 'a.toml, line 4: key "reference": is ' in told
    assert "cannot be used" in told
    assert told.isprintable()


def test_the_hash_tells_files_and_pictures_apart(tmp_path: Path) -> None:
    (tmp_path / "r.png").write_bytes(b"picture")
    path = form_file(tmp_path, "a.toml", keys='reference = "r.png"\n')
    content = path.read_bytes()
    parts = [len(content).to_bytes(8, "big"), content, (7).to_bytes(8, "big"), b"picture"]
    assert load_forms([path])[0].sha256 == hashlib.sha256(b"".join(parts)).hexdigest()
    (tmp_path / "r.png").write_bytes(b"other")
    assert load_forms([path])[0].sha256 != hashlib.sha256(b"".join(parts)).hexdigest()


WORDS = """[[field]] [[page]] [[page.field]] [field] name= box= cells= cell_boxes= kind= width= height= dpi= reference=
    rules= blank= "boxes" "string" "a" '../a' 1 8 -3 1e400 nan [0,0,80,20] [[0,0,8,8]] [ ] { } # \"\"\" \\ """
PIECES = st.sampled_from([*WORDS.split(), "\n", "\r\n"])


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A valid form of which pieces are left out, doubled and put in."""
    text = FORM.format("form", draw(st.sampled_from(["", "dpi = 150\n", "blank = 3\n"])))
    for _ in range(draw(st.integers(1, 4))):
        start, length = draw(st.integers(0, len(text))), draw(st.integers(0, 12))
        text = text[:start] + draw(PIECES | st.text(max_size=3)) + text[start + length :]
    return text


TEXTS = st.text() | st.lists(PIECES).map("".join) | mutated()


@settings(max_examples=300, deadline=None)
@given(TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary())
@example(FORM.format("form", "").encode())
def test_any_content_gives_a_form_or_its_faults(content: bytes) -> None:
    try:
        form = parse_form(content, Path("/nowhere/a.toml"))
    except FormError as error:
        lines = str(error).split("\n")
        assert all(line.startswith("/nowhere/a.toml") and line.isprintable() for line in lines)
        assert 1 <= len(lines) <= 11
    else:
        assert any(page.fields for page in form.pages)
