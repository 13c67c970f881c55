"""The ways to cut a field, and the reading of the best one. A boxes field has one way: a digit a cell."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ocrbatch.page.cell_ways import best_products
from ocrbatch.page.normalize import normalize_many
from ocrbatch.page.paths import LEAST, best_paths, text_of
from ocrbatch.records import Edge, FieldImage, Grey, Lattice, Probabilities, read_only


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

    ``log_probability`` (natural) is that of this text beside all others that the field could have. ``text`` are the
    steps' texts, a space for a blank cell between written ones.
    """

    steps: tuple[Step, ...]
    cells: tuple[int, ...]
    log_probability: float
    text: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", "".join([step.text or " " for step in self.steps]).strip())


def boxes_lattice(image: FieldImage) -> Lattice:
    """Give the one way through a field of boxes."""
    edges = []
    inks: list[Grey] = []
    for index, cell in enumerate(image.cells):
        edges.append(Edge(index, index + 1, None if cell.blank else len(inks)))
        if not cell.blank:
            inks.append(cell.ink)
    return Lattice(len(image.cells) + 1, tuple(edges), read_only(normalize_many(inks)))


def blank_lattice(image: FieldImage) -> Lattice:
    """Give the one way through a field whose cells the classifier does not see."""
    edges = tuple(Edge(index, index + 1, None) for index in range(len(image.cells)))
    return Lattice(len(image.cells) + 1, edges, read_only(normalize_many([])))


def best_ways(lattice: Lattice, scores: Probabilities, most: int) -> tuple[Way, ...]:
    """Give the likeliest ways through a lattice, at most so many and at least one, best first, each of another text.

    ``scores`` (n, 11) belong to its tiles.
    """
    one_way = all((edge.start, edge.end) == (i, i + 1) for i, edge in enumerate(lattice.edges))
    return _one_way(lattice, scores, most) if one_way else _many_ways(lattice, scores, most)


def _one_way(lattice: Lattice, scores: Probabilities, most: int) -> tuple[Way, ...]:
    """Give the likeliest readings of a lattice through which there is one way."""
    rows = [None if edge.tile is None else scores[edge.tile].astype(np.float64) for edge in lattice.edges]
    logs = [np.zeros(1) if row is None else np.log(np.maximum(row, LEAST)) for row in rows]
    outputs, totals = best_products(logs, most)
    steps = [_steps(row, {int(output) for output in outputs[:, i]}) for i, row in enumerate(rows)]
    cells = tuple(range(len(rows)))
    return tuple(
        Way(tuple(one[output] for one, output in zip(steps, chosen, strict=True)), cells, float(total))
        for chosen, total in zip(outputs.tolist(), totals, strict=True)
    )


def _many_ways(lattice: Lattice, scores: Probabilities, most: int) -> tuple[Way, ...]:
    """Give the likeliest readings of a lattice with many ways through; what a way leaves out is no step of it."""
    rows = [None if edge.tile is None else scores[edge.tile].astype(np.float64) for edge in lattice.edges]
    ways = []
    for path in best_paths(lattice.nodes, lattice.edges, rows, most):
        taken = [(edge, out) for edge, out in zip(path.edges, path.outputs, strict=True) if out is not None]
        steps = tuple(_steps(rows[edge], {output})[output] for edge, output in taken)
        ways.append(Way(steps, tuple(edge for edge, _ in taken), path.log_probability))
    return tuple(ways)


def _steps(row: npt.NDArray[np.float64] | None, outputs: set[int]) -> dict[int, Step]:
    """Give what each of some outputs makes of a tile with these scores (11,); the second is the likeliest other one."""
    if row is None:
        return {0: Step("", 1.0, "", 0.0)}
    order = [int(i) for i in np.argsort(-row, kind="stable")[:2]]
    seconds = {output: order[1] if output == order[0] else order[0] for output in outputs}
    return {
        output: Step(text_of(output), float(row[output]), text_of(second), float(row[second]))
        for output, second in seconds.items()
    }
