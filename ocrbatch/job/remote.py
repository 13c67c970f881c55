"""Addresses of scans in stores that fsspec reaches, as ``s3://bucket/scans``: they are read straight into memory."""

import errno
import hashlib
import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ocrbatch.errors import InputError, OcrbatchError, UsageError

INSTALL = "pip install 'ocrbatch[remote]'"
UNKNOWN = -1
"""Stands for a size or a version that a store does not tell."""
_ADDRESS = re.compile(r"((?:[A-Za-z0-9+.-]+::)*)([A-Za-z][A-Za-z0-9+.-]+)://(.*)", re.DOTALL)
_HERE = ("file", "local")
_WEB = ("http", "https")
_ETAGS = ("ETag", "etag", "generation", "sha")
_TIMES = ("LastModified", "last_modified", "mtime", "modified", "modify", "updated", "last_write_time", "created")
_REFUSALS = re.compile(r"forbidden|unauthori[sz]ed|access ?denied|anonymous|credential|authentication|\b40[13]\b", re.I)
"""What the names and the words of errors have in common by which a store means: not you."""
_CHATTY = ("asyncio", "fsspec", "s3fs", "aiobotocore", "botocore", "gcsfs", "google", "adlfs", "azure", "paramiko")
"""Libraries that log what goes wrong, which an error tells too: Python itself would write it to standard error."""
_OURS = (OcrbatchError, MemoryError)
_Info = Mapping[str, Any]
_Entry = tuple[str, str, _Info]
"""A file's path in its file system, why it is none that can be read, and what its store says of it."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file of a store: its ``name`` below what was listed, why it is none that can be read, and what it was then.

    ``version`` is a number of its etag, or else its time in nanoseconds; ``changed`` is that time in seconds, and None
    where the store shows a file only when it is whole, as those with etags do.
    """

    name: str
    address: "Address"
    skipped: str
    size: int
    version: int
    changed: float | None


@dataclass(frozen=True, slots=True)
class Address:
    """Where a file or a folder lies in a store: no password is in it, for it is told and kept.

    It answers to what is asked of a Path here. What speaks with the store raises OSError, in words that have no secret;
    UsageError where what is needed for it is not installed. fsspec is imported, and its file system made, only then,
    and in the process that asks.
    """

    text: str

    def __str__(self) -> str:
        return self.text

    @property
    def name(self) -> str:
        """The last part."""
        return self.text.rstrip("/").rpartition("/")[2]

    @property
    def store(self) -> str:
        """The part that names the store: a bucket, a server, or none but the kind of store."""
        protocol, _, rest = self.text.partition("://")
        return f"{protocol}://{rest.partition('/')[0]}"

    @property
    def parent(self) -> "Address":
        """The folder that it lies in."""
        return Address(self.text.rstrip("/").rpartition("/")[0])

    def absolute(self) -> "Address":
        """Give itself: it means the same in any working folder."""
        return self

    def is_file(self) -> bool:
        """Ask the store whether there is such a file."""
        try:
            return not self.look().skipped
        except OSError:
            return False

    def read_bytes(self) -> bytes:
        """Get the file's content."""
        with _os_errors():
            system, path = self._opened()
            return bytes(system.cat_file(path))

    def look(self) -> Found:
        """Ask the store for the file as it is now."""
        with _os_errors():
            system, path = self._opened()
            return _found(self.name, self, system.info(path))

    def listing(self) -> tuple[bool, list[Found]]:
        """Tell whether it is a folder, and give the files below it, or itself; those with a dot's name are passed over.

        Raises InputError where it cannot be listed.
        """
        try:
            with _os_errors():
                system, path = self._opened()
                info = system.info(path)
                if info["type"] != "directory":
                    return False, [_found(self.name, self, info)]
                below = [(_below(path, name), skipped, one) for name, skipped, one in _all_below(system, path)]
        except OSError as error:
            raise InputError(f"cannot read {self}: {error.strerror}; {_mend(error)}") from error
        shown = (entry for entry in below if not entry[0].startswith(".") and "/." not in entry[0])
        return True, [_found(name, self._child(name), one, skipped) for name, skipped, one in shown]

    def connect(self) -> None:
        """Make the file system and its connection now; what is wrong with it, reading will tell."""
        with suppress(OSError):
            self.look()

    def _child(self, name: str) -> "Address":
        folder = self.text.rstrip("/")
        return Address(f"{folder}//{name}" if folder.endswith(":") else f"{folder}/{name}")

    def _opened(self) -> tuple[Any, str]:
        """Give the file system, which fsspec makes once a process and thread, and the path in it."""
        protocol, _, _ = self.text.partition("://")
        try:
            from fsspec import get_filesystem_class
            from fsspec.core import url_to_fs

            get_filesystem_class(protocol)
        except ImportError as error:
            raise UsageError(
                f"{self} needs a library that is not installed ({error}): {INSTALL} has those for s3:// and gs://"
            ) from error
        except ValueError as error:
            raise UsageError(f"{self}: there is no kind of store called {protocol!r}; check the address") from error
        for library in map(logging.getLogger, _CHATTY):
            if not library.handlers:
                library.addHandler(logging.NullHandler())
        # Only the store's own part is parsed: a file's name may have signs in it that mean something to fsspec.
        system, _ = url_to_fs(self.store)
        system.invalidate_cache()
        return system, system._strip_protocol(self.text)


