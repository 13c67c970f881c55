import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.page.strings.slant import find_shear, shifts, upright


@given(st.floats(-0.4, 1.0), st.integers(0, 2**32 - 1))
def test_a_picture_made_upright_comes_back_whole(shear: float, seed: int) -> None:
    picture = np.random.default_rng(seed).integers(0, 9, (17, 23)).astype(np.int32)
    shift = shifts(shear, 17)
    assert shift.min() == 0
    assert np.array_equal(upright(upright(picture, shift), -shift)[:, :23], picture)


@pytest.mark.parametrize("lean", [0.0, 0.2, 0.5])
def test_the_lean_of_strokes_is_found(lean: float) -> None:
    picture = np.zeros((60, 300), np.uint8)
    for at in (60, 110, 170, 230):
        cv2.line(picture, (round(at + 22 * lean), 8), (round(at - 22 * lean), 52), 1, 5)
    assert find_shear(picture > 0) == pytest.approx(lean, abs=0.08)


def test_ink_without_steep_outlines_has_no_lean() -> None:
    level = np.zeros((40, 200), np.bool_)
    assert find_shear(level) == 0
    level[20:23, 10:190] = True
    assert find_shear(level) == pytest.approx(0, abs=0.05)


@given(st.integers(0, 2**32 - 1))
def test_the_lean_is_never_beyond_what_hands_write(seed: int) -> None:
    noise = np.random.default_rng(seed).random((30, 60)) < 0.5
    assert -0.3 <= find_shear(noise) <= 0.9
