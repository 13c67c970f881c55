"""Names for the fields of a new form, by their places: ``top_right``, ``row2_left``, ``table1_row3``, ``mark4``."""

from collections.abc import Sequence
from dataclasses import dataclass

from ocrbatch.geometry import Box

DOWN = ("top", "middle", "bottom")
ACROSS = ("left", "centre", "right")


@dataclass(frozen=True, slots=True)
class Nameless:
    """A field's ``box`` in the page's pixels, and what else names it.

    ``mark`` says that it is to be ticked; ``table`` and ``row`` count from 1, or are 0 outside of tables.
    """

    box: Box
    mark: bool = False
    table: int = 0
    row: int = 0


def in_reading_order(boxes: Sequence[Box]) -> list[list[int]]:
    """Give the indices of boxes line by line from the top, each line from left to right.

    Two share a line where they share more than half of the smaller height with its first.
    """
    lines: list[list[int]] = []
    for index in sorted(range(len(boxes)), key=lambda i: (boxes[i].y + boxes[i].bottom, *_corners(boxes[i]))):
        box = boxes[index]
        for line in reversed(lines):
            first = boxes[line[0]]
            shared = min(box.bottom, first.bottom) - max(box.y, first.y)
            if 2 * shared > min(box.height, first.height):
                line.append(index)
                break
        else:
            lines.append([index])
    return [sorted(line, key=lambda i: _corners(boxes[i])) for line in lines]


def _corners(box: Box) -> tuple[int, int, int, int]:
    return box.x, box.y, box.right, box.bottom


def propose_names(fields: Sequence[Nameless], width: int, height: int) -> tuple[str, ...]:
    """Name the fields of a page of ``width``×``height`` pixels, each differently, in their order.

    Where no two lie in the same ninth of the page, these are their names; else all are named by their lines.
    """
    names = [""] * len(fields)
    _name_rows_of_tables(fields, names)
    order = [i for line in in_reading_order([field.box for field in fields]) for i in line]
    for number, index in enumerate((i for i in order if fields[i].mark and not names[i]), 1):
        names[index] = f"mark{number}"
    rest = [i for i in range(len(fields)) if not names[i]]
    parts = [_part(fields[i].box, width, height) for i in rest]
    if len(set(parts)) == len(parts):
        for index, part in zip(rest, parts, strict=True):
            names[index] = part
    else:
        _name_by_lines(rest, fields, names, width)
    return tuple(names)


def _name_rows_of_tables(fields: Sequence[Nameless], names: list[str]) -> None:
    rows: dict[tuple[int, int], list[int]] = {}
    for index, field in enumerate(fields):
        if field.table:
            rows.setdefault((field.table, field.row), []).append(index)
    for (table, row), members in rows.items():
        members.sort(key=lambda i: _corners(fields[i].box))
        for number, index in enumerate(members, 1):
            names[index] = f"table{table}_row{row}" + (f"_{number}" if len(members) > 1 else "")


def _part(box: Box, width: int, height: int) -> str:
    """Give which of the nine parts of the page a box's middle lies in."""
    across = min(int((box.x + box.right) * 3 / (2 * max(width, 1))), 2)
    down = min(int((box.y + box.bottom) * 3 / (2 * max(height, 1))), 2)
    return "centre" if (across, down) == (1, 1) else f"{DOWN[max(down, 0)]}_{ACROSS[max(across, 0)]}"


def _name_by_lines(index: Sequence[int], fields: Sequence[Nameless], names: list[str], width: int) -> None:
    """Name fields by the number of their line and their place in it."""
    for number, line in enumerate(in_reading_order([fields[i].box for i in index]), 1):
        members = [index[i] for i in line]
        sides = [_part(fields[i].box, width, 1).split("_")[-1] for i in members]
        if len(set(sides)) < len(sides):
            sides = [str(place) for place in range(1, len(members) + 1)]
        for member, side in zip(members, sides, strict=True):
            names[member] = f"row{number}_{side}"
