"""What stands on the real pages: their files, and the places and texts that a person read from them."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ocrbatch.geometry import Box, Quad

HERE = Path(__file__).resolve().parent
PAGES = HERE.parents[1] / "../shared/data/pages"


@dataclass(frozen=True, slots=True)
class Sudoku:
    """A grid's corners (4, 2) in page pixels, and its 81 texts by rows, empty where a cell is blank."""

    corners: Quad
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A printed cell and what is written in it; ``whole`` names the box of several cells it is part of."""

    name: str
    box: Box
    text: str = ""
    whole: str = ""


@dataclass(frozen=True, slots=True)
class MarkSheet:
    """The cells to find, the tables where other cells may be found too, and the boxes that hold no cells."""

    cells: tuple[Cell, ...]
    tables: tuple[Box, ...]
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Cheque:
    """The date as DDMMYYYY, and a loose box around its comb."""

    date: str
    around: Box


@dataclass(frozen=True, slots=True)
class Form:
    """Boxes of several digits each."""

    cells: tuple[Cell, ...]


def sudokus() -> dict[Path, Sudoku]:
    """Give the photographs of sudokus with their truth."""
    folder = PAGES / "sudoku_mixed_semisynth"
    corners = {
        row["file"]: np.float32([row[f"{axis}{i}"] for i in range(1, 5) for axis in "xy"]).reshape(4, 2)
        for row in _rows(HERE / "sudoku_corners.csv")
    }
    return {
        folder / "images" / row["file"]: Sudoku(
            corners[row["file"]], tuple("" if digit == "0" else digit for digit in row["grid81_all"])
        )
        for row in _rows(folder / "truth.csv")
    }


def mark_sheets() -> dict[Path, MarkSheet]:
    """Give the mark sheet with its truth."""
    areas = _rows(HERE / "marksheet_areas.csv")
    sheet = MarkSheet(
        tuple(
            Cell(row["name"], _box(row), row["value"], row["whole"])
            for row in _rows(HERE / "marksheet_cells.csv")
        ),
        tuple(_box(row) for row in areas if row["kind"] == "table"),
        tuple(_box(row) for row in areas if row["kind"] == "box"),
    )
    return {PAGES / "exam_marksheets/images/marksheet1.png": sheet}


def cheques() -> dict[Path, Cheque]:
    """Give the cheques with their truth."""
    folder = PAGES / "idrbt_cheques"
    found = {}
    for row in _rows(folder / "truth.csv"):
        left, top, right, bottom = (round(v) for v in json.loads(row["boxes_json"])["DateIss"])
        around = Box(left, top, right - left, bottom - top)
        found[folder / "images" / row["file"]] = Cheque(row["date_ddmmyyyy"], around)
    return found


def cheque_combs() -> dict[Path, Quad]:
    """Give the corners (4, 2) of each cheque's comb of eight equal cells for the date, in page pixels."""
    folder = PAGES / "idrbt_cheques/images"
    return {
        folder / row["file"]: np.float32([row[f"{axis}{i}"] for i in range(1, 5) for axis in "xy"]).reshape(4, 2)
        for row in _rows(HERE / "cheque_combs.csv")
    }


def forms() -> dict[Path, Form]:
    """Give the handwriting sample form with its truth."""
    folder = PAGES / "nist_hsf"
    rows = _rows(folder / "truth.csv")
    written = {row["field"]: row["written"] for row in rows}
    boxes = _rows(HERE / "nist_boxes.csv")
    cells = tuple(Cell(row["field"], _box(row), written[row["field"]]) for row in boxes)
    return {folder / "images" / rows[0]["file"]: Form(cells)}


def box_quad(box: Box) -> Quad:
    """Give a box's corners."""
    corners = [[box.x, box.y], [box.right, box.y], [box.right, box.bottom], [box.x, box.bottom]]
    return np.float32(corners)


def cell_grid(corners: Quad, rows: int = 9, columns: int = 9) -> npt.NDArray[np.float32]:
    """Divide a quadrilateral in perspective: the cells' corners (rows·columns, 4, 2), by rows."""
    import cv2

    across, down = np.meshgrid(np.arange(columns), np.arange(rows))
    unit = np.float32([[0, 0], [1, 0], [1, 1], [0, 1]])
    grid = np.stack([across, down], axis=-1).reshape(-1, 1, 2).astype(np.float32) + unit
    return cv2.perspectiveTransform(grid, to_grid(corners, rows, columns, back=True)).reshape(-1, 4, 2)


def to_grid(corners: Quad, rows: int = 9, columns: int = 9, *, back: bool = False) -> npt.NDArray[np.float64]:
    """Give the homography (3, 3) from the page to the grid's own units, a cell being 1×1, or the way back."""
    import cv2

    grid = np.float32([[0, 0], [columns, 0], [columns, rows], [0, rows]])
    page = np.float32(corners)
    return cv2.getPerspectiveTransform(*((grid, page) if back else (page, grid)))


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _box(row: dict[str, Any]) -> Box:
    return Box(int(row["x"]), int(row["y"]), int(row["width"]), int(row["height"]))
