"""The shipped reader reaches on each set of real pages what was asked of it."""

import pytest

from tests.real.__main__ import SETS, read_set
from tests.real.measure import figures
from tests.real.truth import PAGES

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(not PAGES.exists(), reason="the real pages are not there"),
]


@pytest.mark.parametrize("name", SETS)
def test_reaches_what_is_asked_of_real_pages(name: str) -> None:
    outcomes = [outcome for _, _, outcome in read_set(name)]
    short = [line for line in figures(name, outcomes) if not line.enough]
    assert not short, [note for outcome in outcomes for note in outcome.notes]
