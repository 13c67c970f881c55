"""The server from which processes that read are forked: it loads what they need once, while the job is still prepared.

It loads nothing heavy itself: a command begins it first of all.
"""

import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from typing import Any

PRELOADED = ["ocrbatch.job.worker", "cv2", "ai_edge_litert.interpreter", "pypdfium2"]
"""What the server imports once, so that each process that it forks begins in a moment."""
LONGEST_TEMPORARY = 70
"""Bytes: the server is spoken with through a socket in the folder for temporary files, and a socket's path is short."""


def reading_context() -> Any:
    """Give the way in which processes that read are begun."""
    # A fork of the job's own process would copy threads' locks in whatever state they are.
    if "forkserver" not in multiprocessing.get_all_start_methods() or len(_temporary()) > LONGEST_TEMPORARY:
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def _temporary() -> bytes:
    return os.fsencode(tempfile.gettempdir())


def begin_server() -> None:
    """Begin the server, if there is to be one, and do not wait for it; it ends with this process.

    Where the system has no room for it just now, it is begun with the first process.
    """
    if reading_context().get_start_method() == "forkserver":
        from multiprocessing import forkserver

        with suppress(OSError), uninterrupted():
            forkserver.ensure_running()


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Keep an interrupt, which a terminal sends to all processes, from those that begin: the job's own answers it."""
    if sys.platform == "win32":
        yield
        return
    # What multiprocessing begins first of all would let signals through again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        # One that came meanwhile comes now.
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
