"""Read the real digits with the shipped model and print what it reached: ``python -m tests.real.digits``.

Each picture is read as a reader reads one: its ink, MNIST's form, the int8 model. USPS and mark_cells were never
trained on; of handwritten09, letters and odk_marks, measured is the tenth that training keeps apart.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ocrbatch.model.card import SHIPPED, load_model_file, shipped_folder
from ocrbatch.model.datasets import Dataset, Labels, load_dataset
from ocrbatch.model.evaluate import Evaluation, measure
from ocrbatch.page.classify import make_classifier
from ocrbatch.records import NOT_A_DIGIT, Probabilities, Tiles
from tests.real.truth import PAGES

DIGITS = PAGES.parent / "digits"
ACCURACY = {"mnist": 0.997, "usps": 0.993, "optdigits": 0.99, "handwritten09": 0.995, "mark_cells": 0.97}
WHOLE = ("usps", "mark_cells")
"""Sets of which no part may be trained on."""
STRANGERS = ("letters", "odk_marks")
TAKEN: dict[str, Sequence[str]] = {
    "all": (*STRANGERS, "mark_cells"),
    "letters": ("letters",),
    "form marks": ("odk_marks",),
    "n and a half": ("mark_cells",),
}
MOST_TAKEN = 0.02
MOST_MISCALIBRATED = 0.003
MOST_LOST = 0.0005


@dataclass(frozen=True, slots=True)
class Line:
    """A figure, what is asked of it, if anything, and whether more is better."""

    set: str
    what: str
    of: int
    reached: float
    asked: float | None
    more: bool

    @property
    def enough(self) -> bool:
        if self.asked is None:
            return True
        return self.reached >= self.asked if self.more else self.reached <= self.asked


def load(name: str, limit: int | None) -> tuple[Tiles, Labels]:
    """Give what is measured of a set; with a limit about so many of them, evenly taken."""
    data: Dataset = load_dataset(str(DIGITS / f"{name}.npz"), strangers=name in STRANGERS)
    tiles, labels = data.test_tiles, data.test_labels
    if name in WHOLE:
        tiles, labels = np.concatenate([data.train_tiles, tiles]), np.concatenate([data.train_labels, labels])
    step = max(1, len(labels) // limit) if limit else 1
    return tiles[::step], labels[::step]


Read = dict[str, tuple[Tiles, Labels]]


def figures(limit: int | None = None, model: Path | None = None) -> list[Line]:
    """Measure all sets with the shipped model, or another int8 one that has its float form beside it."""
    path = model or shipped_folder() / SHIPPED
    int8, whole = (load_model_file(file) for file in (path, path.with_name(f"{path.stem}-float.tflite")))
    sets = {name: load(name, limit) for name in (*ACCURACY, *STRANGERS)}
    scores = {name: make_classifier(int8).scores(tiles) for name, (tiles, _) in sets.items()}
    lines = []
    for name, asked in ACCURACY.items():
        told = joined([name], sets, scores, digits=True)
        lines.append(Line(name, "digits read right", told.count, told.accuracy, asked, more=True))
    for what, names in TAKEN.items():
        told = joined(names, sets, scores, digits=False)
        asked_of_all = MOST_TAKEN if what == "all" else None
        lines.append(Line("non-digits", f"taken at 0.9: {what}", told.count, told.taken, asked_of_all, more=False))
    clean = ("mnist", "usps")
    told = joined(clean, sets, scores, digits=True)
    error = told.calibration_error
    lines.append(Line("mnist+usps", "calibration error", told.count, error, MOST_MISCALIBRATED, more=False))
    unrounded = {name: make_classifier(whole).scores(sets[name][0]) for name in clean}
    lost = joined(clean, sets, unrounded, digits=True).accuracy - told.accuracy
    lines.append(Line("mnist+usps", "lost from float to int8", told.count, lost, MOST_LOST, more=False))
    return lines


def joined(names: Sequence[str], sets: Read, scores: dict[str, Probabilities], *, digits: bool) -> Evaluation:
    """Measure several sets as one: their digits, or what they have of others."""
    labels = np.concatenate([sets[name][1] for name in names])
    chosen = (labels != NOT_A_DIGIT) == digits
    return measure(np.concatenate([scores[name] for name in names])[chosen], labels[chosen])


def print_table(lines: list[Line]) -> None:
    """Print a line a figure."""
    print(f"{'set':<14} {'what':<28} {'of':>6} {'reached':>9} {'asked':>9}")
    for line in lines:
        asked = "-" if line.asked is None else f"{'>=' if line.more else '<='} {line.asked:.2%}"
        mark = "" if line.enough else "  not reached"
        print(f"{line.set:<14} {line.what:<28} {line.of:>6} {line.reached:>9.3%} {asked:>9}{mark}")


def main() -> int:
    """Measure, print and tell whether all that is asked was reached."""
    parser = argparse.ArgumentParser(prog="python -m tests.real.digits", description=__doc__)
    parser.add_argument("--model", type=Path, help="another int8 model than the shipped one")
    parser.add_argument("--limit", type=int, help="read only about so many of each set")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    options = parser.parse_args()
    if not DIGITS.exists():
        parser.error(f"the real digits are not there: {DIGITS}")
    lines = figures(options.limit, options.model)
    if options.json:
        print(json.dumps([asdict(line) for line in lines], indent=1))
    else:
        print_table(lines)
    return 0 if all(line.enough for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
