"""The exact bounds of a binomial share."""

import math
from itertools import accumulate
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as some

from ocrbatch.quality.bounds import lower_bound, needed, upper_bound

SAMPLES = some.integers(1, 200).flatmap(lambda of: some.tuples(some.integers(0, of), some.just(of)))
CONFIDENCES = some.sampled_from([0.5, 0.9, 0.95, 0.99, 0.999])


@pytest.mark.parametrize(
    ("wrong", "of", "confidence", "bound"),
    [
        (0, 10, 0.95, 1 - 0.05**0.1),
        (0, 598, 0.95, 1 - 0.05 ** (1 / 598)),
        (1, 10, 0.95, 0.3941633),  # from tables of Clopper and Pearson's limits
        (5, 100, 0.95, 0.1022534),
        (10, 10, 0.95, 1.0),
        (0, 0, 0.95, 1.0),
    ],
)
def test_the_upper_bound_is_clopper_and_pearsons(wrong, of, confidence, bound):
    assert upper_bound(wrong, of, confidence) == pytest.approx(bound, abs=1e-6)


@given(SAMPLES, CONFIDENCES)
def test_at_the_upper_bound_so_few_wrong_have_the_probability_that_is_left(sample, confidence):
    wrong, of = sample
    bound = upper_bound(wrong, of, confidence)
    tail = sum(comb(of, k) * bound**k * (1 - bound) ** (of - k) for k in range(wrong + 1))
    assert wrong == of or tail == pytest.approx(1 - confidence, rel=1e-6)


@given(SAMPLES, CONFIDENCES)
def test_the_bounds_hold_the_share_seen_between_them(sample, confidence):
    wrong, of = sample
    assert lower_bound(wrong, of, confidence) <= wrong / of <= upper_bound(wrong, of, confidence)


def test_a_bound_falls_with_more_fields_and_rises_with_errors_and_confidence():
    assert upper_bound(3, 1000, 0.95) > upper_bound(3, 2000, 0.95) > upper_bound(2, 2000, 0.95)
    assert upper_bound(3, 1000, 0.99) > upper_bound(3, 1000, 0.95)


def test_a_million_fields_are_no_trouble():
    assert upper_bound(400_000, 1_000_000, 0.95) == pytest.approx(0.4 + 1.645 * math.sqrt(0.24 / 1e6), abs=1e-5)
    assert upper_bound(0, 1_000_000, 0.95) == pytest.approx(-math.log(0.05) / 1e6, rel=1e-4)


@pytest.mark.parametrize(("wrong", "fields"), [(0, 598), (1, 947), (2, 1258)])
def test_half_a_percent_at_95_wants_so_many_fields(wrong, fields):
    assert needed(0.005, 0.95, wrong) == fields


@given(some.floats(0.001, 0.5), CONFIDENCES, some.integers(0, 20))
def test_what_is_needed_is_enough_and_one_less_is_not(target, confidence, wrong):
    fields = needed(target, confidence, wrong)
    assert upper_bound(wrong, fields, confidence) <= target * (1 + 1e-9)
    assert fields == wrong + 1 or upper_bound(wrong, fields - 1, confidence) > target * (1 - 1e-9)


@pytest.mark.parametrize("call", [(3, 2, 0.95), (-1, 2, 0.95), (0, 2, 1.0), (0, 2, 0.0)])
def test_what_cannot_be_is_refused(call):
    with pytest.raises(ValueError, match=r"wrong|confidence"):
        upper_bound(*call)


def test_each_error_more_wants_more_fields():
    wanted = [needed(0.01, 0.95, wrong) for wrong in range(6)]
    assert list(accumulate(wanted, max)) == wanted
    assert len(set(wanted)) == 6