Place = Path | Address
"""Where a scan or a folder of scans lies: on this machine, or in a store."""


def place_of(text: str) -> Place:
    """Give the place that a person or the ledger names; ``file://`` is this machine.

    Raises UsageError for an address with a password in it, one that is put together of several, and a web page's.
    """
    address = _ADDRESS.fullmatch(text)
    if address is None:
        return Path(text)
    before, protocol, rest = address.groups()
    if protocol in _HERE:
        return Path(rest)
    if ":" in rest.partition("/")[0].rpartition("@")[0]:
        raise UsageError(
            f"an address that begins with {protocol}:// has a password in it, which would be told and kept; leave it "
            "out, and give it where the store's own tools look for it"
        )
    if protocol in _WEB:
        raise UsageError(f"{protocol}:// names no store whose files can be listed; download the scans first")
    if "::" in before + rest.partition("/")[0] or re.search(r"::[A-Za-z][A-Za-z0-9+.-]+://", rest):
        raise UsageError(f"{text}: addresses within addresses are not read; name the folder or the bucket itself")
    return Address(text)


def one_a_store(places: Iterable[Place]) -> tuple[Address, ...]:
    """Give one of the addresses in each store."""
    addresses = [place for place in places if isinstance(place, Address)]
    return tuple({address.store: address for address in addresses}.values())


def check_output(output: Path) -> None:
    """Raise UsageError where somebody wants the output in a store: it needs files that can be locked."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", os.fspath(output)):
        raise UsageError(f"the output {output} is an address; -o takes a folder of this machine, which can be copied")


def _below(folder: str, path: str) -> str:
    return path.removeprefix(folder).removeprefix("/")


def _all_below(system: Any, path: str) -> Iterator[_Entry]:
    """Give all files below a folder, and the folders in it that cannot be listed."""
    from fsspec.asyn import AsyncFileSystem

    if getattr(type(system), "_find", AsyncFileSystem._find) is AsyncFileSystem._find:
        # fsspec's own walk would pass over the folders that it cannot list.
        yield from _walk(system, path)
        return
    # Stores of objects give all names at once.
    for name, info in system.find(path, detail=True).items():
        # Of a folder without files there may be a mark, whose name ends as a folder's does.
        if info["type"] != "directory" and not name.endswith("/"):
            yield name, _kind(info), info


def _walk(system: Any, root: str) -> Iterator[_Entry]:
    folders = [root]
    while folders:
        folder = folders.pop()
        try:
            entries = system.ls(folder, detail=True)
        except Exception as error:
            if folder == root or isinstance(error, _OURS):
                raise
            yield f"{folder}/", f"folder not readable: {_as_os_error(error).strerror}", {}
            continue
        for entry in entries:
            name = entry["name"].rstrip("/")
            if entry["type"] != "directory":
                yield name, _kind(entry), entry
            elif name != folder:
                folders.append(name)


def _kind(info: _Info) -> str:
    return "" if info["type"] == "file" else "not a regular file"


def _found(name: str, address: Address, info: _Info, skipped: str | None = None) -> Found:
    version, changed = _version(info)
    size = info.get("size")
    reason = _kind(info) if skipped is None else skipped
    return Found(name, address, reason, UNKNOWN if size is None else int(size), version, changed)


def _version(info: _Info) -> tuple[int, float | None]:
    """Give a file's version, and when it has changed, from what its store says; listing and looking say the same."""
    etag = next((info[key] for key in _ETAGS if info.get(key)), None)
    if etag is not None:
        return _number(str(etag).strip('"')), None
    time = next((info[key] for key in _TIMES if info.get(key)), None)
    if isinstance(time, datetime):
        time = time.timestamp()
    if isinstance(time, int | float):
        return int(time * 1_000_000_000), float(time)
    return (UNKNOWN if time is None else _number(str(time))), None


def _number(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:15], 16)


@contextmanager
def _os_errors() -> Iterator[None]:
    """Turn what a store raises into an OSError."""
    try:
        yield
    except _OURS:
        raise
    except Exception as error:
        raise _as_os_error(error) from None


def _as_os_error(error: Exception) -> OSError:
    """Give the OSError that says what a store means; of its own words none is kept, for they may hold a secret."""
    name = type(error).__name__
    if isinstance(error, FileNotFoundError):
        return FileNotFoundError(errno.ENOENT, "no such bucket, folder or file")
    if isinstance(error, PermissionError) or _REFUSALS.search(f"{name} {error}"):
        return PermissionError(errno.EACCES, "not allowed, or no credentials")
    number = (error.errno if isinstance(error, OSError) else None) or 0
    return OSError(errno.EIO, os.strerror(number) if number in errno.errorcode else name)


def _mend(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "check the address"
    if isinstance(error, PermissionError):
        return (
            "give credentials where the store's own tools look for them, as in AWS_PROFILE or "
            "GOOGLE_APPLICATION_CREDENTIALS, or for a public bucket set FSSPEC_S3_ANON=true"
        )
    return "check the address and the network, then run the same command again"
