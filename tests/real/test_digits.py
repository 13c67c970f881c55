"""The shipped model reaches on real digits what was asked of it."""

import pytest

from tests.real.digits import DIGITS, figures

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(not DIGITS.exists(), reason="the real digits are not there"),
]


def test_the_shipped_model_reaches_what_is_asked_on_real_digits() -> None:
    short = [line for line in figures() if not line.enough]
    assert not short
