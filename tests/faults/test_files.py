"""Input files that change, cannot be read, or are none (cases 9 to 11): each is named, the rest read as alone."""

import hashlib
import os
import socket
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.faults.invariants import Rows, before, check, check_as_alone, rows_by_file, rows_of, tables
from tests.faults.launch import Launcher
from tests.faults.pages import SAMPLES, real_pages
from tests.faults.readers import number_of
from tests.job.fakes import folder_of

FORK = ["fork"]
GOOD = ("00000.jpg", "00001.jpg")
LIGHT = ("slip-green.jpg", "card-pink.jpg")


@pytest.fixture(scope="module")
def alone(launcher: Launcher, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Rows]:
    """Give the rows of the files of GOOD, when they are all that is read."""
    place = tmp_path_factory.mktemp("alone")
    inputs = real_pages(place, 2, LIGHT)
    assert launcher.run("run", inputs, "-o", place / "out", "--jobs", 1, hooks=[FORK]).code == 0
    return rows_by_file(place / "out")


def states(out: Path) -> dict[str, tuple[str, str]]:
    """Give the state of each file's first page, and the first words of its reason."""
    return {
        row["file"]: (row["status"], row["reason"].split(":")[0])
        for row in rows_of(out / "pages.csv")
        if row["page"] == "1"
    }


def test_case_9_files_that_vanish_change_or_grow_are_told_and_the_rest_is_read(
    launcher: Launcher, tmp_path: Path, alone: Mapping[str, Rows]
) -> None:
    inputs = real_pages(tmp_path, 2, LIGHT)
    names = ("vanishes.jpg", "replaced.jpg", "grows.jpg", "pipe.jpg")
    for name in names:
        (inputs / name).write_bytes((SAMPLES / "card-pink.jpg").read_bytes() + name.encode())
    other = tmp_path / "other.jpg"
    other.write_bytes((SAMPLES / "slip-green.jpg").read_bytes() + b"other")
    actions = [
        ["vanish", str(inputs / "vanishes.jpg")],
        ["replace", str(inputs / "replaced.jpg"), str(other)],
        ["become pipe", str(inputs / "pipe.jpg")],
        ["grow", str(inputs / "grows.jpg")],
    ]
    was = before(inputs, tmp_path / "out")
    call = ("run", inputs, "-o", tmp_path / "out", "--jobs", 1)
    ended = launcher.run(*call, hooks=[FORK, ["after_listing", *actions]])
    assert ended.code == 3
    check(was, ended.code, ended.err, changed=names)
    check_as_alone(tmp_path / "out", alone)
    found = states(tmp_path / "out")
    assert found["vanishes.jpg"] == ("failed", "vanished")
    assert found["pipe.jpg"] == ("failed", "unreadable")
    assert found["grows.jpg"] == ("pending", "still being written")
    (replaced,) = (row for row in rows_of(tmp_path / "out/pages.csv") if row["file"] == "replaced.jpg")
    assert replaced["sha256"] == hashlib.sha256(other.read_bytes()).hexdigest()
    assert replaced["status"] in ("read", "review")
    # The next run reads what stands still now, and knows nothing any more of what is gone.
    was = before(inputs, tmp_path / "out")
    ended = launcher.run(*call, hooks=[FORK])
    assert ended.code == 0, ended.err
    check(was, ended.code, ended.err)
    check_as_alone(tmp_path / "out", alone)
    found = states(tmp_path / "out")
    assert found["grows.jpg"][0] in ("read", "review")
    assert found["pipe.jpg"] == ("skipped", "not a file but a pipe")
    assert found.keys() == {*GOOD, "replaced.jpg", "grows.jpg", "pipe.jpg"}


def test_case_9_a_file_replaced_after_it_was_read_is_not_moved_away_unread(launcher: Launcher, tmp_path: Path) -> None:
    inputs = folder_of(tmp_path, {"a.png": "x", "b.png": "yy"})
    (tmp_path / "new").write_text("the next scan of this name")
    call = ("run", inputs, "-o", tmp_path / "out", "--jobs", 1)
    hooks = [["quick_pages"], FORK, ["settings", {"move_done": str(tmp_path / "done")}]]
    replaced = ["after_reading", ["replace", str(inputs / "b.png"), str(tmp_path / "new")]]
    assert launcher.run(*call, hooks=[*hooks, replaced]).code == 0
    assert [path.name for path in (tmp_path / "done").iterdir()] == ["a.png"]
    assert [path.name for path in inputs.iterdir()] == ["b.png"]
    assert launcher.run(*call, hooks=hooks).code == 0
    done = {path.name: path.read_text() for path in (tmp_path / "done").iterdir()}
    assert done == {"a.png": "x", "b.png": "the next scan of this name"}
    # What was read of the first is not known any more: it has gone out of the input, as if a person had taken it.
    values = {row["file"]: row["value"] for row in rows_of(tmp_path / "out/results.csv")}
    assert values == {"a.png": number_of("x"), "b.png": number_of("the next scan of this name")}


