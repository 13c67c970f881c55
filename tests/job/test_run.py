import csv
import fcntl
import json
import multiprocessing
import os
import signal
import stat
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from ocrbatch.errors import ExitCode, InputError, LockedError, OutputError, UsageError
from ocrbatch.form.acceptance import Acceptance
from ocrbatch.form.template import Form, Kind
from ocrbatch.job import plan
from ocrbatch.job.log import logged_to
from ocrbatch.job.opened import content_sum
from ocrbatch.job.run import plan_job, run_job
from ocrbatch.job.settings import Job
from ocrbatch.job.summary import job_standing, pages_with
from ocrbatch.job.worker import Task
from ocrbatch.output.tables import TableOptions
from ocrbatch.page.whole import Whole
from ocrbatch.records import PageStatus
from tests.form.values import a_field_of_form, a_form
from tests.job.fakes import MODEL, FakeReader, folder_of, reads, run, tables

FILES = {
    "a.png": "x",
    "b/doubt.png": "doubt",
    "c.png": "bad",
    "d.tif": "xxx|xx",
    "e.txt": "no picture",
    "f.jpg": "xxxxxx",
}


def rewrite(path: Path, content: str) -> None:
    """Put another file in a file's place, as who saves one does."""
    draft = path.with_name(".draft")
    draft.write_text(content)
    draft.replace(path)


def states(place: Path) -> dict[str, str]:
    with (place / "out/pages.csv").open(encoding="utf-8", newline="") as file:
        return {row["file"]: row["status"] for row in csv.DictReader(file)}


def test_every_input_ends_in_one_state_and_the_totals_add_up(tmp_path: Path) -> None:
    folder_of(tmp_path, FILES)
    summary = run(tmp_path)
    assert states(tmp_path) == {
        "a.png": "read",
        "b/doubt.png": "review",
        "c.png": "failed",
        "d.tif": "read",
        "e.txt": "skipped",
        "f.jpg": "read",
    }
    assert summary.pages == {"read": 4, "review": 1, "failed": 1, "skipped": 1, "pending": 0}
    assert summary.fields == {"accepted": 4, "review": 1, "blank": 0, "invalid": 0}
    assert summary.files == 6
    assert summary.exit_code is ExitCode.PAGES_FAILED
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest["totals"] == {"files": 6, "pages": summary.pages, "fields": summary.fields}
    assert manifest["model"] == {"name": "fake", "sha256": "ab" * 32}
    assert manifest["string_model"] is None
    standing = job_standing(tmp_path / "out")
    assert (standing.summary, standing.holder) == (replace(summary, files_read=0), "")
    assert standing.run is not None
    assert (standing.run.to_read, standing.run.done, bool(standing.run.ended)) == (5, 5, True)
    assert list(pages_with(tmp_path / "out", PageStatus.FAILED)) == [("c.png", 1, "truncated")]


def test_a_finished_job_run_again_reads_nothing_and_writes_the_same(tmp_path: Path) -> None:
    folder_of(tmp_path, FILES)
    run(tmp_path)
    before, read_before = tables(tmp_path / "out"), reads(tmp_path)
    assert run(tmp_path).files_read == 0
    assert reads(tmp_path) == read_before
    assert tables(tmp_path / "out") == before


def test_the_tables_do_not_depend_on_the_processes_or_the_batch(tmp_path: Path) -> None:
    folder_of(tmp_path, {f"{i}.png": "x" * (i % 7) for i in range(20)})
    run(tmp_path, out="one")
    for jobs, batch in ((1, 1), (3, 7), (8, 64)):
        run(tmp_path, out=f"out{jobs}", jobs=jobs, batch=batch)
        assert tables(tmp_path / f"out{jobs}") == tables(tmp_path / "one")


def test_new_changed_and_removed_files_are_all_that_is_read_again(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"a.png": "x", "b.png": "xx", "c.png": "xxx"})
    run(tmp_path)
    rewrite(folder / "b.png", "longer")
    (folder / "c.png").unlink()
    (folder / "d.png").write_text("new")
    assert run(tmp_path).files_read == 2
    assert reads(tmp_path)[3:] == ["b.png", "d.png"]
    assert sorted(states(tmp_path)) == ["a.png", "b.png", "d.png"]


def test_other_settings_read_everything_anew(tmp_path: Path) -> None:
    folder_of(tmp_path, {"a.png": "x", "b.png": "y"})
    run(tmp_path)
    assert run(tmp_path, whole=Whole.DIGIT).files_read == 2
    assert json.loads((tmp_path / "out/manifest.json").read_text())["settings"]["whole"] == "digit"
    assert run(tmp_path, target_error=0.01).files_read == 2
    assert run(tmp_path, target_error=0.01, tables=TableOptions(jsonl=True), jobs=2).files_read == 0


