"""What registering a 300-dpi A4 page costs on one core: ``python -m tests.bench.registration [--json] [--rounds N]``.

Decoding is timed beside it and not part of it. The pages are drawn forms, written on and scanned a little askew; of
fifty forms one is theirs. It prints and judges nothing.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable

import cv2

from ocrbatch.form.template import Form
from ocrbatch.page.decode import decode
from ocrbatch.page.register import register
from ocrbatch.page.registration.index import index_forms
from ocrbatch.records import Page
from tests.helpers.formsheets import blank_of, filled, printed_form, seen, sheet_form

A4_HEIGHT = 3508
FORMS = 50
SKEW = 1.2
SEED = 4


def scanned(form: Form) -> Page:
    """Give a form's page at 300 dpi, written on and a little askew."""
    blank = blank_of(form)
    pixels, _ = seen(filled(blank, form.pages[0].fields, 1), turn=SKEW, scale=A4_HEIGHT / blank.shape[0])
    return Page(1, pixels, None)


def main() -> int:
    """Time the ways in turns and print the median of each."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.registration", description=__doc__)
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    parser.add_argument("--rounds", type=int, default=9, help="how often each is timed")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    cv2.setNumThreads(1)
    forms = [sheet_form(f"form-{number}", number) for number in range(FORMS)]
    marked = printed_form("marked", SEED)
    scan, marked_scan = (scanned(form) for form in (forms[SEED], marked))
    packed = bytes(cv2.imencode(".jpg", scan.pixels, [cv2.IMWRITE_JPEG_QUALITY, 90])[1])
    own, every, others = index_forms([forms[SEED]]), index_forms(forms), index_forms(forms[SEED + 1 :])
    with_marks = index_forms([marked])
    ways: dict[str, Callable[[], object]] = {
        "decoding it, a grey JPEG": lambda: next(decode(packed)),
        "registering, one form": lambda: register(scan, own),
        "registering, fifty forms": lambda: register(scan, every),
        "registering, none of 45 forms": lambda: register(scan, others),
        "registering by markers": lambda: register(marked_scan, with_marks),
    }
    for name, found in (("one", register(scan, own)), ("fifty", register(scan, every))):
        if found.problem:
            raise RuntimeError(f"the page is not registered with {name}: {found.problem}")
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.rounds):
        for name, way in ways.items():
            start = time.process_time()
            way()
            seconds[name].append(time.process_time() - start)
    medians = {name: 1000 * statistics.median(times) for name, times in seconds.items()}
    if options.json:
        print(json.dumps({"milliseconds": medians}, indent=1))
    else:
        print(*(f"{name:<38} {spent:>7.1f} ms" for name, spent in medians.items()), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
