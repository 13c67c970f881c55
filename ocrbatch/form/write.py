"""A form as the text of its file, for a person to read and to edit."""

from collections.abc import Iterator, Mapping

import numpy as np

from ocrbatch.errors import FormError
from ocrbatch.form.checks import equal_cells
from ocrbatch.form.template import Field, Form, FormPage, Kind
from ocrbatch.geometry import Box, Quad

_COMMENT_COLUMN = 34
_HINTS = {
    "width": "the reference picture's pixels: every box below is in them",
    "dpi": "of the reference picture",
    "reference": "beside this file",
    "kind": "boxes: a digit a cell · string: a free run of digits · mark: ticked or not",
    "box": "x, y, width, height",
    "cells": "equal cells; or cell_boxes = [[x, y, w, h], …]",
    "cell_boxes": "x, y, width, height of each",
    "blank": "allowed · required · forbidden",
    "rules": 'such as "length 8", "digits 0-5", "range 0 100", "date %d%m%Y"',
}
_SHORT_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def form_toml(form: Form, references: Mapping[int, str]) -> str:
    """Write a form as TOML; ``references`` has the file name of each page's reference picture by page number.

    A form of one page has its keys at the top, one of several a ``[[page]]`` for each. Cells that are equal parts of
    their box are written as a number, others as boxes in whole pixels. The first of each key has a comment that
    tells what it takes. ``parse_form`` gives the form back, where its names are such as a form may have and its
    cells are upright and in whole pixels. Raises FormError where a text has signs that are no Unicode.
    """
    lines = _Writer()
    lines.add("name", toml_text(form.name))
    many = len(form.pages) != 1
    for page in form.pages:
        if many:
            lines.begin("page")
        lines.extend(_page_pairs(page, references.get(page.number)))
        for field in page.fields:
            lines.begin("page.field" if many else "field")
            lines.extend(_field_pairs(field))
    return lines.text()


class _Writer:
    """Lines of TOML with the comments in one column, each comment once."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._hints = dict(_HINTS)

    def begin(self, table: str) -> None:
        self._lines += ["", f"[[{table}]]"]

    def add(self, key: str, value: str) -> None:
        first, *others = f"{key} = {value}".split("\n")
        hint = self._hints.pop(key, "")
        self._lines += [f"{first:<{_COMMENT_COLUMN}} # {hint}" if hint else first, *others]

    def extend(self, pairs: Iterator[tuple[str, str]]) -> None:
        for key, value in pairs:
            self.add(key, value)

    def text(self) -> str:
        return "\n".join(self._lines) + "\n"


def _page_pairs(page: FormPage, reference: str | None) -> Iterator[tuple[str, str]]:
    yield "width", str(page.width)
    yield "height", str(page.height)
    if page.dpi is not None:
        yield "dpi", str(int(page.dpi)) if float(page.dpi).is_integer() else repr(float(page.dpi))
    if reference is not None:
        yield "reference", toml_text(reference)


def _field_pairs(field: Field) -> Iterator[tuple[str, str]]:
    yield "name", toml_text(field.name)
    yield "kind", toml_text(field.kind.value)
    count = len(field.cells)
    equal = count > 0 and np.array_equal(equal_cells(field.box, count), field.cells)
    if field.kind is not Kind.BOXES:
        yield "box", _box(field.box)
    elif equal:
        yield "box", _box(field.box)
        yield "cells", str(count)
    else:
        boxes = [_whole_box(cell) for cell in field.cells]
        if _hull(boxes) != field.box:
            yield "box", _box(field.box)
        yield "cell_boxes", _list([_box(box) for box in boxes])
    yield "blank", toml_text(field.blank.value)
    yield "rules", f"[{', '.join(toml_text(rule.text) for rule in field.rules)}]"


def _whole_box(cell: Quad) -> Box:
    """Give the upright box in whole pixels that is nearest to a cell (4, 2)."""
    (left, top), (right, bottom) = np.rint(cell.min(axis=0)), np.rint(cell.max(axis=0))
    return Box(int(left), int(top), int(right - left), int(bottom - top))


def _hull(boxes: list[Box]) -> Box:
    left, top = min(box.x for box in boxes), min(box.y for box in boxes)
    return Box(left, top, max(box.right for box in boxes) - left, max(box.bottom for box in boxes) - top)


def _box(box: Box) -> str:
    return f"[{box.x}, {box.y}, {box.width}, {box.height}]"


def _list(entries: list[str]) -> str:
    """Write a list on one line where it is short, else an entry a line."""
    line = f"[{', '.join(entries)}]"
    return line if len(line) <= 90 else "[\n" + "".join(f"    {entry},\n" for entry in entries) + "]"


def toml_text(text: str) -> str:
    """Quote a text as TOML does; what has no shape is spelled by its number."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(sign: str) -> str:
    if sign in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[sign]
    code = ord(sign)
    if 0xD800 <= code < 0xE000:
        raise FormError("a form's file cannot hold a name that is no Unicode; rename the picture and try again")
    return sign if sign.isprintable() else f"\\U{code:08x}"
