import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.quality.reliability import EDGES, Reliability, reliability


def of(*fields: tuple[float, bool]) -> Reliability:
    confidence, right = zip(*fields, strict=True)
    return reliability(np.array(confidence, np.float64), np.array(right, np.bool_))


def test_a_bin_begins_at_its_edge_and_the_last_has_both() -> None:
    found = of((0.0, False), (0.0999, False), (0.99, True), (0.999, True), (1.0, False))
    assert [(one.low, one.high, one.fields, one.right) for one in found.bins] == [
        (0.0, 0.1, 2, 0),
        (0.99, 0.995, 1, 1),
        (0.999, 1.0, 2, 1),
    ]
    assert found.bins[0].confidence == pytest.approx(0.04995)


def test_the_error_is_the_distance_weighted_by_fields() -> None:
    found = of((0.85, True), (0.85, False), (0.25, False))
    assert found.error == pytest.approx((2 * abs(0.85 - 0.5) + 0.25) / 3)


def test_a_confidence_that_keeps_its_word_has_no_error() -> None:
    assert of(*((0.75, i % 4 != 0) for i in range(400))).error == pytest.approx(0)
    assert of((1.0, True), (0.0, False)).error == 0


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1))
def test_every_field_is_in_one_bin(fields: list[tuple[float, bool]]) -> None:
    found = of(*fields)
    assert sum(one.fields for one in found.bins) == found.fields == len(fields)
    assert all(one.low - 1e-9 <= one.confidence <= one.high + 1e-9 for one in found.bins)
    assert found.error is not None
    ten = np.searchsorted(EDGES[1:10], [confidence for confidence, _ in fields], side="right")
    gaps = np.bincount(ten, weights=np.array([confidence - right for confidence, right in fields]))
    assert found.error >= np.abs(gaps).sum() / len(fields) - 1e-9


def test_nothing_has_no_error() -> None:
    assert reliability(np.zeros(0), np.zeros(0, np.bool_)) == Reliability(0, None, ())
