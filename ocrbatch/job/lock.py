"""One job an output folder."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from ocrbatch.errors import LockedError, OutputError


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the output folder; the kernel lets go when the process ends, however it ends.

    Raises LockedError where another job holds it, OutputError where nothing can be written.
    """
    try:
        lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise OutputError(f"cannot write to {folder}: {error.strerror}; choose another output folder") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(lock, 32, 0).decode(errors="replace").strip() or "unknown"
            raise LockedError(f"another job (process {holder}) is writing to {folder}; wait for it") from error
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(lock)
