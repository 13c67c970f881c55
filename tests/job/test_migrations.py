import sqlite3
from pathlib import Path

import pytest

from ocrbatch.errors import OutputError
from ocrbatch.job.ledger import NAME, Ledger
from ocrbatch.job.migrations import MIGRATIONS
from ocrbatch.job.stored import to_json
from tests.output.values import a_page

FIRST = """
CREATE TABLE files (name BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, key TEXT) WITHOUT ROWID;
CREATE TABLE pages (
    name BLOB, page INTEGER, sha256 TEXT, status TEXT, content TEXT, PRIMARY KEY (name, page)
) WITHOUT ROWID;
"""
"""The ledger before steps had names."""


def an_old_ledger(place: Path) -> None:
    page = a_page("a.png")
    with sqlite3.connect(place / NAME) as db:
        db.executescript(FIRST)
        db.execute("INSERT INTO files VALUES (?, 10, 20, 'key')", (b"a.png",))
        db.execute("INSERT INTO pages VALUES (?, 1, ?, 'read', ?)", (b"a.png", page.sha256, to_json(page)))
    db.close()


def test_an_old_ledger_keeps_what_it_has_and_learns_the_contents(tmp_path: Path) -> None:
    an_old_ledger(tmp_path)
    with Ledger(tmp_path) as ledger:
        (state,) = ledger.states().values()
        assert (state.size, state.mtime_ns, state.sha256, state.key) == (10, 20, a_page().sha256, "key")
        assert [page.file for page in ledger.pages()] == ["a.png"]
        ((_, _, _, fields),) = ledger.counts()
        assert sum(fields) == len(a_page().result.fields) > 0
        assert [name for name, _ in ledger.same_content(a_page().sha256)] == ["a.png"]
    with Ledger(tmp_path) as ledger:
        assert len(ledger.states()) == 1


def test_who_only_reads_changes_no_old_ledger(tmp_path: Path) -> None:
    an_old_ledger(tmp_path)
    before = (tmp_path / NAME).read_bytes()
    with pytest.raises(OutputError, match="earlier ocrbatch"):
        Ledger(tmp_path, writable=False)
    assert (tmp_path / NAME).read_bytes() == before


@pytest.mark.parametrize("writable", [True, False])
def test_a_ledger_of_a_newer_program_is_refused(tmp_path: Path, *, writable: bool) -> None:
    with Ledger(tmp_path) as ledger:
        assert not ledger.states()
    with sqlite3.connect(tmp_path / NAME) as db:
        db.execute("INSERT INTO migrations VALUES ('what comes later')")
    db.close()
    with pytest.raises(OutputError, match=r"newer ocrbatch \(what comes later"):
        Ledger(tmp_path, writable=writable)


def test_steps_have_names_of_their_own() -> None:
    assert len({name for name, _ in MIGRATIONS}) == len(MIGRATIONS)
