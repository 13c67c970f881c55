"""How long a large workbook takes: ``python -m tests.bench.workbook [--rows 50000]``.

Every row is a field that waits, with a picture of its own; what is measured is the writing of the workbook alone.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from ocrbatch.output.files import WORKBOOK
from ocrbatch.output.tables import TableOptions, write_tables
from ocrbatch.records import FilePage, Status
from tests.output.values import a_field, a_page

FIELDS = 8
GOAL = 60.0


def pictures(folder: Path, count: int) -> list[str]:
    """Draw so many different pictures of fields; gives their paths below the folder."""
    (folder / "crops").mkdir()
    random = np.random.default_rng(0)
    names = []
    for number in range(count):
        pixels = np.full((60, 300), 235, np.uint8)
        ends = random.integers((0, 0), (300, 60), (24, 2)).astype(np.int32)
        cv2.polylines(pixels, [ends], False, 40, 2, cv2.LINE_AA)
        names.append(f"crops/{number:06}.png")
        (folder / names[-1]).write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    return names


def pages(crops: list[str]) -> Iterator[FilePage]:
    """Give the pages whose fields the pictures are of."""
    for start in range(0, len(crops), FIELDS):
        own = tuple(crops[start : start + FIELDS])
        fields = tuple(
            replace(
                a_field(f"r{place:02}", f"{(start + place) * 7919 % 10**8:08}", Status.REVIEW),
                confidence=0.5,
                digit_confidence=(0.999,) * 7 + (0.5,),
            )
            for place in range(len(own))
        )
        yield replace(a_page(fields=fields, crops=own), file=f"{start:06}.png")


def main() -> None:
    """Measure, and print one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=50_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        crops = pictures(folder, asked.rows)
        took = {}
        for xlsx in (False, True):
            start = time.perf_counter()
            options = TableOptions(xlsx=xlsx)
            write_tables(folder, lambda: pages(crops), {"totals": {"pages": {}, "fields": {}}}, options=options)
            took[xlsx] = time.perf_counter() - start
        size = (folder / WORKBOOK).stat().st_size / (1 << 20)
    seconds = took[True] - took[False]
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    goal = f"goal ≤ {GOAL:.0f} s for 50,000: {'met' if seconds * 50_000 <= GOAL * asked.rows else 'missed'}"
    print(f"{asked.rows} rows: {seconds:.1f} s, {size:.0f} MB, at most {most:.0f} MB of memory; {goal}")


if __name__ == "__main__":
    main()
