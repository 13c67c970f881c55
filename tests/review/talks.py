"""What the pages' scripts send, without a browser and without a socket."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal

from ocrbatch.review.app import Review
from ocrbatch.review.security import PAGE_TOKEN, Access, Guard


class Client:
    """Asks an app, which lives as long as this does, in an event loop of its own."""

    def __init__(self, app: Guard, base_url: str) -> None:
        self.app = app
        self._end = ExitStack()
        self.portal: BlockingPortal = self._end.enter_context(start_blocking_portal())
        inner: Any = app._app
        living = self.portal.wrap_async_context_manager(inner.router.lifespan_context(inner))
        self._end.enter_context(living)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base_url)
        self._end.callback(partial(self.portal.call, self.http.aclose))

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask, and give the answer."""
        call: Callable[[], Any] = partial(self.http.request, method, path, **more)
        answer: httpx.Response = self.portal.call(call)
        return answer

    def get(self, path: str, **more: Any) -> httpx.Response:
        """Ask by GET."""
        return self.request("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        """Ask by POST."""
        return self.request("POST", path, **more)

    def close(self) -> None:
        """End the app."""
        self._end.close()


@dataclass(frozen=True)
class Talk:
    """A window of the page: ``client`` is its name, ``who`` the person before it."""

    http: Client
    access: Access
    review: Review
    client: str = "aa"
    who: str = "ada"

    def of(self, client: str, who: str) -> "Talk":
        """Give another person's window."""
        return replace(self, client=client, who=who)

    @property
    def headers(self) -> dict[str, str]:
        """What the page's own script sends with each message."""
        return {"origin": f"http://{self.access.address}", PAGE_TOKEN: self.access.page_token}

    def post(self, path: str, **message: object) -> httpx.Response:
        """Send a message as the page does."""
        content = {"client": self.client, "who": self.who, **message}
        return self.http.post(path, json=content, headers=self.headers)

    def next(self, number: int = 1, **wanted: object) -> list[dict[str, Any]]:
        """Ask for fields."""
        found: list[dict[str, Any]] = self.post("/api/next", number=number, **wanted).json()["fields"]
        return found

    def save(self, field: dict[str, Any], value: str, verdict: str = "value", **more: object) -> httpx.Response:
        """Say what stands in a field."""
        return self.post("/api/save", key=field["key"], state=field["state"], verdict=verdict, value=value, **more)
