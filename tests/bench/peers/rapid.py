"""RapidOCR, the newer and the older package, with the models in their wheels, on one thread.

``PYTHON -m tests.bench.peers.rapid GIVEN``, where PYTHON is that of an environment in which they are installed.
"""

import contextlib
import sys
from collections.abc import Callable
from typing import Any

import cv2

from tests.bench.peers.given import given, timed

ONE_THREAD = {"intra_op_num_threads": 1, "inter_op_num_threads": 1}
PAGES = 2
"""A page takes seconds."""

Read = Callable[..., str]


def newer() -> Read:
    """Open ``rapidocr``; it finds lines, turns them and reads them, or only reads."""
    from rapidocr import RapidOCR

    named = {f"EngineConfig.onnxruntime.{name}": value for name, value in ONE_THREAD.items()}
    engine = RapidOCR(params={**named, "Global.log_level": "critical"})
    return lambda picture, **how: "".join(engine(picture, **how).txts or ())


def older() -> Read:
    """Open ``rapidocr_onnxruntime``."""
    from rapidocr_onnxruntime import RapidOCR

    engine = RapidOCR(**ONE_THREAD)

    def read(picture: Any, **how: bool) -> str:
        found, _ = engine(picture, **how)
        # With a line's place first where lines were looked for.
        return "".join(line[1] if how.get("use_det", True) else line[0] for line in found or ())

    return read


def main() -> None:
    """Read whole pages, then cells that are taken for a line each, with both."""
    grey_pages, grey_cells = given()
    pages, cells = ([cv2.cvtColor(one, cv2.COLOR_GRAY2BGR) for one in many] for many in (grey_pages, grey_cells))
    opened = 0
    for name, make in (("rapidocr", newer), ("rapidocr-onnxruntime", older)):
        with contextlib.suppress(ImportError):
            read = make()
            opened += 1
            timed(f"{name}, a page", pages[:PAGES], len(pages[:PAGES]) * len(cells), read)
            timed(
                f"{name}, a cell", cells, len(cells), lambda cell, read=read: read(cell, use_det=False, use_cls=False)
            )
    if not opened:
        sys.exit(3)


if __name__ == "__main__":
    main()
