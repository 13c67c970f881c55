"""What bad files cost the good: ``python -m tests.faults.poison [--pages 300] [--jobs N] [--timeout 10]``.

Reads a folder of real pages, then the same with one bad file in a hundred of each kind, and prints how many good pages
a second are read. It fails where a good file's row changes, or a tenth of the speed is lost; a page that hangs costs
its time limit twice, whatever it is, and is only told.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from ocrbatch.job.cores import usable_cores
from tests.faults.invariants import Rows, before, check, check_as_alone, rows_by_file
from tests.faults.launch import run_program
from tests.faults.pages import SAMPLES, real_pages
from tests.faults.readers import KINDS, poison
from tests.helpers.pictures import png_bomb

MOST = 0.10
HANGS = "hang"


def bad_files() -> dict[str, bytes]:
    """Give a bad file of each kind."""
    card = (SAMPLES / "card-pink.jpg").read_bytes()
    broken = {"truncated": card[: len(card) // 2], "no picture": b"<html>" * 1000, "bomb": png_bomb(30_000)}
    return broken | {kind: poison(card, kind) for kind in KINDS}


def pages_a_second(inputs: Path, out: Path, count: int, jobs: int, timeout: float) -> float:
    """Read a folder, check all that must hold, and give how many of its good pages were read a second."""
    was = before(inputs, out)
    start = time.perf_counter()
    call = ("run", inputs, "-o", out, "--jobs", jobs, "--page-timeout", timeout)
    ended = run_program(*call, hooks=[["poisoned_pages"]])
    seconds = time.perf_counter() - start
    check(was, ended.code, ended.err)
    return count / seconds


def measured(place: Path, kind: str, bad: bytes, alone: Mapping[str, Rows], asked: argparse.Namespace) -> float:
    """Give the pages a second with one bad file in a hundred, of which no other file may be aware."""
    inputs = real_pages(place, asked.pages)
    suffix = {"no picture": ".png", "bomb": ".png"}.get(kind, ".jpg")
    for number in range(max(asked.pages // 100, 1)):
        # Each of a content of its own, told apart behind its first bytes where poison stands at its end.
        own = bad[:2] + b"\xff\xfe\x00\x06%04d" % number + bad[2:] if kind in KINDS else bad + b"%d" % number
        (inputs / f"{number * 100 + 50:05}-bad{suffix}").write_bytes(own)
    speed = pages_a_second(inputs, place / "out", asked.pages, asked.jobs, asked.timeout)
    check_as_alone(place / "out", alone)
    return speed


def main() -> int:
    """Measure, and print a line for each kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=300)
    parser.add_argument("--jobs", type=int, default=usable_cores())
    parser.add_argument("--timeout", type=float, default=10.0)
    asked = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        inputs = real_pages(place / "none", asked.pages)
        best = pages_a_second(inputs, place / "none/out", asked.pages, asked.jobs, asked.timeout)
        alone = rows_by_file(place / "none/out")
        print(f"{'none':12} {best:6.1f} good pages/s", flush=True)
        for kind, bad in bad_files().items():
            speed = measured(place / kind, kind, bad, alone, asked)
            print(f"{kind:12} {speed:6.1f} good pages/s {speed / best - 1:+7.1%}", flush=True)
            failed |= speed < best * (1 - MOST) and kind != HANGS
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
