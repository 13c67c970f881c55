import os
import socket
from pathlib import Path

import pytest

from ocrbatch.errors import InputError, UsageError
from ocrbatch.job.sources import list_sources
from tests.job.fakes import folder_of

OUT = Path("/nowhere/out")


def names(*inputs: Path) -> list[str]:
    return [source.name for source in list_sources(inputs, OUT)]


def reasons(*inputs: Path) -> dict[str, str]:
    return {source.name: source.skipped for source in list_sources(inputs, OUT)}


def test_a_folder_is_walked_and_sorted_by_the_bytes_of_its_names(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"b/a.png": "", "b.png": "", "a.TIF": "", "ä.pdf": "", "B/z.jpg": "", "scan": ""})
    assert names(folder) == ["B/z.jpg", "a.TIF", "b.png", "b/a.png", "scan", "ä.pdf"]


def test_hidden_files_are_passed_over_and_others_are_listed_with_the_reason(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {".hidden.png": "", ".cache/a.png": "", "Thumbs.db": "", "notes.txt": "", "a.png": ""})
    ending = "not a picture by its ending"
    assert reasons(folder) == {"Thumbs.db": ending, "a.png": "", "notes.txt": ending}


def test_a_file_that_is_named_itself_is_read_whatever_its_ending(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"scan.dat": ""})
    assert reasons(folder / "scan.dat") == {"scan.dat": ""}


def test_what_is_no_regular_file_is_never_read(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"a.png": "", "sub/b.png": ""})
    outside = tmp_path / "outside.png"
    outside.write_text("")
    os.mkfifo(folder / "pipe.png")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(os.fspath(folder / "socket.png"))
    (folder / "folder.png").mkdir()
    (folder / "out.png").symlink_to(outside)
    (folder / "within.png").symlink_to("a.png")
    (folder / "dangling.png").symlink_to("missing.png")
    (folder / "loop.png").symlink_to("loop2.png")
    (folder / "loop2.png").symlink_to("loop.png")
    (folder / "again").symlink_to("sub")
    (folder / "sub/up").symlink_to("..")
    found = reasons(folder)
    assert {name for name, reason in found.items() if not reason} == {"a.png", "sub/b.png", "within.png"}
    assert found["pipe.png"] == "not a file but a pipe"
    assert found["socket.png"] == "not a file but a socket"
    assert found["out.png"] == "link out of the folder"
    assert found["dangling.png"].startswith("broken link")
    assert found["loop.png"].startswith("broken link")
    assert found["again"] == found["sub/up"] == "link to a folder"
    assert "folder.png" not in found


def test_a_name_that_is_no_utf8_keeps_its_bytes(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"a.png": ""})
    path = os.fsencode(folder) + b"/\xff\n.png"
    os.close(os.open(path, os.O_CREAT))
    (_, odd) = list_sources([folder], OUT)
    assert os.fsencode(odd.name) == b"\xff\n.png"
    assert not odd.skipped


def test_a_missing_input_says_which(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing-here"):
        list_sources([tmp_path / "nothing-here"], OUT)


@pytest.mark.parametrize("output", ["in", "in/out", "in/sub/out", "in/../in/out"])
def test_an_output_inside_the_input_is_refused(tmp_path: Path, output: str) -> None:
    folder = folder_of(tmp_path, {"sub/a.png": ""})
    with pytest.raises(UsageError, match="inside the input"):
        list_sources([folder], tmp_path / output)


def test_an_output_that_is_a_link_into_the_input_is_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"sub/a.png": ""})
    (tmp_path / "out").symlink_to(folder / "sub")
    with pytest.raises(UsageError):
        list_sources([folder], tmp_path / "out")


def test_inputs_that_overlap_give_each_file_once(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"a.png": "", "sub/b.png": ""})
    assert names(folder, folder / "sub", folder / "a.png") == ["a.png", "sub/b.png"]


def test_files_of_one_name_are_told_apart_by_their_input(tmp_path: Path) -> None:
    one, two = folder_of(tmp_path / "one", {"a.png": ""}), folder_of(tmp_path / "two", {"a.png": ""})
    two = two.rename(tmp_path / "second")
    found = [(source.name, source.path) for source in list_sources([one, two], OUT)]
    assert found == [("a.png", one / "a.png"), ("second/a.png", two / "a.png")]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_cannot_be_listed_is_named(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"a.png": "", "closed/b.png": ""})
    (folder / "closed").chmod(0)
    try:
        assert "not readable" in reasons(folder)["closed/"]
    finally:
        (folder / "closed").chmod(0o700)
