"""What a job does, as lines of JSON for a machine: never what was read."""

import contextlib
import json
import logging
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from ocrbatch.output.files import make_folder, output_errors

LOG = logging.getLogger("ocrbatch.job")
"""Events are told by ``LOG.info("event", extra={...})``; whoever uses the library may listen."""
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON: its time (UTC, ISO 8601), its level, its event, and what was told of it."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the line."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told = {key: value for key, value in vars(record).items() if key not in _STANDARD}
        line = {"time": time, "level": record.levelname.lower(), "event": record.getMessage(), **told}
        return json.dumps(line, ensure_ascii=True, default=str)


@contextlib.contextmanager
def logged_to(path: Path | None) -> Iterator[None]:
    """Let the events of jobs be written behind what a file (0600) has; OutputError where it cannot be."""
    if path is None:
        yield
        return
    make_folder(path.parent)
    with output_errors(path):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        handler = logging.StreamHandler(os.fdopen(handle, "a", encoding="utf-8"))
    handler.setFormatter(JsonLines())
    level = LOG.level
    LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)
    try:
        yield
    finally:
        LOG.removeHandler(handler)
        LOG.setLevel(level)
        handler.stream.close()
