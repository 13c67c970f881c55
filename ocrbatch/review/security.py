"""Who may ask the local server for what: it answers its own pages, and nobody else's.

A page of another site can make a browser send requests to this machine, and can point a name of its own to it; it
can set neither the Host nor the Origin that the browser sends, and cannot read a token.
"""

import contextlib
import hmac
import ipaddress
import re
import secrets
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
PAGE_TOKEN = "x-ocrbatch-token"
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
"""On every answer. Pictures of cheques stay in no cache; what the page holds of them, it holds as blobs."""
ENTERED = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>ocrbatch</title>'
    '<meta http-equiv="refresh" content="0;url=/"><p><a href="/">Go on</a>'
)
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::([0-9]{1,5}))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Access:
    """How the server may be reached: on ``host`` and ``port``; with a ``token`` where that is not this machine alone.

    ``page_token`` stands in the server's own pages, and every change has to show it.
    """

    host: str
    port: int
    token: str = ""
    page_token: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    @property
    def cookie(self) -> str:
        """The name of the cookie: of one machine, all ports share their cookies."""
        return f"ocrbatch-{self.port}"

    @property
    def address(self) -> str:
        """The server's name and port, for an address."""
        own = socket.gethostname() if self.host in ("0.0.0.0", "::") else self.host
        return f"[{own}]:{self.port}" if ":" in own else f"{own}:{self.port}"

    @property
    def link(self) -> str:
        """The address to open, with the token where there is one."""
        return f"http://{self.address}/" + (f"?token={self.token}" if self.token else "")

    def allows_host(self, text: str) -> bool:
        """Tell whether a Host header names this server: by a name that nobody else can point to it."""
        found = _HOST.fullmatch(text)
        if found is None or int(found[2] or 80) != self.port:
            return False
        name = found[1].lower()
        if name in LOOPBACK or not self.token:
            return name in LOOPBACK or name == self.host
        return name in _own_names(self.host) or _is_address(name)


def access_to(host: str, port: int) -> Access:
    """Give how a server on a host may be reached: off this machine's loopback, a new token is needed."""
    return Access(host, port, "" if is_loopback(host) else secrets.token_urlsafe(24))


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Guard:
    """Stands before an app: what is foreign, or changes something without being asked by our page, gets 403.

    ``reads`` are the paths that take a POST and change nothing: programs may ask them without a page's token. Bodies
    over ``max_body`` bytes get 413.
    """

    def __init__(
        self, app: ASGIApp, access: Access, max_body: int, posts: Iterable[str], reads: Iterable[str] = ()
    ) -> None:
        self._app, self._access, self._max_body = app, access, max_body
        self._reads = frozenset(reads)
        self._posts = frozenset(posts) | self._reads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        body = _Body(receive, self._max_body)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                ours = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message["headers"] = [*message.get("headers", ()), *ours]
            await send(message)

        async def unless_too_large(message: Message) -> None:
            if not body.too_large:
                await with_headers(message)

        headers = _headers(scope)
        refusal = self._refusal(scope, headers) or self._entering(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, with_headers)
            return
        with contextlib.suppress(_TooLargeError):
            await self._app(scope, body.receive, unless_too_large)
        if body.too_large:
            # Whatever the app made of the part that it got.
            await self._too_large()(scope, receive, with_headers)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> Response | None:
        """Give the answer to a request that is not to be handed on."""
        if reason := self._why_not(scope["method"], scope["path"], headers):
            return _refused(403, reason)
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > self._max_body:
            return self._too_large()
        return None

    def _why_not(self, method: str, path: str, headers: dict[str, str]) -> str:
        """Say why a request is none of this server's own pages'; empty where it may be."""
        host, origin = headers.get("host", ""), headers.get("origin")
        own = origin == f"http://{host}"
        changes = method not in ("GET", "HEAD")
        if not self._access.allows_host(host):
            return "this server is not called by that name"
        if not (own or origin is None) or (changes and headers.get("sec-fetch-site") in ("cross-site", "same-site")):
            return "another site may not ask this server"
        if method not in ("GET", "HEAD", "POST") or (not changes and path in self._posts):
            return "nothing is changed by this method"
        shown = own and _same(headers.get(PAGE_TOKEN, ""), self._access.page_token)
        if changes and not shown and path not in self._reads:
            return "only this server's own page may change something; reload it"
        return ""

    def _too_large(self) -> Response:
        return _refused(413, f"too large: more than {self._max_body} bytes")

    def _entering(self, scope: Scope, headers: dict[str, str]) -> Response | None:
        """Ask for the token where one is needed; whoever comes with the link gets it as a cookie."""
        token = self._access.token
        if not token:
            return None
        given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [""])[0]
        if scope["path"] == "/" and scope["method"] == "GET" and _same(given, token):
            # No redirect: after one from another site, the browser would keep a strict cookie back.
            answer = HTMLResponse(ENTERED)
            answer.set_cookie(self._access.cookie, token, httponly=True, samesite="strict")
            return answer
        shown = headers.get("authorization", "").removeprefix("Bearer ")
        if _same(_cookie(headers, self._access.cookie), token) or _same(shown, token):
            return None
        return _refused(403, "open the link that was printed when the server started")


class _TooLargeError(Exception):
    """A body came that was larger than its head had said, or than may be."""


class _Body:
    """A request's body, counted: a head need not tell how long it is."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive, self._left = receive, most

    @property
    def too_large(self) -> bool:
        return self._left < 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self.too_large:
            raise _TooLargeError
        return message


def _headers(scope: Scope) -> dict[str, str]:
    """Give the headers by their lower names; one that comes twice is both, which nothing matches."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1").lower()
        headers[key] = f"{headers[key]}, {value.decode('latin-1')}" if key in headers else value.decode("latin-1")
    return headers


def _cookie(headers: dict[str, str], name: str) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


def _same(given: str, wanted: str) -> bool:
    """Compare in a time that tells nothing."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


@cache
def _own_names(host: str) -> set[str]:
    """Give the names of this machine; asked once, for a name server may take its time."""
    return {host.lower(), socket.gethostname().lower(), socket.getfqdn().lower()}


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


def _refused(status: int, reason: str) -> Response:
    return JSONResponse({"reason": reason}, status)
