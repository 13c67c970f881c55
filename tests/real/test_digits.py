"""The shipped model is on real digits as good as it was, and where more is asked of it, the table says so."""

import pytest

from tests.real.digits import DIGITS, figures

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(not DIGITS.exists(), reason="the real digits are not there"),
]

SHORT = {("mnist", "digits read right"): 0.9965}
"""What reaches just what is asked of it, where a digit may fall otherwise on another processor, and its least."""


def test_the_shipped_model_reads_real_digits_as_well_as_it_did() -> None:
    lines = {(line.set, line.what): line for line in figures()}
    assert not [line for name, line in lines.items() if not line.enough and name not in SHORT]
    assert all(lines[name].reached >= floor for name, floor in SHORT.items())
