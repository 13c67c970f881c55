"""Outputs that cannot be written (cases 7 and 8): the old tables stay, and with room the job goes on."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.interrupted import STEPS, Interrupted
from tests.faults.invariants import before, check, tables
from tests.faults.launch import Ended, Launcher, run_program
from tests.job.fakes import folder_of, reads

FULL = 5
QUICK = [["quick_pages"]]
BLOCK = 4096


@pytest.fixture(scope="module")
def interrupted(launcher: Launcher, tmp_path_factory: pytest.TempPathFactory) -> Interrupted:
    return Interrupted(launcher, tmp_path_factory.mktemp("full"), "--crops", "--jsonl")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a disk of its own, as small as can be, for who may make one."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", place], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("only root can make a disk")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def full(job: Interrupted, out: Path, run: Callable[[], Ended], free: Callable[[], object] = lambda: None) -> bool:
    """Run a job on a disk that is full at some time; tells whether it noticed. Then there is room, and it goes on."""
    was = before(job.inputs, out)
    ended = run()
    assert ended.code in (0, FULL), ended.err
    assert ended.code == 0 or "free space" in ended.err or "give another" in ended.err
    check(was, ended.code, ended.err, new=job.tables)
    free()
    job.finish(out)
    return ended.code == FULL


def test_case_7_a_disk_full_at_any_write_leaves_the_old_tables_and_the_job_goes_on(interrupted: Interrupted) -> None:
    noted = interrupted.place / "writes"
    out = interrupted.place / "noted"
    interrupted.again(out)
    assert interrupted.run(out, *STEPS, ["note_writes", str(noted)]).code == 0
    steps = [line.split(maxsplit=1) for line in noted.read_text().splitlines()]
    noticed = 0
    for where, kept in (("main", 5), ("worker", 4)):
        own = [name.strip() for place, name in steps if place == where]
        # Of so many writes in a row, some; of the rest, all but where it is done already.
        chosen = [at for at, name in enumerate(own, 1) if (name != "write" and "after" not in name) or at % kept == 0]
        assert len(chosen) >= 3
        for number in chosen:
            out = interrupted.place / f"{where}{number}"
            interrupted.again(out)
            hooks = (*STEPS, ["full_at", where, number])
            noticed += full(interrupted, out, lambda out=out, hooks=hooks: interrupted.run(out, *hooks))  # type: ignore[misc]
    assert noticed > 20


@pytest.mark.parametrize("pages", [0, 1, 2])
def test_case_7_a_ledger_without_room_leaves_the_old_tables(interrupted: Interrupted, pages: int) -> None:
    out = interrupted.place / f"ledger{pages}"
    interrupted.again(out)
    noticed = full(interrupted, out, lambda: interrupted.run(out, *STEPS, ["ledger_full", pages]))
    assert noticed or pages


@pytest.mark.parametrize("size", [2_000, 30_000])
def test_case_7_a_file_that_may_not_grow_ends_the_job_with_its_mend(interrupted: Interrupted, size: int) -> None:
    out = interrupted.place / f"size{size}"
    assert full(interrupted, out, lambda: interrupted.run(out, *STEPS, ["largest_file", size]))


def test_case_7_a_disk_with_any_room_that_is_too_little_leaves_the_old_tables(
    interrupted: Interrupted, small_disk: Path
) -> None:
    noticed = []
    for blocks in (0, 1, 2, 3, 5, 8, 12, 20):
        out, ballast = small_disk / "out", small_disk / "ballast"
        interrupted.again(out)
        with ballast.open("wb") as file:
            room = shutil.disk_usage(small_disk).free // BLOCK
            file.write(bytes(max(room - blocks, 0) * BLOCK))
        noticed.append(full(interrupted, out, lambda out=out: interrupted.run(out, *STEPS), ballast.unlink))  # type: ignore[misc]
        shutil.rmtree(out)
    assert noticed[0]
    assert sum(noticed) > 3


def test_case_7_a_log_that_cannot_be_written_is_told_without_a_traceback(launcher: Launcher, tmp_path: Path) -> None:
    inputs = folder_of(tmp_path, {"a.png": "x", "b.png": "bad"})
    was = before(inputs, tmp_path / "out")
    ended = launcher.run("run", inputs, "-o", tmp_path / "out", "--jobs", 1, "--log-file", "/dev/full", hooks=QUICK)
    assert ended.code == FULL
    check(was, ended.code, ended.err)


def test_case_7_a_disk_that_is_full_from_the_beginning_is_told_and_nothing_is_read(
    launcher: Launcher, tmp_path: Path, small_disk: Path
) -> None:
    inputs = folder_of(tmp_path, {"a.png": "x"})
    (small_disk / "out").mkdir(mode=0o700)
    with (small_disk / "ballast").open("wb") as file:
        file.write(bytes(shutil.disk_usage(small_disk).free))
    was = before(inputs, small_disk / "out")
    call = ("run", inputs, "-o", small_disk / "out", "--jobs", 1)
    ended = launcher.run(*call, hooks=QUICK)
    check(was, ended.code, ended.err)
    assert ended.code == FULL
    assert "free space" in ended.err
    assert str(small_disk / "out") in ended.err
    assert reads(tmp_path) == []
    (small_disk / "ballast").unlink()
    assert launcher.run(*call, hooks=QUICK).code == 0


@pytest.mark.parametrize("handles", ["> /dev/full", "> /dev/full 2> /dev/full"])
def test_case_7_a_summary_that_cannot_be_written_is_no_traceback(tmp_path: Path, handles: str) -> None:
    inputs = folder_of(tmp_path, {"a.png": "x", "b.png": "doubt"})
    was = before(inputs, tmp_path / "out")
    ended = run_program("run", inputs, "-o", tmp_path / "out", "--jobs", 1, "--json", hooks=QUICK, shell=handles)
    assert ended.code == FULL
    assert "Traceback" not in ended.err
    assert sorted(tables(tmp_path / "out")) == ["forms/auto.csv", "manifest.json", "pages.csv", "results.csv"]
    assert before(inputs, tmp_path / "out").files == was.files


def test_case_8_a_folder_that_cannot_be_written_is_told_at_once_and_nothing_is_read(
    launcher: Launcher, tmp_path: Path
) -> None:
    inputs = folder_of(tmp_path, {f"{i}.png": f"x#{i}" for i in range(3)})
    call = ("run", inputs, "-o", tmp_path / "out", "--jobs", 1)
    (tmp_path / "out").mkdir(mode=0o700)
    for finished in (False, True):
        if finished:
            assert launcher.run(*call, hooks=QUICK).code == 0
            (inputs / "new.png").write_text("new")
        seen = reads(tmp_path)
        (tmp_path / "out").chmod(0o500)
        was = before(inputs, tmp_path / "out")
        ended = launcher.run(*call, hooks=QUICK)
        (tmp_path / "out").chmod(0o700)
        check(was, ended.code, ended.err)
        assert (ended.code, ended.seconds < 2, reads(tmp_path)) == (FULL, True, seen)
        assert str(tmp_path / "out") in ended.err
    assert launcher.run(*call, hooks=QUICK).code == 0


def test_case_8_what_stands_in_the_place_of_a_table_is_told_and_the_old_ones_stay(interrupted: Interrupted) -> None:
    out = interrupted.place / "taken"
    interrupted.again(out)
    in_the_way = out / ".results.csv.tmp"
    in_the_way.mkdir(mode=0o700)
    assert full(interrupted, out, lambda: interrupted.run(out, *STEPS), in_the_way.rmdir)


@pytest.mark.parametrize("name", ["ledger.sqlite", ".lock"])
def test_case_8_a_file_of_the_job_that_cannot_be_written_is_told(launcher: Launcher, tmp_path: Path, name: str) -> None:
    inputs = folder_of(tmp_path, {"a.png": "x"})
    call = ("run", inputs, "-o", tmp_path / "out", "--jobs", 1)
    assert launcher.run(*call, hooks=QUICK).code == 0
    (inputs / "new.png").write_text("new")
    (tmp_path / "out" / name).chmod(0o400)
    ended = launcher.run(*call, hooks=QUICK)
    assert ended.code == FULL, ended.err
    assert "Traceback" not in ended.err
    assert reads(tmp_path) == ["a.png"]


def test_case_8_the_whole_program_tells_within_two_seconds(tmp_path: Path) -> None:
    inputs = folder_of(tmp_path, {"a.png": "x"})
    (tmp_path / "closed").mkdir(mode=0o500)
    ended = run_program("run", inputs, "-o", tmp_path / "closed" / "out")
    assert (ended.code, ended.seconds < 2, "Traceback" in ended.err) == (FULL, True, False), ended
    assert str(tmp_path / "closed") in ended.err


@pytest.mark.parametrize("place", ["in", "in/out", "in/b/../out"])
def test_case_8_an_output_inside_the_input_is_refused(launcher: Launcher, tmp_path: Path, place: str) -> None:
    inputs = folder_of(tmp_path, {"a.png": "x", "b/c.png": "y"})
    was = before(inputs, tmp_path / place)
    ended = launcher.run("run", inputs, "-o", tmp_path / place, hooks=QUICK)
    assert ended.code == 2
    assert "inside the input" in ended.err
    assert before(inputs, tmp_path / place) == was
