import cv2
import numpy as np
import pytest

from ocrbatch.page.erase import Frame
from ocrbatch.page.strings.parts import Parts, find_parts

FRAME = Frame(12, 12, 420, 76)
Lines = list[tuple[tuple[int, int], tuple[int, int]]]
ONE = ((200, 30), (204, 70))


def parts_of(lines: Lines, pen: int = 4) -> Parts | None:
    mask = np.zeros((100, 444), np.uint8)
    for start, end in lines:
        cv2.line(mask, start, end, 1, pen)
    return find_parts(mask, mask * np.float32(150), FRAME)


@pytest.mark.parametrize("beside", [((220, 64), (229, 70)), ((216, 68), (225, 74)), ((214, 50), (223, 45))])
def test_a_one_with_a_mark_wider_than_itself_is_writing(beside: tuple[tuple[int, int], tuple[int, int]]) -> None:
    found = parts_of([ONE, beside])
    assert found is not None
    assert len(found.numbers) == 2


def test_specks_and_what_is_left_of_a_box_are_no_writing() -> None:
    specks: Lines = [((x, 40 + x % 20), (x + 5, 43 + x % 20)) for x in range(40, 400, 60)]
    assert parts_of(specks) is None
    box: Lines = [((20, 14), (400, 14)), ((14, 20), (14, 80)), ((12, 86), (300, 86))]
    assert parts_of(box) is None
    assert parts_of([]) is None


def test_what_is_written_beside_the_field_is_not_its_own() -> None:
    found = parts_of([ONE, ((6, 30), (8, 70)), ((300, 0), (305, 11))])
    assert found is not None
    assert found.left.tolist() == pytest.approx([198], abs=1)


def test_a_ring_has_a_hole_and_a_stroke_is_straight() -> None:
    mask = np.zeros((100, 444), np.uint8)
    cv2.ellipse(mask, (100, 50), (12, 20), 0, 0, 360, 1, 4)
    cv2.line(mask, *ONE, 1, 4)
    cv2.polylines(mask, [np.array([[280, 30], [305, 30], [290, 70]])], False, 1, 4)
    found = find_parts(mask, mask * np.float32(150), FRAME)
    assert found is not None
    order = np.argsort(found.left)
    assert found.holes[order].tolist() == [True, False, False]
    assert found.straight[order].tolist() == [False, True, False]
    assert found.high == pytest.approx(44, abs=3)
