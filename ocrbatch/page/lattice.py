"""The ways to cut a field, and the reading of the best one. A boxes field has one way: a digit a cell."""

import math
from dataclasses import dataclass

import numpy as np

from ocrbatch.page.normalize import normalize_many
from ocrbatch.records import LABELS, NOT_A_DIGIT, Edge, FieldImage, Grey, Lattice, Probabilities, read_only

UNREAD = "?"
LEAST = 1e-9


@dataclass(frozen=True, slots=True)
class Step:
    """One cell or cut on a path: ``text`` is a digit, ``?`` for ink that is no digit, empty for a blank."""

    text: str
    confidence: float
    second: str
    second_confidence: float


@dataclass(frozen=True, slots=True)
class Way:
    """One way to read a field: its steps, and the numbers in ``FieldImage.cells`` of what they are read from.

    ``log_probability`` (natural) is that of this text beside all others that the field could have.
    """

    steps: tuple[Step, ...]
    cells: tuple[int, ...]
    log_probability: float

    @property
    def text(self) -> str:
        """The steps' texts, a space for a blank cell between written ones."""
        return "".join(step.text or " " for step in self.steps).strip()


def boxes_lattice(field: FieldImage) -> Lattice:
    """Give the one way through a field of boxes."""
    edges = []
    inks: list[Grey] = []
    for index, cell in enumerate(field.cells):
        edges.append(Edge(index, index + 1, None if cell.blank else len(inks)))
        if not cell.blank:
            inks.append(cell.ink)
    return Lattice(len(field.cells) + 1, tuple(edges), read_only(normalize_many(inks)))


def blank_lattice(field: FieldImage) -> Lattice:
    """Give the one way through a field whose cells the classifier does not see."""
    edges = tuple(Edge(index, index + 1, None) for index in range(len(field.cells)))
    return Lattice(len(field.cells) + 1, edges, read_only(normalize_many([])))


def best_ways(lattice: Lattice, scores: Probabilities, most: int) -> tuple[Way, ...]:
    """Give the likeliest ways through a lattice, at most so many and at least one, best first, each of another text.

    ``scores`` (n, 11) belong to its tiles.
    """
    steps = tuple(_step(None if edge.tile is None else scores[edge.tile]) for edge in lattice.edges)
    return (Way(steps, tuple(range(len(steps))), sum(math.log(max(step.confidence, LEAST)) for step in steps)),)


def _step(scores: Probabilities | None) -> Step:
    if scores is None:
        return Step("", 1.0, "", 0.0)
    first, second = (int(i) for i in np.argsort(-scores, kind="stable")[:2])
    return Step(_text(first), float(scores[first]), _text(second), float(scores[second]))


def _text(output: int) -> str:
    return UNREAD if output == NOT_A_DIGIT else LABELS[output]
