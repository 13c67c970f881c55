"""What every peer is given, and what it tells: nothing here needs more than the standard library, OpenCV and NumPy."""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2

Pictures = Sequence[Any]


def given() -> tuple[Pictures, Pictures]:
    """Give the pages, and the cells of the first, as grey pictures (h, w), from the file that is named; on one core."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    cv2.setNumThreads(1)
    told = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    pages = [cv2.imread(file, cv2.IMREAD_GRAYSCALE) for file in told["files"]]
    cells = [pages[0][y : y + height, x : x + width].copy() for x, y, width, height in told["cells"]]
    return pages, cells


def timed(way: str, pictures: Pictures, cells: int, read: Callable[[Any], str]) -> None:
    """Read pictures one by one and tell how many cells a second of the processor that is; the first warms up.

    Beside it, the share of the cells for which a digit was answered, right or wrong: some answer nothing to most.
    """
    read(pictures[0])
    start = time.process_time()
    text = "".join(read(picture) for picture in pictures)
    seconds = time.process_time() - start
    answered = sum(sign.isdigit() for sign in text) / cells
    print(json.dumps({"way": way, "cells_a_second": cells / seconds, "answered": answered}), flush=True)
