import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocrbatch.errors import InputError
from ocrbatch.job.sources import Source
from ocrbatch.job.watch import Settling, watch_job
from tests.job.fakes import a_job, folder_of, reads
from tests.job.test_engines import wait_for
from tests.job.test_run import states


class Clock:
    """A clock that goes when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def a_source(name: str, size: int = 1, mtime: int = 1) -> Source:
    return Source(name, Path(name), "", size, mtime)


def test_a_file_has_stood_still_once_size_and_time_were_the_same_for_long_enough() -> None:
    clock = Clock()
    settling = Settling(2.0, clock)
    assert settling.restless([a_source("a"), a_source("b")]) == {Path("a"), Path("b")}
    clock.now = 1.5
    assert settling.restless([a_source("a"), a_source("b", size=2), a_source("c")]) == {Path("a"), Path("b"), Path("c")}
    clock.now = 2.5
    assert settling.restless([a_source("a"), a_source("b", size=2), a_source("c")]) == {Path("b"), Path("c")}
    clock.now = 4.0
    assert settling.restless([a_source("a", mtime=3), a_source("b", size=2)]) == {Path("a")}


@pytest.fixture
def watching(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    """Watch ``in`` below a folder in a process of its own, with the fake reader."""
    folder_of(tmp_path, {"a.png": "x"})
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.job.fakes", tmp_path, "watch", *getattr(request, "param", ())],
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


def state_of(place: Path, name: str) -> str:
    return states(place).get(name, "") if (place / "out/pages.csv").exists() else ""


@pytest.mark.parametrize("watching", [(), ("poll",)], indirect=True, ids=["told", "polled"])
def test_what_comes_is_read_once_it_stands_still(watching: subprocess.Popen[str], tmp_path: Path) -> None:
    wait_for(lambda: state_of(tmp_path, "a.png") == "read")
    growing = tmp_path / "in/sub/b.png"
    growing.parent.mkdir()
    for _ in range(8):
        with growing.open("a") as file:
            file.write("y")
        time.sleep(0.15)
        assert state_of(tmp_path, "sub/b.png") in ("", "pending")
    (tmp_path / "in/c.png").write_text("x")
    wait_for(lambda: state_of(tmp_path, "sub/b.png") == "read" and state_of(tmp_path, "c.png") == "read")
    # Each was read once, whole, and the one of the same content not at all.
    assert sorted(reads(tmp_path)) == ["a.png", "sub/b.png"]
    assert "same content as a.png" in (tmp_path / "out/pages.csv").read_text()
    growing.unlink()
    wait_for(lambda: state_of(tmp_path, "sub/b.png") == "")
    assert watching.poll() is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_watch_at_once(watching: subprocess.Popen[str], tmp_path: Path, number: int) -> None:
    wait_for(lambda: state_of(tmp_path, "a.png") == "read")
    before = time.monotonic()
    watching.send_signal(number)
    _, told = watching.communicate(timeout=10)
    assert time.monotonic() - before < 5
    assert (watching.returncode, "Traceback" in told) == (128 + number, False)


@pytest.mark.parametrize("watching", [("move",)], indirect=True)
def test_files_that_are_safe_are_moved_away(watching: subprocess.Popen[str], tmp_path: Path) -> None:
    wait_for((tmp_path / "done/a.png").exists)
    folder_of(tmp_path, {"a.png": "another"})
    wait_for((tmp_path / "done/a~2.png").exists)
    wait_for(lambda: set(states(tmp_path)) == {"a.png", "a~2.png"})
    assert len(reads(tmp_path)) == 2
    assert watching.poll() is None


def test_a_watch_waits_for_a_folder_that_has_gone(watching: subprocess.Popen[str], tmp_path: Path) -> None:
    wait_for(lambda: state_of(tmp_path, "a.png") == "read")
    (tmp_path / "in").rename(tmp_path / "away")
    time.sleep(1)
    assert watching.poll() is None
    assert state_of(tmp_path, "a.png") == "read"
    (tmp_path / "away").rename(tmp_path / "in")
    folder_of(tmp_path, {"b.png": "yy"})
    wait_for(lambda: state_of(tmp_path, "b.png") == "read")


def test_a_folder_that_is_not_there_from_the_start_is_told(tmp_path: Path) -> None:
    def never(*_: object) -> None:
        pytest.fail("nothing is to be read")

    with pytest.raises(InputError):
        watch_job(a_job(tmp_path), never, never)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())
