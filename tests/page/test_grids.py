"""Tables: which cells they hold, and those that a faint line almost hides."""

from typing import Any

import cv2
import numpy as np
import pytest

from ocrbatch.page.ruling import find_ruling
from ocrbatch.records import Grey, Page

LEFT, TOP, WIDE, HIGH = 80, 110, 56, 50


def table(rows: int, columns: int, **how: Any) -> Grey:
    pixels = np.full((2 * TOP + rows * HIGH, 2 * LEFT + columns * WIDE), 240, np.uint8)
    for row in range(rows + 1):
        y = TOP + row * HIGH
        cv2.line(pixels, (LEFT, y), (LEFT + columns * WIDE, y), how.get("ink", 60), 2)
    for column in range(columns + 1):
        x = LEFT + column * WIDE
        cv2.line(pixels, (x, TOP), (x, TOP + rows * HIGH), how.get("ink", 60), 2)
    return pixels


def wiped(pixels: Grey, row: float, column: float, height: float, width: float, ink: int = 240) -> None:
    """Wipe a part of a table, told in its cells."""
    y, x = int(TOP + row * HIGH), int(LEFT + column * WIDE)
    pixels[y : y + int(height * HIGH), x : x + int(width * WIDE)] = ink


def runs(pixels: Grey) -> list[np.ndarray]:
    soft = cv2.GaussianBlur(pixels, (0, 0), 0.7).astype(np.float64)
    soft += np.random.default_rng(1).normal(0, 1.5, soft.shape)
    return list(find_ruling(Page(1, np.clip(soft, 0, 255).astype(np.uint8), 150.0)).runs)


def assert_whole(found: list[np.ndarray], rows: int, columns: int) -> None:
    assert [len(run) for run in found] == [columns] * rows
    for row, run in enumerate(found):
        for column, quad in enumerate(run):
            x, y = LEFT + column * WIDE + 0.5, TOP + row * HIGH + 0.5
            true = [(x, y), (x + WIDE, y), (x + WIDE, y + HIGH), (x, y + HIGH)]
            assert np.abs(quad - true).max() < 0.1 * HIGH


@pytest.mark.parametrize(("rows", "columns"), [(1, 4), (9, 9), (12, 6), (3, 14)])
def test_a_table_gives_a_run_a_row(rows: int, columns: int) -> None:
    assert_whole(runs(table(rows, columns)), rows, columns)


@pytest.mark.parametrize("place", [(2, 3), (4, 4), (1, 1)])
def test_a_cell_with_a_worn_side_is_found_by_its_neighbours(place: tuple[int, int]) -> None:
    worn = table(6, 6)
    row, column = place
    wiped(worn, row + 0.2, column - 0.1, 0.7, 0.2)
    assert_whole(runs(worn), 6, 6)


def test_cells_with_a_scribble_over_their_lines_are_found_by_their_neighbours() -> None:
    covered = table(8, 8)
    random = np.random.default_rng(4)
    points = np.array([LEFT + 3.5 * WIDE, TOP + 3.5 * HIGH]) + random.uniform(-0.9, 0.9, (30, 2)) * [WIDE, HIGH]
    cv2.polylines(covered, [points.astype(np.int32)], False, 40, 4, cv2.LINE_AA)
    assert_whole(runs(covered), 8, 8)


def test_a_table_with_digits_in_every_cell_keeps_its_cells() -> None:
    written = table(7, 7)
    for i in range(49):
        place = (LEFT + i % 7 * WIDE + 10, TOP + i // 7 * HIGH + 44)
        cv2.putText(written, str(i % 10), place, cv2.FONT_HERSHEY_SIMPLEX, 1.6, 50, 4, cv2.LINE_AA)
    assert_whole(runs(written), 7, 7)


def test_pale_tables_are_found() -> None:
    assert_whole(runs(table(5, 8, ink=205)), 5, 8)


def test_a_table_with_thick_lines_between_its_blocks_is_whole() -> None:
    sudoku = table(9, 9)
    for i in range(0, 10, 3):
        cv2.line(sudoku, (LEFT, TOP + i * HIGH), (LEFT + 9 * WIDE, TOP + i * HIGH), 40, 5)
        cv2.line(sudoku, (LEFT + i * WIDE, TOP), (LEFT + i * WIDE, TOP + 9 * HIGH), 40, 5)
    assert_whole(runs(sudoku), 9, 9)


def test_two_tables_side_by_side_make_runs_of_their_own() -> None:
    both = np.hstack([table(3, 4), table(3, 5)])
    assert [len(run) for run in runs(both)] == [4, 5] * 3
