"""What has been read: an SQLite file in the output folder, written by the parent alone, a transaction a batch."""

import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ocrbatch.errors import OutputError
from ocrbatch.job.corrected import Correction, Corrections
from ocrbatch.job.migrations import is_current, migrate
from ocrbatch.job.remote import Place, place_of
from ocrbatch.job.stored import from_json, to_json
from ocrbatch.records import FilePage, PageStatus, Status

NAME = "ledger.sqlite"
PATIENCE = 60.0
"""Seconds to wait for a person who looks at the ledger while a job writes it."""
STATUSES = (Status.ACCEPTED, Status.REVIEW, Status.BLANK, Status.INVALID)
_STATE = "name, size, mtime_ns, sha256, key, forms, moved, path"


@dataclass(frozen=True, slots=True)
class FileState:
    """What is known of a file that was read: its ``size`` and ``mtime_ns`` then, its content's ``sha256``, and by what.

    ``key`` names the settings and the models; it is empty where the file is to be tried anew. ``forms`` has the sum of
    each form that its pages depend on, under the form's name. ``moved`` tells that the file was taken out of the
    input once its pages were safe: they stay. ``path`` is where the file lies: an absolute path, or an address.
    """

    size: int
    mtime_ns: int
    sha256: str
    key: str
    forms: str = "{}"
    moved: bool = False
    path: Place = field(default=Path(), compare=False)


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
                self._corrections = Corrections(self._db)
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

    def first_of_content(self, sha256: str, wanted: Callable[[FileState], bool]) -> tuple[str, FileState] | None:
        """Give the first file of a content, by name, whose state is wanted; of very many, no more are looked at."""
        with self._errors():
            found = self._db.execute(f"SELECT {_STATE} FROM files WHERE sha256 = ? ORDER BY name", (sha256,))
            return next(((name, state) for name, state in map(_state, found) if wanted(state)), None)

    def record(self, files: Iterable[tuple[str, FileState, Sequence[FilePage]]], *, done: int = 0) -> None:
        """Record all the pages of some files, in one transaction; ``done`` files of those of the run are done by it."""
        with self._transaction():
            self._corrections.hear()
            for name, state, pages in files:
                key = os.fsencode(name)
                self._db.execute("DELETE FROM pages WHERE name = ?", (key,))
                self._db.execute(
                    f"INSERT OR REPLACE INTO files ({_STATE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (key, *_of_state(state)),
                )
                self._db.executemany(
                    "INSERT INTO pages (name, page, sha256, status, content, reason, accepted, review, blank, invalid) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [(key, *_row(page, self._corrections.applied(page))) for page in pages],
                )
            self._db.execute("UPDATE runs SET done = done + ? WHERE id = (SELECT max(id) FROM runs)", (done,))

    def mark_moved(self, places: Iterable[tuple[str, Path]]) -> None:
        """Note of files that they are taken out of the input to another place, in one transaction."""
        with self._transaction():
            self._db.executemany(
                "UPDATE files SET moved = 1, path = ? WHERE name = ?",
                [(os.fsencode(path), os.fsencode(name)) for name, path in places],
            )

    def correct(self, corrections: Sequence[Correction], *, heard: int | None = None) -> bool:
        """Keep what a person said of fields, all of it in one transaction; from then on, pages have it.

        With ``heard``, the number of all that had been said when it was checked, nothing is kept where another process
        has said something since; tells whether it was kept.
        """
        try:
            with self._transaction():
                # What others have said counts for the pages too.
                self._corrections.hear()
                if heard is not None and heard != self._corrections.number:
                    return False
                self._corrections.add(corrections)
                for sha256, number in dict.fromkeys((one.sha256, one.page) for one in corrections):
                    self._count_anew(sha256, number)
        except BaseException:
            self._corrections = Corrections(self._db)
            raise
        return True

    def corrections(self, after: int = 0) -> list[Correction]:
        """Give all that people have said, in its order, but for the first ``after``."""
        with self._errors():
            return list(self._corrections.all(after))

    def settings(self) -> dict[str, str]:
        """Give how the job was asked for."""
        with self._errors():
            return dict(self._db.execute("SELECT name, value FROM settings"))

    def keep_settings(self, settings: Mapping[str, str]) -> None:
        """Keep how the job was asked for."""
        with self._transaction():
            self._db.executemany("INSERT OR REPLACE INTO settings VALUES (?, ?)", list(settings.items()))

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
        """Give all pages as people have corrected them, sorted by the bytes of the file's name and the page."""
        with self._errors():
            # Somebody may have said more since the ledger was opened.
            self._corrections.hear()
            for name, sha256, content in self._db.execute(
                "SELECT name, sha256, content FROM pages ORDER BY name, page"
            ):
                yield self._corrections.applied(from_json(os.fsdecode(name), sha256, content))

    def pages_of(self, name: str) -> list[FilePage]:
        """Give the pages of one file as they were read."""
        with self._errors():
            rows = self._db.execute(
                "SELECT sha256, content FROM pages WHERE name = ? ORDER BY page", (os.fsencode(name),)
            ).fetchall()
        return [from_json(name, sha256, content) for sha256, content in rows]

    def _count_anew(self, sha256: str, number: int) -> None:
        """Count the fields of a content's page as people have said, under all names that it has."""
        found = self._db.execute(
            "SELECT pages.name, content FROM pages JOIN files ON pages.name = files.name "
            "WHERE files.sha256 = ? AND page = ?",
            (sha256, number),
        ).fetchall()
        for name, content in found:
            page = self._corrections.applied(from_json(os.fsdecode(name), sha256, content))
            self._db.execute(
                "UPDATE pages SET status = ?, accepted = ?, review = ?, blank = ?, invalid = ? "
                "WHERE name = ? AND page = ?",
                (page.result.status.value, *_counts(page), name, number),
            )

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
    name, size, mtime_ns, sha256, key, forms, moved, path = row
    return os.fsdecode(name), FileState(size, mtime_ns, sha256, key, forms, bool(moved), place_of(os.fsdecode(path)))


def _of_state(state: FileState) -> tuple[object, ...]:
    path = os.fsencode(str(state.path))
    return (state.size, state.mtime_ns, state.sha256, state.key, state.forms, state.moved, path)


def _row(page: FilePage, said: FilePage) -> tuple[object, ...]:
    """Give a page's row: its reading as it was, its status and its fields counted as people have said."""
    return (page.result.page, page.sha256, said.result.status.value, to_json(page), page.result.reason, *_counts(said))


def _counts(page: FilePage) -> list[int]:
    return [sum(field.status is status for field in page.result.fields) for status in STATUSES]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
