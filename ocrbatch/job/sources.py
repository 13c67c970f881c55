"""What a job has to read: the files of its inputs, in their order, each with the reason where it is left out."""

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ocrbatch.errors import InputError, UsageError
from ocrbatch.job.remote import Address, Place
from ocrbatch.records import FilePage, PageResult, PageStatus

PICTURES = frozenset({".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".bmp", ".dib", ".webp", ".pdf"})


@dataclass(frozen=True, slots=True)
class Source:
    """A file of the input: ``name`` is its path below the input with ``/``; ``skipped`` says why it is left out.

    ``size``, ``mtime_ns`` and ``inode`` are those that it had when it was listed, -1 where they are not known. Of a
    file in a store, ``mtime_ns`` is a number of its version: it changes when the file does.
    """

    name: str
    path: Place
    skipped: str = ""
    size: int = -1
    mtime_ns: int = -1
    inode: int = -1


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What was read of a file: its pages, and the size, time and sha256 of the bytes that they are of.

    ``again`` tells that the next run should try it anew: it could not be opened, or the machine had no room for it.
    """

    pages: tuple[FilePage, ...]
    size: int = -1
    mtime_ns: int = -1
    sha256: str = ""
    again: bool = True


def list_sources(inputs: Sequence[Place], output: Path) -> list[Source]:
    """List the files of folders and single files, here or in stores, sorted by the bytes of their names, each once.

    In a folder, hidden files are passed over; files that no picture's ending names, links out of the folder and
    what is no regular file are listed as skipped. A file that is named itself is always taken. Raises InputError
    where an input is missing or unreadable, UsageError where the output lies inside an input folder.
    """
    found: dict[str, Source] = {}
    taken: set[str] = set()
    for place in inputs:
        folder, sources = _in_store(place) if isinstance(place, Address) else _here(place, output)
        for source in sources:
            if len(inputs) > 1:
                # Inputs may overlap.
                real = _real(source.path)
                if real in taken:
                    continue
                taken.add(real)
            name = source.name
            if name in found:
                # Two inputs have a file of one name: the input's own name tells them apart.
                name = f"{_own_name(place if folder else place.parent)}/{name}"
                if name in found:
                    raise UsageError(
                        f"{source.path} and {found[name].path} would both be called {name}; read them in two jobs"
                    )
            found[name] = replace(source, name=name)
    return sorted(found.values(), key=lambda source: os.fsencode(source.name))


def failed_file(name: str, reason: str, status: PageStatus = PageStatus.FAILED, page: int = 1) -> FilePage:
    """Give the page that stands for a file, or for one page of it, of which nothing was read."""
    return FilePage(name, "", PageResult(page, "", status, reason, 0.0, 0.0, ()))


def _here(place: Path, output: Path) -> tuple[bool, Iterable[Source]]:
    """Tell whether a place of this machine is a folder, and give its files, or itself."""
    try:
        status = place.stat()
    except OSError as error:
        raise InputError(f"cannot read {place}: {error.strerror}; check the path") from error
    if not stat.S_ISDIR(status.st_mode):
        reason = "" if stat.S_ISREG(status.st_mode) else _kind(status.st_mode)
        return False, [_listed(place.name, place, status, reason)]
    if is_within(output, place):
        raise UsageError(f"the output folder {output} lies inside the input {place}; choose one outside")
    return True, _walk(place, place)


def _in_store(address: Address) -> tuple[bool, Iterable[Source]]:
    """Tell whether an address is a folder, and give its files, or itself."""
    folder, files = address.listing()
    return folder, (
        Source(
            file.name,
            file.address,
            file.skipped or (_by_ending(PurePosixPath(file.name).suffix) if folder else ""),
            file.size,
            file.version,
        )
        for file in files
    )


def _real(path: Place) -> str:
    """Name what a file is but for the links to the folders above it: links within a folder stay what they are."""
    return str(path) if isinstance(path, Address) else os.path.realpath(path.parent) + os.sep + path.name


def _own_name(folder: Place) -> str:
    return folder.name if isinstance(folder, Address) else folder.resolve().name


def _listed(name: str, path: Path, status: os.stat_result, skipped: str) -> Source:
    return Source(name, path, skipped, status.st_size, status.st_mtime_ns, status.st_ino)


def _walk(folder: Path, root: Path) -> Iterator[Source]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        if folder == root:
            raise InputError(f"cannot list {folder}: {error.strerror}; check its permissions") from error
        yield Source(_name(folder, root) + "/", folder, f"folder not readable: {error.strerror}")
        return
    for entry in entries:
        path = folder / entry.name
        if entry.name.startswith("."):
            continue
        if entry.is_symlink() and not is_within(path, root):
            yield Source(_name(path, root), path, "link out of the folder")
        elif entry.is_dir(follow_symlinks=False):
            yield from _walk(path, root)
        else:
            yield _of_folder(_name(path, root), path)


def _of_folder(name: str, path: Path) -> Source:
    try:
        status = path.stat()
    except OSError as error:
        return Source(name, path, f"broken link: {error.strerror}" if path.is_symlink() else "")
    return _listed(name, path, status, _reason(path, status.st_mode))


def _reason(path: Path, mode: int) -> str:
    """Say why a file of a folder is left out; empty where it is to be read."""
    if not stat.S_ISREG(mode):
        return "link to a folder" if stat.S_ISDIR(mode) else _kind(mode)
    return _by_ending(path.suffix)


def _by_ending(suffix: str) -> str:
    return "" if not suffix or suffix.lower() in PICTURES else "not a picture by its ending"


def _kind(mode: int) -> str:
    kinds = ((stat.S_ISFIFO, "pipe"), (stat.S_ISSOCK, "socket"), (stat.S_ISCHR, "device"), (stat.S_ISBLK, "device"))
    return next((f"not a file but a {name}" for test, name in kinds if test(mode)), "not a regular file")


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def is_within(path: Path, folder: Path) -> bool:
    """Tell whether a path, its links followed, is a folder or lies below it; loops of links are followed nowhere."""
    real = Path(os.path.realpath(folder))
    inner = Path(os.path.realpath(path))
    return real in (inner, *inner.parents)
