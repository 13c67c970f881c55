import cv2
import numpy as np
import pytest

from ocrbatch.page.strings.cutting import find_seams
from ocrbatch.records import Grey

HIGH, STROKE = 50, 5


def rings(*middles: int, width: int = 34) -> Grey:
    picture = np.zeros((HIGH + 8, max(middles) + width), np.uint8)
    for middle in middles:
        cv2.ellipse(picture, (middle, HIGH // 2 + 4), (width // 2 - 2, HIGH // 2 - 2), 0, 0, 360, 1, STROKE)
    return picture[:, picture.any(axis=0)]


def test_touching_rings_part_where_they_touch() -> None:
    mask = rings(25, 57)
    seams = find_seams(mask, HIGH, STROKE, 3)
    cheapest = min(seams, key=lambda seam: seam.cost)
    assert cheapest.columns.mean() == pytest.approx(mask.shape[1] / 2, abs=3)
    assert all(cheapest.cost <= seam.cost for seam in seams if seam is not cheapest)


def test_seams_are_no_more_than_asked_and_lie_from_left_to_right() -> None:
    mask = rings(25, 57, 89, 121)
    for most in (1, 3, 6):
        seams = find_seams(mask, HIGH, STROKE, most)
        assert 1 <= len(seams) <= most
        middles = [float(seam.columns.mean()) for seam in seams]
        assert middles == sorted(middles)
        assert all(seam.columns.shape == (len(mask),) for seam in seams)


def test_a_seam_steps_aside_by_a_pixel_a_row_at_most() -> None:
    for seam in find_seams(rings(25, 55, 84), HIGH, STROKE, 9):
        assert np.abs(np.diff(seam.columns)).max() <= 1


def test_a_lone_stroke_is_not_cut() -> None:
    upright = np.zeros((HIGH, STROKE + 2), np.uint8)
    upright[:, 1:-1] = 1
    assert find_seams(upright, HIGH, STROKE, 3) == ()


def test_a_small_tail_is_not_cut_off() -> None:
    mask = np.zeros((HIGH, 40), np.uint8)
    mask[:, :STROKE] = 1
    mask[-STROKE:, :] = 1
    assert all(seam.columns.mean() < 2 * STROKE for seam in find_seams(mask, HIGH, STROKE, 9))
