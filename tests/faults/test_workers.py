"""Workers that die, hang, or want too much (case 12), and any number of them with batches of any size (case 13)."""

import os
import signal
import time
from pathlib import Path

import pytest

from tests.faults.invariants import before, check, check_as_alone, rows_by_file, rows_of, tables
from tests.faults.launch import Launcher
from tests.faults.pages import SAMPLES, real_pages
from tests.faults.program import Hook
from tests.faults.readers import poison
from tests.job.fakes import folder_of, reads

FORK = ["fork"]
QUICK = [["quick_pages"], ["settings", {"batch": 4}]]


def failed(out: Path) -> dict[str, str]:
    """Give the reasons of the pages that failed, by file and page."""
    rows = (row for row in rows_of(out / "pages.csv") if row["status"] == "failed")
    return {f"{row['file']} {row['page']}": row["reason"] for row in rows}


def test_case_12_a_page_that_kills_hangs_or_breaks_its_worker_fails_alone(launcher: Launcher, tmp_path: Path) -> None:
    good = {f"{i}.tif": f"x|doubt#{i}|xx" for i in range(12)}
    inputs = folder_of(tmp_path, good)
    launcher.run("run", inputs, "-o", tmp_path / "alone", "--jobs", 1, hooks=[*QUICK, FORK])
    alone = rows_by_file(tmp_path / "alone")
    (tmp_path / "read.log").unlink()
    folder_of(tmp_path, {"3b.tif": "x|die|y", "5b.tif": "slow|z"})
    was = before(inputs, tmp_path / "out")
    ended = launcher.run("run", inputs, "-o", tmp_path / "out", "--jobs", 2, "--page-timeout", 3, hooks=QUICK)
    assert ended.code == 3
    check(was, ended.code, ended.err)
    check_as_alone(tmp_path / "out", alone)
    assert failed(tmp_path / "out") == {"3b.tif 2": "worker died", "5b.tif 1": "timed out"}
    # With the others, alone once more, and for the pages behind.
    assert [reads(tmp_path).count(name) for name in ("3b.tif", "5b.tif")] == [3, 3]


def test_case_12_real_pages_that_kill_eat_or_break_fail_alone(launcher: Launcher, tmp_path: Path) -> None:
    inputs = real_pages(tmp_path, 4)
    launcher.run("run", inputs, "-o", tmp_path / "alone", "--jobs", 1, hooks=[FORK])
    alone = rows_by_file(tmp_path / "alone")
    card = (SAMPLES / "card-pink.jpg").read_bytes()
    for name, kind in (("00000a.jpg", "die"), ("00001a.jpg", "eat"), ("00002a.jpg", "break")):
        (inputs / name).write_bytes(poison(card, kind))
    was = before(inputs, tmp_path / "out")
    log = tmp_path / "log"
    call = ("run", inputs, "-o", tmp_path / "out", "--jobs", 2, "--memory-limit", 1024, "--log-file", log)
    ended = launcher.run(*call, hooks=[["poisoned_pages"], FORK])
    assert ended.code == 3
    check(was, ended.code, ended.err, log=log)
    check_as_alone(tmp_path / "out", alone)
    told = failed(tmp_path / "out")
    assert (told["00000a.jpg 1"], told["00001a.jpg 1"]) == ("worker died", "out of memory")
    assert told["00002a.jpg 1"].startswith("internal error: ZeroDivisionError at readers.py:")
    # Where the machine was at fault, or may have been, the next run tries again; what is as it was is left alone.
    ended = launcher.run("run", inputs, "-o", tmp_path / "out", "--jobs", 1, "--json", hooks=[FORK])
    assert '"files_read": 2' in ended.out
    assert failed(tmp_path / "out").keys() == {"00002a.jpg 1"}


@pytest.mark.parametrize(
    ("hook", "told"),
    [
        (["deadly_pages"], "again and again"),
        (["no_workers"], "no worker process starts"),
        (["bad_starts", 9], "no worker process starts"),
    ],
)
def test_case_12_workers_that_die_again_and_again_end_the_job_and_it_goes_on_later(
    launcher: Launcher, tmp_path: Path, hook: Hook, told: str
) -> None:
    inputs = folder_of(tmp_path, {f"{i:02}.png": f"x#{i}" for i in range(40)})
    was = before(inputs, tmp_path / "out")
    call = ("run", inputs, "-o", tmp_path / "out", "--jobs", 2)
    ended = launcher.run(*call, hooks=[*QUICK, FORK, hook])
    assert (ended.code, told in ended.err) == (1, True)
    check(was, ended.code, ended.err)
    was = before(inputs, tmp_path / "out")
    ended = launcher.run(*call, hooks=[*QUICK, FORK, ["bad_starts", 3]])
    check(was, ended.code, ended.err)
    assert ended.code == 0
    launcher.run(*call[:3], tmp_path / "undisturbed", "--jobs", 1, hooks=[*QUICK, FORK])
    assert tables(tmp_path / "out") == tables(tmp_path / "undisturbed")


