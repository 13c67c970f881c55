"""Read the real pages and print how much of each set was reached: ``python -m tests.real``."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ocrbatch.records import PageResult, ReadPage
from tests.real import measure, truth
from tests.real.measure import Figure, Outcome


@dataclass(frozen=True, slots=True)
class RealSet:
    """A set's pages with their truth, and the measure of one page."""

    load: Callable[[], dict[Path, Any]]
    measure: Callable[[PageResult, Any], Outcome]


SETS = {
    "sudoku": RealSet(truth.sudokus, measure.measure_sudoku),
    "marksheet": RealSet(truth.mark_sheets, measure.measure_mark_sheet),
    "cheques": RealSet(truth.cheques, measure.measure_cheque),
    "nist": RealSet(truth.forms, measure.measure_form),
}


def read_set(name: str, limit: int | None = None) -> Iterator[tuple[Path, ReadPage, Outcome]]:
    """Read the pages of a set from their files with the shipped model, and measure each."""
    from ocrbatch.model.card import load_model_file
    from ocrbatch.page.classify import make_classifier
    from ocrbatch.page.decode import decode
    from ocrbatch.page.reader import read_pages

    pages = dict(list(SETS[name].load().items())[:limit])
    decoded = (next(decode(path.read_bytes())) for path in pages)
    read = read_pages(decoded, make_classifier(load_model_file()))
    for (path, expected), page in zip(pages.items(), read, strict=True):
        yield path, page, SETS[name].measure(page.result, expected)


def write_pictures(folder: Path, name: str, path: Path, read: ReadPage, outcome: Outcome) -> None:
    """Write what was seen of a failing page, and each field that is long enough for a date enlarged."""
    from tests.real.pictures import overlay, strip

    if read.page is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}-{path.stem}.png").write_bytes(overlay(read.page, read.result, outcome))
    for reading in read.result.fields if name == "cheques" else ():
        if len(reading.cells) == 8:
            file = folder / f"{name}-{path.stem}-{reading.name}.png"
            file.write_bytes(strip(read.page, reading))


def print_table(lines: list[Figure]) -> None:
    """Print the figures of all sets, a line each."""
    print(f"{'set':<10} {'what':<38} {'reached':>8} {'of':>6} {'asked':>6}")
    for line in lines:
        asked = str(line.asked) if line.asked else "-"
        mark = "" if line.enough else "  too few"
        print(f"{line.set:<10} {line.what:<38} {line.reached:>8} {line.of:>6} {asked:>6}{mark}")


def main() -> int:
    """Measure, print and tell whether all that is asked was reached."""
    parser = argparse.ArgumentParser(prog="python -m tests.real", description=__doc__)
    parser.add_argument("--set", default=",".join(SETS), help="sets to read, commas between them")
    parser.add_argument("--limit", type=int, help="read only the first pages of each set")
    parser.add_argument("--json", action="store_true", help="figures and notes as JSON")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="write pictures of failing pages")
    options = parser.parse_args()
    names = options.set.split(",")
    if unknown := set(names) - set(SETS):
        parser.error(f"no such set: {', '.join(sorted(unknown))}; there are {', '.join(SETS)}")
    if not truth.PAGES.exists():
        parser.error(f"the real pages are not there: {truth.PAGES}")
    lines: list[Figure] = []
    notes: dict[str, list[str]] = {}
    for name in names:
        outcomes = []
        for path, read, outcome in read_set(name, options.limit):
            outcomes.append(outcome)
            if outcome.notes:
                notes[f"{name}/{path.name}"] = outcome.notes
                if options.pictures:
                    write_pictures(options.pictures, name, path, read, outcome)
        lines += measure.figures(name, outcomes)
    if options.json:
        print(json.dumps({"figures": [asdict(line) for line in lines], "notes": notes}, indent=1))
    else:
        for file, texts in notes.items():
            print(*(f"{file}: {text}" for text in texts), sep="\n", file=sys.stderr)
        print_table(lines)
    return 0 if all(line.enough for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
