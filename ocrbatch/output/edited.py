"""A workbook in which somebody has written is never written over: it goes aside, for its corrections to be taken."""

import zipfile
from itertools import count
from pathlib import Path

from ocrbatch.output.files import WORKBOOK, output_errors

AS_WRITTEN = (1980, 1, 31)
"""The day that XlsxWriter gives every part of a workbook; a spreadsheet that saves it gives others."""


def set_aside(folder: Path, taken: Path | None = None) -> Path | None:
    """Move a job's workbook to another name if somebody has saved it since; gives that name, None where it stays.

    The one that was ``taken`` into the ledger is needed no longer. Raises OutputError where it cannot be moved.
    """
    path = folder / WORKBOOK
    if not path.is_file() or _is_as_written(path) or (taken is not None and path.samefile(taken)):
        return None
    names = (path.with_name(f"{path.stem}-edited-{number}{path.suffix}") for number in count(1))
    aside = next(place for place in names if not place.exists())
    with output_errors(path):
        path.rename(aside)
    return aside


def _is_as_written(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return all(part.date_time[:3] == AS_WRITTEN for part in archive.infolist())
    except (OSError, zipfile.BadZipFile):
        return False
