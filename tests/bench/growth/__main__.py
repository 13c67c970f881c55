"""How time and memory grow with the pages: ``python -m tests.bench.growth [--pages N] [--way WAY] [--plot FILE]``.

Ways to have very many pages: ``made-up`` readings, to see the listing, the ledger and the tables by themselves;
``pictures`` of one digit, read by the real thing; hard ``links`` to a few of these, whose content is read once and
recorded as often. It prints and judges nothing by its exit code.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from ocrbatch.job.cores import usable_cores
from tests.bench.growth.measure import WAYS, Grown, grown
from tests.bench.growth.table import as_json, lines, plot

PAGES = (1_000, 10_000, 100_000)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.growth", description="How time and memory grow.")
    parser.add_argument("--pages", type=int, action="append", default=[], help="repeatable; 1000, 10000 and 100000")
    parser.add_argument("--way", choices=list(WAYS), action="append", default=[], help="repeatable; all of them")
    parser.add_argument("--jobs", type=int, default=usable_cores(), help="processes that read")
    parser.add_argument("--plot", type=Path, help="a PNG to draw; needs pip install 'ocrbatch[train]'")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--place", type=Path, help="where to write folders and jobs; a temporary folder")
    asked = parser.parse_args()
    found: dict[str, list[Grown]] = {}
    with tempfile.TemporaryDirectory(dir=asked.place) as place:
        for name in asked.way or WAYS:
            way = WAYS[name]
            for pages in sorted(asked.pages or PAGES):
                print(f"{pages} {way.name} …", file=sys.stderr)
                found.setdefault(way.name, []).append(grown(way, Path(place) / str(pages), pages, asked.jobs))
    if asked.plot:
        plot(found, asked.plot)
    print(json.dumps(as_json(found), indent=2) if asked.json else "\n".join(lines(found)))


if __name__ == "__main__":
    main()
