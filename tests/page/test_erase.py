import cv2
import numpy as np
import numpy.typing as npt
import pytest

from ocrbatch.page.erase import Frame, erase_lines

Floats = npt.NDArray[np.float32]
Grey = npt.NDArray[np.uint8]

FRAME = Frame(14, 14, 48, 60)
SHAPE = (88, 76)
ACROSS, BEYOND = FRAME.x + 20, FRAME.y + FRAME.height


def erased(picture: Grey) -> Grey:
    return erase_lines(picture[None], FRAME, np.zeros(1, np.uint8))[0]


def soft(picture: Floats) -> Grey:
    return np.round(cv2.GaussianBlur(picture, (0, 0), 0.6)).astype(np.uint8)


def ruled(thickness: int = 2, darkness: float = 180.0) -> Grey:
    picture = np.zeros(SHAPE, np.float32)
    corner = (FRAME.x + FRAME.width, FRAME.y + FRAME.height)
    cv2.rectangle(picture, (FRAME.x, FRAME.y), corner, darkness, thickness)
    return soft(picture)


def stroke(start: tuple[int, int], end: tuple[int, int], darkness: float = 200.0) -> Grey:
    picture = np.zeros(SHAPE, np.float32)
    cv2.line(picture, start, end, darkness, 5)
    return soft(picture)


@pytest.mark.parametrize("thickness", [1, 2, 3, 5])
@pytest.mark.parametrize("darkness", [12.0, 60.0, 220.0])
def test_all_four_lines_go(thickness: int, darkness: float) -> None:
    left = erased(ruled(thickness, darkness))
    assert left.max() < 0.25 * darkness


@pytest.mark.parametrize("shift", [-3, -1, 2, 4])
def test_lines_go_that_lie_a_little_beside_the_cells_sides(shift: int) -> None:
    left = erased(np.roll(ruled(), (shift, -shift), axis=(0, 1)))
    assert left.max() < 45


def test_a_line_that_is_tilted_within_its_cell_goes_whole() -> None:
    picture = np.zeros(SHAPE, np.float32)
    cv2.line(picture, (0, FRAME.y - 2), (SHAPE[1], FRAME.y + 3), 180.0, 2, cv2.LINE_AA)
    assert erased(np.round(picture).astype(np.uint8)).max() < 60


@pytest.mark.parametrize("lean", [-12, -6, 0, 6, 12])
def test_a_stroke_that_crosses_a_line_stays_whole(lean: int) -> None:
    ink = stroke((ACROSS - lean, FRAME.y + 30), (ACROSS + lean, SHAPE[0] - 1))
    left = erased(np.maximum(ruled(), ink))
    core = ink > 120
    assert (left[core] > 80).mean() > 0.9
    labels = cv2.connectedComponents((left > 80).astype(np.uint8))[1]
    assert len(np.unique(labels[core & (left > 80)])) == 1
    assert left[~cv2.dilate((ink > 5).astype(np.uint8), np.ones((5, 5))).astype(bool)].max() < 45


def test_a_stroke_that_ends_at_a_line_keeps_its_part_in_the_cell() -> None:
    ink = stroke((ACROSS, FRAME.y + 20), (ACROSS, BEYOND - 2))
    left = erased(np.maximum(ruled(), ink))
    assert left[FRAME.y + 22 : BEYOND - 4, ACROSS].min() > 150


def test_what_is_away_from_the_lines_is_not_touched() -> None:
    ink = stroke((FRAME.x + 14, FRAME.y + 18), (FRAME.x + 34, FRAME.y + 44))
    both = np.maximum(ruled(), ink)
    left = erased(both)
    assert np.array_equal(left[FRAME.inner(0.2)], both[FRAME.inner(0.2)])


def test_a_cell_without_lines_keeps_its_strokes() -> None:
    ink = np.maximum(
        stroke((ACROSS, FRAME.y - 8), (ACROSS, BEYOND + 8)),
        stroke((FRAME.x + 12, FRAME.y + 30), (FRAME.x + 40, FRAME.y + 30)),
    )
    left = erased(ink)
    assert (left[ink > 120] > 80).mean() > 0.95


def test_the_cuts_themselves_are_left_as_they_were() -> None:
    cuts = np.stack([ruled(), ruled(4)])
    kept = cuts.copy()
    erase_lines(cuts, FRAME, np.zeros(2, np.uint8))
    assert np.array_equal(cuts, kept)


def test_lines_no_darker_than_the_papers_unevenness_are_left_to_the_paper() -> None:
    faint = ruled(2, 20.0)
    left = erase_lines(np.stack([faint, faint]), FRAME, np.array([0, 15], np.uint8))
    assert left[0].max() < 6
    assert np.array_equal(left[1], faint)


def test_a_frame_gives_its_inside_and_its_place_in_the_transposed_cut() -> None:
    frame = Frame(3, 7, 20, 40)
    assert frame.inner(0.0) == (slice(7, 47), slice(3, 23))
    assert frame.inner(0.1) == (slice(11, 43), slice(5, 21))
    assert frame.turned() == Frame(7, 3, 40, 20)


def test_a_line_that_a_digit_leans_on_does_not_become_a_stroke_of_it() -> None:
    ink = np.zeros(SHAPE, np.float32)
    cv2.ellipse(ink, (FRAME.x + 14, FRAME.y + 30), (11, 20), 0, 0, 360, 190.0, 5)
    left = erased(np.maximum(ruled(), soft(ink)))
    assert left[FRAME.y + 8 : FRAME.y + 52, FRAME.x - 1 : FRAME.x + 1].max() < 60


def test_a_foot_darker_than_the_line_below_it_is_not_taken_for_the_line() -> None:
    foot = stroke((FRAME.x + 2, BEYOND - 7), (FRAME.x + 26, BEYOND - 7), 230.0)
    left = erased(np.maximum(ruled(2, 150.0), foot))
    assert left[BEYOND - 1 : BEYOND + 3, FRAME.x + 4 : FRAME.x + FRAME.width - 4].max() < 60
    assert (left[foot > 150] > 120).mean() > 0.9


def test_a_bar_that_lies_half_on_a_line_keeps_its_thickness_and_holds_together() -> None:
    bar = stroke((FRAME.x + 24, FRAME.y + 2), (FRAME.x + 40, FRAME.y + 2), 230.0)
    left = erased(np.maximum(ruled(2, 150.0), bar))
    core = bar[FRAME.y : FRAME.y + 5, FRAME.x + 26 : FRAME.x + 38] > 150
    assert (left[FRAME.y : FRAME.y + 5, FRAME.x + 26 : FRAME.x + 38][core] > 90).mean() > 0.9