def test_case_10_what_cannot_be_read_or_is_no_file_is_never_opened_and_named(
    launcher: Launcher, tmp_path: Path, alone: Mapping[str, Rows]
) -> None:
    inputs = real_pages(tmp_path, 2, LIGHT)
    outside = tmp_path / "outside.png"
    outside.write_bytes((SAMPLES / "card-pink.jpg").read_bytes())
    for name in ("closed.jpg", "closed/inner.jpg", "folder.png/deep.txt"):
        (inputs / name).parent.mkdir(exist_ok=True)
        (inputs / name).write_bytes(outside.read_bytes() + name.encode())
    os.mkfifo(inputs / "pipe.png")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.fspath(inputs / "socket.png"))
    for name, place in LINKS.items():
        (inputs / name).symlink_to(place)
    device = make_device(inputs / "device.png")
    (inputs / "closed.jpg").chmod(0)
    (inputs / "closed").chmod(0)
    try:
        was = before(inputs, tmp_path / "out")
        ended = launcher.run("run", inputs, "-o", tmp_path / "out", "--jobs", 1, hooks=[FORK])
        check(was, ended.code, ended.err)
    finally:
        (inputs / "closed").chmod(0o700)
    assert ended.code == 3
    check_as_alone(tmp_path / "out", alone)
    found = states(tmp_path / "out")
    assert found.pop("closed.jpg") == ("failed", "unreadable")
    if device:
        assert found.pop("device.png") == ("skipped", "not a file but a device")
    skipped = {name: reason for name, (state, reason) in found.items() if state == "skipped"}
    assert skipped == {
        "closed/": "folder not readable",
        "folder.png/deep.txt": "not a picture by its ending",
        "pipe.png": "not a file but a pipe",
        "socket.png": "not a file but a socket",
        "out.png": "link out of the folder",
        "dangling.png": "broken link",
        "loop.png": "broken link",
        "up": "link to a folder",
    }
    assert found.keys() - skipped.keys() == set(GOOD)
    assert stat.S_ISFIFO((inputs / "pipe.png").stat().st_mode)


LINKS = {
    "out.png": "../outside.png",
    "dangling.png": "missing.png",
    "loop.png": "loop.png",
    "up": ".",
}


def make_device(path: Path) -> bool:
    """Make a device that never ends; tells whether this user may."""
    try:
        os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 5))
    except PermissionError:
        return False
    return True


def test_case_11_the_same_content_is_read_once_and_a_finished_folder_not_at_all(
    launcher: Launcher, tmp_path: Path, alone: Mapping[str, Rows]
) -> None:
    inputs = real_pages(tmp_path, 2, LIGHT)
    (inputs / "sub").mkdir()
    (inputs / "sub/twin.jpg").write_bytes((inputs / GOOD[0]).read_bytes())
    was = before(inputs, tmp_path / "out")
    call = ("run", inputs, "-o", tmp_path / "out", "--jobs", 1)
    ended = launcher.run(*call, "--json", hooks=[FORK])
    assert '"files": 3, "files_read": 2' in ended.out
    check(was, ended.code, ended.err)
    check_as_alone(tmp_path / "out", alone)
    mine, twins = (rows_by_file(tmp_path / "out")[name] for name in (GOOD[0], "sub/twin.jpg"))
    assert twins[0]["reason"].endswith(f"same content as {GOOD[0]}")
    for one, other in zip(mine[1:], twins[1:], strict=True):
        assert other == {**one, "file": "sub/twin.jpg"}
    # A process that reads would end at once, and the job with it: none is begun.
    before_again = tables(tmp_path / "out")
    was = before(inputs, tmp_path / "out")
    ended = launcher.run(*call, hooks=[["no_workers"]])
    assert ended.code == 0
    assert "nothing new to read" in ended.err
    check(was, ended.code, ended.err)
    assert tables(tmp_path / "out") == before_again
