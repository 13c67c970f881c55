"""What has been read: an SQLite file in the output folder, written by the parent alone, a transaction a batch."""

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ocrbatch.errors import OutputError
from ocrbatch.job.migrations import is_current, migrate
from ocrbatch.job.stored import from_json, to_json
from ocrbatch.records import FilePage, PageStatus, Status

NAME = "ledger.sqlite"
PATIENCE = 60.0
"""Seconds to wait for a person who looks at the ledger while a job writes it."""
STATUSES = (Status.ACCEPTED, Status.REVIEW, Status.BLANK, Status.INVALID)
_STATE = "name, size, mtime_ns, sha256, key, forms, moved"


@dataclass(frozen=True, slots=True)
class FileState:
    """What is known of a file that was read: its ``size`` and ``mtime_ns`` then, its content's ``sha256``, and by what.

    ``key`` names the settings and the models; it is empty where the file is to be tried anew. ``forms`` has the sum of
    each form that its pages depend on, under the form's name. ``moved`` tells that the file was taken out of the
    input once its pages were safe: they stay.
    """

    size: int
    mtime_ns: int
    sha256: str
    key: str
    forms: str = "{}"
    moved: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a job: when it ``started`` and ``ended`` (UTC, ISO 8601; empty while it goes on or was stopped).

    ``to_read`` counts the files that it had to look at, ``done`` those that are recorded.
    """

    started: str
    ended: str
    to_read: int
    done: int


class Ledger:
    """The pages of a job by file; usable in a ``with`` statement.

    Every method raises OutputError where the ledger cannot be read or written.
    """

    def __init__(self, folder: Path, *, writable: bool = True) -> None:
        self._path = folder / NAME
        with self._errors():
            if writable:
                os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
            elif not self._path.is_file():
                raise OutputError(f"{folder} holds no job; name the folder that was given to ocrbatch run -o")
            # Who only reads may still have to roll back what a killed job has begun.
            mode = "rw" if writable or os.access(folder, os.W_OK) else "ro"
            self._db = sqlite3.connect(
                f"{self._path.resolve().as_uri()}?mode={mode}", uri=True, isolation_level=None, timeout=PATIENCE
            )
        try:
            with self._errors():
                if writable:
                    # A rollback journal and full syncs: a kill or a power cut leaves the last whole transaction.
                    self._db.execute("PRAGMA synchronous = FULL")
                    with self._transaction():
                        migrate(self._db)
                elif not is_current(self._db):
                    raise OutputError(f"{self._path} is of an earlier ocrbatch; ocrbatch run brings it up to date")
        except OutputError:
            self._db.close()
            raise

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def states(self) -> dict[str, FileState]:
        """Give the state of every file that is known, by name."""
        with self._errors():
            return dict(map(_state, self._db.execute(f"SELECT {_STATE} FROM files")))

    def files(self) -> int:
        """Count the files that are known."""
        with self._errors():
            return int(self._db.execute("SELECT count(*) FROM files").fetchone()[0])

    def same_content(self, sha256: str) -> list[tuple[str, FileState]]:
        """Give the files of a content, sorted by name, with their states."""
        with self._errors():
            found = self._db.execute(f"SELECT {_STATE} FROM files WHERE sha256 = ? ORDER BY name", (sha256,))
            return list(map(_state, found))

    def record(self, files: Iterable[tuple[str, FileState, Sequence[FilePage]]], *, done: int = 0) -> None:
        """Record all the pages of some files, in one transaction; ``done`` files of those of the run are done by it."""
        with self._transaction():
            for name, state, pages in files:
                key = os.fsencode(name)
                self._db.execute("DELETE FROM pages WHERE name = ?", (key,))
                self._db.execute(
                    f"INSERT OR REPLACE INTO files ({_STATE}) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (key, state.size, state.mtime_ns, state.sha256, state.key, state.forms, state.moved),
                )
                self._db.executemany(
                    "INSERT INTO pages (name, page, sha256, status, content, reason, accepted, review, blank, invalid) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [(key, *_row(page)) for page in pages],
                )
            self._db.execute("UPDATE runs SET done = done + ? WHERE id = (SELECT max(id) FROM runs)", (done,))

    def mark_moved(self, names: Iterable[str]) -> None:
        """Note of files that they are taken out of the input, in one transaction."""
        with self._transaction():
            self._db.executemany("UPDATE files SET moved = 1 WHERE name = ?", [(os.fsencode(name),) for name in names])

    def begin_run(self, to_read: int) -> None:
        """Note that a run begins, with so many files to look at."""
        with self._transaction():
            self._db.execute("INSERT INTO runs (started, to_read) VALUES (?, ?)", (_now(), to_read))

    def end_run(self) -> None:
        """Note that the run has ended by itself."""
        with self._transaction():
            self._db.execute("UPDATE runs SET ended = ? WHERE id = (SELECT max(id) FROM runs)", (_now(),))

    def last_run(self) -> Run | None:
        """Give the last run that was begun."""
        with self._errors():
            row = self._db.execute("SELECT started, ended, to_read, done FROM runs ORDER BY id DESC LIMIT 1").fetchone()
        return None if row is None else Run(*row)

    def counts(self) -> list[tuple[str, str, int, tuple[int, ...]]]:
        """Count pages by status and reason: each with their number and the fields that are STATUSES."""
        totals = ", ".join(f"sum({status.value})" for status in STATUSES)
        with self._errors():
            rows = self._db.execute(f"SELECT status, reason, count(*), {totals} FROM pages GROUP BY status, reason")
            return [(status, reason, pages, tuple(fields)) for status, reason, pages, *fields in rows]

    def pages_with(self, status: PageStatus) -> Iterator[tuple[str, int, str]]:
        """Give file, page and reason of the pages of a status, sorted by file and page."""
        with self._errors():
            found = self._db.execute(
                "SELECT name, page, reason FROM pages WHERE status = ? ORDER BY name, page", (status.value,)
            )
            for name, page, reason in found:
                yield os.fsdecode(name), page, reason

    def forget(self, names: Iterable[str]) -> None:
        """Take files out that are no longer part of the job."""
        with self._transaction():
            for name in names:
                for table in ("files", "pages"):
                    self._db.execute(f"DELETE FROM {table} WHERE name = ?", (os.fsencode(name),))

    def pages(self) -> Iterator[FilePage]:
        """Give all pages, sorted by the bytes of the file's name and the page."""
        with self._errors():
            for name, sha256, content in self._db.execute(
                "SELECT name, sha256, content FROM pages ORDER BY name, page"
            ):
                yield from_json(os.fsdecode(name), sha256, content)

    def pages_of(self, name: str) -> list[FilePage]:
        """Give the pages of one file."""
        with self._errors():
            rows = self._db.execute(
                "SELECT sha256, content FROM pages WHERE name = ? ORDER BY page", (os.fsencode(name),)
            ).fetchall()
        return [from_json(name, sha256, content) for sha256, content in rows]

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn what SQLite and the system say into an OutputError that tells the mend."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise OutputError(
                f"{self._path}: {error}; free space or make the folder writable, then run the same command again"
            ) from error
        except sqlite3.DatabaseError as error:
            raise OutputError(
                f"{self._path} is damaged ({error}); delete it, and the same command reads everything anew"
            ) from error
        except OSError as error:
            raise OutputError(f"{self._path}: {error.strerror}; give another output folder with -o") from error


def _state(row: Sequence[Any]) -> tuple[str, FileState]:
    name, size, mtime_ns, sha256, key, forms, moved = row
    return os.fsdecode(name), FileState(size, mtime_ns, sha256, key, forms, bool(moved))


def _row(page: FilePage) -> tuple[object, ...]:
    result = page.result
    counts = [sum(field.status is status for field in result.fields) for status in STATUSES]
    return (result.page, page.sha256, result.status.value, to_json(page), result.reason, *counts)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
