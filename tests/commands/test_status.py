import json
import os
from pathlib import Path

import pytest

from ocrbatch.job.ledger import Ledger
from ocrbatch.job.lock import locked
from tests.commands.conftest import Command
from tests.job.fakes import folder_of, run

FILES = {"=a.png": "x", "b.png": "doubt", "c.png": "bad", "notes.txt": "x"}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder_of(tmp_path, FILES)
    run(tmp_path)
    return tmp_path / "out"


def test_a_person_sees_the_totals_and_what_failed(command: Command, out: Path) -> None:
    told = command("status", out)
    assert (told.code, told.err) == (0, "")
    first, *lines = told.out.splitlines()
    assert first.startswith("run     finished 20")
    assert lines == [
        "files   4",
        "pages   1 read, 1 review, 1 failed, 1 skipped",
        "fields  1 accepted, 1 review",
        "failed  c.png, page 1: truncated",
    ]


def test_a_script_gets_one_object(command: Command, out: Path) -> None:
    told = json.loads(command("status", out, "--json").out)
    assert told["files"] == 4
    assert told["pages"] == {"read": 1, "review": 1, "failed": 1, "skipped": 1, "pending": 0}
    assert told["fields"] == {"accepted": 1, "review": 1, "blank": 0, "invalid": 0}
    assert (told["pending"], told["process"], told["run"]["done"]) == ([], None, 3)
    assert told["failed"] == [{"file": "c.png", "page": 1, "reason": "truncated"}]


def test_one_line_for_a_mail(command: Command, out: Path) -> None:
    line = f"{out}: 4 files, 2 pages read, 1 failed, 1 skipped, 1 fields accepted, 1 to review; finished "
    assert command("status", out, "--line").out.startswith(line)


def test_a_job_that_goes_on_and_one_that_was_stopped_say_so(command: Command, out: Path) -> None:
    with Ledger(out) as ledger:
        ledger.begin_run(7)
        ledger.record([], done=3)
    assert "stopped with 3 of 7 files done; the same ocrbatch run reads the rest" in command("status", out).out
    with locked(out):
        told = command("status", out, "--json")
        assert json.loads(told.out)["process"] == str(os.getpid())
        assert f"goes on in process {os.getpid()} since" in command("status", out, "--line").out


def test_pages_that_are_no_known_form_are_told(command: Command, tmp_path: Path) -> None:
    folder_of(tmp_path, {"a.png": "unknown", "b.png": "x"})
    run(tmp_path)
    told = command("status", tmp_path / "out")
    assert f"review  1 page is no known form or not registered: see {tmp_path / 'out/pages.csv'}" in told.out
    assert json.loads(command("status", tmp_path / "out", "--json").out)["unregistered"] == 1


def test_looking_changes_nothing(command: Command, out: Path) -> None:
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    command("status", out)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_a_folder_without_a_job_is_told_and_none_is_made(command: Command, tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        told = command("status", folder)
        assert (told.code, told.out) == (4, "")
        assert "holds no job" in told.err
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_job_tells_the_mend(command: Command, out: Path) -> None:
    (out / "ledger.sqlite").write_bytes(b"no database" * 100)
    told = command("status", out)
    assert told.code == 5
    assert "delete it" in told.err
