import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.quality.risk import POINTS, Point, RiskCoverage, risk_coverage

FIELDS = st.lists(st.tuples(st.sampled_from([0.1, 0.5, 0.9, 0.99, 1.0]), st.booleans()), min_size=1, max_size=40)


def curve(*fields: tuple[float, bool], of: int | None = None, most: int = POINTS) -> RiskCoverage:
    confidence, right = (np.array(column) for column in zip(*fields, strict=True))
    return risk_coverage(confidence.astype(np.float64), right.astype(np.bool_), of or len(fields), most)


def test_the_curve_accepts_the_surest_first_and_the_equally_sure_together() -> None:
    found = curve((0.5, False), (0.9, True), (0.99, True), (0.9, False), of=8)
    assert found.points == (Point(0.99, 1, 0), Point(0.9, 3, 1), Point(0.5, 4, 2))
    assert (found.fields, found.acceptable) == (8, 4)


def test_the_area_is_the_mean_error_over_all_shares() -> None:
    found = curve((0.9, True), (0.8, False), (0.7, True), (0.6, False))
    assert found.aurc == pytest.approx((0 + 1 / 2 + 1 / 3 + 2 / 4) / 4)
    assert found.excess_aurc == pytest.approx(found.aurc - (0 + 0 + 1 / 3 + 2 / 4) / 4)


def test_a_perfect_order_has_no_excess_and_no_order_all_of_it() -> None:
    assert curve((0.9, True), (0.8, True), (0.7, False)).excess_aurc == pytest.approx(0, abs=1e-12)
    assert curve((0.9, True), (0.9, False)).aurc == pytest.approx(0.5)


@pytest.mark.parametrize(("right", "area"), [(True, 0.0), (False, 1.0)])
def test_all_right_and_all_wrong_have_the_areas_they_must(right: bool, area: float) -> None:
    found = curve(*((c, right) for c in (0.3, 0.6, 0.6)))
    assert (found.aurc, found.excess_aurc) == (area, 0.0)
    assert [point is not None for _, point in found.at_error] == [right] * len(found.at_error)


@given(FIELDS, st.randoms())
def test_the_order_of_the_rows_tells_nothing(fields: list[tuple[float, bool]], random: object) -> None:
    shuffled = sorted(fields, key=lambda _: random.random())  # type: ignore[attr-defined]
    assert curve(*fields) == curve(*shuffled)
    found = curve(*fields)
    assert found.excess_aurc is not None
    assert 0 <= found.excess_aurc <= 1


@given(FIELDS)
def test_no_threshold_accepts_more_with_as_few_errors(fields: list[tuple[float, bool]]) -> None:
    for target, point in curve(*fields).at_error:
        kept = [[right for confidence, right in fields if confidence >= limit] for limit, _ in fields]
        fit = [len(rights) for rights in kept if rights.count(False) <= target * len(rights)]
        assert (point.accepted if point else 0) == max(fit, default=0)


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    fields = [(i / 5000, i % 7 != 0) for i in range(5000)]
    whole, thin = curve(*fields, most=10_000), curve(*fields)
    assert len(whole.points) == 5000
    assert len(thin.points) <= POINTS
    assert (thin.points[0], thin.points[-1]) == (whole.points[0], whole.points[-1])
    assert set(thin.points) <= set(whole.points)
    assert (thin.aurc, thin.at_error) == (whole.aurc, whole.at_error)


def test_nothing_to_accept_is_no_curve() -> None:
    found = risk_coverage(np.zeros(0), np.zeros(0, np.bool_), 5)
    assert (found.fields, found.acceptable, found.aurc, found.excess_aurc, found.points) == (5, 0, None, None, ())
