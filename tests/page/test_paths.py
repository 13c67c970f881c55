import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrbatch.page.lattice import best_ways
from ocrbatch.page.paths import UNREAD_COST, best_paths
from ocrbatch.records import LABELS, NOT_A_DIGIT, Edge, Lattice, read_only


def lattice_of(nodes: int, rng: np.random.Generator) -> tuple[list[Edge], list[np.ndarray | None]]:
    edges, rows = [], []
    for start in range(nodes - 1):
        for end in range(start + 1, min(start + 3, nodes)):
            sign = end == start + 1 and rng.random() < 0.4
            edges.append(Edge(start, end, None if sign else 0, float(-rng.random() * 3)))
            rows.append(None if sign else rng.dirichlet(np.full(11, 0.3)))
    return edges, rows


def every_text(nodes: int, edges: list[Edge], rows: list[np.ndarray | None]) -> dict[str, float]:
    """Give the logarithm of the sum of all paths of each text, by going all of them."""
    found: dict[str, float] = {}
    pending = [(0, "", 0.0)]
    while pending:
        node, text, score = pending.pop()
        if node == nodes - 1:
            found[text] = np.logaddexp(found.get(text, -np.inf), score)
        for edge, row in zip(edges, rows, strict=True):
            if edge.start != node:
                continue
            if row is None:
                pending.append((edge.end, text, score + edge.weight))
                continue
            for output in range(11):
                cost = np.log(max(row[output], 1e-9)) - UNREAD_COST * (output == NOT_A_DIGIT)
                pending.append((edge.end, text + [*LABELS, "?"][output], score + edge.weight + cost))
    return found


@settings(deadline=None, max_examples=25)
@given(st.integers(2, 4), st.integers(0, 2**32 - 1))
def test_the_best_texts_are_those_of_all_paths(nodes: int, seed: int) -> None:
    edges, rows = lattice_of(nodes, np.random.default_rng(seed))
    scores = every_text(nodes, edges, rows)
    paths = best_paths(nodes, edges, rows, 2000)
    texts = ["".join([*LABELS, "?"][o] for o in path.outputs if o is not None) for path in paths]
    assert len(set(texts)) == len(texts)
    assert texts[0] == max(scores, key=lambda text: scores[text])
    assert sum(np.exp(path.log_probability) for path in paths) == pytest.approx(1.0)
    total = np.logaddexp.reduce(list(scores.values()))
    for path, text in list(zip(paths, texts, strict=True))[:3]:
        assert path.log_probability == pytest.approx(scores[text] - total, abs=0.02)
    for one, other in itertools.pairwise(paths):
        assert one.log_probability >= other.log_probability


def test_a_way_has_its_digits_steps_and_the_cells_they_are_read_from() -> None:
    scores = np.full((2, 11), 0.01, np.float32)
    scores[0, 4], scores[1, 7] = 0.9, 0.9
    edges = (Edge(0, 1, 0), Edge(1, 2, None, -0.1), Edge(2, 3, 1), Edge(0, 3, None, -50.0))
    lattice = Lattice(4, edges, read_only(np.zeros((2, 28, 28), np.uint8)))
    ways = best_ways(lattice, scores, 5)
    assert (ways[0].text, ways[0].cells) == ("47", (0, 2))
    assert [round(step.confidence, 3) for step in ways[0].steps] == [0.9, 0.9]
    assert len({way.text for way in ways}) == len(ways) == 5


def test_paths_of_the_same_text_add_up() -> None:
    one, other = np.zeros(11), np.zeros(11)
    one[3] = other[3] = 1.0
    edges = [Edge(0, 1, None), Edge(0, 2, 0), Edge(1, 2, 1), Edge(0, 2, 2, 0.3)]
    four = np.zeros(11)
    four[4] = 1.0
    paths = best_paths(3, edges, [None, one, other, four], 5)
    assert [path.outputs[-1] for path in paths] == [3, 4]
    assert np.exp(paths[0].log_probability) == pytest.approx(2 / (2 + np.exp(0.3)))
