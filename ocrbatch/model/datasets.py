"""Labelled digits in MNIST's form, from sets of any form, and mixtures of several sets."""

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ocrbatch.errors import ModelError, UsageError
from ocrbatch.model.sources import Pictures, is_there, read_source
from ocrbatch.page.crop import ink_of
from ocrbatch.page.normalize import SIDE, normalize
from ocrbatch.records import LABELS, NOT_A_DIGIT, Grey, Tiles

BLANK = -1
"""The label of an empty cell."""
LOOKALIKES = "OoQDUuCcGlIij|SsZzqgBbtyY"
"""Characters that may be written as a digit is: neither a digit nor surely none."""
FIRST_CODE = 32
DARK_BORDER = 64
HEAVIEST = 1000.0

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Dataset:
    """Digits in MNIST's form: tiles (n, 28, 28) uint8, ink bright on 0, and labels (n,) int64, 0–9 or 10 for none.

    The test part may be empty; ``divided`` tells that it is a tenth put aside, for the source has none of its own.
    ``sha256`` is that of the arrays.
    """

    name: str
    train_tiles: Tiles
    train_labels: Labels
    test_tiles: Tiles
    test_labels: Labels
    sha256: str
    divided: bool = False


@dataclass(frozen=True, slots=True)
class Mixture:
    """Several sets to train on; ``weights`` say how many times an epoch shows each digit of each set.

    A weight of 0.5 is a fresh random half each epoch.
    """

    sets: tuple[Dataset, ...]
    weights: tuple[float, ...]

    @property
    def name(self) -> str:
        """The sets' names, joined by +."""
        return "+".join(data.name for data in self.sets)

    @property
    def sha256(self) -> str:
        """That of the sets' own and their weights, in hexadecimal."""
        parts = zip(self.sets, self.weights, strict=True)
        return hashlib.sha256("\n".join(f"{data.sha256} {weight!r}" for data, weight in parts).encode()).hexdigest()


def load_dataset(source: str, *, strangers: bool = False) -> Dataset:
    """Load and check a set, and bring its pictures to MNIST's form.

    ``source`` is the word ``mnist`` (Keras' download), an .npz file (x_train and y_train, with at most one other
    pair such as x_test and y_test; or x and y), a folder of MNIST's IDX files, or a folder of crops sorted by
    label (folders 0 … 9 and none, at the top or in train and test). Pictures are of any size and polarity, and
    read as a reader reads them, but for such as are in MNIST's form already. Where there is no test part, about
    every tenth picture is, chosen by its own pixels.

    Labels are 0–9, and 10 or any below −1 for what is no digit; −1 is a blank cell and left out. With
    ``strangers`` nothing in the set is taken for a digit: digits (0–9, or their character codes) and characters
    that look like one are left out, the others, whatever their labels but −1, are label 10.

    Raises ModelError for whatever is missing, damaged or of another form, before any training begins.
    """
    name, first, second, divided = load_pictures(source, strangers=strangers)
    as_they_are = _in_mnist_form([*first.pictures, *second.pictures])
    train_tiles, test_tiles = (_tiles(part.pictures, as_they_are=as_they_are) for part in (first, second))
    digest = hashlib.sha256()
    for array in (train_tiles, first.labels, test_tiles, second.labels):
        digest.update(np.ascontiguousarray(array).tobytes())
    return Dataset(name, train_tiles, first.labels, test_tiles, second.labels, digest.hexdigest(), divided)


def load_pictures(source: str, *, strangers: bool = False) -> tuple[str, Pictures, Pictures, bool]:
    """Load a set as ``load_dataset`` does, its pictures as they are: its name, and what is to train and to test on.

    The last tells whether the test part was put aside, for the source has none. Raises ModelError as it does.
    """
    name, train, test = read_source(source)
    first = _labelled(source, train, strangers=strangers)
    second = None if test is None else _labelled(source, test, strangers=strangers)
    if not len(first.labels):
        wanted = "no characters or marks but digits and their look-alikes" if strangers else "no pictures with a label"
        raise ModelError(f"{source}: holds {wanted}; give a set with some")
    return (name, *_divided(first), True) if second is None else (name, first, second, False)


