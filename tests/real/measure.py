"""How much of a real page was read: pure functions of a page's result and its truth."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil

import numpy as np
import numpy.typing as npt

from ocrbatch.geometry import Box, Quad, enclosing_box, transform_points
from ocrbatch.records import FieldReading, PageResult, Status
from tests.real.truth import Cheque, Form, MarkSheet, Sudoku, box_quad, cell_grid, to_grid

ASKED = {
    "sudoku": {"grids with all 81 cells in order": 36 / 40, "cells of those told blank or filled": 0.99},
    "marksheet": {
        "cells found": 1.0,
        "cells told blank or filled": 1.0,
        "found cells that are in tables": 1.0,
        "single digits right": 0.0,
    },
    "cheques": {
        "date combs found": 37 / 38,
        "dates right": 34 / 38,
        "accepted dates that are right": 0.0,
    },
    "nist": {
        "boxes found": 1.0,
        "boxes left to review": 1.0,
        "fields not accepted": 1.0,
        "boxes found to a third of their height": 0.0,
    },
}
"""What is measured on each set, and the share to reach; 0 is for information only."""


@dataclass
class Outcome:
    """What was reached on one page: pairs (reached, of) in the order of ASKED, and notes for a person.

    ``expected`` are the quadrilaterals that were to be found and were not, in page pixels.
    """

    counts: tuple[tuple[int, int], ...]
    notes: list[str] = field(default_factory=list)
    expected: list[Quad] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; ``asked`` is 0 where the figure is for information."""

    set: str
    what: str
    reached: int
    of: int
    asked: int

    @property
    def enough(self) -> bool:
        """Whether what was asked is reached; nothing measured is not enough."""
        return self.reached >= self.asked and (self.of > 0 or self.asked == 0)


def figures(name: str, outcomes: Sequence[Outcome]) -> list[Figure]:
    """Sum the pages of a set to its lines."""
    totals = np.sum([outcome.counts for outcome in outcomes], axis=0, dtype=int)
    lines = []
    for (what, share), (reached, of) in zip(ASKED[name].items(), totals, strict=True):
        asked = ceil(share * of - 1e-9)
        # A share of no cells at all asks for at least one, so that finding nothing does not pass.
        lines.append(Figure(name, what, int(reached), int(of), max(asked, 1) if share else 0))
    return lines


def measure_sudoku(result: PageResult, truth: Sudoku) -> Outcome:
    """Compare the fields that lie in the grid with it: nine rows of nine, a third of a cell aside at most."""
    matrix = to_grid(truth.corners)
    inside = [reading for reading in result.fields if _in_grid(transform_points(matrix, _centre(reading)))]
    rows = len(inside) == 9 and all(len(reading.cells) == 9 for reading in inside)
    centres = np.concatenate([cell_centres(reading) for reading in inside] or [np.empty((0, 2))])
    found = transform_points(matrix, centres)
    ideal = np.stack(np.meshgrid(np.arange(9), np.arange(9)), axis=-1).reshape(-1, 2) + 0.5
    far = np.linalg.norm(found[:, None] - ideal[None], axis=-1).reshape(-1, 81) > 1 / 3
    missed = np.flatnonzero(far.all(axis=0)) if len(found) else np.arange(81)
    if not rows or far.diagonal().any():
        lengths = " ".join(str(len(reading.cells)) for reading in inside)
        outcome = Outcome(((0, 1), (0, 0)), [f"rows of cells found: {lengths or 'none'}"])
        outcome.expected = [cell_grid(truth.corners)[k] for k in missed]
        return outcome
    texts = [text for reading in inside for text in reading.cell_values]
    told = [(read == "") == (text == "") for read, text in zip(texts, truth.texts, strict=True)]
    notes = [f"cell {k // 9 + 1},{k % 9 + 1} is not told right" for k in range(81) if not told[k]]
    wrong = [cell_grid(truth.corners)[k] for k in range(81) if not told[k]]
    return Outcome(((1, 1), (sum(told), 81)), notes, wrong)


def measure_mark_sheet(result: PageResult, truth: MarkSheet) -> Outcome:
    """Look for each printed cell; a box of two digits may be found whole or as its two cells."""
    cells = [
        (enclosing_box(quad), text)
        for reading in result.fields
        for quad, text in zip(reading.cells, reading.cell_values, strict=True)
    ]
    outcome = Outcome(())
    found = told = 0
    single = [cell for cell in truth.cells if len(cell.text) == 1 and cell.text != "?"]
    right = 0
    for cell in truth.cells:
        read = _text_at(cells, cell.box)
        if read is None and cell.whole:
            read = _text_at(cells, _union([other.box for other in truth.cells if other.whole == cell.whole]))
        if read is None:
            outcome.notes.append(f"{cell.name} is not found")
            outcome.expected.append(box_quad(cell.box))
            continue
        found += 1
        told += (read == "") == (cell.text == "")
        right += cell in single and read == cell.text
        if (read == "") != (cell.text == "") or (cell in single and read != cell.text):
            outcome.notes.append(f"{cell.name}: read {read!r}, written {cell.text!r}")
            outcome.expected.append(box_quad(cell.box))
    invented = [box for box, _ in cells if not _printed(box, truth)]
    outcome.notes += [f"invented: {box}" for box in invented]
    total = len(truth.cells)
    in_tables = (len(cells) - len(invented), len(cells))
    outcome.counts = ((found, total), (told, total), in_tables, (right, len(single)))
    return outcome


