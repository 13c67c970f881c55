"""The named steps of commit and rename, at each of which a job can be stopped, or its disk be full.

Steps are counted in the job's own process (``main``) and in those that read (``worker``), from 1 on.
"""

import contextlib
import errno
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from ocrbatch.job.ledger import Ledger
from ocrbatch.output.files import Drafts

MAIN, WORKER = "main", "worker"
Act = Callable[[str], None]


class Steps:
    """Counts the steps of a process, notes them in a file, and does something at one of them, or from one on."""

    def __init__(
        self,
        where: str = "",
        number: int = 0,
        act: Act = lambda name: None,
        *,
        lasting: bool = False,
        noted: Path | None = None,
    ) -> None:
        self._where, self._number, self._act, self._lasting, self._noted = where, number, act, lasting, noted
        self._main = os.getpid()
        self._done = {MAIN: 0, WORKER: 0}

    def take(self, name: str) -> None:
        """Take a step."""
        where = MAIN if os.getpid() == self._main else WORKER
        self._done[where] += 1
        if self._noted:
            with self._noted.open("a", encoding="utf-8") as file:
                file.write(f"{where} {name}\n")
        done = self._done[where]
        if where == self._where and (done == self._number or (self._lasting and done > self._number)):
            self._act(name)

    def follow_commits(self) -> None:
        """Step before each transaction, before its end, and after it; and in its midst, with a file half recorded."""
        sound, sound_record = Ledger._transaction, Ledger.record

        @contextlib.contextmanager
        def transaction(ledger: Ledger) -> Iterator[None]:
            # With so little room in memory, what is not committed yet stands in the file already.
            ledger._db.execute("PRAGMA cache_size = 1")
            self.take("begin")
            with sound(ledger):
                yield
                self.take("commit")
            self.take("committed")

        def record(ledger: Ledger, files: Iterable[tuple[str, Any, Iterable[Any]]], **more: Any) -> None:
            told = ((name, state, self._in_midst(pages)) for name, state, pages in files)
            sound_record(ledger, told, **more)  # type: ignore[arg-type]

        Ledger._transaction = transaction  # type: ignore[method-assign]
        Ledger.record = record  # type: ignore[method-assign]

    def _in_midst(self, values: Iterable[Any]) -> Iterator[Any]:
        self.take("half recorded")
        yield from values

    def follow_names(self) -> None:
        """Step before and after a file gets its name, moves, or goes, and after a draft is begun."""
        for name in ("replace", "rename"):
            self._around(Path, name, lambda path, other: f"{path.name} to {other.name}")
        self._around(Path, "unlink", lambda path, **_: f"unlink {path.name}" if os.path.lexists(path) else "")
        self._around(Drafts, "open", lambda _, path, *more: f"open {path.name}")

    def follow_syncs(self) -> None:
        """Step before and after what is written is brought to the disk."""
        self._around(os, "fsync", lambda _: "fsync")

    def follow_writes(self) -> None:
        """Step before each piece that is written to a table or a picture."""
        sound = os.fdopen

        def fdopen(handle: int, mode: str = "r", *more: Any, **options: Any) -> Any:
            file = sound(handle, mode, *more, **options)
            return _Written(file, self.take) if "w" in mode else file

        os.fdopen = fdopen

    def _around(self, owner: Any, name: str, told: Callable[..., str]) -> None:
        sound = getattr(owner, name)

        def stepped(*arguments: Any, **options: Any) -> Any:
            step = told(*arguments, **options)
            if step:
                self.take(f"before {step}")
            result = sound(*arguments, **options)
            if step:
                self.take(f"after {step}")
            return result

        setattr(owner, name, stepped)


class _Written:
    """A file that tells of each write before it happens."""

    def __init__(self, file: TextIO, take: Callable[[str], None]) -> None:
        self._file, self._take = file, take

    def write(self, content: Any) -> int:
        self._take("write")
        return self._file.write(content)

    def flush(self) -> None:
        self._take("flush")
        self._file.flush()

    def close(self) -> None:
        if self._file.closed:
            return
        try:
            self._take("close")
        except OSError:
            # What was not brought to the disk before does not get there now.
            os.close(self._file.fileno())
            with contextlib.suppress(OSError):
                self._file.close()
            raise
        self._file.close()

    def __enter__(self) -> "_Written":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def kill_all(name: str) -> None:
    """End the job with all its processes, as by a power cut."""
    os.killpg(0, signal.SIGKILL)
    signal.pause()


def disk_full(name: str) -> None:
    """Say that the disk is full, but where nothing is written."""
    if not name.startswith(("after", "before unlink")):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