def test_another_model_of_strings_reads_everything_anew_and_stands_in_the_manifest(tmp_path: Path) -> None:
    folder_of(tmp_path, {"a.png": "x", "b.png": "y"})
    strings = replace(MODEL, name="strings", sha256="5" * 64)
    assert run(tmp_path).files_read == run(tmp_path, strings=strings).files_read == 2
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest["string_model"] == {"name": "strings", "sha256": "5" * 64}
    assert run(tmp_path, strings=strings).files_read == 0
    assert run(tmp_path, strings=replace(strings, sha256="6" * 64)).files_read == 2


def test_another_temperature_of_a_model_reads_everything_anew_and_stands_in_the_manifest(tmp_path: Path) -> None:
    folder_of(tmp_path, {"a.png": "x", "b.png": "y"})
    warm, strings = replace(MODEL, temperature=1.5), replace(MODEL, sha256="5" * 64, temperature=0.75)
    run(tmp_path)
    assert run(tmp_path, model=warm).files_read == 2
    assert run(tmp_path, model=warm, strings=strings).files_read == 2
    assert run(tmp_path, model=warm, strings=replace(strings, temperature=0.5)).files_read == 2
    assert run(tmp_path, model=warm, strings=replace(strings, temperature=0.5)).files_read == 0
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest["temperatures"] == {"model": 1.5, "string_model": 0.5}


def test_the_manifest_names_the_forms_that_the_model_of_strings_reads(tmp_path: Path) -> None:
    folder_of(tmp_path, {"a.png": "x"})
    run(tmp_path, whole=Whole.STRING)
    assert json.loads((tmp_path / "out/manifest.json").read_text())["string_forms"] == ["whole"]
    claim, boxes = a_form("claim"), a_field_of_form("total", kind=Kind.BOXES)
    slip = Form("slip", (replace(claim.pages[0], fields=(boxes,)),), "1" * 64)
    run(tmp_path, forms=(slip, claim))
    assert json.loads((tmp_path / "out/manifest.json").read_text())["string_forms"] == ["claim"]


def test_a_changed_form_reads_its_own_pages_anew_and_those_of_no_form(tmp_path: Path) -> None:
    folder_of(tmp_path, {"a.png": "of slip", "b.png": "of claim", "c.png": "unknown", "d.png": "bad", "e.txt": ""})
    slip, claim = a_form("slip", sha256="1" * 64), a_form("claim", sha256="2" * 64)
    assert run(tmp_path, forms=(slip, claim)).files_read == 4
    assert run(tmp_path, forms=(claim, slip)).files_read == 0
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert list(manifest["forms"].items()) == [("claim", "2" * 64), ("slip", "1" * 64)]
    before = len(reads(tmp_path))
    forms = (claim, replace(slip, sha256="3" * 64))
    job = Job((tmp_path / "in",), tmp_path / "out", MODEL, forms=forms)
    assert [source.name for source in plan_job(job)[1]] == ["a.png", "c.png"]
    assert run(tmp_path, forms=forms).files_read == 2
    assert sorted(reads(tmp_path)[before:]) == ["a.png", "c.png"]
    assert run(tmp_path, forms=forms).files_read == 0
    assert run(tmp_path, forms=forms, thresholds=(("claim", 0.9),)).files_read == 2
    assert run(tmp_path, forms=(*forms, a_form("third"))).files_read == 4


def test_the_same_content_under_two_names_is_read_once(tmp_path: Path) -> None:
    folder = folder_of(
        tmp_path, {"a.tif": "xx|doubt", "b.png": "y", "sub/c.tif": "xx|doubt", "d.tif": "bad", "e": "bad"}
    )
    summary = run(tmp_path, jobs=2, batch=1)
    assert (summary.files, summary.files_read, summary.pages["review"]) == (5, 3, 2)
    assert sorted(reads(tmp_path)) == ["a.tif", "b.png", "d.tif"]
    with (tmp_path / "out/pages.csv").open(encoding="utf-8", newline="") as file:
        told = {(row["file"], row["page"]): row["reason"] for row in csv.DictReader(file)}
    assert told["sub/c.tif", "1"] == "same content as a.tif"
    assert told["e", "1"] == "truncated; same content as d.tif"
    assert not told["sub/c.tif", "2"]
    with (tmp_path / "out/results.csv").open(encoding="utf-8", newline="") as file:
        rows = [list(row.values()) for row in csv.DictReader(file)]
    assert [row[1:] for row in rows if row[0] == "a.tif"] == [row[1:] for row in rows if row[0] == "sub/c.tif"]
    # The first one gone, the other stands by itself, and is not read either.
    (folder / "a.tif").unlink()
    assert run(tmp_path).files_read == 0
    assert states(tmp_path)["sub/c.tif"] == "review"
    assert "same content as a.tif" not in (tmp_path / "out/pages.csv").read_text()


