"""Find the real pages' forms on them, whole and ill-treated: ``python -m tests.real.registration``."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.form.template import Form
from ocrbatch.geometry import transform_points
from ocrbatch.page.register import register
from ocrbatch.page.registration.index import FormIndex, index_forms
from ocrbatch.records import FieldPlace, Grey, Page, RegisteredPage
from tests.real import truth
from tests.real.distort import distort
from tests.real.known_forms import CHEQUES, SOURCES, first_page, known_form, layout
from tests.real.measure import Figure

VERSIONS = 10
STRANGERS = 200
QUARTER = 0.25
CONFIDENT = 0.8
NOISE = 12.0


@dataclass
class Tally:
    """What was counted of one set; ``notes`` say what went wrong, ``seconds`` what registering took, a page each."""

    registered: int = 0
    placed: int = 0
    confidently_wrong: int = 0
    pages: int = 0
    notes: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def count(self, name: str, found: RegisteredPage, form: str, places: dict[str, npt.NDArray[np.float32]]) -> None:
        """Count a page that is of ``form``, with the true cells (n, 4, 2) of some of its fields."""
        right = found.form == form and not found.problem
        misses = [off(place, places[place.name]) for place in found.places if place.name in places] if right else []
        placed = right and len(misses) == len(places) and max(misses) <= QUARTER
        self.pages += 1
        self.registered += right
        self.placed += placed
        self.confidently_wrong += not placed and bool(found.form) and found.registration > CONFIDENT
        if not placed:
            what = found.problem or f"as {found.form}" + (f", off by {max(misses):.2f}" if misses else "")
            self.notes.append(f"{name}: {what}, score {found.registration:.3f}")


def off(place: FieldPlace, true: npt.NDArray[np.float32]) -> float:
    """Give how far a field's cells (n, 4, 2) are from the true ones at most: in cells across, in heights down."""
    if place.cells.shape != true.shape:
        return float("inf")
    across, down = true[-1, 1] - true[0, 0], true[0, 3] - true[0, 0]
    frame = np.column_stack([across / len(true), down])
    apart = (place.cells.mean(axis=1) - true.mean(axis=1)) @ np.linalg.inv(frame).T
    return float(np.abs(apart).max())


def registered(page: Page, index: FormIndex, tally: Tally) -> RegisteredPage:
    """Register a page, on one core, and note the time."""
    cv2.setNumThreads(1)
    start = time.process_time()
    found = register(page, index)
    tally.seconds.append(time.process_time() - start)
    return found


def cheques(index: FormIndex, limit: int | None, versions: int) -> Tally:
    """Register the cheques as they are, or ``versions`` ill-treated ones of each."""
    tally = Tally()
    for number, (path, comb) in enumerate(list(truth.cheque_combs().items())[:limit]):
        pixels = first_page(path).pixels
        for version in range(max(versions, 1)):
            seen, matrix = distort(pixels, 1000 * number + version) if versions else (pixels, np.eye(3))
            found = registered(Page(1, seen, None), index, tally)
            cells = transform_points(matrix, truth.cell_grid(comb, 1, 8))
            tally.count(f"{path.name}/{version}", found, layout(path), {"date": cells})
    return tally


def sheet_copies(form: Form, versions: int) -> Tally:
    """Register turned, scaled, tilted and noisy copies of a form's own reference."""
    tally = Tally()
    index = index_forms([form])
    page = form.pages[0]
    pixels = cv2.imdecode(np.frombuffer(page.reference or b"", np.uint8), cv2.IMREAD_GRAYSCALE)
    for version in range(versions):
        seen, matrix = distort(pixels, 500_000 + version)
        noise = np.random.default_rng(version).normal(0, NOISE, seen.shape)
        seen = np.clip(seen + noise, 0, 255).astype(np.uint8)
        found = registered(Page(1, seen, None), index, tally)
        places = {one.name: transform_points(matrix, one.cells) for one in page.fields}
        tally.count(f"{form.name}/{version}", found, form.name, places)
    return tally


def strangers(limit: int) -> Iterator[tuple[str, Grey]]:
    """Give pages that are of no form here: sudokus, samples, snippets of other cheques."""
    samples = truth.HERE.parents[1] / "samples"
    files = [*truth.sudokus(), *(p for p in sorted(samples.iterdir()) if p.suffix in (".png", ".jpg", ".tif", ".pdf"))]
    files += sorted((truth.PAGES / "orand_car_a/images").iterdir())
    for path in files[:limit]:
        yield path.name, first_page(path).pixels


