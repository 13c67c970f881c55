"""The measures themselves: a perfect result reaches all, and each fault is seen."""

from dataclasses import replace

import numpy as np
import pytest

from ocrbatch.geometry import Box, enclosing_box
from ocrbatch.records import FieldReading, PageResult, PageStatus, Status
from tests.real import measure
from tests.real.measure import figures
from tests.real.truth import Cell, Cheque, Form, MarkSheet, Sudoku, box_quad, cell_grid

CORNERS = np.float32([[50, 40], [400, 60], [430, 420], [30, 400]])
SUDOKU = Sudoku(CORNERS, tuple("123456789") * 9)
CHEQUE = Cheque("01022003", Box(100, 20, 400, 60))


def field(quads: np.ndarray, texts: str, status: Status = Status.REVIEW) -> FieldReading:
    values = tuple("" if text == " " else text for text in texts)
    value = texts.strip()
    box = enclosing_box(quads)
    return FieldReading("r", "boxes", value, 0.9, status, (), value, "", (), box, quads, values)


def page(*fields: FieldReading) -> PageResult:
    return PageResult(1, "auto", PageStatus.READ, "", 1.0, 0.0, fields)


def grid_rows() -> list[FieldReading]:
    return [field(row, "123456789") for row in cell_grid(CORNERS).reshape(9, 9, 4, 2)]


def comb(digits: str, *, status: Status = Status.REVIEW) -> FieldReading:
    return field(
        np.stack([box_quad(Box(120 + 40 * k, 30, 40, 40)) for k in range(len(digits))]), digits, status
    )


def test_a_perfect_grid_is_right_whatever_stands_beside_it() -> None:
    beside = field(box_quad(Box(500, 500, 40, 40))[None], " ")
    assert measure.measure_sudoku(page(beside, *grid_rows()), SUDOKU).counts == ((1, 1), (81, 81))


def spoiled(fault: str) -> list[FieldReading]:
    rows = grid_rows()
    if fault == "rows swapped":
        return [rows[1], rows[0], *rows[2:]]
    if fault == "row missing":
        return rows[1:]
    if fault == "row doubled":
        return [rows[0], *rows]
    if fault == "moved by half a cell":
        return [replace(row, cells=row.cells + np.float32([20, 0])) for row in rows]
    return [*rows[:8], field(rows[8].cells[:8], "12345678")]


@pytest.mark.parametrize(
    "fault", ["rows swapped", "row missing", "row doubled", "moved by half a cell", "short"]
)
def test_a_grid_with_a_fault_does_not_count(fault: str) -> None:
    assert measure.measure_sudoku(page(*spoiled(fault)), SUDOKU).counts == ((0, 1), (0, 0))


def test_a_written_cell_called_blank_is_counted() -> None:
    rows = grid_rows()
    rows[4] = field(rows[4].cells, "1234 6789")
    outcome = measure.measure_sudoku(page(*rows), SUDOKU)
    assert outcome.counts == ((1, 1), (80, 81))
    assert outcome.notes == ["cell 5,5 is not told right"]


SHEET = MarkSheet(
    (
        Cell("a", Box(0, 0, 40, 40), "7"),
        Cell("b", Box(40, 0, 40, 40)),
        Cell("t1", Box(100, 0, 30, 40), "5", "t"),
        Cell("t2", Box(130, 0, 30, 40), "8", "t"),
    ),
    (Box(0, 0, 160, 40),),
    (Box(200, 0, 100, 100),),
)


def test_a_pair_of_cells_may_be_found_as_one_box() -> None:
    cells = field(np.stack([box_quad(Box(2, 2, 36, 36)), box_quad(Box(40, 0, 40, 40))]), "7 ")
    whole = field(box_quad(Box(100, 0, 60, 40))[None], "?")
    outcome = measure.measure_mark_sheet(page(cells, whole), SHEET)
    assert outcome.counts == ((4, 4), (4, 4), (3, 3), (1, 3))


def test_missed_and_invented_cells_are_counted() -> None:
    cell = field(box_quad(Box(0, 0, 40, 40))[None], " ")
    box = field(box_quad(Box(205, 5, 90, 90))[None], " ")
    part_of_box = field(box_quad(Box(220, 20, 20, 20))[None], " ")
    outcome = measure.measure_mark_sheet(page(cell, box, part_of_box), SHEET)
    assert outcome.counts == ((1, 4), (0, 4), (2, 3), (0, 3))
    assert len(outcome.expected) == 4


def test_a_date_is_found_and_read() -> None:
    right = measure.measure_cheque(page(comb("01022003", status=Status.ACCEPTED)), CHEQUE)
    wrong = measure.measure_cheque(page(comb("01022008")), CHEQUE)
    short = measure.measure_cheque(page(comb("0102200")), CHEQUE)
    assert right.counts == ((1, 1), (1, 1), (1, 1))
    assert wrong.counts == ((1, 1), (0, 1), (0, 0))
    assert wrong.notes == ["read '01022008', written '01022003', review"]
    assert short.counts == ((0, 1), (0, 1), (0, 0))
    assert "7" in short.notes[0]


def test_an_accepted_reading_of_a_box_of_many_digits_is_a_fault() -> None:
    form = Form((Cell("3", Box(0, 0, 200, 40), "0123"), Cell("4", Box(300, 0, 90, 40), "87")))
    good = field(box_quad(form.cells[0].box)[None], "?")
    bad = field(box_quad(form.cells[1].box)[None], "8", Status.ACCEPTED)
    assert measure.measure_form(page(good, bad), form).counts == ((2, 2), (1, 2), (1, 2), (2, 2))
    assert measure.measure_form(page(), form).counts == ((0, 2), (0, 2), (0, 0), (0, 2))


def test_a_box_with_the_gap_beside_it_is_not_exact() -> None:
    form = Form((Cell("3", Box(0, 0, 200, 40), "0123"),))
    wide = field(box_quad(Box(0, 0, 240, 40))[None], "?")
    assert measure.measure_form(page(wide), form).counts == ((1, 1), (1, 1), (1, 1), (0, 1))


def test_nothing_found_is_never_enough() -> None:
    outcomes = [measure.measure_sudoku(page(), SUDOKU)] * 40
    assert [line.enough for line in figures("sudoku", outcomes)] == [False, False]
    perfect = [measure.measure_sudoku(page(*grid_rows()), SUDOKU)]
    four_missed = figures("sudoku", perfect * 36 + outcomes[:4])
    assert [(line.asked, line.enough) for line in four_missed] == [(36, True), (2887, True)]
    assert not figures("sudoku", perfect * 35 + outcomes[:5])[0].enough
