import hashlib
import os
from pathlib import Path
from typing import BinaryIO

import pytest

from ocrbatch.job import opened
from ocrbatch.job.opened import content_sum, open_source
from ocrbatch.job.sources import Source, list_sources
from ocrbatch.records import PageFailure
from tests.job.fakes import folder_of


def listed(place: Path, content: str = "abc") -> Source:
    (source,) = list_sources([folder_of(place, {"a.png": content})], place / "out")
    return source


def test_a_file_is_opened_with_its_size_its_time_and_its_sum(tmp_path: Path) -> None:
    source = listed(tmp_path)
    file = open_source(source)
    status = source.path.stat()
    assert (file.data, file.size, file.mtime_ns) == (b"abc", 3, status.st_mtime_ns)
    assert file.sha256 == hashlib.sha256(b"abc").hexdigest() == content_sum(source.path)
    assert not file.problem


def test_a_file_that_grows_waits(tmp_path: Path) -> None:
    source = listed(tmp_path)
    with source.path.open("a") as file:
        file.write("d")
    found = open_source(source)
    assert (found.waits, found.sha256, found.size) == (True, "", -1)
    (failure,) = found.pages(10)
    assert isinstance(failure, PageFailure)
    assert failure.reason == "still being written"


def test_a_file_that_has_grown_but_was_left_alone_since_is_read(tmp_path: Path) -> None:
    source = listed(tmp_path)
    with source.path.open("a") as file:
        file.write("d")
    before = source.path.stat().st_mtime - 2 * opened.SETTLED
    os.utime(source.path, (before, before))
    assert open_source(source).data == b"abcd"


def test_of_a_file_put_in_another_ones_place_the_new_bytes_are_read(tmp_path: Path) -> None:
    source = listed(tmp_path)
    other = tmp_path / "other"
    other.write_text("new content")
    other.replace(source.path)
    assert open_source(source).data == b"new content"


def test_a_file_that_changes_while_it_is_read_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = listed(tmp_path)
    real = os.fdopen
    monkeypatch.setattr(opened.os, "fdopen", lambda handle, mode: Growing(real(handle, mode), source.path))
    assert open_source(source).waits


class Growing:
    """A file that grows as soon as it is read."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file, self._path = file, path

    def __enter__(self) -> "Growing":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self) -> bytes:
        data = self._file.read()
        with self._path.open("a") as file:
            file.write("more")
        return data


@pytest.mark.parametrize("kind", ["gone", "pipe", "folder", "device"])
def test_what_is_no_file_any_more_is_told_and_holds_nobody_up(tmp_path: Path, kind: str) -> None:
    source = listed(tmp_path)
    source.path.unlink()
    if kind == "pipe":
        os.mkfifo(source.path)
    elif kind == "folder":
        source.path.mkdir()
    elif kind == "device":
        source.path.symlink_to("/dev/zero")
    found = open_source(source)
    assert found.problem == ("vanished" if kind == "gone" else "unreadable")
    assert not found.waits
    assert content_sum(source.path) == ""
