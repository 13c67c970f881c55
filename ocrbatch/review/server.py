"""A local server from its first request to its last: a signal ends it in order."""

import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from ocrbatch.errors import UsageError
from ocrbatch.job.signals import handled

GRACE = 5
"""Seconds that requests in progress have when the server ends."""


class _Server(uvicorn.Server):
    """Leaves the signals to us: to end is what a person wants, and no error."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bound_socket(host: str, port: int) -> socket.socket:
    """Take an address; port 0 is any that is free. UsageError where it cannot be had."""
    with contextlib.ExitStack() as unless_bound:
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            found = unless_bound.enter_context(socket.socket(family, kind, protocol))
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind(address)
            # Whoever comes as soon as the address is printed waits until the app is ready.
            found.listen()
        except OSError as error:
            raise UsageError(
                f"cannot listen on {host}, port {port}: {error.strerror}; give another with --port or --host"
            ) from error
        unless_bound.pop_all()
    return found


def serve(app: ASGIApp, listening: socket.socket, started: Callable[[], None] = lambda: None) -> None:
    """Answer requests until SIGINT or SIGTERM; those in progress are answered, and the app ends in order."""
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=GRACE, lifespan="on"
    )
    server = _Server(config)

    def stop(number: int, _: FrameType | None) -> None:
        # Who asks a second time will not wait for requests; the tables are written all the same.
        server.force_exit = server.should_exit and number == signal.SIGINT
        server.should_exit = True

    with handled(stop):
        started()
        server.run(sockets=[listening])
