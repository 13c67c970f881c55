import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.model.strings.drawn import draw_form, draw_own_form, draw_zeros
from ocrbatch.model.strings.forms import FORMS

HIGH = 40


@given(st.integers(0, 9), st.integers(0, 2**32 - 1))
def test_every_form_is_ink_on_nothing_about_as_high_as_asked(label: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    ink = draw_form(draw_own_form(label, rng), HIGH, rng)
    assert (ink.dtype, ink.max()) == (np.uint8, 255)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    assert 0.6 * HIGH < np.ptp(rows) < 1.6 * HIGH
    assert 0.05 * HIGH < np.ptp(columns) < 2.6 * HIGH


@given(st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_zeros_in_one_stroke_hang_together_and_widen_with_their_number(count: int, seed: int) -> None:
    ink, below = draw_zeros(count, HIGH, np.random.default_rng(seed))
    assert below == 0
    parts, _ = cv2.connectedComponents((ink > 60).astype(np.uint8), connectivity=8)
    assert (ink.dtype, ink.max(), parts) == (np.uint8, 255, 2)
    assert 0.6 * HIGH < np.ptp(np.flatnonzero(ink.any(axis=1))) < 1.7 * HIGH
    # Each zero leaves paper inside of it, or is a blot at least as wide as its pitch.
    assert np.ptp(np.flatnonzero(ink.any(axis=0))) > 0.3 * HIGH * count


@given(st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_zeros_run_into_a_slash_that_reaches_below_their_foot_by_the_share_told(count: int, seed: int) -> None:
    ink, below = draw_zeros(count, HIGH, np.random.default_rng(seed), slashed=True)
    parts, _ = cv2.connectedComponents((ink > 60).astype(np.uint8), connectivity=8)
    assert (ink.dtype, ink.max(), parts) == (np.uint8, 255, 2)
    rows = np.flatnonzero(ink.any(axis=1))
    high = float(np.ptp(rows))
    assert 0.8 * HIGH < high < 2.7 * HIGH
    assert 0 <= below < 0.45
    # The first zero stands on the foot: what lies further down is the slash's alone.
    columns = np.flatnonzero(ink.any(axis=0))
    first = ink[:, columns[0] : columns[0] + max(int(0.3 * np.ptp(columns) / count), 4)]
    assert np.flatnonzero(first.any(axis=1))[-1] < rows[-1] - below * high + 0.35 * HIGH


def test_there_are_forms_of_every_digit_and_their_points_lie_about_their_box() -> None:
    assert sorted(FORMS) == list(range(10))
    for label, forms in FORMS.items():
        assert len(forms) >= 5, label
        for width, strokes in forms:
            points = np.concatenate(strokes)
            assert 0.2 < width < 1.5
            assert points.min() >= -0.1
            assert points.max() <= 1.3
            assert np.ptp(points[:, 1]) >= 0.85


def test_a_seed_gives_one_form_and_others_other_ones() -> None:
    drawn = []
    for seed in (1, 1, 2):
        rng = np.random.default_rng(seed)
        drawn.append(draw_form(draw_own_form(9, rng), HIGH, rng))
    assert np.array_equal(drawn[0], drawn[1])
    assert drawn[0].shape != drawn[2].shape or not np.array_equal(drawn[0], drawn[2])


def test_a_writer_gives_a_digit_nearly_the_same_form_each_time() -> None:
    rng = np.random.default_rng(4)
    own = draw_own_form(2, rng)
    others = [draw_own_form(2, rng) for _ in range(20)]
    sizes = [np.ptp(np.flatnonzero(draw_form(own, HIGH, rng).any(axis=0))) for _ in range(20)]
    assert np.std(sizes) < np.std([form.width * HIGH for form in others])
