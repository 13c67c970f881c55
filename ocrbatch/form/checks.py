"""What a form's names and boxes must keep to, beyond having the right types."""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import numpy as np
import numpy.typing as npt

from ocrbatch.form.faults import Faults, shown
from ocrbatch.form.lines import Path
from ocrbatch.geometry import Box
from ocrbatch.records import read_only

_Edges = npt.NDArray[Any]

FORMULA_STARTS = "=+-@＝＋－＠"
COLUMNS = ("file", "page", "form", "status", "lowest_confidence")
"""What the tables of a form have beside its fields."""
NO_FORM = ("auto", "whole")
"""What the tables call a page's form where none was given."""

LONGEST_NAME = 64
LONGEST_FILE_NAME = 200
"""Bytes of the name of a form's table, of which a file system takes 255."""
LEAST_SIDE = 2
_NOT_IN_FILE_NAMES = '/\\:*?"<>|'
_DEVICES = re.compile(r"(con|prn|aux|nul|com[1-9]|lpt[1-9])(\..*)?", re.IGNORECASE)


@dataclass(slots=True)
class Taken:
    """What a form's fields have used up so far: their names, as ``name_key`` gives them, and their number."""

    names: dict[str, Path] = field(default_factory=dict)
    count: int = 0


def name_key(name: str) -> str:
    """Give the form of a name by which two are the same: case and the way accents are held make no difference."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def check_form_name(name: str, faults: Faults) -> None:
    """Check that a form's name can be that of a file on every system, for its table is ``forms/NAME.csv``."""
    problem = _name_problem(name) or _file_name_problem(name)
    if problem:
        faults.add(("name",), f"is {shown(name)}, {problem}")


def check_field_name(name: str, path: Path, taken: Taken, faults: Faults) -> None:
    """Check that a field's name can head a column and is no other field's."""
    key = name_key(name)
    problem = _name_problem(name)
    if key in COLUMNS:
        problem = "which is a column of every table; give another"
    elif not problem and key in taken.names:
        problem = f"as is that of {_ordinal(taken.names[key])}; give each field of a form its own"
    taken.names.setdefault(key, path)
    if problem:
        faults.add((*path, "name"), f"is {shown(name)}, {problem}")


def check_boxes(
    box: Box | None, cells: int, listed: list[Box], size: tuple[int, int] | None, path: Path, faults: Faults
) -> None:
    """Check that a field's boxes have an area, lie on the page and in each other; ``size`` is the page's, if known.

    All are in the reference picture's pixels; ``cells`` is the number of equal cells where none are listed.
    """
    before = len(faults)
    for index, cell in enumerate(listed):
        problem = _box_problem(cell, size)
        if not problem and box is not None and not _holds(box, cell):
            problem = "reaches out of the field's box; make the box larger, or leave it out"
        if problem:
            faults.add((*path, "cell_boxes", index), f"is {_spelled(cell)}, and {problem}")
    if box is None or len(faults) > before:
        return
    if problem := _box_problem(box, size):
        faults.add((*path, "box"), f"is {_spelled(box)}, and {problem}")
    elif not listed and box.width < LEAST_SIDE * cells:
        most = box.width // LEAST_SIDE
        faults.add(
            (*path, "cells"),
            f"is {cells} in a box of {box.width} pixels, and a cell is at least {LEAST_SIDE} wide; "
            f"give at most {most}, or a wider box",
        )


def equal_cells(box: Box, count: int) -> npt.NDArray[np.float32]:
    """Part a box in ``count`` cells of one width: (count, 4, 2) float32, read-only, in the box's frame."""
    edges = box.x + box.width * np.arange(count + 1) / count
    return _quads(edges[:-1], np.full(count, box.y), edges[1:], np.full(count, box.bottom))


def listed_cells(boxes: list[Box]) -> npt.NDArray[np.float32]:
    """Give boxes as quadrilaterals: (n, 4, 2) float32, read-only, in the boxes' frame."""
    return _quads(*np.array([(box.x, box.y, box.right, box.bottom) for box in boxes], np.float64).reshape(-1, 4).T)


def _quads(left: _Edges, top: _Edges, right: _Edges, bottom: _Edges) -> npt.NDArray[np.float32]:
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)
    return read_only(np.ascontiguousarray(corners.transpose(2, 0, 1)))


def _name_problem(name: str) -> str:
    if not name.strip():
        return "and empty; give a text"
    if len(name) > LONGEST_NAME:
        return f"of {len(name)} letters; give at most {LONGEST_NAME}"
    if not name.isprintable():
        return "with signs that cannot be seen; write it anew"
    if name != name.strip():
        return "with a space at its end or beginning; take that away"
    if name[0] in FORMULA_STARTS:
        return f"which a spreadsheet takes for a formula; begin it with another sign than {name[0]}"
    return ""


def _file_name_problem(name: str) -> str:
    if found := [sign for sign in _NOT_IN_FILE_NAMES if sign in name]:
        return f"and its table is a file: leave out {' '.join(found)}"
    if name[0] == "." or name[-1] == ".":
        return "and its table is a file: give a name without a dot at either end"
    if name_key(name) in NO_FORM:
        return "which stands for pages without a form; give another"
    if _DEVICES.fullmatch(name):
        return "which Windows keeps for a device; give another"
    if len(quote(name, safe=" ")) > LONGEST_FILE_NAME:
        return "too long for the name of its table's file; give a shorter one"
    return ""


def _box_problem(box: Box, size: tuple[int, int] | None) -> str:
    if box.width < LEAST_SIDE or box.height < LEAST_SIDE:
        return f"a box is at least {LEAST_SIDE} pixels wide and high; give [x, y, width, height]"
    if box.x < 0 or box.y < 0:
        return "begins off the page; give x and y of 0 or more"
    if size is not None and (box.right > size[0] or box.bottom > size[1]):
        return f"ends at {box.right}, {box.bottom}, off the page of {size[0]}×{size[1]} pixels; keep within it"
    return ""


def _holds(outer: Box, inner: Box) -> bool:
    across = outer.x <= inner.x and inner.right <= outer.right
    return across and outer.y <= inner.y and inner.bottom <= outer.bottom


def _spelled(box: Box) -> str:
    return shown([box.x, box.y, box.width, box.height])


def _ordinal(path: Path) -> str:
    """Name a field by its number, and its page where the form has several."""
    page = f"page {path[1] + 1}, " if path[0] == "page" and isinstance(path[1], int) else ""
    return f"{page}field {int(path[-1]) + 1}"
