"""What stops a job: a signal becomes an error, so that what is finished is kept."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

from ocrbatch.errors import ExitCode, OcrbatchError

STOPPING = (signal.SIGINT, signal.SIGTERM)
Handler = Callable[[int, FrameType | None], None]


class StoppedError(OcrbatchError):
    """The job was stopped by a signal; what was finished is safe."""

    def __init__(self, number: int) -> None:
        super().__init__("stopped; the same command reads the rest")
        self.exit_code = ExitCode(128 + number)


@contextlib.contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Turn SIGINT and SIGTERM into StoppedError."""

    def stop(number: int, _: FrameType | None) -> None:
        raise StoppedError(number)

    with handled(stop):
        yield


@contextlib.contextmanager
def handled(handler: Handler) -> Iterator[None]:
    """Let a handler have SIGINT and SIGTERM; beside the main thread, signals are somebody else's matter."""
    try:
        before = {number: signal.signal(number, handler) for number in STOPPING}
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        for number, own in before.items():
            signal.signal(number, own)
