"""Fit the model of confidence (``ocrbatch/page/confidence.py``) on composed fields whose digits no training saw.

``python -m tests.helpers.fit_confidence --data mnist.npz --data handwritten09.npz --data optdigits.npz`` prints its
numbers, and how well confidences keep their word on fields that were put aside. No real page takes part.
"""

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.model.card import load_model_file, load_string_model
from ocrbatch.model.strings.bending import bend
from ocrbatch.model.strings.compose import compose_field
from ocrbatch.model.strings.glyphs import HIGH, GlyphBank, draw_digit, draw_hand
from ocrbatch.model.strings.paper import draw_paper, scan
from ocrbatch.model.strings.pool import load_bank
from ocrbatch.model.strings.writing import SIGN, Writing, write
from ocrbatch.page.candidates import value_of
from ocrbatch.page.choose import choose
from ocrbatch.page.classify import make_classifier
from ocrbatch.page.evidence import BOXES_EVIDENCE, STRING_EVIDENCE, boxes_evidence, string_evidence
from ocrbatch.page.kinds import KINDS
from ocrbatch.page.lattice import best_ways
from ocrbatch.page.segment import segment
from ocrbatch.page.strings.amounts import first_digit_weight
from ocrbatch.page.strings.sequence import StringReader, make_string_reader
from ocrbatch.page.strings.voices import join
from ocrbatch.records import UNREAD, FieldPlace, Page, RegisteredPage, read_only

WAYS = 64
BINS = (0, 0.5, 0.8, 0.95, 0.99, 0.995, 0.999, 1.01)
LEAST_CONTRAST = 20
PLAIN = 0.6
"""How many forms are of plain paper, filled in with a dark pen, and scanned at 150 dpi or more."""
BEND, BEND_LENGTH, ROOM = 1.5, 5.0, 6
"""How far points of a run are moved at most (a standard deviation), and over what length, where digits are 40 high."""
RIDGE = 1.0
"""How many fields' worth of doubt there is in each number."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Composed:
    """A field on a page of its own: the page's pixels, the field's place, and what is written."""

    pixels: npt.NDArray[np.uint8]
    place: FieldPlace
    written: str


def strings(bank: GlyphBank, seed: int) -> Iterator[Composed]:
    """Compose runs of digits without end."""
    rng = np.random.default_rng(seed)
    while True:
        field = compose_field(bank, rng, lambda bank, rng: _bent(_amount(bank, rng), rng))
        place = FieldPlace("run", "string", read_only(field.quad[None].astype(np.float32)))
        yield Composed(read_only(field.picture), place, _digits(field.labels))


def _amount(bank: GlyphBank, rng: np.random.Generator) -> Writing:
    """Write a run that begins with each digit as often as amounts do, for which free runs are taken."""
    while True:
        writing = write(bank, rng)
        if rng.random() < math.exp(first_digit_weight(_digits(writing.labels)) - first_digit_weight("10")):
            return writing


def _digits(labels: tuple[int, ...]) -> str:
    return "".join(str(label) for label in labels if label < SIGN)


def _bent(writing: Writing, rng: np.random.Generator) -> Writing:
    """Bend a run more than any was that was taught: the network knows the maker of composed runs too well."""
    return Writing(bend(np.pad(writing.ink, ROOM), float(rng.uniform(0, BEND)), BEND_LENGTH, rng), writing.labels)


def boxes(bank: GlyphBank, seed: int) -> Iterator[Composed]:
    """Compose rows of boxes without end, a digit a cell and some cells blank."""
    rng = np.random.default_rng(seed)
    while True:
        row = _row(bank, rng)
        if row is not None:
            yield row


def _row(bank: GlyphBank, rng: np.random.Generator) -> Composed | None:
    plain = rng.random() < PLAIN
    count, side = int(rng.integers(1, 11)), int(rng.uniform(40 if plain else 28, 80))
    wide = int(side * rng.uniform(0.65, 1.1))
    gap = int(rng.choice([0, 0, rng.uniform(0.05, 0.3) * side]))
    around = side
    shape = (side + 2 * around, count * (wide + gap) + 2 * around)
    paper = np.full(shape, rng.uniform(215, 253), np.float32) if plain else draw_paper(shape, rng)
    pen = np.zeros(shape, np.float32)
    level = float(paper.mean()) * float(rng.uniform(0.1, 0.7))
    thick = int(rng.choice([1, 1, 2, 3]))
    hand = draw_hand(bank, rng)
    digits = ["" if rng.random() < 0.06 else str(rng.integers(10)) for _ in range(count)]
    quads = []
    for index, digit in enumerate(digits):
        x, y = around + index * (wide + gap), around
        cv2.rectangle(paper, (x, y), (x + wide, y + side), level, thick)
        quads.append([[x, y], [x + wide, y], [x + wide, y + side], [x, y + side]])
        if digit:
            ink = draw_digit(int(digit), hand, bank, rng)
            scale = min(float(rng.uniform(0.5, 0.85)) * side / HIGH, 0.95 * wide / ink.shape[1])
            size = (max(int(ink.shape[1] * scale), 3), max(int(ink.shape[0] * scale), 3))
            ink = cv2.resize(ink, size, interpolation=cv2.INTER_AREA)
            left = x + int((wide - ink.shape[1]) / 2 + rng.normal(0, 0.07) * wide)
            top = y + int((side - ink.shape[0]) / 2 + rng.normal(0, 0.06) * side)
            spot = pen[top : top + ink.shape[0], left : left + ink.shape[1]]
            np.maximum(spot, ink, out=spot)
    pixels = scan(paper * (1 - np.float32(rng.uniform(0.5 if plain else 0.25, 0.92)) * pen), rng)
    if not all(_seen(pixels, pen, quad) for quad, digit in zip(quads, digits, strict=True) if digit):
        return None
    shift = rng.normal(0, 0.012 * side, (1, 4, 2))
    place = FieldPlace("row", "boxes", read_only((np.array(quads) + shift).astype(np.float32)))
    return Composed(read_only(pixels), place, "".join(digit or " " for digit in digits).strip())


def _seen(pixels: npt.NDArray[np.uint8], pen: npt.NDArray[np.float32], quad: list[list[int]]) -> bool:
    """Tell whether a cell's digit came through the scan: what nobody could read is no mistake of a reader."""
    (left, top), (right, bottom) = quad[0], quad[2]
    inner = (slice(top + 4, bottom - 3), slice(left + 4, right - 3))
    inked = pen[inner] > 0.5
    if not inked.any() or inked.all():
        return False
    paper = float(np.median(pixels[inner][pen[inner] < 0.05])) if (pen[inner] < 0.05).any() else 255.0
    return paper - float(np.quantile(pixels[inner][inked], 0.75)) >= LEAST_CONTRAST


