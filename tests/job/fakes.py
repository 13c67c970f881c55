"""Jobs that need no picture and no model: a file's content says what becomes of it."""

import hashlib
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

from ocrbatch.errors import ModelError, OcrbatchError
from ocrbatch.job.engines import Batch
from ocrbatch.job.run import Job, Summary, run_job
from ocrbatch.records import FilePage, ModelFile, PageResult, PageStatus, Status
from tests.output.values import a_field

MODEL = ModelFile(b"", "tflite", "fake", "ab" * 32, 1.0)


class FakeReader:
    """Reads a file's text as the value of its only field, and does what some texts say."""

    def read(self, batch: Batch) -> list[list[FilePage]]:
        return [[self._page(source.name, source.path)] for source in batch]

    def _page(self, name: str, path: Path) -> FilePage:
        data = path.read_bytes()
        log = next(place for place in path.parents if place.name == "in").parent / "read.log"
        with log.open("a", encoding="utf-8", errors="surrogateescape") as file:
            file.write(f"{name}\n")
        if data == b"die":
            os.kill(os.getpid(), signal.SIGKILL)
        if data == b"slow":
            time.sleep(60)
        if data == b"quick":
            time.sleep(0.1)
        if data == b"error":
            raise OcrbatchError("the job cannot go on")
        if data == b"unknown":
            unknown = PageResult(1, "", PageStatus.REVIEW, "unknown form", 0.0, 0.0, ())
            return FilePage(name, hashlib.sha256(data).hexdigest(), unknown)
        value = str(len(data))
        status = Status.REVIEW if data == b"doubt" else Status.ACCEPTED
        field = replace(a_field(status=status), value=value, raw=value)
        page = PageStatus.REVIEW if data == b"doubt" else PageStatus.FAILED if data == b"bad" else PageStatus.READ
        fields = () if page is PageStatus.FAILED else (field,)
        result = PageResult(1, "auto" if fields else "", page, "truncated" if data == b"bad" else "", 1.0, 0.0, fields)
        return FilePage(name, hashlib.sha256(data).hexdigest(), result)


def no_reader() -> FakeReader:
    raise ModelError("no model of digits")


def folder_of(place: Path, files: dict[str, str]) -> Path:
    """Write files by their names and contents."""
    for name, content in files.items():
        path = place / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return place / "in"


def run(place: Path, *, out: str = "out", **settings: object) -> Summary:
    """Run a job on ``in`` below a folder, with the fake reader."""
    job = replace(Job((place / "in",), place / out, MODEL), **settings)  # type: ignore[arg-type]
    return run_job(job, make_reader=FakeReader)


def reads(place: Path) -> list[str]:
    """Give the names of the files that were read so far, in that order."""
    log = place / "read.log"
    return log.read_text("utf-8", errors="surrogateescape").splitlines() if log.exists() else []


def tables(out: Path) -> dict[str, bytes]:
    """Give the tables of a job by their paths."""
    found = [*out.glob("*.csv"), *out.glob("forms/*.csv"), *out.glob("*.json*")]
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in found}


if __name__ == "__main__":
    run(Path(sys.argv[1]), jobs=int(sys.argv[2]))
