"""The ways to cut a field, and the reading of the best one. A boxes field has one way: a digit a cell."""

from dataclasses import dataclass

import numpy as np

from ocrbatch.page.normalize import normalize_many
from ocrbatch.records import LABELS, NOT_A_DIGIT, Edge, FieldImage, Grey, Lattice, Probabilities, read_only

UNREAD = "?"


@dataclass(frozen=True, slots=True)
class Step:
    """One cell or cut on a path: ``text`` is a digit, ``?`` for ink that is no digit, empty for a blank."""

    text: str
    confidence: float
    second: str
    second_confidence: float


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


def best_path(lattice: Lattice, scores: Probabilities) -> tuple[Step, ...]:
    """Read the only way through a boxes lattice: ``scores`` (n, 11) belong to its tiles."""
    return tuple(_step(None if edge.tile is None else scores[edge.tile]) for edge in lattice.edges)


def _step(scores: Probabilities | None) -> Step:
    if scores is None:
        return Step("", 1.0, "", 0.0)
    first, second = (int(i) for i in np.argsort(-scores, kind="stable")[:2])
    return Step(_text(first), float(scores[first]), _text(second), float(scores[second]))


def _text(output: int) -> str:
    return UNREAD if output == NOT_A_DIGIT else LABELS[output]