def gather(fields: Iterator[Composed], count: int) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Read so many fields; gives the evidence (n, k) of those with a value, and which are right (n,)."""
    classifier = make_classifier(load_model_file())
    reader: StringReader | None = None
    evidence, right = [], []
    while len(right) < count:
        one = next(fields)
        registered = RegisteredPage(Page(1, one.pixels, None), "composed", (one.place,), 1.0, 0.0)
        (field,) = segment(registered)
        lattice = KINDS[one.place.kind].lattice(field)
        ways = best_ways(lattice, classifier.scores(lattice.tiles), WAYS)
        if field.strip is not None:
            reader = reader or make_string_reader(load_string_model())
            field, ways = join(ways, reader.looks([field.strip])[0], field)
        (choice,) = choose([field.place], [ways])
        value = value_of(one.place.kind, choice.way)
        if value and UNREAD not in value:
            evidence.append((string_evidence if one.place.kind == "string" else boxes_evidence)(field, choice.way))
            right.append(value == one.written)
    return np.array(evidence), np.array(right)


def fit(evidence: Floats, right: npt.NDArray[np.bool_]) -> Floats:
    """Fit a logistic model; gives its weights (k,) and last its constant.

    Log-odds, all but the last two numbers, may not speak against what they stand for: one that would is left out.
    """
    weights = _fitted(evidence, right)
    while (against := np.flatnonzero(weights[:-3] < 0)).size:
        own = np.delete(evidence, against[0], axis=1)
        weights = np.insert(fit(own, right) if own.shape[1] > 2 else _fitted(own, right), against[0], 0.0)
    return weights


def _fitted(evidence: Floats, right: npt.NDArray[np.bool_]) -> Floats:
    """Fit without bounds, by Newton's steps."""
    x = np.column_stack([evidence, np.ones(len(evidence))])
    weights = np.zeros(x.shape[1])
    ridge = RIDGE * np.eye(len(weights))
    # The constant is free, but of a few fields that are all right it must not grow without end.
    ridge[-1, -1] = 1e-3 * RIDGE
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        step = np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + ridge, x.T @ (right - p) - ridge @ weights)
        weights += step
    return weights


def main() -> int:
    """Compose, read, fit and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.helpers.fit_confidence", description=__doc__)
    parser.add_argument("--data", action="append", required=True, help="a set whose test part the digits are of")
    parser.add_argument("--fields", type=int, default=6000, help="how many of each kind")
    parser.add_argument("--kind", choices=("string", "boxes"), action="append", help="which kinds; both by default")
    parser.add_argument("--keep", type=Path, help="a folder for the evidence: a second fit need not read again")
    options = parser.parse_args()
    bank = load_bank([(source, 1.0) for source in options.data], test=True)
    kinds = {"string": (strings, STRING_EVIDENCE), "boxes": (boxes, BOXES_EVIDENCE)}
    for kind in options.kind or kinds:
        composed, names = kinds[kind]
        kept = options.keep and options.keep / f"{kind}.npz"
        if kept and kept.exists():
            evidence, right = np.load(kept)["evidence"], np.load(kept)["right"]
        else:
            evidence, right = gather(composed(bank, 11), options.fields)
        if kept:
            np.savez(kept, evidence=evidence, right=right)
        half = len(right) // 2
        weights = fit(evidence[:half], right[:half])
        sure = 1 / (1 + np.exp(-np.column_stack([evidence[half:], np.ones(len(right) - half)]) @ weights))
        print(f"{kind}: {right.mean():.4f} of {len(right)} right")
        numbers = zip((*names, "constant"), fit(evidence, right), strict=True)
        print("  ", ", ".join(f"{name} {weight:.3f}" for name, weight in numbers))
        for low, high in pairwise(BINS):
            own = (sure >= low) & (sure < high)
            if own.any():
                said, was = sure[own].mean(), right[half:][own].mean()
                print(f"   from {low:.3f} {own.sum():6d} fields  said {said:.4f}  right {was:.4f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
