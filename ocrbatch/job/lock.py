"""One job an output folder: a lock of the kernel's, which lets go when its process ends, however it ends."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from ocrbatch.errors import LockedError, OutputError
from ocrbatch.output.files import output_errors

NAME = ".lock"
_FLAGS = os.O_RDWR | os.O_CREAT

if sys.platform == "win32":
    import msvcrt

    FAR = 1 << 30
    """The byte that is locked lies behind the process's number, which others may read."""

    def _take(lock: int) -> None:
        os.lseek(lock, FAR, os.SEEK_SET)
        msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _take(lock: int) -> None:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the output folder.

    Raises LockedError where another job holds it, OutputError where nothing can be written.
    """
    try:
        lock = os.open(folder / NAME, _FLAGS, 0o600)
    except OSError as error:
        raise OutputError(f"cannot write to {folder}: {error.strerror}; choose another output folder") from error
    try:
        try:
            _take(lock)
        except (BlockingIOError, PermissionError) as error:
            raise LockedError(
                f"another job (process {_holder(lock) or 'unknown'}) is writing to {folder}; wait for it"
            ) from error
        with output_errors(folder / NAME):
            os.ftruncate(lock, 0)
            os.lseek(lock, 0, os.SEEK_SET)
            os.write(lock, str(os.getpid()).encode())
        yield
    finally:
        os.close(lock)


def lock_holder(folder: Path) -> str:
    """Give the number of the process that holds an output folder; empty where none does."""
    try:
        lock = os.open(folder / NAME, os.O_RDWR)
    except OSError:
        return ""
    try:
        _take(lock)
    except (BlockingIOError, PermissionError):
        return _holder(lock) or "unknown"
    finally:
        os.close(lock)
    return ""


def _holder(lock: int) -> str:
    os.lseek(lock, 0, os.SEEK_SET)
    return os.read(lock, 32).decode(errors="replace").strip()
