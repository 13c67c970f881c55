"""A file's bytes as they were at one moment, or why there are none."""

import hashlib
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ocrbatch.job.remote import UNKNOWN, Address, Found
from ocrbatch.job.sources import Source
from ocrbatch.page.decode import decode
from ocrbatch.records import Page, PageFailure

STILL_WRITTEN = "still being written"
SETTLED = 2.0
"""Seconds for which a file that has changed since it was listed must have been left alone."""
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
"""What has become a pipe since it was listed must not hold the job up."""
_NO_VERSION = -2
"""Recorded of a file whose store tells no version: no listing says so, and it is read anew."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that was opened: its bytes, and their size, time and sha256; else ``problem`` says why it was not.

    ``waits`` tells a file that is to be read another time from one that cannot be read.
    """

    data: bytes = b""
    size: int = -1
    mtime_ns: int = -1
    sha256: str = ""
    problem: str = ""
    detail: str = ""
    waits: bool = False

    def pages(self, max_pixels: int) -> Iterator[Page | PageFailure]:
        """Give the file's pages, at least one."""
        if self.problem:
            yield PageFailure(1, self.problem, self.detail)
            return
        page: Page | PageFailure | None = None
        for page in decode(self.data, max_pixels=max_pixels):
            yield page
        if page is None:
            yield PageFailure(1, "broken", "it has no pages")


def open_source(source: Source) -> Opened:
    """Read a file; one that is still being written waits."""
    if isinstance(source.path, Address):
        return _open_in_store(source, source.path)
    return _open_here(source, source.path)


def _open_here(source: Source, path: Path) -> Opened:
    try:
        handle = os.open(path, _FLAGS)
    except OSError as error:
        return _refused(error)
    try:
        with os.fdopen(handle, "rb") as file:
            before = os.fstat(handle)
            if not stat.S_ISREG(before.st_mode):
                return Opened(problem="unreadable", detail="it is no file any more")
            if _grows(source, before):
                return _still_written()
            data = file.read()
            after = os.fstat(handle)
    except OSError as error:
        return _refused(error)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or len(data) != after.st_size:
        return _still_written()
    return Opened(data, after.st_size, after.st_mtime_ns, hashlib.sha256(data).hexdigest())


def content_sum(path: Path) -> str:
    """Give the sha256 of a file's content in hexadecimal; empty where it cannot be read."""
    try:
        handle = os.open(path, _FLAGS)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                return ""
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _grows(source: Source, now: os.stat_result) -> bool:
    """Tell whether a file has changed since it was listed, and just now; one put in its place is another matter."""
    if source.inode != now.st_ino or (source.size, source.mtime_ns) == (now.st_size, now.st_mtime_ns):
        return False
    return abs(time.time() - now.st_mtime) < SETTLED


def _open_in_store(source: Source, address: Address) -> Opened:
    """Get a file from its store.

    The version that is recorded is one from before its bytes were read: if it changes meanwhile, the next run sees it.
    """
    try:
        data = address.read_bytes()
        size, version = source.size, source.mtime_ns
        if len(data) != size:
            now = address.look()
            if now.skipped or _grows_in_store(source, now):
                return _still_written()
            data = address.read_bytes()
            size, version = now.size, now.version
    except OSError as error:
        return _refused(error)
    if size not in (len(data), UNKNOWN):
        return _still_written()
    known = _NO_VERSION if version == UNKNOWN else version
    return Opened(data, len(data), known, hashlib.sha256(data).hexdigest())


def _grows_in_store(source: Source, now: Found) -> bool:
    """Tell whether a file has changed since it was listed, and just now; a store with etags shows only whole ones."""
    if source.size == UNKNOWN or now.changed is None or (source.size, source.mtime_ns) == (now.size, now.version):
        return False
    return abs(time.time() - now.changed) < SETTLED


def _still_written() -> Opened:
    return Opened(problem=STILL_WRITTEN, waits=True)


def _refused(error: OSError) -> Opened:
    if isinstance(error, FileNotFoundError):
        return Opened(problem="vanished")
    return Opened(problem="unreadable", detail=str(error.strerror))
