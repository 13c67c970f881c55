"""Who reads on many machines: the workers of a Dask cluster. The job's own machine lists, records and writes alone."""

import logging
import math
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from ocrbatch.errors import InputError, OcrbatchError, UsageError
from ocrbatch.job.cluster_worker import Lent, keep_pictures, probe, problem_of, read_batch, unlike, versions
from ocrbatch.job.engines import DIED, Done
from ocrbatch.job.limits import Limits
from ocrbatch.job.processes import Batch, MakeReader
from ocrbatch.job.signals import StoppedError
from ocrbatch.job.sources import ReadFile, Source, failed_file

AHEAD = 2
"""So many batches a thread of a worker has: one that it reads, and one that is there when it has."""
AT_ONCE = 64
"""After so many batches are sent, what has come back is looked at."""
INTERVAL = 1.0
"""Seconds between what is given to be recorded, however many workers there are."""
PATIENCE = 10.0
"""Seconds to wait for a scheduler that does not answer, and then for a first worker."""
ASK_AGAIN = 5.0
"""Seconds after which the scheduler is asked how many threads there are now."""
WITHOUT_WORKERS = 300.0
"""Seconds for which a job waits when all workers have gone, for new ones may come."""
NOT_THERE = ("vanished", "unreadable")


def read_on_cluster(
    make: MakeReader, batches: Iterable[Batch], address: str, output: Path, limits: Limits | None = None
) -> Generator[Done, None, None]:
    """Read on the workers of the Dask scheduler at an address; gives what is done, at most once a second.

    Each batch is read by a process of its worker's machine, within the same limits as here and with the same retries;
    pictures that come with pages are written below ``output``. What a worker that is killed was reading is read by
    another. Raises UsageError where the cluster is not there or cannot do it, InputError where a worker cannot open
    a file that is there, what a reader raises, and OcrbatchError where the scheduler or all workers are lost.
    """
    listed = iter(batches)
    first = next(listed, None)
    if first is None:
        return
    with _connected(address) as client:
        _check(client, address, first)
        yield from _Cluster(client, address, make, output, limits or Limits()).read(chain([first], listed))


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    """Connect with a scheduler; what was asked of it and is not done is forgotten with the connection."""
    client = _client(address)
    try:
        yield client
    finally:
        with suppress(Exception):
            client.close(timeout=PATIENCE)


