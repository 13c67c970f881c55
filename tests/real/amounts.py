"""Read the pictures of cheques' amounts, each one run of digits: ``python -m tests.real.amounts``."""

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ocrbatch.model.card import load_model_file
from ocrbatch.page.classify import make_classifier
from ocrbatch.page.reader import read_pages
from ocrbatch.page.whole import Whole
from ocrbatch.records import FieldReading, Grey, ReadPage
from tests.real import truth
from tests.real.known_forms import first_page

FOLDER = truth.PAGES / "orand_car_a"
ERRORS = (0.0, 0.005, 0.01, 0.02, 0.05)
BINS = 10


@dataclass(frozen=True, slots=True)
class Amount:
    """One picture's reading beside what is written on it."""

    file: str
    written: str
    read: str
    confidence: float
    status: str
    reasons: tuple[str, ...]

    @property
    def right(self) -> bool:
        """Tell whether every digit is right, and none is missing or too many."""
        return self.read == self.written


def amounts(limit: int | None = None) -> dict[Path, str]:
    """Give the pictures with the digits written on them; with a limit, so many from all over the set."""
    with (FOLDER / "truth.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    step = max(len(rows) // limit, 1) if limit else 1
    return {FOLDER / "images" / row["file"]: row["digits"] for row in rows[::step][:limit]}


def read_amounts(wanted: dict[Path, str], pictures: Path | None = None) -> list[Amount]:
    """Read each picture as one run of digits; those that are misread are drawn into a folder, if one is given."""
    pages = (first_page(path) for path in wanted)
    found = []
    for path, page in zip(
        wanted, read_pages(pages, make_classifier(load_model_file()), index=Whole.STRING), strict=True
    ):
        (field,) = page.result.fields
        one = Amount(path.name, wanted[path], field.value, field.confidence, str(field.status), field.reasons)
        found.append(one)
        if pictures is not None and not one.right:
            (pictures / f"{path.stem}.png").write_bytes(_drawn(page, field, one))
    return found


def edits(one: str, other: str) -> int:
    """Give the number of digits to insert, remove or replace to make one text of another."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        last, row[0] = row[0], i
        for j, b in enumerate(other, start=1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (a != b))
    return row[-1]


def covered(found: Sequence[Amount], error: float) -> float:
    """Give the largest share that a threshold of confidence can take with at most so many wrong among them."""
    order = sorted(found, key=lambda one: -one.confidence)
    wrong = np.cumsum([not one.right for one in order])
    count = np.arange(1, len(order) + 1)
    # A threshold takes all of the same confidence or none.
    ends = np.array([i + 1 == len(order) or order[i + 1].confidence < order[i].confidence for i in range(len(order))])
    good = np.flatnonzero((wrong <= error * count) & ends)
    return float((good[-1] + 1) / len(order)) if len(good) else 0.0


def calibration_error(found: Sequence[Amount]) -> float:
    """Give the expected calibration error, over ten bins of as many readings each."""
    order = sorted(found, key=lambda one: one.confidence)
    bins = [part for part in np.array_split(np.arange(len(order)), BINS) if len(part)]
    gaps = [abs(sum(order[i].confidence - order[i].right for i in part)) for part in bins]
    return float(sum(gaps) / len(order))


def figures(found: Sequence[Amount]) -> dict[str, float]:
    """Give the figures by their names."""
    digits = sum(len(one.written) for one in found)
    accepted = [one for one in found if one.status == "accepted"]
    return {
        "pictures": len(found),
        "exact": sum(one.right for one in found) / len(found),
        "digits right": 1 - sum(edits(one.read, one.written) for one in found) / digits,
        "accepted": len(accepted) / len(found),
        "wrong among accepted": sum(not one.right for one in accepted) / max(len(accepted), 1),
        **{f"covered at {100 * error:g} % error": covered(found, error) for error in ERRORS},
        "expected calibration error": calibration_error(found),
    }


def _drawn(page: ReadPage, field: FieldReading, one: Amount) -> bytes:
    """Draw a picture large with the cells that were read; a PNG's bytes."""
    assert page.page is not None
    pixels: Grey = page.page.pixels
    times = 4
    picture = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
    picture = cv2.resize(picture, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC)
    for quad, text in zip(field.cells, field.cell_values, strict=True):
        cv2.polylines(picture, [np.rint(times * quad).astype(np.int32)], True, (0, 160, 0), 1)
        x, y = (int(v) for v in times * quad[0])
        cv2.putText(picture, text, (x + 3, y + 16), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 0, 0), 2)
    margin = np.full((24, picture.shape[1], 3), 255, np.uint8)
    told = f"{one.written} read {one.read} {one.confidence:.2f}"
    cv2.putText(margin, told, (2, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 255), 1)
    done, content = cv2.imencode(".png", np.vstack([picture, margin]))
    assert done
    return bytes(content.tobytes())


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.real.amounts", description=__doc__)
    parser.add_argument("--limit", type=int, help="so many pictures from all over the set")
    parser.add_argument("--pictures", type=Path, help="a folder for pictures of what was misread")
    parser.add_argument("--json", action="store_true", help="figures and misread ones as JSON")
    options = parser.parse_args()
    if not FOLDER.exists():
        parser.error(f"the amounts are not there: {FOLDER}")
    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)
    found = read_amounts(amounts(options.limit), options.pictures)
    notes = [
        f"{one.file}: read {one.read!r}, written {one.written!r}, {one.status} at {one.confidence:.3f}"
        for one in found
        if not one.right
    ]
    if options.json:
        print(json.dumps({"figures": figures(found), "notes": notes}, indent=1))
    else:
        print(*notes, sep="\n", file=sys.stderr)
        print("\n".join(f"{name:<28} {value:.4g}" for name, value in figures(found).items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