def test_a_file_that_was_moved_or_touched_is_not_read_again(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"a.png": "x", "b.png": "yy"})
    run(tmp_path)
    (folder / "a.png").rename(folder / "z.png")
    os.utime(folder / "b.png", (1, 1))
    assert run(tmp_path).files_read == 0
    assert sorted(states(tmp_path)) == ["b.png", "z.png"]
    run(tmp_path, out="other")
    assert tables(tmp_path / "out") == tables(tmp_path / "other")


def test_a_twin_of_a_file_that_could_not_be_read_is_tried_itself(tmp_path: Path) -> None:
    folder_of(tmp_path, {"a.png": "die", "b.png": "die", "c.png": "x"})
    assert run(tmp_path).pages["failed"] == 2
    assert set(reads(tmp_path)) == {"a.png", "b.png", "c.png"}


def test_pages_of_a_document_that_are_missing_are_told(tmp_path: Path) -> None:
    claim = a_form("claim", ("a",), ("b",))
    folder_of(tmp_path, {"a.tif": "of claim", "b.tif": "of claim|unknown|x"})
    run(tmp_path, forms=(claim,))
    with (tmp_path / "out/pages.csv").open(encoding="utf-8", newline="") as file:
        told = {(row["file"], row["page"]): row["reason"] for row in csv.DictReader(file)}
    assert told["a.tif", "1"] == told["b.tif", "1"] == "missing page 2 of claim"


def test_forms_reach_the_processes_that_read(tmp_path: Path) -> None:
    task = Task(MODEL, tmp_path, Acceptance(0.5), 1, forms=(a_form("claim", ("a", "b"), ("c",)),))
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(names_of, task).result() == ["a", "b", "c"]


def names_of(task: Task) -> list[str]:
    """Give the fields of a task's forms; called in another process."""
    return [field.name for form in task.forms for page in form.pages for field in page.fields]


def test_pages_that_are_no_known_form_are_counted(tmp_path: Path) -> None:
    folder_of(tmp_path, {"a.png": "unknown", "b.png": "x", "c.png": "unknown#2", "d.png": "doubt"})
    assert run(tmp_path).unregistered == job_standing(tmp_path / "out").summary.unregistered == 2


def test_a_file_on_which_a_process_died_is_tried_again_next_time(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {f"{i}.png": "die" if i == 3 else f"x#{i}" for i in range(12)})
    assert run(tmp_path, jobs=2).pages["failed"] == 1
    assert list(pages_with(tmp_path / "out", PageStatus.FAILED)) == [("3.png", 1, "worker died")]
    stamp = (folder / "3.png").stat()
    (folder / "3.png").write_text("now")
    os.utime(folder / "3.png", ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert run(tmp_path, jobs=1).files_read == 1
    assert states(tmp_path)["3.png"] == "read"


def test_files_that_are_still_being_written_wait(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"a.png": "x", "b.png": "yy"})
    job = Job((folder,), tmp_path / "out", MODEL)
    summary = run_job(job, make_reader=FakeReader, wait={folder / "b.png"})
    assert (summary.pages["pending"], summary.exit_code, summary.files_read) == (1, ExitCode.OK, 1)
    assert states(tmp_path) == {"a.png": "read", "b.png": "pending"}
    assert list(pages_with(tmp_path / "out", PageStatus.PENDING)) == [("b.png", 1, "still being written")]
    assert run(tmp_path).files_read == 1
    assert states(tmp_path)["b.png"] == "read"


def test_where_no_pictures_are_wanted_those_of_earlier_runs_are_removed(tmp_path: Path) -> None:
    folder_of(tmp_path, {"a.png": "x"})
    for name in ("crops/a.png/1-r01.png", "overlays/a.png.p1.jpg", "mine/a.png"):
        (tmp_path / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / name).write_bytes(b"")
    run(tmp_path)
    assert (tmp_path / "out/crops/a.png/1-r01.png").exists()
    run(tmp_path, no_pictures=True)
    assert sorted(path.name for path in (tmp_path / "out").iterdir() if path.is_dir()) == ["forms", "mine"]


