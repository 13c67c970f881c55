import numpy as np
import pytest

from ocrbatch.form.marks import marker_ids, marker_quads
from ocrbatch.geometry import transform_points
from ocrbatch.page.registration.landmarks import find_markers, find_squares, propose_by_markers, propose_by_squares
from ocrbatch.records import Grey
from tests.helpers.formsheets import DPI, SIZE, blank_of, printed_form, scribbled, seen, sheet_form

PRINTED = printed_form("alpha", 3)
SHEET = blank_of(PRINTED)
CORNERS = np.array([[0, 0], [700, 0], [700, 900], [0, 900]], float)
TURNS = pytest.mark.parametrize("turn", [0, 7, 90, 180, 225])
SQUARES = np.float32([[60, 50], [640, 50], [60, 850], [640, 700]])


def with_squares(middles: np.ndarray, side: int = 16) -> Grey:
    pixels = np.full(SIZE[::-1], 250, np.uint8)
    for x, y in np.rint(middles).astype(int):
        pixels[y - side // 2 : y + side // 2, x - side // 2 : x + side // 2] = 20
    return pixels


def matched(found: np.ndarray, true: np.ndarray, within: float = 1.0) -> bool:
    """Tell whether two sets of points are the same, in any order."""
    far = np.linalg.norm(found[:, None] - true[None], axis=2) <= within
    return len(found) == len(true) and bool(far.any(axis=0).all())


@TURNS
def test_markers_are_found_with_their_ids_and_corners(turn: float) -> None:
    picture, matrix = seen(SHEET, turn=turn)
    markers = find_markers(picture)
    assert markers.keys() == set(marker_ids("alpha", 1))
    for number, quad in zip(marker_ids("alpha", 1), marker_quads(*SIZE, DPI), strict=True):
        assert np.abs(markers[number] - transform_points(matrix, quad)).max() < 1.5


def test_there_are_no_markers_where_none_are_printed() -> None:
    assert find_markers(scribbled(blank_of(sheet_form("a", 0)), 1, 100)) == {}
    assert find_markers(np.full((30, 30), 250, np.uint8)) == {}


@TURNS
@pytest.mark.parametrize("shown", [[0, 1, 2, 3], [1, 2, 3], [0, 2]], ids=len)
def test_some_of_the_markers_tell_where_a_sheet_lies(turn: float, shown: list[int]) -> None:
    picture, matrix = seen(SHEET, turn=turn, tilt=0.05)
    ids = marker_ids("alpha", 1)
    found = find_markers(picture)
    proposal = propose_by_markers(find_markers(SHEET), {ids[corner]: found[ids[corner]] for corner in shown})
    assert proposal is not None
    assert np.abs(transform_points(proposal, CORNERS) - transform_points(matrix, CORNERS)).max() < 25


def test_another_forms_markers_are_no_proposal() -> None:
    other = find_markers(blank_of(printed_form("beta", 4)))
    assert other.keys() == set(marker_ids("beta", 1))
    assert propose_by_markers(find_markers(SHEET), other) is None
    assert propose_by_markers(find_markers(SHEET), {}) is None


@pytest.mark.parametrize("turn", [0, 5, 90, 180])
def test_squares_are_found(turn: float) -> None:
    picture, matrix = seen(with_squares(SQUARES), turn=turn, noise=1)
    assert matched(find_squares(picture), transform_points(matrix, SQUARES), within=2)


@pytest.mark.parametrize("turn", [0, 5, 90, 180])
def test_squares_are_found_by_their_middles(turn: float) -> None:
    picture, matrix = seen(with_squares(SQUARES), turn=turn, noise=1)
    assert matched(find_squares(picture), transform_points(matrix, SQUARES))


def test_letters_lines_bars_and_writing_are_no_squares() -> None:
    pixels = scribbled(blank_of(sheet_form("a", 0)), 2, 60)
    pixels[20:34, 300:420] = 10
    pixels[860:890, 600:690] = 0
    pixels[400:520, 5:125] = 0
    assert len(find_squares(pixels)) == 0


def test_a_square_that_touches_print_is_not_taken() -> None:
    pixels = with_squares(SQUARES)
    pixels[46:54, 66:200] = 20
    assert matched(find_squares(pixels), SQUARES[1:], within=2)


def test_the_largest_squares_come_first_and_no_more_than_a_dozen() -> None:
    pixels = np.full(SIZE[::-1], 250, np.uint8)
    for number in range(20):
        x, y, side = 50 + 120 * (number % 5), 60 + 200 * (number // 5), 10 + number
        pixels[y : y + side, x : x + side] = 20
    found = find_squares(pixels)
    assert len(found) == 12
    assert found[0] == pytest.approx((530 + 14.5, 660 + 14.5), abs=2)


@pytest.mark.parametrize("pixels", [np.full((90, 70), 255, np.uint8), np.zeros((90, 70), np.uint8)])
def test_a_page_without_squares_has_none(pixels: Grey) -> None:
    assert find_squares(pixels).shape == (0, 2)


@TURNS
@pytest.mark.parametrize("number", [3, 4])
def test_a_few_squares_alone_tell_where_a_sheet_lies_whichever_way_up(turn: float, number: int) -> None:
    marks = SQUARES[:number]
    tilt = 0.03 if number == 4 else 0
    _, matrix = seen(with_squares(marks), turn=turn, scale=0.8, tilt=tilt, noise=0)
    proposal = propose_by_squares(marks, transform_points(matrix, marks)[::-1])
    assert proposal is not None
    assert np.abs(transform_points(proposal, CORNERS) - transform_points(matrix, CORNERS)).max() < 1


@pytest.mark.parametrize("missing", [0, 1, 2, 3])
def test_squares_are_told_from_others_that_lie_about_and_may_lack_one(missing: int) -> None:
    _, matrix = seen(with_squares(SQUARES), turn=12, noise=0)
    strays = np.float32([[400, 300], [250, 620], [500, 470]])
    page = np.concatenate([strays, transform_points(matrix, np.delete(SQUARES, missing, axis=0))])
    proposal = propose_by_squares(SQUARES, page)
    assert proposal is not None
    assert np.abs(transform_points(proposal, SQUARES) - transform_points(matrix, SQUARES)).max() < 15


def test_of_two_squares_that_lie_close_the_one_that_fits_is_taken() -> None:
    _, matrix = seen(with_squares(SQUARES), turn=12, noise=0)
    page = transform_points(matrix, SQUARES)
    for number in range(4):
        for order in (1, -1):
            strays = np.concatenate([page, page[[number]] + np.float32([11, 9])])[::order]
            proposal = propose_by_squares(SQUARES, strays)
            assert proposal is not None
            assert np.abs(transform_points(proposal, SQUARES) - page).max() < 1


def test_squares_that_lie_otherwise_are_no_proposal() -> None:
    line = np.float32([[100, 100], [100, 300], [100, 420], [100, 800]])
    assert propose_by_squares(SQUARES, line) is None
    assert propose_by_squares(SQUARES, SQUARES[:2]) is None
    assert propose_by_squares(SQUARES[:2], SQUARES) is None
