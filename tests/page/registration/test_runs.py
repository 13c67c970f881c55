import numpy as np
import pytest

from ocrbatch.geometry import Matrix, transform_points
from ocrbatch.page.registration.runs import outlines, propose_by_runs
from ocrbatch.page.registration.view import PageView
from tests.helpers.formsheets import blank_of, filled, page_of, seen, sheet_form

Runs = list[np.ndarray]
FORM = sheet_form("a", 0)
RUNS = [one.cells for one in FORM.pages[0].fields]
CORNERS = np.array([[0, 0], [700, 0], [700, 900], [0, 900]], float)


def moved(matrix: Matrix, runs: Runs = RUNS) -> Runs:
    """Lead runs to a page as its ruling is found: read from the left and the top, whichever way up it lies."""
    placed = [transform_points(matrix, run) for run in runs]
    if matrix[0, 0] < 0:
        placed = [np.roll(run[::-1], 2, axis=1) for run in placed][::-1]
    return placed


def off(proposal: Matrix | None, matrix: Matrix) -> float:
    assert proposal is not None
    return float(np.abs(transform_points(proposal, CORNERS) - transform_points(matrix, CORNERS)).max())


def look(turn: float, tilt: float = 0.0) -> Matrix:
    return seen(blank_of(FORM), turn=turn, scale=0.9, tilt=tilt, noise=0)[1]


def test_an_outline_goes_from_the_first_cell_to_the_last() -> None:
    box = FORM.pages[0].fields[2].box
    corners = outlines(RUNS)
    assert corners.shape == (len(RUNS), 4, 2)
    upright = [[box.x, box.y], [box.right, box.y], [box.right, box.bottom], [box.x, box.bottom]]
    assert np.allclose(corners[2], upright)
    assert outlines([]).shape == (0, 4, 2)


@pytest.mark.parametrize("turn", [0, -6, 180, 186])
def test_runs_tell_where_a_sheet_lies_upright_and_upside_down(turn: float) -> None:
    matrix = look(turn, 0.05)
    assert off(propose_by_runs(RUNS, moved(matrix)), matrix) < 1


@pytest.mark.parametrize("turn", [3, 180])
def test_missing_and_foreign_runs_do_not_mislead(turn: float) -> None:
    matrix = look(turn)
    foreign = [transform_points(np.array([[1, 0, 90], [0, 1, -40], [0, 0, 1.0]]), run) for run in RUNS[4:6]]
    page = moved(matrix, RUNS[1:4] + RUNS[5:]) + foreign
    assert off(propose_by_runs(RUNS, page), matrix) < 2


@pytest.mark.parametrize("turn", [0, 183])
def test_a_single_run_is_enough_for_a_guess_either_way_up(turn: float) -> None:
    matrix = look(turn)
    proposal = propose_by_runs(RUNS[:1], moved(matrix, RUNS[:1]))
    assert proposal is not None
    # Of one run both ways up look the same.
    middle = RUNS[0].reshape(-1, 2).mean(axis=0, keepdims=True)
    assert np.abs(transform_points(proposal, middle) - transform_points(matrix, middle)).max() < 1


def test_runs_of_other_lengths_are_no_proposal() -> None:
    assert propose_by_runs(RUNS[:1], [RUNS[0][:-1]]) is None
    assert propose_by_runs(RUNS, []) is None
    assert propose_by_runs([], RUNS) is None


@pytest.mark.parametrize("stretch", [(2.5, 1.0), (1.0, 2.5), (0.1, 0.1), (9.0, 9.0)])
def test_what_no_scanner_does_is_no_proposal(stretch: tuple[float, float]) -> None:
    assert propose_by_runs(RUNS[:1], [RUNS[0] * np.float32(stretch)]) is None


@pytest.mark.parametrize("turn", [2, 181])
def test_the_runs_found_on_a_filled_sheet_are_enough(turn: float) -> None:
    picture, matrix = seen(filled(blank_of(FORM), FORM.pages[0].fields, 1), turn=turn)
    view = PageView(page_of(picture))
    proposal = propose_by_runs(RUNS, view.runs)
    assert proposal is not None
    assert off(view.to_page @ proposal, matrix) < 8
