import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ocrbatch.errors import ModelError, OcrbatchError
from ocrbatch.job import engines
from ocrbatch.job.engines import read_in_processes
from ocrbatch.job.limits import Limits
from ocrbatch.job.processes import At, MakeReader
from ocrbatch.job.sources import Source, list_sources
from tests.job.fakes import FakeReader, folder_of, no_reader, reads


def sources(place: Path, files: dict[str, str]) -> list[Source]:
    return list_sources([folder_of(place, files)], place / "out")


def read(
    place: Path, files: dict[str, str], *, size: int = 2, make: MakeReader = FakeReader, timeout: float = 60.0
) -> dict[str, str]:
    """Read files in two processes; gives the reasons or values of the pages of each, with ``|`` between."""
    listed = sources(place, files)
    batches = [listed[i : i + size] for i in range(0, len(listed), size)]
    found: dict[str, str] = {}
    for batch, files_read in read_in_processes(make, batches, 2, Limits(page_timeout=timeout)):
        for source, file in zip(batch, files_read, strict=True):
            assert {page.file for page in file.pages} == {source.name}
            assert source.name not in found
            assert [page.result.page for page in file.pages] == list(range(1, len(file.pages) + 1))
            told = [page.result.reason or page.result.fields[0].value for page in file.pages]
            assert file.again == bool({"worker died", "timed out"} & set(told))
            found[source.name] = "|".join(told)
    return found


def test_processes_read_every_file_once(tmp_path: Path) -> None:
    files = {f"{i}.png": "x" * i for i in range(1, 8)}
    assert read(tmp_path, files) == {name: str(len(content)) for name, content in files.items()}
    assert sorted(reads(tmp_path)) == sorted(files)


@pytest.mark.parametrize("size", [1, 3, 8])
def test_only_the_file_on_which_a_process_dies_fails(tmp_path: Path, size: int) -> None:
    files = {f"{i}.png": f"die#{i}" if i in (2, 5) else "x" * i for i in range(8)}
    expected = {name: "worker died" if "die" in content else str(len(content)) for name, content in files.items()}
    assert read(tmp_path, files, size=size) == expected
    # Once with the others, once more alone, and once for the pages that may come after.
    assert reads(tmp_path).count("2.png") == 3


def test_only_the_page_on_which_a_process_dies_fails(tmp_path: Path) -> None:
    files = {"a.tif": "x|die|xxx|xx", "b.tif": "die#2|x", "c.tif": "x|xx|die#3"}
    died = "worker died"
    assert read(tmp_path, files) == {"a.tif": f"1|{died}|3|2", "b.tif": f"{died}|1", "c.tif": f"1|2|{died}"}


def test_a_file_of_many_such_pages_is_given_up_after_a_few(tmp_path: Path) -> None:
    files = {"a.tif": "|".join(f"die#{i}" for i in range(9)), "b.png": "xx"}
    assert read(tmp_path, files) == {"a.tif": "worker died|worker died|worker died", "b.png": "2"}
    assert reads(tmp_path).count("a.tif") == 6


def test_a_page_that_takes_too_long_fails_and_the_others_are_read(tmp_path: Path) -> None:
    files = {"a.tif": "x|slow|xxx", "b.png": "xx", "c.png": "xxxx"}
    before = time.monotonic()
    assert read(tmp_path, files, timeout=2.0) == {"a.tif": "1|timed out|3", "b.png": "2", "c.png": "4"}
    assert time.monotonic() - before < 40


def test_behind_a_page_that_cannot_be_decoded_no_other_is_looked_for(tmp_path: Path) -> None:
    assert read(tmp_path, {"a.tif": "x|y|z"}, make=DiesDecoding) == {"a.tif": "1|worker died"}
    assert reads(tmp_path).count("a.tif") == 2


class DiesDecoding(FakeReader):
    """Dies before it has the second page, also where only a later one is wanted."""

    def _read(self, source, first, at, place):  # type: ignore[no-untyped-def]
        def begun(one: At) -> None:
            at(one)
            if one.page == 2 and not one.decoded:
                os.kill(os.getpid(), signal.SIGKILL)

        return super()._read(source, first, begun, place)


def test_processes_that_die_again_and_again_end_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "MAX_ENDS", 2)
    with pytest.raises(OcrbatchError, match="again and again"):
        read(tmp_path, {f"{i}.png": f"die#{i}" for i in range(6)}, make=DiesAtOnce)


class DiesAtOnce(FakeReader):
    """Dies on every file, before it tells any page."""

    def read(self, batch, at):  # type: ignore[no-untyped-def]
        os.kill(os.getpid(), signal.SIGKILL)

    def read_alone(self, source, first, at):  # type: ignore[no-untyped-def]
        os.kill(os.getpid(), signal.SIGKILL)


def test_processes_that_never_begin_end_the_job(tmp_path: Path) -> None:
    with pytest.raises(OcrbatchError, match="no worker process starts"):
        read(tmp_path, {"a.png": "x"}, make=dying)


def dying() -> FakeReader:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def test_a_reader_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model of digits"):
        read(tmp_path, {"a.png": "x", "b.png": "x", "c.png": "x"}, make=no_reader)


def test_an_error_that_ends_the_job_comes_out(tmp_path: Path) -> None:
    with pytest.raises(OcrbatchError, match="cannot go on"):
        read(tmp_path, {"a.png": "x", "b.png": "error", "c.png": "x"})


def test_the_system_refuses_a_process_too_much_memory(tmp_path: Path) -> None:
    listed = sources(tmp_path, {"a.png": "x"})
    ((_, (file,)),) = read_in_processes(Greedy, [listed], 1, Limits(memory=64 << 20))
    assert file.pages[0].result.fields[0].value == "1"


class Greedy(FakeReader):
    """Takes what the limit allows, and would tell if more were given."""

    def read(self, batch, at):  # type: ignore[no-untyped-def]
        assert bytearray(16 << 20)
        with pytest.raises(MemoryError):
            bytearray(256 << 20)
        return super().read(batch, at)


def test_a_job_that_is_stopped_does_not_wait_for_its_processes(tmp_path: Path) -> None:
    listed = sources(tmp_path, {"a.png": "x", "b.png": "slow", "c.png": "slow"})
    engine = read_in_processes(FakeReader, [[source] for source in listed], 2)
    next(engine)
    before = time.monotonic()
    engine.close()
    assert time.monotonic() - before < 10


def test_processes_end_with_their_parent(tmp_path: Path) -> None:
    folder_of(tmp_path, {f"{i}.png": f"slow#{i}" for i in range(4)})
    parent = subprocess.Popen([sys.executable, "-m", "tests.job.fakes", os.fspath(tmp_path), "2"])
    try:
        wait_for(lambda: len(reads(tmp_path)) == 2)
        children = processes_of(parent.pid)
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


def processes_of(parent: int) -> list[int]:
    """Give the processes below one: the server that forks, and what it has forked."""
    found = [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    return [*found, *(inner for pid in found for inner in processes_of(pid))]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