def test_what_happens_is_logged_without_what_was_read(tmp_path: Path) -> None:
    folder_of(tmp_path, {"a.png": "x" * 77, "b.png": "bad", "c.txt": ""})
    with logged_to(tmp_path / "logs/job.jsonl"):
        run(tmp_path)
    run(tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "logs/job.jsonl").read_text().splitlines()]
    assert [line["event"] for line in lines] == ["started", "recorded", "failed", "recorded", "finished"]
    assert {key: lines[2][key] for key in ("level", "file", "page", "reason")} == {
        "level": "warning",
        "file": "b.png",
        "page": 1,
        "reason": "truncated",
    }
    assert lines[-1]["pages"] == {"read": 1, "review": 0, "failed": 1, "skipped": 1, "pending": 0}
    assert all("77" not in str({**line, "time": ""}) for line in lines)
    assert stat.S_IMODE((tmp_path / "logs/job.jsonl").stat().st_mode) == 0o600


def test_outputs_are_private_and_inputs_untouched(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, FILES)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    run(tmp_path)
    out = tmp_path / "out"
    for path in [out, *out.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_odd_names_have_one_row_each(tmp_path: Path) -> None:
    twins = {"\u00e9.png": "x", "e\u0301.png": "xx"}
    folder = folder_of(tmp_path, {"=1+1.png": "y", "a\nb.png": "z", **twins, "n" * 250 + ".png": ""})
    os.close(os.open(os.fsencode(folder) + b"/\xff.png", os.O_CREAT))
    run(tmp_path)
    assert len(states(tmp_path)) == 6
    assert {r"\u003d1+1.png", r"a\u000ab.png", r"\xff.png"} < states(tmp_path).keys()


def test_the_plan_reads_and_writes_nothing(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, FILES)
    job = Job((folder,), tmp_path / "out", MODEL)
    listed, missing = plan_job(job)
    assert len(listed) == len(missing) == 6
    assert not (tmp_path / "out").exists()
    run(tmp_path)
    assert plan_job(job)[1] == []


def test_a_missing_input_and_an_output_inside_are_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        run(tmp_path)
    folder_of(tmp_path, FILES)
    with pytest.raises(UsageError):
        run(tmp_path, out="in/out")
    assert not (tmp_path / "in/out").exists()


def test_an_output_that_cannot_be_written_is_told_before_anything_is_read(tmp_path: Path) -> None:
    folder_of(tmp_path, FILES)
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError):
        run(tmp_path)
    assert reads(tmp_path) == []


def test_what_a_killed_job_left_half_written_is_removed(tmp_path: Path) -> None:
    folder_of(tmp_path, FILES)
    (tmp_path / "out/crops").mkdir(parents=True)
    for name in (".results.csv.tmp", "crops/.1.png.tmp"):
        (tmp_path / "out" / name).write_text("half")
    run(tmp_path)
    assert not list((tmp_path / "out").rglob("*.tmp"))


def test_a_second_job_on_the_same_folder_is_told_who_holds_it(tmp_path: Path) -> None:
    folder_of(tmp_path, FILES)
    run(tmp_path)
    with (tmp_path / "out/.lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(LockedError, match=str(os.getpid())):
            run(tmp_path)
    assert run(tmp_path).files_read == 0


@pytest.mark.parametrize(("number", "jobs"), [(signal.SIGKILL, 1), (signal.SIGKILL, 2), (signal.SIGTERM, 2)])
def test_a_stopped_job_goes_on_where_it_was_and_ends_with_the_same_tables(
    tmp_path: Path, number: signal.Signals, jobs: int
) -> None:
    folder_of(tmp_path, {f"{i:02}.png": f"quick#{i}" if i % 3 else "x" * i for i in range(40)})
    run(tmp_path, out="undisturbed")
    (tmp_path / "read.log").unlink()
    job = subprocess.Popen([sys.executable, "-m", "tests.job.fakes", tmp_path, str(jobs)], start_new_session=True)
    end = time.monotonic() + 30
    while len(reads(tmp_path)) < 20 and time.monotonic() < end:
        time.sleep(0.01)
    os.killpg(job.pid, number)
    assert job.wait(timeout=10) != 0
    assert not (tmp_path / "out/results.csv").exists()
    assert 0 < run(tmp_path).files_read < 40
    assert tables(tmp_path / "out") == tables(tmp_path / "undisturbed")


def test_only_files_of_one_size_are_opened_to_look_for_twins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def noted(path: Path) -> str:
        opened.append(path.name)
        return content_sum(path)

    monkeypatch.setattr(plan, "content_sum", noted)
    folder = folder_of(tmp_path, {"a.png": "x", "b.png": "yy", "c.png": "zz", "d.png": "yy"})
    assert run(tmp_path).files_read == 3
    assert opened == ["b.png", "c.png", "d.png"]
    opened.clear()
    (folder / "e.png").write_text("x")
    (folder / "f.png").write_text("new")
    assert run(tmp_path).files_read == 1
    assert opened == ["e.png"]
