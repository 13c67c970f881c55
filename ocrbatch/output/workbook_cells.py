"""What a workbook's cells have beside their texts: pictures, and checks of what is typed; and where it is written."""

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from ocrbatch.output.workbook_checks import Check

HIGH, WIDE = 46, 340
"""The place of a picture, in a spreadsheet's pixels."""
MOST_RANGES = 400
"""So many rows apart bear one check; a longer list of them is split."""
PNG = b"\x89PNG\r\n\x1a\n"


class Sink:
    """An open file for an archive; once it is let go, what is written to it is lost."""

    def __init__(self, file: BinaryIO) -> None:
        self._file: BinaryIO | None = file
        self._at = 0

    def let_go(self) -> None:
        """Write no more to the file."""
        self._file = None

    def write(self, content: bytes) -> int:
        """Write, as a file does."""
        self._at += len(content)
        return len(content) if self._file is None else self._file.write(content)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place, as in a file."""
        self._at = offset if self._file is None else self._file.seek(offset, whence)
        return self._at

    def tell(self) -> int:
        """Give the place, as in a file."""
        return self._at

    def flush(self) -> None:
        """Do as a file does."""
        if self._file is not None:
            self._file.flush()


def insert_picture(sheet: Any, row: int, path: Path) -> None:
    """Put a picture into its cell, as large as there is room for; one that is gone or damaged leaves it empty."""
    from xlsxwriter.exceptions import XlsxWriterException

    try:
        with path.open("rb") as file:
            head = file.read(24)
        width, height = struct.unpack(">II", head[16:])
        if not head.startswith(PNG) or min(width, height) < 1:
            return
        scale = min(1.0, HIGH / height, WIDE / width)
        sheet.insert_image(
            row,
            0,
            str(path),
            {
                "x_scale": scale,
                "y_scale": scale,
                "x_offset": 2,
                "y_offset": 1,
                # It goes with its row, where that is filtered out.
                "object_position": 1,
                "description": "The field as it was scanned",
            },
        )
    except (OSError, XlsxWriterException, struct.error):
        return


def add_check(sheet: Any, check: Check, column: int, rows: Sequence[int]) -> None:
    """Give the cells of a column in some rows, in their order, one check."""
    spans: list[tuple[int, int]] = []
    for row in rows:
        if spans and spans[-1][1] == row - 1:
            spans[-1] = (spans[-1][0], row)
        else:
            spans.append((row, row))
    for start in range(0, len(spans), MOST_RANGES):
        own = spans[start : start + MOST_RANGES]
        first, last = own[0]
        kind: dict[str, Any] = {"validate": "list", "source": list(check.choices)}
        if not check.choices:
            # Names in a formula are those seen from the first cell.
            kind = {"validate": "custom", "value": check.of(f"{_letter(column)}{first + 1}")}
        told = check.told[:180] or "digits as in the picture"
        sheet.data_validation(
            first,
            column,
            last,
            column,
            {
                **kind,
                "error_title": "Not a value of this field",
                "error_message": f"Wanted: {told}. Or: blank, not readable, ?",
                "other_cells": [[one, column, other, column] for one, other in own[1:]],
            },
        )


def _letter(column: int) -> str:
    return chr(ord("A") + column)
