"""Files that appear whole or not at all, and that only their user can read."""

import errno
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, BinaryIO, TextIO

from ocrbatch.errors import OutputError

DRAFT = ".tmp"
CROPS, OVERLAYS = "crops", "overlays"
WORKBOOK = "results.xlsx"
PARTS = f".{WORKBOOK}.parts"
"""The folder that holds the workbook's parts while it is written."""
LONGEST_PART = 200
"""Bytes of a part of a path; file systems take 255, of which the endings need some."""


def make_folder(folder: Path) -> None:
    """Make a folder (0700), and likewise those above it; OutputError where it cannot be."""
    with output_errors(folder):
        for missing in reversed([place for place in (folder, *folder.parents) if not place.exists()]):
            missing.mkdir(mode=0o700, exist_ok=True)
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "it is no folder")


def picture_path(name: str) -> str:
    """Give the path under which the pictures of a file of the input lie: its own name, wherever a disk takes it.

    A part with signs that are no letters for a person, or longer than 200 bytes, is shortened and ends in ``~`` and
    the beginning of its sha256: two files never share a picture.
    """
    return "/".join(picture_part(part) for part in name.split("/"))


def overlay_path(name: str, page: int) -> str:
    """Give where below the output folder the overlay of a page of a file lies."""
    return f"{OVERLAYS}/{picture_path(name)}.p{page}.jpg"


def crop_path(name: str, page: int, field: str) -> str:
    """Give where below the output folder the crop of a field of a page of a file lies."""
    return f"{CROPS}/{picture_path(name)}/{page}-{picture_part(field)}.png"


def write_private(path: Path, content: bytes) -> None:
    """Write a file (0600) at once or not at all, and the folders above it; OutputError where it cannot be."""
    make_folder(path.parent)
    draft = path.with_name(f".{path.name}{DRAFT}")
    with output_errors(path):
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        draft.replace(path)


def picture_part(part: str) -> str:
    """Give one part of such a path; a ``/`` in it, as in a field's name, is a sign like any other."""
    return part if _plain(part) else _shortened(part)


def _plain(part: str) -> bool:
    return (
        part.isprintable()
        and not {"\\", "/"} & set(part)
        and len(os.fsencode(part)) <= LONGEST_PART
        and part[-1:] not in " ."
    )


def _shortened(part: str) -> str:
    readable = re.sub(r"[^A-Za-z0-9._-]", "_", part)[:80]
    return f"{readable}~{hashlib.sha256(os.fsencode(part)).hexdigest()[:16]}"


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
        self._files: list[tuple[Path, Path, IO[Any]]] = []

    def open(self, path: Path, encoding: str = "utf-8") -> TextIO:
        """Begin a file (0600); lines end as they are written. OutputError where it cannot be."""
        handle, draft = self._begin(path)
        file = os.fdopen(handle, "w", encoding=encoding, newline="")
        self._files.append((path, draft, file))
        return file

    def open_bytes(self, path: Path) -> BinaryIO:
        """Begin a file (0600) of bytes. OutputError where it cannot be."""
        handle, draft = self._begin(path)
        file = os.fdopen(handle, "w+b")
        self._files.append((path, draft, file))
        return file

    def _begin(self, path: Path) -> tuple[int, Path]:
        draft = path.with_name(f".{path.name}{DRAFT}")
        with output_errors(path):
            draft.unlink(missing_ok=True)
            return os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), draft

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
