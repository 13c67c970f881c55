"""Files that appear whole or not at all, and that only their user can read."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from ocrbatch.errors import OutputError

DRAFT = ".tmp"


def make_folder(folder: Path) -> None:
    """Make a folder (0700), with those above it; OutputError where it cannot be."""
    with output_errors(folder):
        if not folder.is_dir():
            folder.mkdir(parents=True, mode=0o700, exist_ok=True)


@contextmanager
def output_errors(path: Path) -> Iterator[None]:
    """Turn what the system says of a path into an OutputError that tells the mend."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{path}: cannot be written ({error.strerror or error}); free space, close the programs that hold "
            "it open, or give another folder with -o, then run the same command again"
        ) from error


class Drafts:
    """Files written under temporary names beside their own, which ``publish`` then renames in their order.

    Used as a context: what was not published when it ends is removed.
    """

    def __init__(self) -> None:
        self._files: list[tuple[Path, Path, TextIO]] = []

    def open(self, path: Path, encoding: str = "utf-8") -> TextIO:
        """Begin a file (0600); lines end as they are written. OutputError where it cannot be."""
        draft = path.with_name(f".{path.name}{DRAFT}")
        with output_errors(path):
            draft.unlink(missing_ok=True)
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            file = os.fdopen(handle, "w", encoding=encoding, newline="")
        self._files.append((path, draft, file))
        return file

    def publish(self) -> None:
        """Bring all to the disk, then give all their names: until then the old files stand."""
        for path, _, file in self._files:
            with output_errors(path):
                file.flush()
                os.fsync(file.fileno())
                file.close()
        for path, draft, _ in self._files:
            with output_errors(path):
                draft.replace(path)
        for folder in dict.fromkeys(path.parent for path, _, _ in self._files):
            _sync_folder(folder)
        self._files.clear()

    def __enter__(self) -> "Drafts":
        return self

    def __exit__(self, *_: object) -> None:
        for _path, draft, file in self._files:
            with suppress(OSError):
                file.close()
            with suppress(OSError):
                draft.unlink(missing_ok=True)
        self._files.clear()


def _sync_folder(folder: Path) -> None:
    """Bring the names themselves to the disk, where the system can do it."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
