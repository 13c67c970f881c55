"""Jobs where something of what a program is used to is missing, or another job is there (cases 5 and 6)."""

import os
import pty
import re
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.bench.runs import command
from tests.faults.invariants import before, check, tables
from tests.faults.launch import ROOT, Launcher, Running, run_program
from tests.faults.pages import real_pages
from tests.job.fakes import folder_of

ODD = {"é.png": "x", "日本.png": "doubt", "a b.tif": "x|yy", "n.txt": "no picture"}
BARE = {"PATH": os.defpath, "LANG": "C"}
QUICK = [["quick_pages"]]


def bare() -> dict[str, str]:
    """Give an environment with next to nothing in it."""
    kept = {key: value for key, value in os.environ.items() if key == "PYTHONDONTWRITEBYTECODE"}
    return {**BARE, **kept}


def test_case_5_real_pages_give_the_same_table_with_a_terminal_and_without_anything(tmp_path: Path) -> None:
    inputs = real_pages(tmp_path, 1, ["slip-green.jpg"])
    (inputs / "00000.jpg").rename(inputs / "é.jpg")
    was = before(inputs, tmp_path / "bare")
    ended = run_program("run", inputs, "-o", tmp_path / "bare", "--jobs", 1, env=bare(), shell="<&-")
    check(was, ended.code, ended.err)
    was = before(inputs, tmp_path / "seen")
    ours, theirs = pty.openpty()
    call = [*command(), "run", str(inputs), "-o", str(tmp_path / "seen"), "--jobs", "2"]
    with subprocess.Popen(call, cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs) as job:
        os.close(theirs)
        told = said_on(ours)
    check(was, job.returncode, told)
    assert "\x1b[" in told, "no bar was drawn"
    assert ended.code == job.returncode == 0
    assert tables(tmp_path / "bare") == tables(tmp_path / "seen")


@pytest.mark.parametrize(
    ("env", "shell"),
    [
        ({"LC_ALL": "POSIX", "TMPDIR": "/nowhere", "TERM": "xterm"}, "<&- >&- 2>&-"),
        ({"LC_ALL": "en_US.UTF-8", "HOME": "/nowhere", "COLUMNS": "1"}, "2>&-"),
    ],
)
def test_case_5_whatever_is_missing_the_table_is_the_same(
    launcher: Launcher, tmp_path: Path, env: Mapping[str, str], shell: str
) -> None:
    inputs = folder_of(tmp_path, ODD)
    launcher.run("run", inputs, "-o", tmp_path / "usual", "--jobs", 1, hooks=[*QUICK, ["fork"]])
    was = before(inputs, tmp_path / "out")
    call = ("run", inputs, "-o", tmp_path / "out", "--jobs", 2)
    ended = run_program(*call, hooks=QUICK, env=bare() | env, shell=shell)
    check(was, ended.code, ended.err)
    assert ended.code == 0, ended.err
    assert tables(tmp_path / "out") == tables(tmp_path / "usual")


def said_on(terminal: int) -> str:
    """Read all that a program says on a terminal."""
    told = b""
    while True:
        try:
            told += os.read(terminal, 4096)
        except OSError:
            os.close(terminal)
            return told.decode()


@pytest.mark.parametrize("round_", range(3))
def test_case_6_of_many_jobs_at_once_one_runs_and_the_others_are_told_who(
    launcher: Launcher, tmp_path: Path, round_: int
) -> None:
    inputs = folder_of(tmp_path, {"a.png": f"until {tmp_path / 'go'}", **ODD})
    was = before(inputs, tmp_path / "out")
    call = ("run", inputs, "-o", tmp_path / "out", "--jobs", 1)
    jobs = [launcher.start(*call, hooks=[["quick_pages"], ["gate", str(tmp_path / "start")]]) for _ in range(8)]
    (tmp_path / "start").touch()
    while sum(job.goes_on for job in jobs) > 1:
        time.sleep(0.01)
    (tmp_path / "go").touch()
    ended = {job.pid: job.wait() for job in jobs}
    assert sorted(one.code for one in ended.values()) == [0] + [6] * 7
    (winner,) = (pid for pid, one in ended.items() if one.code == 0)
    losers = [one for one in ended.values() if one.code == 6]
    assert all(re.search(rf"another job \(process ({winner}|unknown)\) is writing", one.err) for one in losers)
    check(was, 0, ended[winner].err)
    for one in losers:
        check(was, one.code, one.err, new=tables(tmp_path / "out"))
    launcher.run(*call[:3], tmp_path / "alone", "--jobs", 1, hooks=[*QUICK, ["fork"]])
    assert tables(tmp_path / "out") == tables(tmp_path / "alone")


def test_case_6_a_killed_holder_leaves_no_lock(launcher: Launcher, tmp_path: Path) -> None:
    inputs = folder_of(tmp_path, {"a.png": f"until {tmp_path / 'go'}", **ODD})
    call = ("run", inputs, "-o", tmp_path / "out", "--jobs", 1)
    holder = launcher.start(*call, hooks=QUICK)
    while not (tmp_path / "read.log").exists():
        time.sleep(0.01)
    told = launcher.run(*call, hooks=QUICK)
    assert (told.code, f"process {holder.pid})" in told.err) == (6, True)
    holder.signal(signal.SIGKILL)
    launcher.ask({"wait": holder.pid})
    threading.Timer(0.5, (tmp_path / "go").touch).start()
    was = before(inputs, tmp_path / "out")
    ended = launcher.run(*call, hooks=QUICK)
    check(was, ended.code, ended.err)
    assert ended.code == 0
    assert processes_end(holder)


def processes_end(job: Running) -> bool:
    """Wait until a job has no processes any more."""
    end = time.monotonic() + 30
    while job.processes and time.monotonic() < end:
        time.sleep(0.01)
    return not job.processes
