import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest

from ocrbatch.errors import ModelError
from ocrbatch.form.acceptance import Acceptance
from ocrbatch.job.limits import Limits
from ocrbatch.job.processes import At, MakeReader
from ocrbatch.job.sources import ReadFile, Source
from ocrbatch.job.worker import Task
from ocrbatch.records import FilePage, ModelFile, PageResult, PageStatus
from ocrbatch.review import reading
from ocrbatch.review.reading import Upload, UploadReader, upload_of
from ocrbatch.review.security import Access
from ocrbatch.review.upload import WAITING, upload_app
from tests.review.talks import Client

ACCESS = Access("127.0.0.1", 8766)


class FakeUploads:
    """Reads an upload's text as its pages, with ``|`` between, and does what a page's text says."""

    def read(self, batch: Sequence[Source], at: Callable[[At], None]) -> list[ReadFile]:
        return [ReadFile(tuple(self._read(upload, 1, at, place))) for place, upload in enumerate(batch)]

    def read_alone(self, source: Source, first: int, at: Callable[[At], None]) -> Iterator[FilePage | ReadFile]:
        yield from self._read(source, first, at, 0)
        yield ReadFile(())

    def _read(self, upload: Source, first: int, at: Callable[[At], None], place: int) -> Iterator[FilePage]:
        assert isinstance(upload, Upload)
        for number, text in enumerate(upload.data.decode().split("|"), 1):
            at(At(place, number))
            if number >= first:
                at(At(place, number, decoded=True))
                does(text)
                yield FilePage(upload.name, "", PageResult(number, text, PageStatus.READ, "", 1.0, 0.0, ()))


def does(text: str) -> None:
    if text == "slow":
        time.sleep(60)
    if text == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    while text.startswith("/") and not Path(text).exists():
        time.sleep(0.01)


def no_reader() -> FakeUploads:
    raise ModelError("the model is no model")


def client_of(make: MakeReader = FakeUploads, timeout: float = 60.0) -> Client:
    app = upload_app(make, ACCESS, 1000, limits=Limits(page_timeout=timeout))
    return Client(app, f"http://{ACCESS.address}")


def sent(client: Client, text: str, name: str = "a.png") -> httpx.Response:
    return client.post("/read", files={"file": (name, text.encode())})


def pages(answer: httpx.Response) -> list[str]:
    return [page["reason"] or page["form"] for page in answer.json()["pages"]]


def test_one_scan_is_read_at_a_time_and_too_many_are_told_to_come_again(tmp_path: Path) -> None:
    client, go = client_of(), tmp_path / "go"

    async def ask() -> list[httpx.Response]:
        files = {"file": ("a.png", str(go).encode())}
        asked = [asyncio.create_task(client.http.post("/read", files=files)) for _ in range(WAITING + 2)]
        done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        assert {one.result().status_code for one in done} == {503}
        go.touch()
        return list(await asyncio.gather(*asked))

    answers = client.portal.call(ask)
    client.close()
    assert sorted(answer.status_code for answer in answers) == [200] * WAITING + [503] * 2
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert "busy" in refused.json()["reason"]
    assert refused.headers["retry-after"]


def test_a_page_that_hangs_takes_only_itself_along() -> None:
    client = client_of(timeout=1.0)
    answer = sent(client, "one|slow|three")
    assert (answer.status_code, pages(answer)) == (200, ["one", "timed out", "three"])
    assert pages(sent(client, "next")) == ["next"]
    alone = sent(client, "slow")
    assert (alone.status_code, pages(alone)) == (422, ["timed out"])
    client.close()


def test_a_page_on_which_the_process_dies_takes_only_itself_along() -> None:
    client = client_of()
    assert pages(sent(client, "die|two")) == ["worker died", "two"]
    assert pages(sent(client, "next")) == ["next"]
    client.close()


def test_while_a_page_hangs_the_other_pages_of_the_server_are_there_and_it_ends_at_once() -> None:
    client = client_of()

    async def ask() -> httpx.Response:
        asked = asyncio.create_task(client.http.post("/read", files={"file": ("a.png", b"slow")}))
        await asyncio.sleep(0.3)
        answer = await client.http.get("/")
        asked.cancel()
        return answer

    assert client.portal.call(ask).status_code == 200
    began = time.monotonic()
    client.close()
    assert time.monotonic() - began < 5


def test_where_nothing_can_be_read_at_all_each_is_told_so() -> None:
    client = client_of(no_reader)
    for _ in range(2):
        answer = sent(client, "one")
        assert (answer.status_code, answer.json()["reason"]) == (500, "the model is no model")
    client.close()


def test_a_name_that_was_sent_is_a_name_and_no_path() -> None:
    client = client_of()
    for name, told in (("../../etc/passwd", "passwd"), ("x" * 300, "x" * 255)):
        assert sent(client, "one", name).json()["file"] == told
    client.close()


class _Blank:
    """A classifier for pages on which nothing stands."""

    def scores(self, tiles: np.ndarray) -> np.ndarray:
        return np.full((len(tiles), 11), 1 / 11, np.float32)


def an_upload(number: int) -> Upload:
    picture = np.full((40, 60), 255, np.uint8)
    return upload_of("a.tif", bytes(cv2.imencodemulti(".tif", [picture] * number)[1]), pictures=True)


def test_the_pages_that_are_too_many_are_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_PAGES", 3)
    task = Task(ModelFile(b"", "tflite", "none", "", 1.0), Path(), Acceptance(0.995), 10_000)
    reader = UploadReader(task, _Blank())  # type: ignore[arg-type]
    (whole,) = reader.read([an_upload(3)], lambda at: None)
    assert len(whole.pages) == 3
    assert all(page.result.reason != "too large" for page in whole.pages)
    *most, last = reader.read([an_upload(5)], lambda at: None)[0].pages
    assert (len(most), last.result.page) == (3, 4)
    assert last.result.reason == "too large: more than 3 pages; ocrbatch run reads them"
