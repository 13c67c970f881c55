"""Pictures of fields that a job has left beside its tables, for a page that shows them."""

import base64
from dataclasses import dataclass
from pathlib import Path

SIGNATURE = b"\x89PNG\r\n\x1a\n"
LARGEST = 1_000_000
"""Bytes: a crop has some kilobytes; what is larger is none of ours."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG as a page carries it; ``width`` and ``height`` in its pixels."""

    width: int
    height: int
    uri: str


def load_picture(folder: Path, name: str) -> Picture | None:
    """Load the PNG that a table names below its folder; None where there is none, or it lies elsewhere.

    The table may come from anywhere: nothing outside ``folder`` is opened, through no link either.
    """
    if not name or "\0" in name:
        return None
    try:
        path = (folder / name).resolve(strict=True)
        if not path.is_relative_to(folder.resolve()) or not path.is_file() or path.stat().st_size > LARGEST:
            return None
        content = path.read_bytes()
    except (OSError, RuntimeError, ValueError):
        return None
    # The size stands in the first chunk (ISO 15948, 11.2.2).
    if not content.startswith(SIGNATURE) or content[12:16] != b"IHDR" or len(content) < 24:
        return None
    width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
    return Picture(width, height, f"data:image/png;base64,{base64.b64encode(content).decode('ascii')}")