@pytest.mark.parametrize(
    ("deaths", "lost"),
    [
        ("2 3 1", 3),  # that page is read after all, the next is not, and then not even the first
        ("2 3 3", 3),
        ("2 -1", 2),  # between two pages, the one that was told is read
        ("2 -2", None),
        ("2 -4", None),
    ],
)
def test_case_12_no_page_is_lost_or_read_twice_where_processes_end_on_other_pages_each_time(
    launcher: Launcher, tmp_path: Path, deaths: str, lost: int | None
) -> None:
    inputs = folder_of(tmp_path, {"a.tif": "x|y|z|zz"})
    (tmp_path / "deaths").write_text(deaths)
    was = before(inputs, tmp_path / "out")
    call = ("run", inputs, "-o", tmp_path / "out", "--jobs", 1)
    ended = launcher.run(*call, hooks=[["fickle_pages"], FORK])
    check(was, ended.code, ended.err)
    assert failed(tmp_path / "out") == ({f"a.tif {lost}": "worker died"} if lost else {})
    pages = [int(row["page"]) for row in rows_of(tmp_path / "out/pages.csv")]
    assert pages == list(range(1, (lost or 4) + 1))


def test_case_12_many_files_that_kill_keep_a_job_from_the_others_only_once(launcher: Launcher, tmp_path: Path) -> None:
    inputs = folder_of(
        tmp_path, {f"a{i:02}.png": f"die#{i}" for i in range(25)} | {f"b{i}.png": "x" * i for i in range(5)}
    )
    call = ("run", inputs, "-o", tmp_path / "out", "--jobs", 1)
    was = before(inputs, tmp_path / "out")
    ended = launcher.run(*call, hooks=[*QUICK, FORK])
    check(was, ended.code, ended.err)
    assert ended.code == 1
    was = before(inputs, tmp_path / "out")
    ended = launcher.run(*call, hooks=[*QUICK, FORK])
    check(was, ended.code, ended.err)
    assert ended.code == 3
    assert len(failed(tmp_path / "out")) == 25


def test_case_12_all_processes_of_a_job_killed_but_its_own_are_begun_anew(launcher: Launcher, tmp_path: Path) -> None:
    inputs = folder_of(tmp_path, {f"{i:02}.png": f"pause 0.02#{i}" for i in range(30)})
    was = before(inputs, tmp_path / "out")
    job = launcher.start("run", inputs, "-o", tmp_path / "out", "--jobs", 2, hooks=QUICK)
    killed = 0
    for wanted in (5, 15):
        while len(reads(tmp_path)) < wanted and job.goes_on:
            time.sleep(0.01)
        for process in set(job.processes) - {job.pid}:
            os.kill(process, signal.SIGKILL)
            killed += 1
    ended = job.wait()
    assert killed >= 4
    assert ended.code == 0, ended.err
    check(was, ended.code, ended.err)
    launcher.run("run", inputs, "-o", tmp_path / "undisturbed", "--jobs", 1, hooks=[*QUICK, FORK])
    assert tables(tmp_path / "out") == tables(tmp_path / "undisturbed")


def test_case_13_real_pages_give_the_same_table_in_batches_and_processes_of_any_number(
    launcher: Launcher, tmp_path: Path
) -> None:
    inputs = real_pages(tmp_path, 9)
    (inputs / "pages.tif").write_bytes((SAMPLES / "cards.tif").read_bytes())
    found = []
    for jobs, batch, how in ((1, 64, [FORK]), (1, 7, [FORK]), (8, 1, [])):
        out = tmp_path / f"out{jobs}-{batch}"
        was = before(inputs, out)
        call = ("run", inputs, "-o", out, "--jobs", jobs, "--jsonl")
        ended = launcher.run(*call, hooks=[["settings", {"batch": batch}], *how])
        assert ended.code == 0
        check(was, ended.code, ended.err)
        found.append(tables(out))
    assert found[0] == found[1] == found[2]
    assert len(found[0]["results.csv"]) > 1000


def test_case_13_thousands_of_quick_pages_give_the_same_table(launcher: Launcher, tmp_path: Path) -> None:
    inputs = folder_of(tmp_path, {f"{i % 7}/{i:04}.png": f"doubt|{i}" if i % 9 else "bad" for i in range(1000)})
    found = []
    for jobs, batch, how in ((1, 7, [FORK]), (8, 64, [])):
        out = tmp_path / f"out{jobs}-{batch}"
        was = before(inputs, out)
        hooks = [["quick_pages"], ["settings", {"batch": batch}], *how]
        ended = launcher.run("run", inputs, "-o", out, "--jobs", jobs, hooks=hooks)
        assert ended.code == 3
        check(was, ended.code, ended.err)
        found.append(tables(out))
    assert found[0] == found[1]
