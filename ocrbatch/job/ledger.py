"""What has been read: an SQLite file in the output folder, written by the parent alone, a transaction a batch."""

import contextlib
import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ocrbatch.errors import OutputError
from ocrbatch.geometry import Box
from ocrbatch.records import FieldReading, FilePage, PageResult, PageStatus, Status, read_only

NAME = "ledger.sqlite"
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
    """The pages of a job by file; usable in a ``with`` statement. Raises OutputError where it cannot be written."""

    def __init__(self, folder: Path, *, writable: bool = True) -> None:
        path = folder / NAME
        try:
            if writable:
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
                self._db = sqlite3.connect(path, isolation_level=None)
                # A rollback journal and full syncs: a kill or a power cut leaves the last whole transaction.
                self._db.execute("PRAGMA synchronous = FULL")
                self._db.executescript(_SCHEMA)
            else:
                self._db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise OutputError(f"cannot open the ledger {path}: {error}") from error

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def states(self) -> dict[str, FileState]:
        """Give the state of every file that has been read, by name."""
        rows = self._db.execute("SELECT name, size, mtime_ns, key FROM files")
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
        rows = self._db.execute("SELECT name, sha256, content FROM pages ORDER BY name, page")
        for name, sha256, content in rows:
            yield from_json(os.fsdecode(name), sha256, content)

    def page_counts(self) -> Counter[PageStatus]:
        """Count the pages by status."""
        rows = self._db.execute("SELECT status, count(*) FROM pages GROUP BY status")
        return Counter({PageStatus(status): count for status, count in rows})

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise OutputError(f"cannot write the ledger: {error}; free some space and run the same command") from error


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
    )
    return FilePage(file, sha256, result, tuple(page["crops"]))
