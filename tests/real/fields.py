"""Read the fields of the real pages, from their files to the table, and tell how good it is.

``python -m tests.real.fields`` runs ``ocrbatch run`` on each set and compares its results.csv with the truth.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from ocrbatch.quality.compare import Compared
from tests.real import truth
from tests.real.field_figures import Line, check_halves, figures, taken, told
from tests.real.field_pictures import write_pictures
from tests.real.field_sets import SCRIBBLE, SETS, read_fields

Read = dict[str, list[Compared]]


def read_sets(names: Sequence[str], limit: int | None, folder: Path, *options: str) -> Read:
    """Read sets with ``ocrbatch run`` and these options, each below a folder by its name."""
    read = {}
    for name in names:
        start = time.monotonic()
        read[name] = read_fields(SETS[name](limit), folder / name, *options)
        print(f"{name}: {len(read[name])} fields in {time.monotonic() - start:.0f} s", file=sys.stderr)
    return read


def misread(pairs: Sequence[Compared]) -> list[Compared]:
    """Give the fields that are wrong, first those that nobody would look at, then the surest."""
    wrong = [pair for pair in pairs if (taken(pair) if pair.true == SCRIBBLE else not pair.exact)]
    return sorted(wrong, key=lambda pair: (not taken(pair), -pair.confidence, pair.file, pair.field))


def line_of(name: str, pair: Compared) -> str:
    """Say of a wrong field what was read, what is written, and why it is where it is."""
    field = "" if pair.field == "whole" else f" {pair.field}"
    state = f"{pair.status} at {pair.confidence:.4f}" if pair.status else "not found"
    reasons = f" ({'; '.join(pair.reasons)})" if pair.reasons else ""
    return f"{name}/{pair.file}{field}: read {pair.read!r}, written {pair.true!r}, {state}{reasons}"


def print_table(lines: Sequence[Line]) -> None:
    """Print a line a figure."""
    print(f"{'set':<10} {'what':<30} {'reached':>8} {'of':>6} {'asked':>8}")
    for line in lines:
        reached = f"{line.reached:.2%}" if line.share else f"{line.reached:g}"
        asked = "-" if line.asked is None else f"<= {line.asked:.0%}" if line.share else f"{line.asked:g}"
        mark = "" if line.enough else "  not reached"
        print(f"{line.set:<10} {line.what:<30} {reached:>8} {line.of:>6} {asked:>8}{mark}")


@contextmanager
def _folder(chosen: Path | None) -> Iterator[Path]:
    """Give the folder to keep, or one that goes when all is told."""
    if chosen is not None:
        yield chosen
    else:
        with tempfile.TemporaryDirectory() as made:
            yield Path(made)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.real.fields", description=__doc__)
    parser.add_argument("--set", default=",".join(SETS), help="sets to read, commas between them")
    parser.add_argument("--limit", type=int, help="read so many pages of each set, from all over it")
    parser.add_argument("--jobs", type=int, default=0, help="processes that read; 0 for one a core")
    parser.add_argument("--out", type=Path, metavar="DIR", help="keep the jobs and their truth in this new folder")
    parser.add_argument("--wrong", action="store_true", help="list the fields that were misread")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="draw them, each and on contact sheets")
    parser.add_argument("--json", action="store_true", help="figures, misread fields and calibrations as JSON")
    options = parser.parse_args()
    options.names = options.set.split(",")
    if unknown := set(options.names) - set(SETS):
        parser.error(f"no such set: {', '.join(sorted(unknown))}; there are {', '.join(SETS)}")
    if not truth.PAGES.exists():
        parser.error(f"the real pages are not there: {truth.PAGES}")
    # A job reads on where it was left: with the program changed since, that would mix two of them.
    if options.out and options.out.exists() and any(options.out.iterdir()):
        parser.error(f"{options.out} is not empty; name a new folder")
    return options


def main() -> int:
    """Measure, print and tell whether all that is asked was reached."""
    options = _options()
    crops = ["--crops"] if options.pictures else []
    with _folder(options.out) as folder:
        read = read_sets(options.names, options.limit, folder, "--jobs", str(options.jobs), *crops)
        wrong = {name: misread(pairs) for name, pairs in read.items()}
        if options.pictures:
            write_pictures(options.pictures, wrong, folder)
    lines = figures(read)
    halves = check_halves(read["orand"]) if "orand" in read else []
    listed = [line_of(name, pair) for name, pairs in wrong.items() for pair in pairs]
    if options.json:
        calibrated = [asdict(one) | {"told": told(one)} for one in halves]
        print(json.dumps({"figures": [asdict(x) for x in lines], "wrong": listed, "calibrated": calibrated}, indent=1))
        return _code(lines)
    print_table(lines)
    print(*(f"orand: {told(one)}" for one in halves), sep="\n")
    if options.wrong:
        print(*listed, sep="\n")
    return _code(lines)


def _code(lines: Sequence[Line]) -> int:
    return 0 if all(line.enough for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
