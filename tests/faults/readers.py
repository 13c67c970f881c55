"""Readers that read quickly, or badly: what a worker does in a job with faults."""

import hashlib
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ocrbatch.job.processes import At, Batch
from ocrbatch.job.sources import ReadFile, Source
from ocrbatch.output.files import crop_path, write_private
from ocrbatch.records import FilePage, Page, PageFailure, PageResult
from tests.job.fakes import FakeReader

POISON = b"#poison:"
"""Behind the end of a picture stands this and the name of what the file does to the process that decodes it."""
PAUSE, UNTIL = "pause ", "until "


class QuickReader(FakeReader):
    """Reads as the fake reader does, a number of eight digits in each field: enough to be known in a log.

    With ``crops``, it writes each field's picture below that folder. ``pause 0.01`` takes so many seconds, ``until
    PATH`` as long as nothing is there.
    """

    def __init__(self, crops: Path | None = None) -> None:
        self._crops = crops

    def _read(self, source: Source, first: int, at: Callable[[At], None], place: int) -> Iterator[FilePage | ReadFile]:
        for read in super()._read(source, first, at, place):
            yield self._with_crops(read) if isinstance(read, FilePage) and self._crops else read

    def _result(self, number: int, text: str) -> PageResult:
        if text.startswith(PAUSE):
            time.sleep(float(text.removeprefix(PAUSE)))
        while text.startswith(UNTIL) and not Path(text.removeprefix(UNTIL)).exists():
            time.sleep(0.01)
        result = super()._result(number, text)
        value = number_of(text)
        fields = tuple(replace(field, value=value, raw=value) for field in result.fields)
        return replace(result, fields=fields)

    def _with_crops(self, page: FilePage) -> FilePage:
        assert self._crops
        paths = tuple(crop_path(page.file, page.result.page, field.name) for field in page.result.fields)
        for path, field in zip(paths, page.result.fields, strict=True):
            write_private(self._crops / path, field.value.encode())
        return replace(page, crops=paths)


class DeadlyReader(FakeReader):
    """Ends its process on every file, before it tells any page."""

    def read(self, batch: Batch, at: Callable[[At], None]) -> list[ReadFile]:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    def read_alone(self, source: Source, first: int, at: Callable[[At], None]) -> Iterator[FilePage | ReadFile]:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


class FickleReader(QuickReader):
    """Ends its process on other pages each time: as ``deaths`` beside the input says, a number for each time.

    A number below 0 means as soon as that page has been told.
    """

    def _read(self, source: Source, first: int, at: Callable[[At], None], place: int) -> Iterator[FilePage | ReadFile]:
        deaths = next(above for above in source.path.parents if above.name == "in").parent / "deaths"
        number, *others = deaths.read_text().split() or ["0"]

        def die() -> None:
            deaths.write_text(" ".join(others))
            # What was told before is heard.
            time.sleep(0.2)
            os.kill(os.getpid(), signal.SIGKILL)

        def begun(one: At) -> None:
            if one.page == int(number):
                at(one)
                die()
            at(one)

        for read in super()._read(source, first, begun, place):
            yield read
            if isinstance(read, FilePage) and read.result.page == -int(number):
                die()


def number_of(text: str) -> str:
    """Give the eight digits that are read of a text."""
    return str(int.from_bytes(hashlib.sha256(text.encode()).digest()[:6]) % 10**8).zfill(8)


def never_ready() -> FakeReader:
    """End a process before it has begun."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def poisoned(make: Callable[[], object]) -> object:
    """Make a reader of real pages in whose process the pictures do what is written behind their end."""
    from ocrbatch.job import opened

    sound = opened.decode

    def decode(data: bytes, *, max_pixels: int) -> Iterator[Page | PageFailure]:
        _, found, kind = data[-32:].rpartition(POISON)
        if found:
            _DOES[kind.decode()]()
        return sound(data, max_pixels=max_pixels)

    opened.decode = decode  # type: ignore[assignment]
    return make()


def poison(picture: bytes, kind: str) -> bytes:
    """Give a picture that does something of ``KINDS`` to the process that decodes it."""
    return picture + POISON + kind.encode()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def _hang() -> None:
    time.sleep(3600)


def _eat() -> None:
    bytearray(3 << 30)


def _break() -> None:
    raise ZeroDivisionError("a page that our own code cannot bear")


_DOES: dict[str, Callable[[], None]] = {"die": _die, "hang": _hang, "eat": _eat, "break": _break}
KINDS: Sequence[str] = tuple(_DOES)
