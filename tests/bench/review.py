"""How soon after the key the next field is shown: ``python -m tests.bench.review [--fields N] [--json]``.

A job of 100,000 fields on 2,000 pages is made up, and its worst ones are corrected in Debian's Chromium as a quick
person would. It prints and judges nothing.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.review.jobs import Written, a_job
from tests.review.servers import browsed, served

A_PAGE = 50
KEYED = 40
BETWEEN_KEYS = 90
"""Milliseconds: a quick person's."""
SHOWN = "before => (document.querySelector('main').dataset.key ?? before) !== before"


def made_up(place: Path, number: int) -> Path:
    """Make a job of so many fields, all to review, the worst of them all over it."""
    digits = np.random.default_rng(3)
    sure = digits.random(number)
    values = digits.integers(0, 10_000, number)
    fields = [Written(f"{value:04}", "", float(one)) for value, one in zip(values, sure, strict=True)]
    return a_job(place, [fields[start : start + A_PAGE] for start in range(0, number, A_PAGE)])


def measured(out: Path) -> dict[str, float]:
    """Correct fields in the browser; gives seconds until the page is there, and milliseconds from key to field."""
    start = time.perf_counter()
    with served("review", out) as server, browsed() as browser:
        ready = time.perf_counter() - start
        page = browser.new_page()
        page.goto(server.link)
        key, times = "", []
        for number in range(KEYED + 1):
            page.wait_for_function(SHOWN, arg=key)
            key = str(page.evaluate("document.querySelector('main').dataset.key"))
            if number:
                times.append(float(page.evaluate("document.querySelector('main').dataset.milliseconds")))
            page.keyboard.type("1234", delay=BETWEEN_KEYS)
            page.keyboard.press("Enter")
    return {"ready_s": ready, "median_ms": statistics.median(times), "most_ms": max(times)}


def main() -> int:
    """Make the job, measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.review", description=__doc__)
    parser.add_argument("--fields", type=int, default=100_000)
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        found = measured(made_up(Path(place), options.fields))
    if options.json:
        print(json.dumps(found))
    else:
        print(f"{options.fields} fields: ready in {found['ready_s']:.1f} s; from the key to the next field")
        print(f"{found['median_ms']:.0f} ms at the median, {found['most_ms']:.0f} ms at most")
    return 0


if __name__ == "__main__":
    sys.exit(main())
