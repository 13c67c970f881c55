"""What has been read: an SQLite file in the output folder, written by the parent alone, a transaction a batch."""

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ocrbatch.errors import OutputError
from ocrbatch.job.migrations import is_current, migrate
from ocrbatch.job.stored import from_json, to_json
from ocrbatch.records import FilePage

NAME = "ledger.sqlite"
PATIENCE = 60.0
"""Seconds to wait for a person who looks at the ledger while a job writes it."""


@dataclass(frozen=True, slots=True)
class FileState:
    """What is known of a file that was read: its ``size`` and ``mtime_ns`` then, its content's ``sha256``, and by what.

    ``key`` names the settings and the models; it is empty where the file is to be tried anew. ``forms`` has the sum of
    each form that its pages depend on, under the form's name.
    """

    size: int
    mtime_ns: int
    sha256: str
    key: str
    forms: str = "{}"


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
            rows = self._db.execute("SELECT name, size, mtime_ns, sha256, key, forms FROM files").fetchall()
        return {os.fsdecode(name): FileState(*state) for name, *state in rows}

    def same_content(self, sha256: str) -> list[tuple[str, FileState]]:
        """Give the files of a content, sorted by name, with their states."""
        with self._errors():
            rows = self._db.execute(
                "SELECT name, size, mtime_ns, sha256, key, forms FROM files WHERE sha256 = ? ORDER BY name", (sha256,)
            ).fetchall()
        return [(os.fsdecode(name), FileState(*state)) for name, *state in rows]

    def record(self, files: Iterable[tuple[str, FileState, Sequence[FilePage]]]) -> None:
        """Record all the pages of some files, in one transaction."""
        with self._transaction():
            for name, state, pages in files:
                key = os.fsencode(name)
                self._db.execute("DELETE FROM pages WHERE name = ?", (key,))
                self._db.execute(
                    "INSERT OR REPLACE INTO files (name, size, mtime_ns, sha256, key, forms) VALUES (?, ?, ?, ?, ?, ?)",
                    (key, state.size, state.mtime_ns, state.sha256, state.key, state.forms),
                )
                self._db.executemany(
                    "INSERT INTO pages (name, page, sha256, status, content) VALUES (?, ?, ?, ?, ?)",
                    [(key, p.result.page, p.sha256, p.result.status.value, to_json(p)) for p in pages],
                )

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
