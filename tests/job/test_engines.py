import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ocrbatch.errors import ModelError, OcrbatchError
from ocrbatch.job import engines
from ocrbatch.job.engines import MakeReader, read_here, read_in_processes
from ocrbatch.job.sources import Source, list_sources
from tests.job.fakes import FakeReader, folder_of, no_reader, reads


def sources(place: Path, files: dict[str, str]) -> list[Source]:
    return list_sources([folder_of(place, files)], place / "out")


def read(place: Path, files: dict[str, str], *, size: int = 2, make: MakeReader = FakeReader) -> dict[str, str]:
    """Read files in two processes; gives the reason or value of each."""
    listed = sources(place, files)
    batches = [listed[i : i + size] for i in range(0, len(listed), size)]
    found: dict[str, str] = {}
    for batch, pages in read_in_processes(make, batches, 2):
        for source, (page,) in zip(batch, pages, strict=True):
            assert source.name == page.file
            assert source.name not in found
            found[source.name] = page.result.reason or page.result.fields[0].value
    return found


def test_processes_read_what_one_process_reads(tmp_path: Path) -> None:
    files = {f"{i}.png": "x" * i for i in range(1, 8)}
    assert read(tmp_path, files) == {name: str(len(content)) for name, content in files.items()}
    here = list(read_here(FakeReader, [sources(tmp_path, files)]))
    assert [page.result.fields[0].value for (page,) in here[0][1]] == ["1", "2", "3", "4", "5", "6", "7"]


def test_only_the_file_on_which_a_process_dies_fails(tmp_path: Path) -> None:
    files = {f"{i}.png": "die" if i in (2, 5) else "x" * i for i in range(8)}
    expected = {name: "worker died" if content == "die" else str(len(content)) for name, content in files.items()}
    assert read(tmp_path, files) == expected
    # Once with the others, once more alone.
    assert reads(tmp_path).count("2.png") == 2


def test_processes_that_die_again_and_again_end_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "MAX_DEATHS", 2)
    with pytest.raises(OcrbatchError, match="again and again"):
        read(tmp_path, {f"{i}.png": "die" for i in range(6)})


def test_a_reader_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model of digits"):
        read(tmp_path, {"a.png": "x", "b.png": "x", "c.png": "x"}, make=no_reader)


def test_an_error_that_ends_the_job_comes_out(tmp_path: Path) -> None:
    with pytest.raises(OcrbatchError, match="cannot go on"):
        read(tmp_path, {"a.png": "x", "b.png": "error", "c.png": "x"})


def test_a_job_that_is_stopped_does_not_wait_for_its_processes(tmp_path: Path) -> None:
    listed = sources(tmp_path, {"a.png": "x", "b.png": "slow", "c.png": "slow"})
    engine = read_in_processes(FakeReader, [[source] for source in listed], 2)
    next(engine)
    before = time.monotonic()
    engine.close()
    assert time.monotonic() - before < 10


def test_processes_end_with_their_parent(tmp_path: Path) -> None:
    folder_of(tmp_path, {f"{i}.png": "slow" for i in range(4)})
    parent = subprocess.Popen([sys.executable, "-m", "tests.job.fakes", os.fspath(tmp_path), "2"])
    try:
        wait_for(lambda: len(reads(tmp_path)) == 2)
        children = children_of(parent.pid)
        assert len(children) >= 2
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    wait_for(lambda: not any(alive(child) for child in children))


def wait_for(condition: object) -> None:
    assert callable(condition)
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def children_of(parent: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
