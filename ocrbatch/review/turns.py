"""Uploads read one after the other in a process of their own: a page that hangs or eats memory ends that process alone.

What a job does with such a page is done here too: it is tried once more, then it is a failed page, and the others of
its file are read.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread

from ocrbatch.errors import OcrbatchError
from ocrbatch.job.engines import read_in_processes
from ocrbatch.job.limits import Limits
from ocrbatch.job.processes import MakeReader
from ocrbatch.job.sources import ReadFile
from ocrbatch.review.reading import Upload, upload_of

Answer = Future[ReadFile]


class Turns:
    """Reads what it is given in its order; it begins at once to make all ready that reading needs."""

    def __init__(self, make: MakeReader, limits: Limits) -> None:
        self._make, self._limits = make, limits
        self._waiting: SimpleQueue[tuple[Upload, Answer] | None] = SimpleQueue()
        self._now: Answer = Future()
        self._closed = False
        self.read(upload_of("", b""))
        # No end of the server waits for a page that hangs.
        Thread(target=self._run, name="reader", daemon=True).start()

    def read(self, upload: Upload) -> Answer:
        """Read an upload when it is its turn; the answer raises OcrbatchError where nothing can be read at all."""
        answer: Answer = Future()
        self._waiting.put((upload, answer))
        return answer

    def close(self) -> None:
        """Read nothing more; who waits hears nothing."""
        self._closed = True
        self._waiting.put(None)

    def _run(self) -> None:
        while not self._closed:
            try:
                for _, (read,) in read_in_processes(self._make, self._uploads(), 1, self._limits):
                    self._now.set_result(read)
            except Exception as error:  # the next upload begins with a new process; this one has to hear of it
                if not self._now.done():
                    told = error if isinstance(error, OcrbatchError) else OcrbatchError(type(error).__name__)
                    self._now.set_exception(told)

    def _uploads(self) -> Iterator[Sequence[Upload]]:
        """Give one upload at a time: the next is asked for when this one is answered."""
        while not self._closed and (item := self._waiting.get()) is not None:
            upload, answer = item
            if answer.set_running_or_notify_cancel():
                self._now = answer
                yield [upload]
