"""Jobs that need no picture and no model: a file's content says what becomes of it."""

import hashlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from ocrbatch.errors import ModelError, OcrbatchError
from ocrbatch.job.processes import At, Batch
from ocrbatch.job.run import run_job
from ocrbatch.job.settings import Job
from ocrbatch.job.sources import ReadFile, Source
from ocrbatch.job.summary import Summary
from ocrbatch.job.watch import watch_job
from ocrbatch.records import FilePage, ModelFile, PageResult, PageStatus, Status
from tests.output.values import a_field

MODEL = ModelFile(b"", "tflite", "fake", "ab" * 32, 1.0)


class FakeReader:
    """Reads a file's text as its pages, with ``|`` between; a page's text is the value of its only field.

    It does what some texts say; what stands behind ``#`` only tells contents apart.
    """

    def read(self, batch: Batch, at: Callable[[At], None]) -> list[ReadFile]:
        found = []
        for place, source in enumerate(batch):
            *pages, file = self._read(source, 1, at, place)
            assert isinstance(file, ReadFile)
            found.append(replace(file, pages=tuple(page for page in pages if isinstance(page, FilePage))))
        return found

    def read_alone(self, source: Source, first: int, at: Callable[[At], None]) -> Iterator[FilePage | ReadFile]:
        return self._read(source, first, at, 0)

    def _read(self, source: Source, first: int, at: Callable[[At], None], place: int) -> Iterator[FilePage | ReadFile]:
        path = source.path
        status, data = path.stat(), path.read_bytes()
        log = next(above for above in path.parents if above.name == "in").parent / "read.log"
        with log.open("a", encoding="utf-8", errors="surrogateescape") as file:
            file.write(f"{source.name}\n")
        sha256 = hashlib.sha256(data).hexdigest()
        for number, text in enumerate(data.decode().split("|"), 1):
            at(At(place, number))
            if number >= first:
                at(At(place, number, decoded=True))
                yield FilePage(source.name, sha256, self._result(number, text.partition("#")[0]))
        yield ReadFile((), status.st_size, status.st_mtime_ns, sha256, again=False)

    def _result(self, number: int, text: str) -> PageResult:
        if text == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if text == "eat":
            bytearray(1 << 40)
        if text == "slow":
            time.sleep(60)
        if text == "quick":
            time.sleep(0.1)
        if text == "error":
            raise OcrbatchError("the job cannot go on")
        if text == "unknown":
            return PageResult(number, "", PageStatus.REVIEW, "unknown form", 0.0, 0.0, ())
        if text.startswith("of "):
            return PageResult(number, text.removeprefix("of "), PageStatus.READ, "", 1.0, 0.0, ())
        value = str(len(text))
        status = Status.REVIEW if text == "doubt" else Status.ACCEPTED
        field = replace(a_field(status=status), value=value, raw=value)
        page = PageStatus.REVIEW if text == "doubt" else PageStatus.FAILED if text == "bad" else PageStatus.READ
        fields = () if page is PageStatus.FAILED else (field,)
        return PageResult(
            number, "auto" if fields else "", page, "truncated" if text == "bad" else "", 1.0, 0.0, fields
        )


def no_reader() -> FakeReader:
    raise ModelError("no model of digits")


def folder_of(place: Path, files: dict[str, str]) -> Path:
    """Write files by their names and contents."""
    for name, content in files.items():
        path = place / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return place / "in"


def a_job(place: Path, *, out: str = "out", **settings: object) -> Job:
    """Give a job on ``in`` below a folder."""
    return replace(Job((place / "in",), place / out, MODEL), **settings)  # type: ignore[arg-type]


def run(place: Path, *, out: str = "out", **settings: object) -> Summary:
    """Run a job on ``in`` below a folder, with the fake reader."""
    return run_job(a_job(place, out=out, **settings), make_reader=FakeReader)


def watch(place: Path, *how: str) -> None:
    """Watch ``in`` below a folder, with the fake reader; ``how`` may be ``poll`` and ``move``."""
    job = a_job(place, move_done=place / "done" if "move" in how else None)
    watch_job(
        job,
        lambda restless: run_job(job, make_reader=FakeReader, wait=restless),
        lambda summary: None,
        settle=0.3,
        poll=0.1 if "poll" in how else None,
    )


def reads(place: Path) -> list[str]:
    """Give the names of the files that were read so far, in that order."""
    log = place / "read.log"
    return log.read_text("utf-8", errors="surrogateescape").splitlines() if log.exists() else []


def tables(out: Path) -> dict[str, bytes]:
    """Give the tables of a job by their paths."""
    found = [*out.glob("*.csv"), *out.glob("forms/*.csv"), *out.glob("*.json*")]
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in found}


if __name__ == "__main__":
    try:
        if sys.argv[2] == "watch":
            watch(Path(sys.argv[1]), *sys.argv[3:])
        else:
            run(Path(sys.argv[1]), jobs=int(sys.argv[2]))
    except OcrbatchError as error:
        sys.exit(int(error.exit_code))
