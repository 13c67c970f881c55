import errno
import os
from pathlib import Path

import pytest

from ocrbatch.errors import OutputError, UsageError
from ocrbatch.job.ledger import Ledger
from ocrbatch.job.moving import check_move_folder
from tests.job.fakes import folder_of, reads, run, tables
from tests.job.test_run import states

FILES = {"a.png": "x", "sub/b.png": "doubt", "c.png": "bad", "d.txt": "", "e.tif": "xx|bad"}


def left(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_files_that_were_read_are_moved_and_their_rows_stay(tmp_path: Path) -> None:
    folder, done = folder_of(tmp_path, FILES), tmp_path / "done"
    content = (folder / "a.png").read_bytes()
    run(tmp_path, out="undisturbed")
    run(tmp_path, move_done=done)
    # What failed or was left out stays where a person looks for it.
    assert left(folder) == ["c.png", "d.txt", "e.tif"]
    assert left(done) == ["a.png", "sub/b.png"]
    assert (done / "a.png").read_bytes() == content
    assert tables(tmp_path / "out") == tables(tmp_path / "undisturbed")
    for moving in (done, None):
        assert run(tmp_path, move_done=moving).files_read == 0
        assert tables(tmp_path / "out") == tables(tmp_path / "undisturbed")


def test_a_new_file_under_the_name_of_a_moved_one_gets_a_name_of_its_own(tmp_path: Path) -> None:
    folder, done = tmp_path / "in", tmp_path / "done"
    for content in ("one", "two#2", "three#"):
        folder_of(tmp_path, {"scan.png": content})
        os.utime(folder / "scan.png", ns=(len(content), len(content)))
        run(tmp_path, move_done=done)
    assert left(done) == ["scan.png", "scan~2.png", "scan~3.png"]
    assert list(states(tmp_path)) == ["scan.png", "scan~2.png", "scan~3.png"]
    assert len(reads(tmp_path)) == 3
    # Another one of the same content: moved too, and not read.
    folder_of(tmp_path, {"scan.png": "two#2"})
    assert run(tmp_path, move_done=done).files_read == 0
    assert list(states(tmp_path))[-1] == "scan~4.png"


def test_a_file_that_is_there_already_is_never_written_over(tmp_path: Path) -> None:
    folder_of(tmp_path, {"a.png": "x"})
    (tmp_path / "done").mkdir()
    (tmp_path / "done/a.png").write_text("somebody's own")
    run(tmp_path, move_done=tmp_path / "done")
    assert (tmp_path / "done/a.png").read_text() == "somebody's own"
    assert (tmp_path / "done/a~2.png").read_text() == "x"


def test_a_job_that_was_killed_before_it_moved_all_moves_the_rest(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"a.png": "x", "b.png": "yy"})
    run(tmp_path)
    before = tables(tmp_path / "out")
    with Ledger(tmp_path / "out") as ledger:
        ledger.mark_moved([(name, tmp_path / "done" / name) for name in ("a.png", "b.png")])
    (folder / "b.png").unlink()
    assert run(tmp_path, move_done=tmp_path / "done").files_read == 0
    assert left(tmp_path / "done") == ["a.png"]
    assert tables(tmp_path / "out") == before


def test_files_are_moved_to_another_disk_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder_of(tmp_path, {"a.png": "x"})
    stamp = (tmp_path / "in/a.png").stat().st_mtime_ns

    def rename(path: Path, place: Path) -> None:
        raise OSError(errno.EXDEV, "another disk")

    monkeypatch.setattr(Path, "rename", rename)
    run(tmp_path, move_done=tmp_path / "done")
    assert left(tmp_path / "in") == []
    assert left(tmp_path / "done") == ["a.png"]
    assert (tmp_path / "done/a.png").stat().st_mtime_ns == stamp


def test_a_folder_that_takes_no_files_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    folder_of(tmp_path, {"a.png": "x"})
    (tmp_path / "done").write_text("a file")
    with pytest.raises(OutputError, match="done"):
        run(tmp_path, move_done=tmp_path / "done")
    assert left(tmp_path / "in") == ["a.png"]
    assert states(tmp_path) == {"a.png": "read"}


@pytest.mark.parametrize("place", ["in", "in/done", "out/done", "."])
def test_the_folder_lies_beside_the_others(tmp_path: Path, place: str) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(UsageError, match="choose a folder beside"):
        check_move_folder(tmp_path / place, [tmp_path / "in"], tmp_path / "out")
    check_move_folder(tmp_path / "done", [tmp_path / "in"], tmp_path / "out")