def load_mixture(sources: Sequence[str], strangers: Sequence[str] = (), *, every_digit: bool = True) -> Mixture:
    """Load several sets, each "PATH" or "PATH:WEIGHT", and ``strangers``: sets of what is no digit.

    Raises UsageError for a weight that is none, ModelError for a set, and, where ``every_digit`` is wanted, for
    digits of which no set has any to train on.
    """
    if not sources:
        raise UsageError("There is nothing to train on; give a set with --data")
    asked = [(*weighed(source), False) for source in sources] + [(*weighed(source), True) for source in strangers]
    sets = tuple(load_dataset(path, strangers=strange) for path, _, strange in asked)
    seen = np.concatenate([data.train_labels for data in sets])
    missing = [label for index, label in enumerate(LABELS) if index not in seen]
    if every_digit and missing:
        raise ModelError(f"{', '.join(sources)}: no picture to train on is labelled {', '.join(missing)}; add some")
    return Mixture(sets, tuple(weight for _, weight, _ in asked))


def weighed(source: str) -> tuple[str, float]:
    """Part "PATH:WEIGHT"; a path that is there as it stands has the weight 1. UsageError for a weight that is none."""
    path, colon, number = source.rpartition(":")
    if not colon or is_there(source):
        return source, 1.0
    try:
        weight = float(number)
    except ValueError:
        if path != "mnist" and not is_there(path):
            return source, 1.0
        weight = math.nan
    if not 0 < weight <= HEAVIEST:
        raise UsageError(f"{source}: {number or 'nothing'} is no weight; it is above 0 and at most {HEAVIEST:g}")
    return path, weight


def _labelled(source: str, part: Pictures, *, strangers: bool) -> Pictures:
    """Leave out what is neither a digit nor surely none, and give the others labels 0–10."""
    labels = part.labels
    keep = labels != BLANK
    if strangers:
        left_out = [*range(NOT_A_DIGIT), *map(ord, LABELS), *map(ord, LOOKALIKES)]
        keep &= ~np.isin(labels, left_out)
        labels = np.full_like(labels, NOT_A_DIGIT)
    elif len(labels) and labels.max() > NOT_A_DIGIT:
        seen = [str(label) for label in np.unique(labels)]
        shown = ", ".join(seen if len(seen) <= 16 else [*seen[:8], "…", *seen[-4:]])
        mend = "; a set of letters or marks is given with --strangers" if labels.max() >= FIRST_CODE else ""
        raise ModelError(
            f"{source}: has the labels {shown}; digits are 0 to 9, what is no digit is {NOT_A_DIGIT} or below "
            f"{BLANK}, a blank {BLANK}{mend}"
        )
    else:
        labels = np.where(labels < 0, NOT_A_DIGIT, labels)
    return _chosen(Pictures(part.pictures, labels), np.flatnonzero(keep))


def _divided(part: Pictures) -> tuple[Pictures, Pictures]:
    """Put a tenth aside by the pictures' own pixels: so it stays the same when others are added."""
    tenth = np.array([_tenth(picture) for picture in part.pictures], np.bool_)
    if tenth.all():
        tenth[:] = False
    return _chosen(part, np.flatnonzero(~tenth)), _chosen(part, np.flatnonzero(tenth))


def _tenth(picture: Grey) -> bool:
    digest = hashlib.sha256(np.ascontiguousarray(picture).tobytes()).digest()
    return int.from_bytes(digest[:8], "big") % 10 == 0


def _chosen(part: Pictures, indices: Iterable[int]) -> Pictures:
    chosen = np.asarray(indices, np.int64)
    return Pictures([part.pictures[index] for index in chosen], part.labels[chosen])


def _in_mnist_form(pictures: Sequence[Grey]) -> bool:
    """Tell whether all are 28 pixels a side, with borders that are mostly dark."""
    if not pictures or any(picture.shape != (SIDE, SIDE) for picture in pictures):
        return False
    tiles = np.stack(pictures)
    borders = [tiles[:, 0], tiles[:, -1], tiles[:, :, 0], tiles[:, :, -1]]
    return bool(np.median(np.concatenate(borders)) < DARK_BORDER)


def _tiles(pictures: Sequence[Grey], *, as_they_are: bool) -> Tiles:
    tiles = np.zeros((len(pictures), SIDE, SIDE), np.uint8)
    for index, picture in enumerate(pictures):
        tiles[index] = picture if as_they_are else normalize(ink_of(picture))
    return tiles