def mistaken(pages: Iterator[tuple[str, Grey]], index: FormIndex) -> Tally:
    """Count the pages that are taken for a form that they are not."""
    tally = Tally()
    for name, pixels in pages:
        found = registered(Page(1, pixels, None), index, tally)
        tally.pages += 1
        tally.registered += not found.problem
        if not found.problem:
            tally.notes.append(f"{name}: taken for {found.form}, score {found.registration:.3f}")
    return tally


def other_banks(forms: dict[str, Form], limit: int | None) -> Tally:
    """Look for the other three banks' forms on each cheque."""
    tally = Tally()
    paths = list(truth.cheque_combs())[:limit]
    for left_out in CHEQUES:
        index = index_forms([forms[name] for name in CHEQUES if name != left_out])
        own = [path for path in paths if layout(path) == left_out]
        found = mistaken(((path.name, first_page(path).pixels) for path in own), index)
        tally.pages += found.pages
        tally.registered += found.registered
        tally.notes += found.notes
        tally.seconds += found.seconds
    return tally


def measured(limit: int | None = None) -> tuple[list[Figure], list[str], list[str]]:
    """Measure all; gives the figures, what went wrong, and the times."""
    with tempfile.TemporaryDirectory() as folder:
        forms = {name: known_form(name, Path(folder)) for name in SOURCES}
    four = index_forms([forms[name] for name in CHEQUES])
    every = index_forms(list(forms.values()))
    plain = cheques(four, limit, 0)
    worn = cheques(four, limit, VERSIONS)
    copies = {name: sheet_copies(forms[name], limit or 2 * VERSIONS) for name in ("nist", "marksheet")}
    others = mistaken(strangers(limit * 5 if limit else STRANGERS), every)
    banks = other_banks(forms, limit)
    lines = [
        Figure("cheques", "form right", plain.registered, plain.pages, plain.pages),
        Figure("cheques", "date cells within a quarter", plain.placed, plain.pages, plain.pages - plain.pages // 38),
        Figure("worn", "registered", worn.registered, worn.pages, int(np.ceil(0.98 * worn.pages))),
        Figure("worn", "date cells within a quarter", worn.placed, worn.pages, int(np.ceil(0.98 * worn.pages))),
        Figure("worn", "not wrong with a score over 0.8", worn.pages - worn.confidently_wrong, worn.pages, worn.pages),
        *(Figure(name, "copies, all fields placed", t.placed, t.pages, t.pages) for name, t in copies.items()),
        Figure("strangers", "read as no form", others.pages - others.registered, others.pages, others.pages),
        Figure("strangers", "read as no other bank's", banks.pages - banks.registered, banks.pages, banks.pages),
    ]
    sets = {"cheques": plain, "worn": worn, **copies, "strangers": others, "other banks": banks}
    return lines, [f"{n}: {note}" for n, t in sets.items() for note in t.notes], times(sets)


def times(sets: dict[str, Tally]) -> list[str]:
    """Tell what registering cost, decoding left out."""
    return [
        f"{name}: {1000 * float(np.median(tally.seconds)):.0f} ms a page in the middle, "
        f"{1000 * max(tally.seconds):.0f} ms at most"
        for name, tally in sets.items()
        if tally.seconds
    ]


def print_table(lines: Sequence[Figure]) -> None:
    """Print a line a figure."""
    print(f"{'set':<10} {'what':<36} {'reached':>8} {'of':>5} {'asked':>6}")
    for line in lines:
        print(
            f"{line.set:<10} {line.what:<36} {line.reached:>8} {line.of:>5} {line.asked:>6}"
            + ("" if line.enough else "  too few")
        )


def main() -> int:
    """Measure, print and tell whether all that is asked was reached."""
    parser = argparse.ArgumentParser(prog="python -m tests.real.registration", description=__doc__)
    parser.add_argument("--limit", type=int, help="only the first cheques")
    parser.add_argument("--json", action="store_true", help="figures and notes as JSON")
    options = parser.parse_args()
    if not truth.PAGES.exists():
        parser.error(f"the real pages are not there: {truth.PAGES}")
    lines, notes, spent = measured(options.limit)
    if options.json:
        print(json.dumps({"figures": [asdict(line) for line in lines], "notes": notes, "times": spent}, indent=1))
    else:
        print(*notes, *spent, sep="\n", file=sys.stderr)
        print_table(lines)
    return 0 if all(line.enough for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
