import math

import cv2
import numpy as np
import pytest

from ocrbatch.page.strings.beam import digit_frames, text_log_probabilities
from ocrbatch.page.strings.looks import LOOKS, Look, likely_texts, seen, told_by_all
from tests.page.strings.test_beam import spell


def stroke(width: int = 90) -> np.ndarray:
    """Give a strip with an upright stroke from its first to its last row, 4 wide."""
    strip = np.zeros((32, width), np.uint8)
    strip[:, width // 2 - 2 : width // 2 + 2] = 255
    return strip


def test_the_first_look_is_at_the_strip_as_it_stands() -> None:
    assert np.array_equal(seen(stroke(), LOOKS[0]), stroke())


@pytest.mark.parametrize("look", LOOKS)
def test_a_look_loses_no_writing_at_the_sides(look: Look) -> None:
    strip = np.zeros((32, 60), np.uint8)
    strip[:, :3] = strip[:, -3:] = 255
    drawn = seen(strip, look)
    assert drawn.shape[0] == 32
    # What a smaller look sees is as much smaller.
    assert drawn.sum() / strip.sum() == pytest.approx(look.high * look.wide, rel=0.1)


def test_a_leaning_look_leads_the_head_and_the_foot_apart_and_keeps_the_middle() -> None:
    drawn = seen(stroke(), Look(lean=0.25))
    head, middle, foot = (float(np.average(np.arange(drawn.shape[1]), weights=drawn[row])) for row in (0, 16, 31))
    assert foot - head == pytest.approx(0.25 * 31, abs=0.3)
    assert middle == pytest.approx((head + foot) / 2, abs=0.3)


def test_a_wide_look_is_wider_and_as_high() -> None:
    x, _, width, height = cv2.boundingRect(seen(stroke(), Look(wide=1.25)))
    assert (x, width) == (pytest.approx(43 * 1.25, abs=1), pytest.approx(5, abs=1))
    assert height == 32


def test_a_text_is_as_likely_as_the_mean_over_the_looks() -> None:
    looks = (spell("_1_7__", 0.8), spell("_1_1_____", 0.7), spell("_7_7_", 0.9))
    shares = [math.exp(text_log_probabilities(digit_frames(frames), ["17"])[0]) for frames in looks]
    (told,) = told_by_all(looks, ["17"], amount=False)
    assert math.exp(told) == pytest.approx(sum(shares) / 3)


def test_a_text_that_no_look_has_room_for_is_impossible() -> None:
    assert told_by_all((spell("_1_"), spell("_")), ["123456"], amount=False).tolist() == [-math.inf]
    assert told_by_all((spell("_1_"),), [], amount=False).tolist() == []


def test_the_texts_are_those_of_all_looks_the_first_look_s_before() -> None:
    found = likely_texts((spell("_1_7_", 0.9), spell("_4_2_", 0.9)))
    assert found[0] == "17"
    assert "42" in found
    assert "" not in found
    assert len(found) == len(set(found))
