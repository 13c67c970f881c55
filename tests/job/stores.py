"""A store that fsspec reaches from any process: a folder of this machine, in which some files do what they say."""

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from ocrbatch.job.opened import open_source
from ocrbatch.job.processes import At
from ocrbatch.job.remote import Address, place_of
from ocrbatch.job.run import run_job
from ocrbatch.job.settings import Job
from ocrbatch.job.sources import ReadFile, Source, failed_file
from ocrbatch.job.summary import Summary
from ocrbatch.job.worker import read_file
from ocrbatch.records import FilePage, PageStatus
from tests.job.fakes import MODEL, FakeReader

SECRET = "key-1234"


class Shelf(LocalFileSystem):
    """Files at ``shelf://`` and a path; what is got is written to ``got.log`` beside the folder called ``in``.

    A file of the text ``offline``, ``forbidden`` or ``hangs`` cannot be got, and a folder ``closed`` not be listed.
    """

    protocol = "shelf"

    def __init__(self, **how: Any) -> None:
        assert not how.keys() & {"fo", "target_protocol"}, "a file's name was taken for an address within an address"
        super().__init__(**how)

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        stripped: str = super()._strip_protocol(path.removeprefix("shelf://"))
        return stripped

    def ls(self, path: str, detail: bool = False, **how: Any) -> Any:
        if path.endswith("/closed"):
            raise PermissionError(SECRET)
        return super().ls(path, detail=detail, **how)

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **how: Any) -> bytes:
        data: bytes = super().cat_file(path, start, end, **how)
        place = next(above for above in Path(path).parents if above.name == "in")
        with (place.parent / "got.log").open("a") as log:
            log.write(f"{Path(path).relative_to(place).as_posix()}\n")
        if data == b"offline":
            raise ConnectionResetError(SECRET)
        if data == b"forbidden":
            raise PermissionError(SECRET)
        if data == b"hangs":
            time.sleep(60)
        return data


class ShelfWithEtags(Shelf):
    """The same at ``tagged://``: as a store of objects does, it tells etags, and shows none but whole files."""

    protocol = "tagged"

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return super()._strip_protocol(path.removeprefix("tagged://"))

    def info(self, path: Any, **how: Any) -> Any:
        info = super().info(path, **how)
        etag = f'"{info["size"]}-{info["mtime"]}"'
        return {"name": info["name"], "size": info["size"], "type": info["type"], "ETag": etag}


class ShelfWithoutTimes(Shelf):
    """The same at ``timeless://``: it tells names and sizes only."""

    protocol = "timeless"

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return super()._strip_protocol(path.removeprefix("timeless://"))

    def info(self, path: Any, **how: Any) -> Any:
        info = super().info(path, **how)
        return {key: info[key] for key in ("name", "size", "type")}


for shelf in (Shelf, ShelfWithEtags, ShelfWithoutTimes):
    # A process that reads imports this, because its reader is from here.
    fsspec.register_implementation(shelf.protocol, shelf, clobber=True)


class StoreReader(FakeReader):
    """Reads as the fake reader does, from wherever a file lies."""

    def _read(self, source: Source, first: int, at: Callable[[At], None], place: int) -> Iterator[FilePage | ReadFile]:
        at(At(place, 1))
        file = open_source(source)
        if file.problem:
            status = PageStatus.PENDING if file.waits else PageStatus.FAILED
            reason = f"{file.problem}: {file.detail}" if file.detail else file.problem
            yield failed_file(source.name, reason, status)
        else:
            for number, text in enumerate(file.data.decode().split("|"), 1):
                if number >= first:
                    yield FilePage(source.name, file.sha256, self._result(number, text.partition("#")[0]))
        yield read_file(file, ())


def at(place: Path, protocol: str = "shelf") -> Address:
    """Give the address of a path."""
    address = place_of(f"{protocol}://{place}")
    assert isinstance(address, Address)
    return address


def store_job(place: Path, *, out: str = "out", protocol: str = "shelf", **settings: object) -> Job:
    """Give a job on the address of ``in`` below a folder."""
    return replace(Job((at(place / "in", protocol),), place / out, MODEL), **settings)  # type: ignore[arg-type]


def run_from_store(place: Path, *, out: str = "out", protocol: str = "shelf", **settings: object) -> Summary:
    """Run a job on the address of ``in`` below a folder."""
    return run_job(store_job(place, out=out, protocol=protocol, **settings), make_reader=StoreReader)


def got(place: Path) -> list[str]:
    """Give the names of the files that were got so far."""
    log = place / "got.log"
    return log.read_text().splitlines() if log.exists() else []


def sum_of(text: str) -> str:
    """Give the sha256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()
