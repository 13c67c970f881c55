"""A folder that keeps filling: each file is read once it has stood still."""

import math
import threading
import time
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from pathlib import Path
from types import FrameType

from ocrbatch.errors import InputError, LockedError, UsageError
from ocrbatch.job.log import LOG
from ocrbatch.job.remote import Address, Place
from ocrbatch.job.settings import Job
from ocrbatch.job.signals import StoppedError, handled
from ocrbatch.job.sources import Source, list_sources
from ocrbatch.job.summary import Summary

SETTLE = 2.0
LOOK_ANYWAY = 60.0
"""Seconds after which the folder is listed even if the system told of no change: of some disks it tells nothing."""

State = tuple[str, int, int]
RunOnce = Callable[[Container[Place]], Summary]
"""Runs the job once; the files whose paths it is given are still being written."""


class Settling:
    """Which files have stood still: their size and time were the same for so many ``seconds``."""

    def __init__(self, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._now = seconds, now
        self._since: dict[Place, tuple[int, int, float]] = {}

    def restless(self, sources: Iterable[Source]) -> frozenset[Place]:
        """Give the paths of the files that have not, by what was seen of them until now."""
        now = self._now()
        seen = {}
        for source in sources:
            size, mtime, since = self._since.get(source.path, (source.size, source.mtime_ns, now))
            same = (size, mtime) == (source.size, source.mtime_ns)
            seen[source.path] = (source.size, source.mtime_ns, since if same else now)
        self._since = seen
        return frozenset(path for path, (*_, since) in seen.items() if now - since < self._seconds)


def watch_job(
    job: Job,
    run: RunOnce,
    told: Callable[[Summary], None],
    *,
    settle: float = SETTLE,
    poll: float | None = None,
) -> None:
    """Run a job whenever files of its inputs have come, changed or gone, and stand still; ends by a signal only.

    ``told`` hears how each run ended. With ``poll``, the inputs are looked through every so many seconds, for disks of
    which the system tells no changes; of addresses it tells none either. While an input is not there, or another job
    holds the output, it waits. Raises what ``run`` raises beside, UsageError for an address without ``poll``, and
    StoppedError on SIGINT and SIGTERM.
    """
    here = [place for place in job.inputs if isinstance(place, Path)]
    if poll is None and len(here) < len(job.inputs):
        (address, *_) = (place for place in job.inputs if isinstance(place, Address))
        raise UsageError(f"{address} tells nobody what has changed; look through it every so often, as by --poll 60")
    list_sources(job.inputs, job.output)
    stop = threading.Event()
    numbers: list[int] = []

    def stopped(number: int, _: FrameType | None) -> None:
        numbers.append(number)
        stop.set()

    watcher = _Watcher(job, run, told, Settling(settle))
    with handled(stopped):
        while not stop.is_set():
            try:
                for changed in _ticks(here, stop, settle, poll):
                    watcher.look(changed=changed)
            except (InputError, LockedError) as error:
                LOG.warning("waiting", extra={"reason": str(error)})
                stop.wait(settle)
        raise StoppedError(numbers[0])


class _Watcher:
    """What a watch knows from one look to the next."""

    def __init__(self, job: Job, run: RunOnce, told: Callable[[Summary], None], settling: Settling) -> None:
        self._job, self._run, self._told, self._settling = job, run, told, settling
        self._done: frozenset[State] | None = None
        self._restless: frozenset[Place] = frozenset()
        self._last_look = self._rested = -math.inf

    def look(self, *, changed: bool) -> None:
        """Look at the inputs, where there may be something new, and read what stands still and was not read so."""
        now = time.monotonic()
        if now < self._rested or not (changed or self._restless or now - self._last_look > LOOK_ANYWAY):
            return
        self._last_look = now
        sources = list_sources(self._job.inputs, self._job.output)
        self._restless = self._settling.restless(sources)
        standing = _states(source for source in sources if source.path not in self._restless)
        if standing == self._done or (self._restless and not standing):
            return
        self._told(self._run(self._restless))
        self._done = standing
        if self._job.move_done:
            # Files that were moved away meanwhile are no change.
            self._done &= _states(list_sources(self._job.inputs, self._job.output))
        # Writing the tables takes longer the more there is: half of the time goes to it at most.
        end = time.monotonic()
        self._rested = end + (end - now)
        self._last_look = -math.inf


def _states(sources: Iterable[Source]) -> frozenset[State]:
    return frozenset((source.name, source.size, source.mtime_ns) for source in sources)


def _ticks(inputs: Sequence[Path], stop: threading.Event, settle: float, poll: float | None) -> Iterator[bool]:
    """Give a tick at once, after each change (then it is true), and after each ``settle`` seconds; ends when stopped.

    With ``poll``, each of its ticks is true. Raises InputError where an input is not there.
    """
    yield True
    if poll is not None:
        while not stop.wait(poll):
            yield True
        return
    from watchfiles import watch

    try:
        for changes in watch(
            *inputs,
            watch_filter=None,
            stop_event=stop,
            rust_timeout=max(int(1000 * settle), 50),
            yield_on_timeout=True,
            raise_interrupt=False,
        ):
            yield bool(changes)
    except OSError as error:
        raise InputError(f"cannot watch {', '.join(map(str, inputs))}: {error}") from error
