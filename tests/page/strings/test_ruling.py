import cv2
import numpy as np
import pytest

from ocrbatch.page.erase import Frame
from ocrbatch.page.strings.ruling import without_lines

FRAME = Frame(12, 12, 300, 80)


def paper() -> np.ndarray:
    return np.zeros((104, 324), np.float32)


@pytest.mark.parametrize("tilt", [0, 3])
@pytest.mark.parametrize("row", [16, 60, 86])
def test_a_line_is_taken_out_wherever_it_runs(row: int, tilt: int) -> None:
    cut = paper()
    cv2.line(cut, (0, row), (323, row + tilt), 120.0, 2)
    assert without_lines(cut, FRAME, 150.0)[FRAME.inner(0.0)].max() < 40


def test_the_line_goes_and_what_crosses_it_stays() -> None:
    cut = paper()
    cv2.line(cut, (0, 70), (323, 70), 100.0, 2)
    cv2.line(cut, (160, 30), (150, 85), 150.0, 5)
    left = without_lines(cut, FRAME, 150.0)
    assert left[71, 40:140].max() == 0
    assert (left[62:78, 145:165].max(axis=1) > 90).all()


def test_feet_in_a_row_are_no_line() -> None:
    cut = paper()
    for x in range(20, 300, 34):
        cv2.line(cut, (x, 80), (x + 20, 80), 150.0, 4)
    assert np.array_equal(without_lines(cut, FRAME, 150.0), cut)


def test_an_upright_line_goes_near_the_field_s_ends_only() -> None:
    cut = paper()
    for x in (15, 160):
        cv2.line(cut, (x, 0), (x, 103), 120.0, 2)
    left = without_lines(cut, FRAME, 150.0)
    assert left[20:80, 14:17].max() < 40
    assert np.array_equal(left[:, 150:170], cut[:, 150:170])


def test_a_loop_keeps_the_foot_that_the_line_runs_through() -> None:
    cut = paper()
    cv2.line(cut, (0, 80), (323, 80), 110.0, 2)
    cv2.ellipse(cut, (160, 55), (10, 25), 0, 0, 360, 150.0, 4)
    left = without_lines(cut, FRAME, 150.0)
    assert (left[76:84, 155:165].max(axis=0) > 60).all()
    assert left[80, 40:130].max() == 0
