"""Rectangles that are cells, and those that only look like some."""

import cv2
import numpy as np
import pytest

from ocrbatch.page.ruling import find_ruling
from ocrbatch.records import Grey, Page

HEIGHT, WIDTH = 700, 900


def paper() -> Grey:
    return np.full((HEIGHT, WIDTH), 240, np.uint8)


def box(pixels: Grey, x: int, y: int, width: int = 48, height: int = 56, ink: int = 60) -> None:
    cv2.rectangle(pixels, (x, y), (x + width, y + height), ink, 2)


def found(pixels: Grey) -> list[int]:
    soft = cv2.GaussianBlur(pixels, (0, 0), 0.7).astype(np.float64)
    soft += np.random.default_rng(1).normal(0, 1.5, soft.shape)
    page = Page(1, np.clip(soft, 0, 255).astype(np.uint8), 150.0)
    return [len(run) for run in find_ruling(page).runs]


def test_a_single_box_is_found() -> None:
    page = paper()
    box(page, 300, 300)
    assert found(page) == [1]


def test_a_box_for_a_whole_number_is_one_cell() -> None:
    page = paper()
    box(page, 200, 300, 300)
    assert found(page) == [1]


@pytest.mark.parametrize("missing", ["left", "top", "right", "bottom"])
def test_a_box_that_lacks_a_side_is_none(missing: str) -> None:
    page = paper()
    corners = {"top": (300, 300, 348, 300), "bottom": (300, 356, 348, 356)}
    corners |= {"left": (300, 300, 300, 356), "right": (348, 300, 348, 356)}
    for side, (x0, y0, x1, y1) in corners.items():
        if side != missing:
            cv2.line(page, (x0, y0), (x1, y1), 60, 2)
    assert found(page) == []


def test_boxes_with_rounded_corners_are_found() -> None:
    page = paper()
    for i in range(5):
        x, y, r = 120 + 70 * i, 300, 6
        cv2.line(page, (x + r, y), (x + 48 - r, y), 60, 2)
        cv2.line(page, (x + r, y + 56), (x + 48 - r, y + 56), 60, 2)
        cv2.line(page, (x, y + r), (x, y + 56 - r), 60, 2)
        cv2.line(page, (x + 48, y + r), (x + 48, y + 56 - r), 60, 2)
        for cx, cy, turn in ((x + r, y + r, 180), (x + 48 - r, y + r, 270), (x + 48 - r, y + 56 - r, 0)):
            cv2.ellipse(page, (cx, cy), (r, r), turn, 0, 90, 60, 2, cv2.LINE_AA)
        cv2.ellipse(page, (x + r, y + 56 - r), (r, r), 90, 0, 90, 60, 2, cv2.LINE_AA)
    assert found(page) == [5]


@pytest.mark.parametrize("hidden", [0, 4])
def test_an_outer_box_whose_foot_is_written_over_is_one_of_the_row(hidden: int) -> None:
    page = paper()
    for i in range(5):
        box(page, 120 + 46 * i, 300, 32, 38)
    left = 120 + 46 * hidden
    cv2.rectangle(page, (left + 7, 332), (left + 25, 344), 40, cv2.FILLED)
    assert found(page) == [5]


@pytest.mark.parametrize("left", [76, 80, 84, 88, 92])
def test_small_boxes_are_found_wherever_they_begin(left: int) -> None:
    page = paper()
    for i in range(4):
        box(page, left + 36 * i, 300, 24, 35)
    assert found(page) == [4]


def test_the_gaps_between_boxes_are_no_cells() -> None:
    page = paper()
    for i in range(6):
        box(page, 100 + 84 * i, 300)
    assert found(page) == [6]


def test_boxes_written_over_keep_their_places() -> None:
    page = paper()
    for i in range(6):
        box(page, 100 + 64 * i, 300)
        cv2.putText(page, "174107"[i], (106 + 64 * i, 352 + 2 * i), cv2.FONT_HERSHEY_SIMPLEX, 1.7, 50, 4)
    assert found(page) == [6]


def test_upright_strokes_in_a_cell_do_not_part_it() -> None:
    page = paper()
    for i in range(8):
        box(page, 100 + 48 * i, 300)
        if i in (1, 2, 6):
            cv2.line(page, (124 + 48 * i, 304), (123 + 48 * i, 352), 50, 4)
    assert found(page) == [8]


@pytest.mark.parametrize(("width", "height"), [(8, 10), (500, 400)])
def test_what_is_too_small_or_too_large_for_a_digit_is_no_cell(width: int, height: int) -> None:
    page = paper()
    box(page, 150, 150, width, height)
    assert found(page) == []


def test_a_frame_around_the_page_hides_no_boxes() -> None:
    page = paper()
    cv2.rectangle(page, (25, 25), (WIDTH - 25, HEIGHT - 25), 40, 3)
    for i in range(5):
        box(page, 150 + 48 * i, 300)
    assert found(page) == [5]


def test_boxes_may_lie_close_to_the_edge_of_the_page() -> None:
    page = paper()
    for i in range(4):
        box(page, 6 + 48 * i, 6)
        box(page, WIDTH - 200 + 48 * i, HEIGHT - 64)
    assert found(page) == [4, 4]
