import pytest

from ocrbatch.quality.shares import interval, share


def test_the_bounds_are_those_of_the_tables() -> None:
    # C. J. Clopper, E. S. Pearson, 1934: 95 % for 0 and 3 of 10.
    assert interval(0, 10) == pytest.approx((0, 0.3085), abs=1e-4)
    assert interval(3, 10) == pytest.approx((0.0667, 0.6525), abs=1e-4)
    assert interval(10, 10) == pytest.approx((1 - 0.3085, 1), abs=1e-4)


def test_of_nothing_nothing_is_known() -> None:
    assert interval(0, 0) == (0, 1)
    assert share(0, 0) is None
