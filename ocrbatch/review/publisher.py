"""The tables written anew while people correct: soon after they pause, from time to time while they do not."""

import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from ocrbatch.errors import LockedError, OcrbatchError, OutputError
from ocrbatch.job.ledger import Ledger
from ocrbatch.job.lock import locked
from ocrbatch.job.publish import kept_publication, publish
from ocrbatch.output.tables import RESULTS

PAUSE = 3.0
"""Seconds without a save after which the tables are written."""
LATEST = 60.0
"""Seconds after which they are written although people go on."""
SHARE = 10
"""So many times longer than writing takes, they rest: a save has to wait while the ledger is read."""
AGAIN = 5.0
"""Seconds until the next try while a run holds the output folder."""


def write_tables_anew(output: Path) -> None:
    """Write a job's tables from its ledger.

    Raises LockedError while a run holds the folder, which writes them itself; FormError where a form has changed, and
    OutputError.
    """
    with locked(output), Ledger(output) as ledger:
        try:
            publication = kept_publication(ledger)
        except KeyError as error:
            raise OutputError("the job is of an earlier ocrbatch; ocrbatch run writes its tables") from error
        publish(output, ledger, publication)


def tables_are_older(output: Path) -> bool:
    """Tell whether something was said that the tables do not have, because the server was killed."""
    with Ledger(output, writable=False) as ledger:
        said = ledger.corrections()
    try:
        written = (output / RESULTS).stat().st_mtime
    except OSError:
        return True
    return bool(said) and datetime.fromisoformat(said[-1].at).timestamp() >= written - 1


class Publisher:
    """Writes the tables in a thread of its own; ``problem`` says why they could not be written, if so."""

    def __init__(self, output: Path, write: Callable[[Path], None] = write_tables_anew, pause: float = PAUSE) -> None:
        self._output, self._write, self._pause = output, write, pause
        self.problem = ""
        self._changed = self._first = 0.0
        self._rested = 0.0
        self._ending = self._writing = False
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="tables", daemon=True)
        self._thread.start()

    @property
    def behind(self) -> bool:
        """Whether something was said that the tables do not have yet."""
        return bool(self._changed) or self._writing

    def changed(self) -> None:
        """Hear that something was said."""
        with self._news:
            self._changed = time.monotonic()
            self._first = self._first or self._changed
            self._news.notify()

    def close(self) -> None:
        """Write what is not written yet, and end; ``problem`` tells whether that went well."""
        with self._news:
            self._ending = True
            self._news.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._news:
                while not self._ending and (wait := self._due()) > 0:
                    self._news.wait(None if wait == float("inf") else wait)
                ending, asked, changed, first = self._ending, bool(self._changed), self._changed, self._first
                self._changed = self._first = 0.0
                self._writing = asked
            if asked and not self._wrote():
                with self._news:
                    self._changed, self._first = self._changed or changed, first
            self._writing = False
            if ending:
                return

    def _due(self) -> float:
        """Give the seconds until the tables are to be written."""
        if not self._changed:
            return float("inf")
        due = min(self._changed + self._pause, self._first + LATEST)
        return max(due, self._rested) - time.monotonic()

    def _wrote(self) -> bool:
        """Write the tables; tells whether it went well."""
        start = time.monotonic()
        try:
            self._write(self._output)
        except LockedError as error:
            self.problem, self._rested = str(error), start + AGAIN
            return False
        except OcrbatchError as error:
            self.problem, self._rested = str(error), start + LATEST
            return False
        except Exception as error:  # whatever it is: the next try may go well, and people must hear of this one
            self.problem, self._rested = f"they could not be written ({type(error).__name__})", start + LATEST
            return False
        self.problem = ""
        self._rested = start + (1 + SHARE) * (time.monotonic() - start)
        return True
