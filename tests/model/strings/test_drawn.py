import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.model.strings.drawn import FORMS, draw_form

HIGH = 40


@given(st.integers(0, 9), st.integers(0, 2**32 - 1))
def test_every_form_is_ink_on_nothing_about_as_high_as_asked(label: int, seed: int) -> None:
    ink = draw_form(label, HIGH, np.random.default_rng(seed))
    assert (ink.dtype, ink.max()) == (np.uint8, 255)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    assert 0.6 * HIGH < np.ptp(rows) < 1.6 * HIGH
    assert 0.05 * HIGH < np.ptp(columns) < 1.6 * HIGH


def test_there_is_a_form_of_every_digit_and_its_points_lie_about_its_box() -> None:
    assert sorted(FORMS) == list(range(10))
    for width, strokes in (form for forms in FORMS.values() for form in forms):
        points = np.array([point for stroke in strokes for point in stroke])
        assert 0.2 < width < 1
        assert points.min() >= 0
        assert points.max() <= 1.2
        assert np.ptp(points[:, 1]) > 0.9


def test_a_seed_gives_one_form_and_others_other_ones() -> None:
    drawn = [draw_form(9, HIGH, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert np.array_equal(drawn[0], drawn[1])
    assert drawn[0].shape != drawn[2].shape or not np.array_equal(drawn[0], drawn[2])
