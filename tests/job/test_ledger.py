import sqlite3
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from ocrbatch.errors import OutputError
from ocrbatch.job.ledger import NAME, FileState, Ledger
from ocrbatch.records import PageStatus
from tests.output.values import a_failed_page, a_page

STATE = FileState(10, 20, "ab" * 32, "key")


def test_pages_come_sorted_by_the_bytes_of_the_file_and_the_page(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        for name in ("b.png", "ä.png", "\udcff.png", "a/b.png", "B.png"):
            ledger.record([(name, STATE, [a_page(name, 2), a_page(name, 1)])])
        found = [(page.file, page.result.page) for page in ledger.pages()]
    files = ["B.png", "a/b.png", "b.png", "ä.png", "\udcff.png"]
    assert found == [(file, page) for file in files for page in (1, 2)]


def test_a_file_recorded_again_replaces_its_pages(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        ledger.record([("a.png", STATE, [a_page("a.png", 1), a_page("a.png", 2)])])
        ledger.record([("a.png", FileState(11, 20, "cd" * 32, "key", '{"claim": "1"}'), [a_failed_page("a.png")])])
        assert [page.result.status for page in ledger.pages()] == [PageStatus.FAILED]
        assert ledger.states() == {"a.png": FileState(11, 20, "cd" * 32, "key", '{"claim": "1"}')}
        assert [page.result.status for page in ledger.pages_of("a.png")] == [PageStatus.FAILED]
        ledger.forget(["a.png"])
        assert not ledger.states()
        assert not list(ledger.pages())


def test_files_are_found_by_their_content(tmp_path: Path) -> None:
    other = FileState(1, 2, "cd" * 32, "key")
    with Ledger(tmp_path) as ledger:
        ledger.record([("b.png", STATE, [a_page("b.png")]), ("a.png", STATE, []), ("c.png", other, [])])
        assert ledger.same_content("ab" * 32) == [("a.png", STATE), ("b.png", STATE)]
        assert ledger.same_content("ef" * 32) == []
        assert ledger.pages_of("c.png") == []


def test_of_very_many_files_of_a_content_no_more_are_looked_at_than_it_takes(tmp_path: Path) -> None:
    looked_at: list[str] = []

    def wanted(state: FileState) -> bool:
        looked_at.append(state.key)
        return state.key == "key"

    with Ledger(tmp_path) as ledger:
        ledger.record([(f"{number:03}.png", STATE, []) for number in range(1, 200)])
        ledger.record([("000.png", replace(STATE, key="other"), [])])
        assert ledger.first_of_content(STATE.sha256, wanted) == ("001.png", STATE)
        assert looked_at == ["other", "key"]
        assert ledger.first_of_content("ef" * 32, wanted) is None


def test_runs_and_counts_are_kept_and_moved_files_stay_marked(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        assert ledger.last_run() is None
        ledger.begin_run(2)
        ledger.record([("a.png", STATE, [a_page("a.png", 2), a_failed_page("a.png")])], done=1)
        run = ledger.last_run()
        assert run is not None
        assert (run.to_read, run.done, run.ended) == (2, 1, "")
        ledger.end_run()
        run = ledger.last_run()
        assert run is not None
        assert run.started <= run.ended
        ledger.mark_moved([("a.png", tmp_path / "a.png")])
        assert ledger.states() == {"a.png": replace(STATE, moved=True)}
        counted = {(status, pages) for status, _, pages, _ in ledger.counts()}
        assert counted == {(a_page().result.status.value, 1), ("failed", 1)}
        assert sum(sum(fields) for *_, fields in ledger.counts()) == len(a_page().result.fields)
        assert [(name, page) for name, page, _ in ledger.pages_with(PageStatus.FAILED)] == [("a.png", 1)]


def test_a_batch_is_recorded_whole_or_not_at_all(tmp_path: Path) -> None:
    twice = [a_page("b.png", 1), a_page("b.png", 1)]
    with Ledger(tmp_path) as ledger:
        with pytest.raises(OutputError):
            ledger.record([("a.png", STATE, [a_page("a.png")]), ("b.png", STATE, twice)])
        assert not ledger.states()
        assert not list(ledger.pages())


def test_the_ledger_is_private(tmp_path: Path) -> None:
    with Ledger(tmp_path):
        assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600


def test_reading_a_ledger_that_is_not_there_makes_none(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="holds no job"):
        Ledger(tmp_path, writable=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [b"no database at all, but long enough to be looked at", b"SQLite format 3\0" * 99])
def test_a_damaged_ledger_says_how_to_go_on(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(OutputError, match=r"delete it|run the same command"):
        Ledger(tmp_path)


def test_what_a_killed_job_had_begun_is_rolled_back_by_who_only_reads(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        ledger.record([("a.png", STATE, [a_page("a.png")])])
    begun = sqlite3.connect(tmp_path / NAME, isolation_level=None)
    begun.executescript("PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN IMMEDIATE; DELETE FROM files;")
    begun.executemany(
        "INSERT INTO pages (name, page, content) VALUES (?, 1, ?)", [(b"%d" % i, "x" * 4000) for i in range(50)]
    )
    for path in list(tmp_path.iterdir()):
        (tmp_path / f"copy-{path.name}").write_bytes(path.read_bytes())
    begun.close()
    left = tmp_path / "left"
    left.mkdir()
    for path in tmp_path.glob("copy-*"):
        path.rename(left / path.name.removeprefix("copy-"))
    assert (left / f"{NAME}-journal").stat().st_size > 0
    with Ledger(left, writable=False) as ledger:
        assert [page.file for page in ledger.pages()] == ["a.png"]
