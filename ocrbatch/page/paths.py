"""The likeliest texts of a lattice with many ways through it, by dynamic programming over its nodes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ocrbatch.records import LABELS, NOT_A_DIGIT, UNREAD, Edge

UNREAD_COST = 6.0
"""Ink on the way that is no digit is to be a sign, and left out, if it can."""
LEAST = 1e-9
HOPELESS = 10.0
"""What cannot end within so much (natural logarithm) of the best is not followed."""
UNCERTAINTY = 1.0
"""Divides the paths' scores before they are made probabilities: neighbouring tiles err together."""


@dataclass(frozen=True, slots=True)
class Path:
    """One text's best path: its edges' numbers, the output chosen at each (None where nothing is read)."""

    edges: tuple[int, ...]
    outputs: tuple[int | None, ...]
    log_probability: float


@dataclass(slots=True)
class _Text:
    """A beginning: all paths with its text together, and the best of them by its last step."""

    total: float
    best: float
    before: "_Text | None" = None
    edge: int = -1
    output: int | None = None


def best_paths(
    nodes: int, edges: Sequence[Edge], rows: Sequence[npt.NDArray[np.float64] | None], most: int
) -> tuple[Path, ...]:
    """Give the likeliest texts from the first node to the last, at most so many, best first.

    ``edges`` are sorted by start; ``rows`` has an edge's probabilities (11,) each, None where it reads as nothing.
    Paths of the same text add up. A path's score is the sum of its edges' weights and the logarithms of its outputs.
    """
    options = [_options(row) for row in rows]
    ahead = _ahead(nodes, edges, options)
    outgoing: list[list[int]] = [[] for _ in range(nodes)]
    for number, edge in enumerate(edges):
        outgoing[edge.start].append(number)
    reached: list[dict[str, _Text]] = [{} for _ in range(nodes)]
    reached[0][""] = _Text(0.0, 0.0)
    least = ahead[0] - HOPELESS
    for node in range(nodes - 1):
        for text, beginning in _best(reached[node], most):
            for number in outgoing[node]:
                edge = edges[number]
                enough = least - ahead[edge.end] - beginning.total - edge.weight
                for output, cost in options[number]:
                    if cost < enough:
                        break
                    step = edge.weight + cost
                    longer = text if output is None else text + text_of(output)
                    new = _Text(beginning.total + step, beginning.best + step, beginning, number, output)
                    _add(reached[edge.end], longer, new)
    found = _best(reached[-1], most)
    scores = np.array([text.total for _, text in found]) / UNCERTAINTY
    scores -= np.logaddexp.reduce(scores) if len(scores) else 0.0
    return tuple(_traced(text, float(score)) for (_, text), score in zip(found, scores, strict=True))


def _options(row: npt.NDArray[np.float64] | None) -> list[tuple[int | None, float]]:
    """Give what a tile may be read as, and the logarithm of each one's probability, best first."""
    if row is None:
        return [(None, 0.0)]
    logs = np.log(np.maximum(row, LEAST))
    logs[NOT_A_DIGIT] -= UNREAD_COST
    return [(int(i), float(logs[i])) for i in np.argsort(-logs, kind="stable")]


def _ahead(nodes: int, edges: Sequence[Edge], options: list[list[tuple[int | None, float]]]) -> list[float]:
    """Give the score of the best path from each node (nodes,) to the last."""
    ahead = [-np.inf] * (nodes - 1) + [0.0]
    for edge, own in sorted(zip(edges, options, strict=True), key=lambda pair: -pair[0].start):
        ahead[edge.start] = max(ahead[edge.start], edge.weight + own[0][1] + ahead[edge.end])
    return ahead


def _best(texts: dict[str, _Text], most: int) -> list[tuple[str, _Text]]:
    """Give the best beginnings at a node, best first; equal ones in the order of their texts."""
    return sorted(texts.items(), key=lambda item: (-item[1].total, item[0]))[: max(most, 1)]


def _add(texts: dict[str, _Text], text: str, new: _Text) -> None:
    old = texts.get(text)
    if old is None:
        texts[text] = new
        return
    total = float(np.logaddexp(old.total, new.total))
    better = new if new.best > old.best else old
    texts[text] = _Text(total, better.best, better.before, better.edge, better.output)


def _traced(text: _Text, log_probability: float) -> Path:
    edges: list[int] = []
    outputs: list[int | None] = []
    while text.before is not None:
        edges.append(text.edge)
        outputs.append(text.output)
        text = text.before
    return Path(tuple(edges[::-1]), tuple(outputs[::-1]), log_probability)


def text_of(output: int) -> str:
    """Give the sign that one of the classifier's outputs, 0 to 10, stands for in a text."""
    return UNREAD if output == NOT_A_DIGIT else LABELS[output]
