import asyncio
import threading

import httpx

from ocrbatch.review.reading import ReadScan
from ocrbatch.review.security import Access
from ocrbatch.review.upload import WAITING, upload_app
from tests.review.talks import Client

ACCESS = Access("127.0.0.1", 8766)
SENT = {"file": ("a.png", b"x")}


class SlowReader:
    """Reads when it is let; counts how many it reads at once."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.now = self.most = 0

    def read(self, name: str, data: bytes, *, pictures: bool = False) -> ReadScan:
        self.now += 1
        self.most = max(self.most, self.now)
        assert self.go.wait(30)
        self.now -= 1
        return ReadScan(file=name, sha256="", pages=[])


def test_one_scan_is_read_at_a_time_and_too_many_are_told_to_come_again() -> None:
    reader = SlowReader()
    client = Client(upload_app(reader, ACCESS, 1000), f"http://{ACCESS.address}")  # type: ignore[arg-type]

    async def ask() -> list[httpx.Response]:
        sent = [asyncio.create_task(client.http.post("/read", files=SENT)) for _ in range(WAITING + 2)]
        done, _ = await asyncio.wait(sent, return_when=asyncio.FIRST_COMPLETED)
        assert {one.result().status_code for one in done} == {503}
        reader.go.set()
        return list(await asyncio.gather(*sent))

    answers = client.portal.call(ask)
    client.close()
    assert sorted(answer.status_code for answer in answers) == [422] * WAITING + [503] * 2
    refused = next(answer for answer in answers if answer.status_code == 503)
    assert "busy" in refused.json()["reason"]
    assert refused.headers["retry-after"]
    assert reader.most == 1


def test_a_name_that_was_sent_is_a_name_and_no_path() -> None:
    reader = SlowReader()
    reader.go.set()
    client = Client(upload_app(reader, ACCESS, 1000), f"http://{ACCESS.address}")  # type: ignore[arg-type]
    for name, told in (("../../etc/passwd", "passwd"), ("x" * 300, "x" * 255)):
        assert client.post("/read", files={"file": (name, b"x")}).json()["file"] == told
    client.close()
