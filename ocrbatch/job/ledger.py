"""What has been read: an SQLite file in the output folder, written by the parent alone, a transaction a batch."""

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ocrbatch.errors import OutputError
from ocrbatch.geometry import Box
from ocrbatch.records import FieldReading, FilePage, PageResult, PageStatus, Status, read_only

NAME = "ledger.sqlite"
PATIENCE = 60.0
"""Seconds to wait for a person who looks at the ledger while a job writes it."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (name BLOB PRIMARY KEY, size INTEGER, mtime_ns INTEGER, key TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pages (
    name BLOB, page INTEGER, sha256 TEXT, status TEXT, content TEXT, PRIMARY KEY (name, page)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class FileState:
    """What tells whether a file has been read as it is now: its size, its time and the ``key`` of the settings."""

    size: int
    mtime_ns: int
    key: str


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
                    self._db.executescript(_SCHEMA)
        except OutputError:
            self._db.close()
            raise

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def states(self) -> dict[str, FileState]:
        """Give the state of every file that has been read, by name."""
        with self._errors():
            rows = self._db.execute("SELECT name, size, mtime_ns, key FROM files").fetchall()
        return {os.fsdecode(name): FileState(size, mtime, key) for name, size, mtime, key in rows}

    def record(self, files: Iterable[tuple[str, FileState, Sequence[FilePage]]]) -> None:
        """Record all the pages of some files, in one transaction."""
        with self._transaction():
            for name, state, pages in files:
                key = os.fsencode(name)
                self._db.execute("DELETE FROM pages WHERE name = ?", (key,))
                self._db.execute(
                    "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?)", (key, state.size, state.mtime_ns, state.key)
                )
                self._db.executemany(
                    "INSERT INTO pages VALUES (?, ?, ?, ?, ?)",
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


def to_json(page: FilePage) -> str:
    """Write a page's result and crops as JSON; ``from_json`` reads them back equal."""
    result = page.result
    fields = [
        {
            "name": f.name,
            "kind": f.kind,
            "value": f.value,
            "confidence": f.confidence,
            "status": f.status.value,
            "reasons": f.reasons,
            "raw": f.raw,
            "runner_up": f.runner_up,
            "digit_confidence": f.digit_confidence,
            "box": [f.box.x, f.box.y, f.box.width, f.box.height],
            "cells": f.cells.tolist(),
            "cell_values": f.cell_values,
        }
        for f in result.fields
    ]
    content = {
        "page": result.page,
        "form": result.form,
        "form_page": result.form_page,
        "status": result.status.value,
        "reason": result.reason,
        "registration": result.registration,
        "skew_degrees": result.skew_degrees,
        "fields": fields,
        "crops": page.crops,
    }
    return json.dumps(content, separators=(",", ":"))


def from_json(file: str, sha256: str, content: str) -> FilePage:
    """Read back what ``to_json`` wrote."""
    page = json.loads(content)
    fields = tuple(
        FieldReading(
            name=f["name"],
            kind=f["kind"],
            value=f["value"],
            confidence=f["confidence"],
            status=Status(f["status"]),
            reasons=tuple(f["reasons"]),
            raw=f["raw"],
            runner_up=f["runner_up"],
            digit_confidence=tuple(f["digit_confidence"]),
            box=Box(*f["box"]),
            cells=read_only(np.array(f["cells"], dtype=np.float32).reshape(-1, 4, 2)),
            cell_values=tuple(f["cell_values"]),
        )
        for f in page["fields"]
    )
    result = PageResult(
        page=page["page"],
        form=page["form"],
        status=PageStatus(page["status"]),
        reason=page["reason"],
        registration=page["registration"],
        skew_degrees=page["skew_degrees"],
        fields=fields,
        # Ledgers from before forms had several pages do not tell.
        form_page=page.get("form_page", 1),
    )
    return FilePage(file, sha256, result, tuple(page["crops"]))
