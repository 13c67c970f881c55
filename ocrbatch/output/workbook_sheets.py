"""One sheet of a workbook: typed columns, written row by row; every cell is a text or a number, none a formula."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ocrbatch.output.escape import escape_name

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

LAST_ROW = 1_048_575
"""The last row of a sheet, from 0: more go to another sheet."""
MOST_COLUMNS = 16_000
LONGEST_TEXT = 32_000
"""Signs of a cell: a spreadsheet takes 32,767."""
LONGEST_NAME = 31
FORBIDDEN = str.maketrans("[]:*?/\\", "_______")
_NUMBERED = re.compile("_(?=x[0-9A-Fa-f]{4}_)|[\ufffe\uffff]")
ALLOWED = {"autofilter": True, "sort": True, "format_columns": True, "format_rows": True}
"""What a person may do with a sheet that is protected against slips (there is no password)."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, its width in signs, and how its cells look (``text``, ``number``, ``share``, ``typed``).

    A ``typed`` one is what a person fills in.
    """

    name: str
    width: float = 12
    look: str = "text"
    hidden: bool = False


class Sheet:
    """Sheets of one kind in a workbook: one, and more where the rows are too many for it."""

    def __init__(self, workbook: "Workbook", names: "SheetNames", name: str, columns: Sequence[Column]) -> None:
        self._workbook, self._names, self._name = workbook, names, name
        self._columns = columns[:MOST_COLUMNS]
        self.looks = _looks(workbook)
        self._begin()

    @property
    def sheet(self) -> "Worksheet":
        """The sheet that is written now."""
        return self._sheet

    @property
    def next_row(self) -> int:
        """The row, from 0, that is written next."""
        return self._row

    def row(self, cells: Sequence[object]) -> None:
        """Write a row: numbers as numbers, whatever else as text; what is None stays empty."""
        if self._row > LAST_ROW:
            self.close()
            self._begin()
        for place, (column, cell) in enumerate(zip(self._columns, cells, strict=False)):
            look = self.looks[column.look]
            if cell is None:
                if column.look == "typed":
                    self._sheet.write_blank(self._row, place, None, look)
            elif isinstance(cell, int | float):
                self._sheet.write_number(self._row, place, cell, look)
            else:
                self._sheet.write_string(self._row, place, as_text(str(cell)), look)
        self._row += 1

    def marked(self, row: int, place: int, text: str, marked: Sequence[bool]) -> None:
        """Write a text again, with the signs coloured that are ``marked``."""
        parts: list[Any] = []
        for own, signs in groupby(zip(text, marked, strict=True), key=lambda pair: pair[1]):
            run = "".join(sign for sign, _ in signs)
            parts += [self.looks["doubtful"], run] if own else [run]
        if len(parts) > 2:
            self._sheet.write_rich_string(row, place, *parts, self.looks["text"])
        else:
            self._sheet.write_string(row, place, text, self.looks["all doubtful" if any(marked) else "text"])

    def close(self) -> None:
        """Give the sheet its filter."""
        self._sheet.autofilter(0, 0, max(self._row - 1, 1), len(self._columns) - 1)

    def _begin(self) -> None:
        self._sheet = sheet = self._workbook.add_worksheet(self._names.new(self._name))
        for place, column in enumerate(self._columns):
            sheet.set_column(place, place, column.width, None, {"hidden": column.hidden})
            sheet.write_string(0, place, as_text(column.name), self.looks["heading"])
        sheet.freeze_panes(1, 0)
        sheet.protect("", ALLOWED)
        self._row = 1


class SheetNames:
    """The names of a workbook's sheets: each once, and of no more signs than are allowed."""

    def __init__(self) -> None:
        self._taken = {"history"}

    def new(self, wanted: str) -> str:
        """Give a free name that is like the one that is wanted."""
        plain = as_text(wanted).translate(FORBIDDEN).strip("'") or "form"
        number, name = 1, plain[:LONGEST_NAME].strip("'")
        while name.lower() in self._taken:
            number += 1
            ending = f" ({number})"
            name = plain[: LONGEST_NAME - len(ending)] + ending
        self._taken.add(name.lower())
        return name


def as_text(text: str) -> str:
    """Spell a text as in the other tables, cut to what a cell takes: nothing begins as a formula does.

    What workbooks take for the number of a sign, ``_x0041_``, is spelled too: programs differ in how they read it.
    """
    spelled = _NUMBERED.sub(lambda found: f"\\u{ord(found[0]):04x}", escape_name(text))
    return spelled if len(spelled) <= LONGEST_TEXT else f"{spelled[: LONGEST_TEXT - 1]}…"


def _looks(workbook: "Workbook") -> dict[str, Any]:
    """Give the formats of cells; texts are marked as such, so that what is typed over them stays as it is typed."""
    middle = {"valign": "vcenter"}
    text = {**middle, "num_format": "@"}
    red = {"bold": True, "font_color": "#C00000"}
    return {
        "heading": workbook.add_format({**middle, "bold": True, "bg_color": "#D9E2EC", "bottom": 1}),
        "text": workbook.add_format(text),
        "wrapped": workbook.add_format({**text, "text_wrap": True}),
        "number": workbook.add_format(middle),
        "share": workbook.add_format({**middle, "num_format": "0.00%"}),
        "typed": workbook.add_format({**text, "locked": False, "bg_color": "#FFF9DB", "border": 1}),
        "doubtful": workbook.add_format(red),
        "all doubtful": workbook.add_format({**text, **red}),
    }
