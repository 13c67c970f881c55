"""Folders of very many small files: each of its own content, or links to a few."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from tests.bench.sheets import distinct
from tests.helpers.pictures import saved

A_FOLDER = 1000
"""So many files lie in a folder."""
PICTURES = 8
"""So many files are linked to: a file system allows a file some ten thousand names."""
SIDE = 48


def made_up(place: Path, files: int) -> None:
    """Write files whose content is a number: no pictures, for a reader that makes its readings up."""
    _fill(place, files, lambda number, path: path.write_bytes(b"%d" % number))


def pictures(place: Path, files: int) -> None:
    """Write pictures of one digit each; no two files have the same bytes."""
    contents = [_digit(number) for number in range(PICTURES)]
    _fill(
        place,
        files,
        lambda number, path: path.write_bytes(distinct(contents[number % PICTURES], ".png", number)),
    )


def links(place: Path, files: int) -> None:
    """Make hard links to a few pictures of one digit each."""
    kept = place.with_name(f"{place.name}-linked")
    pictures(kept, PICTURES)
    originals = sorted(kept.rglob("*.png"))
    _fill(place, files, lambda number, path: path.hardlink_to(originals[number % PICTURES]))


def _fill(place: Path, files: int, write: Callable[[int, Path], object]) -> None:
    for number in range(files):
        folder = place / f"{number // A_FOLDER:04}"
        if number % A_FOLDER == 0:
            folder.mkdir(parents=True)
        write(number, folder / f"{number % A_FOLDER:03}.png")


def _digit(number: int) -> bytes:
    picture = np.full((SIDE, SIDE), 250, np.uint8)
    cv2.putText(picture, str(number), (12, 37), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (40,), 3, cv2.LINE_AA)
    return saved(picture, "PNG")
