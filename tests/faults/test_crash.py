"""Jobs that are killed or stopped (cases 1 to 4): the same command goes on, and ends with the same tables."""

import random
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.faults.interrupted import OLD, STEPS, Interrupted
from tests.faults.invariants import before, check, ledger_of, tables
from tests.faults.kills import Victim
from tests.faults.launch import Launcher, run_program
from tests.faults.pages import real_pages
from tests.job.fakes import folder_of, reads


@pytest.fixture(scope="module")
def interrupted(launcher: Launcher, tmp_path_factory: pytest.TempPathFactory) -> Interrupted:
    return Interrupted(launcher, tmp_path_factory.mktemp("steps"), "--crops")


@pytest.mark.parametrize(("jobs", "kills"), [(1, 8), (2, 7)])
def test_case_1_a_job_killed_at_any_time_ends_with_the_same_tables(
    launcher: Launcher, tmp_path: Path, jobs: int, kills: int
) -> None:
    victim, chance = Victim(launcher, tmp_path, jobs=jobs), random.Random(jobs)
    for number in range(kills):
        victim.kill(number, (number + chance.random()) * 1.1 / kills)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2, 4])
def test_case_1_two_hundred_kills_lose_nothing(launcher: Launcher, tmp_path: Path, jobs: int) -> None:
    victim, chance = Victim(launcher, tmp_path, jobs=jobs), random.Random(100 + jobs)
    for number in range(67):
        victim.kill(number, chance.uniform(0, 1.1))


def test_case_1_a_killed_job_on_real_pages_ends_with_the_same_tables(launcher: Launcher, tmp_path: Path) -> None:
    inputs, out = real_pages(tmp_path, 8), tmp_path / "out"
    hooks = [["settings", {"batch": 1}]]
    pictures = ("--crops", "--overlays")
    was = before(inputs, out)
    job = launcher.start("run", inputs, "-o", out, "--jobs", 2, *pictures, hooks=hooks)
    while len(ledger_of(out).files) < 2 and job.goes_on:
        time.sleep(0.1)
    job.signal(signal.SIGKILL, group=True)
    ended = job.wait()
    check(was, ended.code, ended.err)
    assert 0 < len(ledger_of(out).files) < 8
    was = before(inputs, out)
    ended = run_program("run", inputs, "-o", out, "--jobs", 1, *pictures)
    assert ended.code == 0
    check(was, ended.code, ended.err)
    alone = tmp_path / "alone"
    assert launcher.run("run", inputs, "-o", alone, "--jobs", 1, *pictures, hooks=[["fork"]]).code == 0
    assert tables(out) == tables(alone)
    assert names(out) == names(alone)


def names(out: Path) -> set[str]:
    """Give the paths of all files of a job."""
    return {path.relative_to(out).as_posix() for path in out.rglob("*")}


def test_case_2_a_job_stopped_at_any_step_of_commit_and_rename_ends_with_the_same_tables(
    interrupted: Interrupted,
) -> None:
    assert {"main commit", "main before fsync", "main before .results.csv.tmp to results.csv"} <= set(interrupted.steps)
    assert "worker before .1-r01.png.tmp to 1-r01.png" in interrupted.steps
    for where in ("main", "worker"):
        for number in interrupted.at(where):
            out = interrupted.place / f"{where}{number}"
            interrupted.again(out)
            was = before(interrupted.inputs, out)
            ended = interrupted.run(out, *STEPS, ["stop_at", where, number])
            assert ended.code == -signal.SIGKILL, f"{where} {number} is no step"
            check(was, ended.code, ended.err, new=interrupted.tables)
            interrupted.finish(out)
            shutil.rmtree(out)


def test_case_2_a_picture_half_written_goes_though_its_file_is_gone(interrupted: Interrupted, tmp_path: Path) -> None:
    out = tmp_path / "out"
    interrupted.again(out)
    assert interrupted.run(out, *STEPS, ["stop_at", "worker", 1]).code == -signal.SIGKILL
    (draft,) = out.rglob(".*.tmp")
    draft.rename(draft.with_name(".gone.png.tmp"))
    interrupted.finish(out)


