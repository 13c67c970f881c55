from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.model.strings.glyphs import HIGH, GlyphBank, Hand, draw_digit, draw_hand, glyphs_of
from ocrbatch.page.strings.slant import find_shear
from tests.helpers.render import drawn_digits
from tests.model.strings.banks import drawn_bank

DRAWN = drawn_digits(2, 5)
PLAIN = Hand(0, 0.0, 1.0, 0.45, 1.0, 0.0, foreign=False, forms={})
seeds = st.integers(0, 2**32 - 1)


def test_a_glyph_is_its_ink_alone_in_one_height() -> None:
    glyphs = glyphs_of(DRAWN.pictures, DRAWN.labels.tolist())
    assert [len(own) for own in glyphs] == [2] * 10
    for glyph in (one for own in glyphs for one in own):
        assert max(glyph.shape[0], 0.8 * glyph.shape[1]) == pytest.approx(HIGH, abs=1)
        assert all(sides[[1, -2]].min() > 10 for sides in (glyph.max(axis=0), glyph.max(axis=1)))


def test_dark_ink_on_bright_paper_gives_the_same_glyphs() -> None:
    bright, dark = (glyphs_of(one, DRAWN.labels.tolist()) for one in (DRAWN.pictures, 255 - DRAWN.pictures))
    for one, other in zip(bright, dark, strict=True):
        assert [glyph.shape for glyph in one] == [glyph.shape for glyph in other]


def test_what_has_no_ink_or_is_no_digit_is_left_out() -> None:
    blank = np.zeros((28, 28), np.uint8)
    glyphs = glyphs_of([blank, DRAWN.pictures[0], DRAWN.pictures[1]], [3, 10, 0])
    assert [len(own) for own in glyphs] == [1, *[0] * 9]


@given(seeds, st.integers(0, 9), st.floats(0.3, 1.2))
def test_a_drawn_digit_is_never_empty_and_fills_its_picture(seed: int, label: int, high: float) -> None:
    rng = np.random.default_rng(seed)
    ink = draw_digit(label, draw_hand(drawn_bank(), rng), drawn_bank(), rng, high)
    assert ink.dtype == np.float32
    assert (ink.ndim, 0 <= ink.min() <= ink.max() <= 1) == (2, True)
    assert all(side.max() > 0.25 for side in (ink[0], ink[-1], ink[:, 0], ink[:, -1]))


def drawn(hand: Hand, label: int = 4, high: float = 1.0) -> np.ndarray:
    return draw_digit(label, hand, drawn_bank(), np.random.default_rng(3), high)


def test_a_hand_and_a_seed_give_one_digit() -> None:
    assert np.array_equal(drawn(PLAIN), drawn(PLAIN))


def test_a_hand_s_lean_pen_and_width_are_seen() -> None:
    leans = [find_shear(drawn(replace(PLAIN, shear=shear), 1) > 0.5) for shear in (-0.3, 0.1, 0.6)]
    assert leans == sorted(leans)
    assert leans[2] - leans[0] > 0.4
    assert (drawn(replace(PLAIN, stroke=0.3)) > 0.5).mean() > 1.15 * (drawn(replace(PLAIN, stroke=0.6)) > 0.5).mean()
    assert drawn(replace(PLAIN, width=1.5)).shape[1] > 1.6 * drawn(replace(PLAIN, width=0.8)).shape[1]


def test_a_small_digit_is_as_much_smaller_as_asked() -> None:
    assert drawn(PLAIN, 0, 0.5).shape[0] == pytest.approx(0.5 * drawn(PLAIN, 0).shape[0], abs=3)


def test_a_digit_that_a_hand_s_set_lacks_is_another_set_s() -> None:
    first, second = drawn_bank().sets
    bank = GlyphBank(((first[0], *[()] * 9), second), (1.0, 1.0))
    for seed in range(20):
        assert draw_digit(7, PLAIN, bank, np.random.default_rng(seed)).any()


def test_a_set_of_no_weight_has_no_hands() -> None:
    bank = replace(drawn_bank(), weights=(0.0, 2.0))
    rng = np.random.default_rng(1)
    assert {draw_hand(bank, rng).part for _ in range(30)} == {1}