def measure_cheque(result: PageResult, truth: Cheque) -> Outcome:
    """Look for the comb of eight cells whose middle lies in the date's box, and compare its digits."""
    combs = [comb for comb in result.fields if len(comb.cells) == 8 and _within(_centre(comb), truth.around)]
    if not combs:
        near = [len(other.cells) for other in result.fields if _within(_centre(other), truth.around)]
        note = f"no comb of 8 cells; runs there: {' '.join(map(str, near)) or 'none'}"
        return Outcome(((0, 1), (0, 1), (0, 0)), [note], [box_quad(truth.around)])
    read = "".join(text or " " for text in combs[0].cell_values)
    right = read == truth.date
    accepted = combs[0].status == Status.ACCEPTED
    notes = [] if right else [f"read {read!r}, written {truth.date!r}, {combs[0].status}"]
    return Outcome(((1, 1), (int(right), 1), (int(accepted and right), int(accepted))), notes)


def measure_form(result: PageResult, truth: Form) -> Outcome:
    """Look for fields of one cell on each box; with several digits in each, none may be accepted as one."""
    outcome = Outcome(())
    found = review = exact = 0
    alone = [(enclosing_box(reading.cells), reading) for reading in result.fields if len(reading.cells) == 1]
    for cell in truth.cells:
        readings = [reading for box, reading in alone if overlap(box, cell.box) >= 0.7]
        exact += any(_edges_apart(box, cell.box) <= cell.box.height / 3 for box, _ in alone)
        found += bool(readings)
        review += any(reading.status == Status.REVIEW for reading in readings)
        if not readings or readings[0].status != Status.REVIEW:
            state = f"{readings[0].status} as {readings[0].value!r}" if readings else "not found"
            outcome.notes.append(f"box {cell.name} ({cell.text}) is {state}")
            outcome.expected.append(box_quad(cell.box))
    accepted = [reading for reading in result.fields if reading.status == Status.ACCEPTED]
    outcome.notes += [f"{reading.name} is accepted as {reading.value!r}" for reading in accepted]
    total, fields = len(truth.cells), len(result.fields)
    outcome.counts = ((found, total), (review, total), (fields - len(accepted), fields), (exact, total))
    return outcome


def overlap(one: Box, other: Box) -> float:
    """Give the area common to two boxes over that of both together."""
    width = min(one.right, other.right) - max(one.x, other.x)
    height = min(one.bottom, other.bottom) - max(one.y, other.y)
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    return common / (one.width * one.height + other.width * other.height - common)


def _edges_apart(one: Box, other: Box) -> int:
    pairs = zip(
        (one.x, one.y, one.right, one.bottom), (other.x, other.y, other.right, other.bottom), strict=True
    )
    return max(abs(a - b) for a, b in pairs)


def cell_centres(reading: FieldReading) -> npt.NDArray[np.float32]:
    """Give the middles (n, 2) of a field's cells: where their diagonals' ends have their mean."""
    return reading.cells.mean(axis=1)


def _centre(reading: FieldReading) -> npt.NDArray[np.float32]:
    return cell_centres(reading).mean(axis=0)


def _in_grid(point: npt.NDArray[np.float32]) -> bool:
    return bool((point > 0).all() and (point < 9).all())


def _within(point: npt.NDArray[np.float32], box: Box) -> bool:
    return bool(box.x <= point[0] <= box.right and box.y <= point[1] <= box.bottom)


def _text_at(cells: list[tuple[Box, str]], place: Box) -> str | None:
    best = max(cells, key=lambda cell: overlap(cell[0], place), default=None)
    return best[1] if best is not None and overlap(best[0], place) >= 0.5 else None


def _printed(box: Box, truth: MarkSheet) -> bool:
    middle = box_quad(box).mean(axis=0)
    return any(_within(middle, table) for table in truth.tables) or any(
        overlap(box, whole) >= 0.5 for whole in truth.boxes
    )


def _union(boxes: list[Box]) -> Box:
    return enclosing_box(np.stack([box_quad(box) for box in boxes]))
