import threading
import time
from pathlib import Path

import pytest

from ocrbatch.errors import LockedError, OutputError
from ocrbatch.job.ledger import Ledger
from ocrbatch.job.lock import locked
from ocrbatch.review import publisher as timing
from ocrbatch.review.publisher import Publisher, write_tables_anew
from tests.review.jobs import a_job, many_fields

WAIT = 10.0


class Writes:
    """Counts how often the tables are written; raises the errors that it was given first."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.number = 0
        self.wrote = threading.Event()

    def __call__(self, output: Path) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.number += 1
        self.wrote.set()


def test_many_saves_are_written_once_when_they_pause(tmp_path: Path) -> None:
    writes = Writes()
    publisher = Publisher(tmp_path, writes, pause=0.3)
    for _ in range(20):
        publisher.changed()
        time.sleep(0.01)
    assert publisher.behind
    assert writes.wrote.wait(WAIT)
    publisher.close()
    assert (writes.number, publisher.behind) == (1, False)


def test_what_is_not_written_yet_is_written_at_the_end(tmp_path: Path) -> None:
    writes = Writes()
    publisher = Publisher(tmp_path, writes, pause=60)
    publisher.changed()
    publisher.close()
    assert writes.number == 1


def test_nothing_is_written_where_nothing_was_said(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path, writes := Writes(), pause=0)
    publisher.close()
    assert writes.number == 0


def test_while_a_run_holds_the_folder_the_tables_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "AGAIN", 0.2)
    writes = Writes(LockedError("another job"), LockedError("another job"))
    publisher = Publisher(tmp_path, writes, pause=0.1)
    publisher.changed()
    assert writes.wrote.wait(WAIT)
    publisher.close()
    assert publisher.problem == ""


def test_a_run_that_still_holds_the_folder_at_the_end_is_told(tmp_path: Path) -> None:
    out = a_job(tmp_path, [many_fields(1)])
    publisher = Publisher(out, write_tables_anew, pause=60)
    publisher.changed()
    with locked(out):
        publisher.close()
    assert "another job" in publisher.problem
    assert publisher.behind


def test_tables_that_cannot_be_written_are_told_and_tried_again(tmp_path: Path) -> None:
    writes = Writes(OutputError("disk full"))
    publisher = Publisher(tmp_path, writes, pause=0)
    publisher.changed()
    deadline = time.monotonic() + WAIT
    while not publisher.problem and time.monotonic() < deadline:
        time.sleep(0.01)
    assert publisher.problem == "disk full"
    publisher.close()
    assert (writes.number, publisher.problem) == (1, "")


def test_tables_are_as_old_as_what_was_said_last(tmp_path: Path) -> None:
    out = a_job(tmp_path, [many_fields(1)])
    assert not timing.tables_are_older(out)
    (out / "results.csv").unlink()
    assert timing.tables_are_older(out)
    with Ledger(out):
        write_tables_anew(out)
    assert not timing.tables_are_older(out)


def test_a_job_that_does_not_tell_how_its_tables_are_written_is_told(tmp_path: Path) -> None:
    with Ledger(tmp_path):
        publisher = Publisher(tmp_path, write_tables_anew, pause=60)
    publisher.changed()
    publisher.close()
    assert "ocrbatch run writes its tables" in publisher.problem


def test_tables_that_are_being_written_are_not_told_to_be_up_to_date(tmp_path: Path) -> None:
    begun, go = threading.Event(), threading.Event()

    def write(_: Path) -> None:
        begun.set()
        assert go.wait(WAIT)

    publisher = Publisher(tmp_path, write, pause=0)
    publisher.changed()
    assert begun.wait(WAIT)
    assert publisher.behind
    go.set()
    publisher.close()
    assert not publisher.behind