def test_case_2_files_are_moved_though_the_job_is_stopped_at_any_step_of_it(launcher: Launcher, tmp_path: Path) -> None:
    moving = (*STEPS, ["settings", {"move_done": str(tmp_path / "done")}])
    call = ("run", tmp_path / "in", "-o", tmp_path / "out", "--jobs", 1)
    number, code = 0, -signal.SIGKILL
    while code == -signal.SIGKILL:
        number += 1
        for name in ("in", "out", "done"):
            shutil.rmtree(tmp_path / name, ignore_errors=True)
        folder_of(tmp_path, OLD)
        code = launcher.run(*call, hooks=[*moving, ["stop_at", "main", number]]).code
        assert launcher.run(*call, hooks=moving).code == 0
        assert {path.name for path in (tmp_path / "in").iterdir()} == {"e.txt"}
        moved = {path.name: path.read_text() for path in (tmp_path / "done").iterdir()}
        assert moved == {name: content for name, content in OLD.items() if name != "e.txt"}
        assert ledger_of(tmp_path / "out").pages.keys() == OLD.keys()
    assert number > 30


def test_case_3_a_job_killed_five_times_in_a_row_ends_with_the_same_tables(launcher: Launcher, tmp_path: Path) -> None:
    lost = Victim(launcher, tmp_path, jobs=2).kill(0, 0.9, depth=5)
    assert lost[0].known < lost[-1].known


@pytest.mark.parametrize("seed", range(3))
def test_case_3_a_job_stopped_at_five_steps_in_a_row_ends_with_the_same_tables(
    interrupted: Interrupted, seed: int
) -> None:
    chance, out = random.Random(seed), interrupted.place / f"deep{seed}"
    interrupted.again(out)
    for _ in range(5):
        was = before(interrupted.inputs, out)
        ended = interrupted.run(out, *STEPS, ["stop_at", "main", chance.randrange(1, 40)])
        assert ended.code == -signal.SIGKILL
        check(was, ended.code, ended.err, new=interrupted.tables)
    interrupted.finish(out)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("group", [True, False])
def test_case_4_a_signal_in_the_midst_of_a_batch_stops_at_once_and_the_same_command_goes_on(
    launcher: Launcher, tmp_path: Path, number: signal.Signals, code: int, group: bool
) -> None:
    inputs = folder_of(tmp_path, {f"{i}.png": "slow" if i == 5 else f"x#{i}" for i in range(9)})
    call = ("run", inputs, "-o", tmp_path / "out", "--jobs", 2)
    hooks = [["quick_pages"], ["settings", {"batch": 2}]]
    was = before(inputs, tmp_path / "out")
    job = launcher.start(*call, hooks=hooks)
    while "5.png" not in reads(tmp_path):
        time.sleep(0.01)
    start = time.monotonic()
    job.signal(number, group=group)
    ended = job.wait()
    assert time.monotonic() - start < 10
    assert (ended.code, "the same command reads the rest" in ended.err) == (code, True)
    check(was, ended.code, ended.err)
    (inputs / "5.png").write_text("quick")
    was = before(inputs, tmp_path / "out")
    ended = launcher.run(*call, hooks=hooks)
    assert ended.code == 0
    check(was, ended.code, ended.err)
    launcher.run(*call[:3], tmp_path / "undisturbed", "--jobs", 1, hooks=[*hooks, ["fork"]])
    assert tables(tmp_path / "out") == tables(tmp_path / "undisturbed")


def test_case_4_a_signal_at_any_step_stops_the_job_and_loses_nothing(interrupted: Interrupted) -> None:
    stopped = 0
    for number in interrupted.at("main")[::4]:
        kind, code = ((signal.SIGINT, 130), (signal.SIGTERM, 143))[number // 4 % 2]
        out = interrupted.place / f"signal{number}"
        interrupted.again(out)
        was = before(interrupted.inputs, out)
        ended = interrupted.run(out, *STEPS, ["signal_at", "main", number, kind])
        assert ended.code == code
        check(was, ended.code, ended.err, new=interrupted.tables)
        assert not list(out.glob(".*.tmp"))
        interrupted.finish(out)
        stopped += 1
    assert stopped > 10


def test_case_4_an_interrupt_while_the_workers_begin_is_answered_by_the_job_alone(
    launcher: Launcher, tmp_path: Path
) -> None:
    inputs = folder_of(tmp_path, {"a.png": "x", "b.png": "slow"})
    was = before(inputs, tmp_path / "out")
    call = ("run", inputs, "-o", tmp_path / "out", "--jobs", 2)
    ended = launcher.run(*call, hooks=[["quick_pages"], ["interrupt_beginning"]])
    assert ended.code == 130
    check(was, ended.code, ended.err)
