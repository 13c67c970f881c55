"""What a job does, as lines of JSON for a machine: never what was read."""

import contextlib
import json
import logging
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from ocrbatch.output.files import make_folder, output_errors

LOG = logging.getLogger("ocrbatch.job")
"""Events are told by ``LOG.info("event", extra={...})``; whoever uses the library may listen."""
LOG.addHandler(logging.NullHandler())  # else Python itself writes the warnings, as bare words, to standard error
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON: its time (UTC, ISO 8601), its level, its event, and what was told of it."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told = {key: value for key, value in vars(record).items() if key not in _STANDARD}
        line = {"time": time, "level": record.levelname.lower(), "event": record.getMessage(), **told}
        return json.dumps(line, ensure_ascii=True, default=str)


class _LogFile(logging.StreamHandler[TextIO]):
    """A file (0600) to whose end records are written; one that cannot be written ends the job as any output does."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with output_errors(path):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            super().__init__(os.fdopen(handle, "a", encoding="utf-8"))
        self.setFormatter(JsonLines())

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is the standard library's
        """Raise what broke the writing of a record: as it is, it would only be printed."""
        error = sys.exc_info()[1]
        with output_errors(self._path):
            if error is not None:
                raise error

    def close(self) -> None:
        """Close the file."""
        with output_errors(self._path):
            self.stream.close()
        super().close()


@contextlib.contextmanager
def logged_to(path: Path | None) -> Iterator[None]:
    """Let the events of jobs be written behind what a file (0600) has; OutputError where it cannot be."""
    if path is None:
        yield
        return
    make_folder(path.parent)
    handler = _LogFile(path)
    level = LOG.level
    LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)
    try:
        yield
    finally:
        LOG.removeHandler(handler)
        LOG.setLevel(level)
        handler.close()
