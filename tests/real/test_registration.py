"""Real pages are registered by their forms as well as is asked."""

import pytest

from tests.real.registration import measured
from tests.real.truth import PAGES

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(not PAGES.exists(), reason="the real pages are not there"),
]


def test_reaches_what_is_asked_of_forms_on_real_pages() -> None:
    lines, notes, _ = measured()
    assert not [line for line in lines if not line.enough], notes
