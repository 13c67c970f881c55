import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ocrbatch.page.crop import ink_of
from ocrbatch.records import Grey


def drawn(side: int = 48, *, paper: int = 200, ink: int = 40) -> Grey:
    """Draw a 5 clear of the sides."""
    picture = np.full((side, side), paper, np.uint8)
    cv2.putText(picture, "5", (side // 4, side * 3 // 4), cv2.FONT_HERSHEY_SIMPLEX, side / 40, ink, 2, cv2.LINE_AA)
    return picture


def framed(picture: Grey, sides: str, pen: int = 2) -> Grey:
    last = len(picture) - 1
    ends = {"t": (0, 0, last, 0), "b": (0, last, last, last), "l": (0, 0, 0, last), "r": (last, 0, last, last)}
    picture = picture.copy()
    for side in sides:
        x1, y1, x2, y2 = ends[side]
        cv2.line(picture, (x1, y1), (x2, y2), 20, pen)
    return picture


def alike(first: Grey, second: Grey) -> float:
    """Give the share of the ink that two pictures have in common."""
    a, b = first > 127, second > 127
    return float((a & b).sum() / max((a | b).sum(), 1))


def test_the_polarity_does_not_matter() -> None:
    assert np.array_equal(ink_of(drawn()), ink_of(255 - drawn()))


@pytest.mark.parametrize("sides", ["t", "b", "l", "r", "tb", "lr", "tlr", "tblr"])
def test_lines_along_the_sides_are_left_out(sides: str) -> None:
    assert alike(ink_of(framed(drawn(), sides)), ink_of(drawn())) > 0.95


def test_a_stroke_that_reaches_the_line_is_freed_from_it() -> None:
    written = drawn(60)
    cv2.line(written, (30, 40), (30, 59), 40, 2)
    ink = ink_of(framed(written, "tblr"))
    assert not ink[-1, :20].any()
    assert not ink[:, -1].any()
    assert ink[50, 30] > 127


def test_a_digit_that_fills_its_picture_keeps_its_bars() -> None:
    seven = np.zeros((16, 16), np.uint8)
    seven[:3] = 255
    cv2.line(seven, (14, 2), (4, 15), 255, 3)
    ink = ink_of(seven)
    assert ink[1].min() > 127
    assert ink[-1].any()


def test_a_bold_digit_may_cover_half_of_its_picture() -> None:
    bold = np.zeros((16, 16), np.uint8)
    cv2.ellipse(bold, (8, 8), (6, 7), 0, 0, 360, 255, 2)
    ink = ink_of(bold)
    assert ink[8, 1:3].min() > 127
    assert ink[0, 0] == 0


def test_uneven_light_is_no_ink() -> None:
    shade = np.linspace(0.6, 1, 48)
    assert alike(ink_of((drawn() * shade).astype(np.uint8)), ink_of(drawn())) > 0.8


def test_specks_are_left_out() -> None:
    speckled = drawn()
    speckled[4:6, 40:42] = 60
    assert not ink_of(speckled)[:8, 36:].any()


def test_a_frame_without_writing_or_plain_paper_is_empty_or_the_frame_itself() -> None:
    assert not ink_of(np.full((30, 20), 90, np.uint8)).any()
    assert not ink_of(framed(np.full((48, 48), 200, np.uint8), "tblr"))[8:40, 8:40].any()


def test_the_ink_reaches_full_strength_however_pale_the_pen() -> None:
    assert ink_of(drawn(paper=200, ink=160)).max() == 255


@given(arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_any_picture_has_an_ink_of_its_size(picture: Grey) -> None:
    ink = ink_of(picture)
    assert ink.shape == picture.shape
    assert ink.dtype == np.uint8


def test_a_large_picture_is_reduced() -> None:
    assert max(ink_of(cv2.resize(drawn(), (1200, 900))).shape) <= 160


def test_a_second_digit_that_touches_the_frame_is_not_lost() -> None:
    two = np.full((48, 48), 200, np.uint8)
    cv2.putText(two, "1", (4, 34), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 40, 2, cv2.LINE_AA)
    cv2.putText(two, "2", (24, 34), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 40, 2, cv2.LINE_AA)
    cv2.line(two, (36, 33), (47, 30), 40, 2)
    ink = ink_of(framed(two, "tblr"))
    assert ink[16:36, 4:20].max() > 127
    assert ink[16:36, 24:40].max() > 127


def test_a_tilted_line_further_in_is_left_out() -> None:
    tilted = drawn()
    cv2.line(tilted, (0, 44), (47, 41), 40, 1)
    ink = ink_of(tilted)
    assert not ink[40:].any()
    assert alike(ink, ink_of(drawn())) > 0.95
