"""The commands that serve, run as a person runs them, and Debian's browser before them."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = Path("/usr/bin/chromium")
PATIENCE = 60


@dataclass
class Server:
    """A command that serves, the link that it has printed, and its process."""

    process: subprocess.Popen[str]
    link: str

    @property
    def address(self) -> str:
        """The link without what follows the port."""
        return self.link.partition("/?")[0].rstrip("/")

    def end(self, number: int = signal.SIGINT) -> int:
        """End it by a signal; gives its exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextlib.contextmanager
def served(*words: str | Path) -> Iterator[Server]:
    """Run ``ocrbatch`` with these words until the end; the port is any that is free."""
    command = [sys.executable, "-c", "from ocrbatch.commands.app import main; main()", *map(str, words)]
    given = [] if "--port" in words else ["--port", "0"]
    process = subprocess.Popen(
        [*command, *given, "--no-browser"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert process.stdout is not None
    try:
        link = process.stdout.readline().strip()
        if not link:
            raise AssertionError(process.communicate(timeout=PATIENCE)[1])
        yield Server(process, link)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=PATIENCE)


class Page:
    """What a page's script does, without a browser: it has the page's token, and the page's Origin."""

    def __init__(self, server: Server, client: str = "aa", who: str = "ada") -> None:
        self.client, self.who = client, who
        self.http = httpx.Client(base_url=server.address, timeout=PATIENCE)
        text = self.http.get("/").text
        self.headers = {"origin": server.address, "x-ocrbatch-token": text.partition('name="token" content="')[2][:32]}

    def __enter__(self) -> "Page":
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def post(self, path: str, **message: object) -> httpx.Response:
        """Send a message as the page does."""
        return self.http.post(path, json={"client": self.client, "who": self.who, **message}, headers=self.headers)

    def next(self, number: int = 1, **wanted: object) -> list[dict[str, object]]:
        """Ask for fields."""
        found: list[dict[str, object]] = self.post("/api/next", number=number, **wanted).json()["fields"]
        return found

    def save(self, field: dict[str, object], value: str, verdict: str = "value", **more: object) -> httpx.Response:
        """Say what stands in a field."""
        return self.post("/api/save", key=field["key"], state=field["state"], verdict=verdict, value=value, **more)


@contextlib.contextmanager
def browsed() -> Iterator["Browser"]:
    """Give Debian's Chromium; a test is skipped where it is not."""
    if not CHROMIUM.exists():
        pytest.skip("no /usr/bin/chromium: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()
