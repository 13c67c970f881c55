"""What is done to the program before it starts: small faults by name, each a function that changes one place of it.

None of them is in the package; ``tests/faults/program.py`` calls them in the process of the job.
"""

import os
import resource
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from tests.faults.readers import DeadlyReader, FickleReader, QuickReader, never_ready, poisoned
from tests.faults.steps import Steps, disk_full, kill_all


def quick_pages() -> None:
    """Read texts in the place of pictures, in processes that begin at once."""
    from ocrbatch.job import run, server

    server.PRELOADED[:] = ["tests.faults.readers"]
    run._reader_of = lambda job: partial(QuickReader, job.output if job.crops else None)  # type: ignore[assignment]


def deadly_pages() -> None:
    """Let every file end the process that reads it."""
    from ocrbatch.job import run

    run._reader_of = lambda job: DeadlyReader


def fickle_pages() -> None:
    """Let each file end the processes that read it on another page each time."""
    from ocrbatch.job import run

    run._reader_of = lambda job: FickleReader


def no_workers() -> None:
    """Let every process end before it begins."""
    from ocrbatch.job import run

    run._reader_of = lambda job: never_ready


def bad_starts(count: int) -> None:
    """Let the system refuse so many processes."""
    from ocrbatch.job import engines

    sound, left = engines.ReadingProcess, iter(range(count))

    def begin(*arguments: Any) -> Any:
        if next(left, None) is not None:
            raise EOFError
        return sound(*arguments)

    engines.ReadingProcess = begin  # type: ignore[assignment,misc]
    engines.PAUSE = 0.01


def interrupt_beginning() -> None:
    """Let a terminal's interrupt come when the processes that read are begun."""
    from ocrbatch.job import server

    server.PRELOADED[:] = ["tests.faults.interrupts"]


def poisoned_pages() -> None:
    """Read real pages, of which some do what is written behind their end."""
    from ocrbatch.job import run

    sound = run._reader_of
    run._reader_of = lambda job: partial(poisoned, sound(job))  # type: ignore[assignment,return-value]


def fork() -> None:
    """Begin processes as copies of the job's own: in a moment, and with what the hooks have done. For one worker."""
    import multiprocessing

    from ocrbatch.job import processes, server

    server.reading_context = processes.reading_context = lambda: multiprocessing.get_context("fork")
    # A copy holds the other end of its own pipe too, so it never hears that this was closed.
    processes.GRACE = 0.0


def settings(**changed: Any) -> None:
    """Give a job settings that no option has, such as the size of its batches."""
    from ocrbatch.commands import run

    sound = run.job_of
    paths = {name: Path(value) if name == "move_done" else value for name, value in changed.items()}
    run.job_of = lambda options: replace(sound(options), **paths)


def note_steps(noted: str) -> None:
    """Note each step of commit and rename in a file."""
    _follow(Steps(noted=Path(noted)))


def stop_at(where: str, number: int) -> None:
    """Kill the job with all its processes at a step."""
    _follow(Steps(where, number, kill_all))


def signal_at(where: str, number: int, kind: int) -> None:
    """Send the job a signal at a step."""
    _follow(Steps(where, number, lambda name: os.kill(os.getpid(), kind)))


def note_writes(noted: str) -> None:
    """Note each write to the tables and pictures in a file."""
    _follow_writes(Steps(noted=Path(noted)))


def full_at(where: str, number: int) -> None:
    """Let the disk be full from a write on."""
    _follow_writes(Steps(where, number, disk_full, lasting=True))


def ledger_full(pages: int) -> None:
    """Let the ledger have no room for more than so many pages of its file beside those that it has."""
    from ocrbatch.job.ledger import Ledger

    sound = Ledger.__init__

    def opened(ledger: Ledger, *arguments: Any, **options: Any) -> None:
        sound(ledger, *arguments, **options)
        (used,) = ledger._db.execute("PRAGMA page_count").fetchone()
        ledger._db.execute(f"PRAGMA max_page_count = {used + pages}")

    Ledger.__init__ = opened  # type: ignore[method-assign]


def largest_file(size: int) -> None:
    """Let no file grow beyond a size."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def after_listing(*actions: list[str]) -> None:
    """Do something to the input as soon as it is listed; each action names one of ``ACTIONS`` and its paths."""
    from ocrbatch.job import run

    sound = run.list_sources

    def listed(*arguments: Any) -> Any:
        sources = sound(*arguments)
        _do(actions)
        return sources

    run.list_sources = listed


def after_reading(*actions: list[str]) -> None:
    """Do something to the input when all of it is read, and its files are about to be moved."""
    from ocrbatch.job import run

    sound = run.move_done

    def moved(*arguments: Any) -> int:
        _do(actions)
        return sound(*arguments)

    run.move_done = moved


def gate(path: str) -> None:
    """Wait until something is at a path: so many jobs begin at once."""
    while not Path(path).exists():
        time.sleep(0.001)


def _vanish(path: Path) -> None:
    path.unlink()


def _replace(path: Path, other: Path) -> None:
    path.with_name(".new").write_bytes(other.read_bytes())
    path.with_name(".new").replace(path)


def _grow(path: Path) -> None:
    """Let a file grow as long as the job goes on."""

    def grows() -> None:
        while True:
            with path.open("ab") as file:
                file.write(b"more")
            time.sleep(0.1)

    threading.Thread(target=grows, daemon=True).start()
    while path.read_bytes()[-4:] != b"more":
        time.sleep(0.01)


def _become_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


ACTIONS: dict[str, Callable[..., None]] = {
    "vanish": _vanish,
    "replace": _replace,
    "grow": _grow,
    "become pipe": _become_pipe,
}


def _do(actions: Sequence[list[str]]) -> None:
    for name, *paths in actions:
        ACTIONS[name](*map(Path, paths))


def _follow(steps: Steps) -> None:
    steps.follow_commits()
    steps.follow_names()
    steps.follow_syncs()


def _follow_writes(steps: Steps) -> None:
    steps.follow_writes()
    steps.follow_names()
    steps.follow_syncs()