def _client(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise UsageError("--engine dask needs an extra: pip install 'ocrbatch[dask]'") from error

    class OurClient(Client):
        """One that is closed by us: what has never been connected would fail to close itself, and say so at length."""

        def __del__(self) -> None:
            pass

    for name in ("distributed", "distributed.client"):
        # What happens to workers and connections is seen by what they give, and told in our own words.
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        return OurClient(address, timeout=PATIENCE, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(
            f"no Dask scheduler answers at {address} ({error}); start one with dask scheduler, and look at the "
            "address, the network and, for tls://, at DASK_DISTRIBUTED__COMM__TLS__CA_FILE and the like"
        ) from error


def _check(client: Any, address: str, batch: Batch) -> None:
    """See that there are workers that can read the job's files as this machine would."""
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError as error:
        raise UsageError(f"no worker has joined {address}; start dask worker {address} on each machine") from error
    source = next((_sendable(source) for source in batch if not problem_of(source)), None)
    for worker, told in sorted(client.run(probe, source, on_error="return").items()):
        if isinstance(told, Exception):
            raise UsageError(f"the worker {worker} cannot run this ocrbatch ({told}); install the same as here there")
        found, problem = told
        if other := unlike(versions(), found):
            raise UsageError(f"the worker {worker} has {other}")
        if problem and source:
            raise UsageError(_not_there(worker, source, problem))


def _sendable(source: Source) -> Source:
    """Give a source as other machines find it."""
    return replace(source, path=source.path.absolute())


def _not_there(worker: str, source: Source, problem: str) -> str:
    return (
        f"the worker {worker} cannot open {source.path} ({problem}), which can be opened here; mount its folder there "
        "under the same path, or give the input as an address that both can reach, as s3://BUCKET/FOLDER"
    )


class _Sent(NamedTuple):
    """What is with the workers: a Dask future of what a batch, or one file ``alone`` after workers died, gives."""

    future: Any
    batch: Batch
    alone: bool


class _Cluster:
    """The workers of a cluster, what they are reading, and what is to be read again."""

    def __init__(self, client: Any, address: str, make: MakeReader, output: Path, limits: Limits) -> None:
        from dask.base import tokenize

        self._client, self._address, self._output = client, address, output
        # Named by its content: sent once to the scheduler, and from worker to worker, also to those that join later.
        self._lent = client.submit(Lent, make, limits, key=f"ocrbatch-{tokenize(make, limits)}")
        self._reading: dict[str, _Sent] = {}
        self._again: deque[Source] = deque()
        self._landed: SimpleQueue[Any] = SimpleQueue()
        self._threads, self._ask_at, self._seen = 0, -math.inf, time.monotonic()

    def read(self, batches: Iterator[Batch]) -> Iterator[Done]:
        """Give what is read, until all is: what has come in a second, at once."""
        done: list[tuple[Source, ReadFile]] = []
        due = -math.inf
        while True:
            try:
                if not self._send(batches):
                    break
                self._land(done, min(due - time.monotonic(), ASK_AGAIN) if done else ASK_AGAIN)
            except OcrbatchError:
                # It is read, so it need not be read again.
                if done:
                    yield _parted(done)
                raise
            if done and time.monotonic() >= due:
                yield _parted(done)
                due = time.monotonic() + INTERVAL
                done = []
        if done:
            yield _parted(done)

    def _send(self, batches: Iterator[Batch]) -> bool:
        """Send as much as the workers should have; tells whether anything is with them."""
        room = AHEAD * self._count_threads() - len(self._reading)
        for _ in range(min(max(room, 0 if self._reading else 1), AT_ONCE)):
            if (batch := next(batches, None)) is not None:
                self._submit(batch)
            elif self._again and not self._reading:
                # With nothing else in the whole cluster: if a worker dies now, it dies of this one.
                self._submit([self._again.popleft()], alone=True)
            else:
                break
        return bool(self._reading)

    def _submit(self, batch: Batch, *, alone: bool = False) -> None:
        sent = [_sendable(source) for source in batch]
        future = self._client.submit(read_batch, self._lent, sent, versions(), pure=False)
        self._reading[future.key] = _Sent(future, batch, alone)
        future.add_done_callback(self._landed.put)

    def _count_threads(self) -> int:
        """Count the threads of all workers; they come and go."""
        now = time.monotonic()
        if now >= self._ask_at:
            try:
                self._threads = sum(self._client.nthreads().values())
            except StoppedError:
                raise
            except Exception as error:
                raise self._lost() from error
            self._ask_at = now + ASK_AGAIN
            if self._threads:
                self._seen = now
            elif now - self._seen > WITHOUT_WORKERS:
                raise OcrbatchError(f"no worker is left at {self._address}; start some, and the same command goes on")
        return self._threads

    def _land(self, done: list[tuple[Source, ReadFile]], patience: float) -> None:
        """Wait for batches to come back, and take all that have."""
        landed = self._wait(max(patience, 0))
        for future, outcome in zip(landed, self._outcomes(landed), strict=True):
            sent = self._reading[future.key]
            if isinstance(outcome, Exception):
                done.extend(self._failed(outcome, sent))
            else:
                _check_opened(sent.batch, *outcome)
                done.extend(zip(sent.batch, keep_pictures(outcome.files, self._output), strict=True))
            del self._reading[future.key]

    def _wait(self, patience: float) -> list[Any]:
        landed = []
        with suppress(Empty):
            landed.append(self._landed.get(timeout=patience))
            while True:
                landed.append(self._landed.get_nowait())
        return landed

    def _outcomes(self, futures: list[Any]) -> list[Any]:
        """Fetch results all at once; where one is an error, each alone."""
        try:
            return list(self._client.gather(futures))
        except StoppedError:
            raise
        except Exception:
            return [self._outcome(future) for future in futures]

    def _outcome(self, future: Any) -> Any:
        try:
            return future.result()
        except StoppedError:
            raise
        except Exception as error:
            return error

    def _failed(self, error: Exception, sent: _Sent) -> list[tuple[Source, ReadFile]]:
        """Have the files tried once more, each alone, on which workers died; gives those that had this already."""
        from distributed import CancelledError, KilledWorker

        if isinstance(error, OcrbatchError):
            raise error
        if isinstance(error, CancelledError) or self._client.status != "running":
            raise self._lost() from error
        if not isinstance(error, KilledWorker):
            raise OcrbatchError(f"a worker could not read: {type(error).__name__}: {error}; its log may tell more")
        if sent.alone:
            return [(source, ReadFile((failed_file(source.name, DIED),))) for source in sent.batch]
        self._again.extend(sent.batch)
        return []

    def _lost(self) -> OcrbatchError:
        return OcrbatchError(
            f"the Dask scheduler at {self._address} is lost; what was read is safe, and the same command reads the "
            "rest when the scheduler is back"
        )


def _check_opened(batch: Batch, files: list[ReadFile], worker: str) -> None:
    """Let no file count as gone that only a worker does not see."""
    for source, file in zip(batch, files, strict=True):
        problem = file.pages[0].result.reason
        if problem.partition(":")[0] in NOT_THERE and not problem_of(source):
            raise InputError(_not_there(worker, _sendable(source), problem))


def _parted(done: list[tuple[Source, ReadFile]]) -> Done:
    return [source for source, _ in done], [file for _, file in done]
