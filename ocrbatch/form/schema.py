"""What a form file may hold, over the tables that ``tomllib`` gives of it, and the form that they make."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeGuard

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic import Field as Limits

from ocrbatch.form.checks import Taken, check_boxes, check_field_name, check_form_name, equal_cells, listed_cells
from ocrbatch.form.faults import Faults, quoted, shown, suggestion
from ocrbatch.form.lines import Path
from ocrbatch.form.relations import Placed, check_relations
from ocrbatch.form.rules import FormRule, Length, Load, RuleError, parse_rule
from ocrbatch.form.template import Blank, Field, FormPage, Kind
from ocrbatch.geometry import Box

MOST_PAGES = 100
MOST_FIELDS = 2000
MOST_CELLS = 1000
LONGEST_SIDE = 20_000
LARGEST_AREA = 100_000_000
"""Pixels of a page: what the decoder takes, too."""

_Table = dict[str, Any]
_Numbers = Annotated[list[int], Limits(min_length=4, max_length=4)]
_Side = Annotated[int, Limits(ge=1, le=LONGEST_SIDE)]
_Text = Annotated[str, StringConstraints(pattern=r"\S")]


class _Checked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class FieldTable(_Checked):
    """A ``[[field]]``."""

    name: str
    kind: Literal["boxes", "string", "mark"]
    box: _Numbers | None = None
    cells: Annotated[int, Limits(ge=1, le=MOST_CELLS)] | None = None
    cell_boxes: Annotated[list[_Numbers], Limits(min_length=1, max_length=MOST_CELLS)] | None = None
    blank: Literal["allowed", "required", "forbidden"] = "allowed"
    digits: Annotated[list[Annotated[int, Limits(ge=1, le=MOST_CELLS)]], Limits(min_length=2, max_length=2)] | None = (
        None
    )
    rules: Annotated[list[_Text], Limits(max_length=100)] = Limits(default_factory=list)


class PageTable(_Checked):
    """A ``[[page]]``; its fields are checked one by one."""

    width: _Side
    height: _Side
    dpi: Annotated[float, Limits(ge=10, le=10_000)] | None = None
    reference: _Text | None = None
    field: list[_Table] = Limits(default_factory=list)


class OnePageTable(PageTable):
    """The whole file of a form of one page."""

    name: str


class ManyPagesTable(_Checked):
    """The whole file of a form of several pages."""

    name: str
    page: Annotated[list[_Table], Limits(min_length=1, max_length=MOST_PAGES)]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page as its file has it: ``path`` in the file, the page without its reference, and that picture's name."""

    path: Path
    page: FormPage
    reference: str | None


_PIXELS = "whole pixels of the reference picture"
_MENDS: dict[str, str] = {
    "name": "give a text in quotes",
    "kind": "give boxes, string or mark",
    "box": f"give [x, y, width, height] in {_PIXELS}",
    "cells": f"give 1 to {MOST_CELLS}",
    "cell_boxes": f"give 1 to {MOST_CELLS} of [x, y, width, height] in {_PIXELS}",
    "blank": "give allowed, required or forbidden",
    "digits": f"give the least and the most number of digits, 1 to {MOST_CELLS}, as in [1, 9]",
    "rules": 'give a list of up to 100 texts, as in ["digits 0-5"]',
    "width": f"give the reference picture's, 1 to {LONGEST_SIDE} pixels",
    "height": f"give the reference picture's, 1 to {LONGEST_SIDE} pixels",
    "dpi": "give 10 to 10000, or leave the key out",
    "reference": "give the name of a picture beside this file, or leave the key out",
    "field": "begin each field with [[field]], in a form of several pages with [[page.field]]",
    "page": f"begin each of 1 to {MOST_PAGES} pages with [[page]]",
}
_ENTRY_MENDS = {"cell_boxes": _MENDS["box"], "rules": "give a text in quotes"}


def read_form(data: _Table, faults: Faults, load: Load) -> tuple[str, tuple[Sheet, ...]]:
    """Make a form's name and pages of its file's tables; what is wrong goes to ``faults``, all of it.

    ``load`` gives the content of a file beside the form, for the lists that its rules name.

    Where there are faults, the pages given are only those without.
    """
    many = "page" in data
    top = _validated(ManyPagesTable if many else OnePageTable, data, (), faults)
    if isinstance(data.get("name"), str):
        check_form_name(data["name"], faults)
    pages = data["page"] if many else [data]
    if not _is_tables(pages) or len(pages) > MOST_PAGES:
        return "", ()
    taken = Taken()
    placed: list[Placed] = []
    sheets: list[Sheet] = []
    for index, page in enumerate(pages):
        path: Path = ("page", index) if many else ()
        table = _validated(PageTable, page, path, faults) if many else top
        own = _fields(page.get("field", []), (*path, "field"), _page_size(page, path, faults), taken, faults, load)
        placed += own
        if isinstance(table, PageTable):
            bare = FormPage(index + 1, table.width, table.height, table.dpi, None, tuple(one.field for one in own))
            sheets.append(Sheet(path, bare, table.reference))
    check_relations(placed, _names(pages), faults)
    if not taken.count and not len(faults):
        faults.add((), f"has no field; describe each in a [[{'page.' if many else ''}field]]")
    return str(data.get("name")), tuple(sheets)


def _is_tables(value: object) -> TypeGuard[list[_Table]]:
    return isinstance(value, list) and all(isinstance(entry, dict) for entry in value)


def _names(pages: list[_Table]) -> list[str]:
    """Give the names of all fields, as the file has them."""
    tables = [table for page in pages if _is_tables(page.get("field")) for table in page["field"]]
    return [table["name"] for table in tables if isinstance(table.get("name"), str)]


def _page_size(page: _Table, path: Path, faults: Faults) -> tuple[int, int] | None:
    """Give a page's width and height, or None where they are none; a page too large to be decoded is a fault."""
    width, height = page.get("width"), page.get("height")
    if not (type(width) is int and type(height) is int and 0 < width <= LONGEST_SIDE and 0 < height <= LONGEST_SIDE):
        return None
    if width * height > LARGEST_AREA:
        problem = f"makes a page of more than {LARGEST_AREA // 10**6} megapixels; scan it at less dpi"
        faults.add((*path, "height"), problem)
        return None
    return width, height


def _fields(
    tables: object, path: Path, size: tuple[int, int] | None, taken: Taken, faults: Faults, load: Load
) -> tuple[Placed, ...]:
    """Check each field of a page; ``size`` is the page's, None where that is not known."""
    if not _is_tables(tables):
        return ()
    left = MOST_FIELDS - taken.count
    taken.count += len(tables)
    if len(tables) > left:
        if left >= 0:
            problem = f"is beyond the {MOST_FIELDS} fields that a form may have; make two forms"
            faults.add((*path, left), problem)
        return ()
    fields: list[Placed] = []
    for index, data in enumerate(tables):
        place = (*path, index)
        if isinstance(data.get("name"), str):
            check_field_name(data["name"], place, taken, faults)
        table = _validated(FieldTable, data, place, faults)
        if isinstance(table, FieldTable) and (field := _field(table, place, size, faults, load)) is not None:
            fields.append(Placed(place, field))
    return tuple(fields)


def _field(table: FieldTable, path: Path, size: tuple[int, int] | None, faults: Faults, load: Load) -> Field | None:
    before = len(faults)
    _check_keys(table, path, faults)
    listed = [Box(*numbers) for numbers in table.cell_boxes or ()]
    box = None if table.box is None else Box(*table.box)
    check_boxes(box, table.cells or 1, listed, size, path, faults)
    rules = _rules(table, path, faults, load)
    if len(faults) > before:
        return None
    if box is None:
        left, top = min(cell.x for cell in listed), min(cell.y for cell in listed)
        box = Box(left, top, max(cell.right for cell in listed) - left, max(cell.bottom for cell in listed) - top)
    cells = listed_cells(listed) if listed else equal_cells(box, table.cells or 1)
    return Field(table.name, Kind(table.kind), box, cells, Blank(table.blank), rules)


def _rules(table: FieldTable, path: Path, faults: Faults, load: Load) -> tuple[FormRule, ...]:
    """Parse a field's rules; ``digits = [1, 9]`` is one more of them."""
    if table.kind == "mark" and table.rules:
        faults.add((*path, "rules"), "are for digits, and a mark has none; leave them out")
        return ()
    found: list[FormRule] = []
    for index, text in enumerate(table.rules):
        try:
            rule = parse_rule(text, load)
        except RuleError as error:
            faults.add((*path, "rules", index), f"is {shown(text)}; {error}")
            continue
        count = table.cells or len(table.cell_boxes or ())
        if isinstance(rule, Length) and table.kind == "boxes" and rule.least > count:
            faults.add((*path, "rules", index), f"is {shown(text)}, and the field has {count} cells; give at most that")
        found.append(rule)
    if table.digits is not None and table.kind == "string":
        try:
            found.append(parse_rule(f"digits {table.digits}", load))
        except RuleError as error:
            faults.add((*path, "digits"), f"is {shown(table.digits)}; {error}")
    return tuple(found)


def _check_keys(table: FieldTable, path: Path, faults: Faults) -> None:
    """Check that a field has the keys that its kind wants, and no other."""
    given = [key for key in ("cells", "cell_boxes") if getattr(table, key) is not None]
    if table.kind != "boxes":
        for key in given:
            faults.add((*path, key), f"is not for a {table.kind}; leave it out, or make the kind boxes")
    elif len(given) == 2:
        faults.add((*path, "cell_boxes"), "is given beside cells; leave one of the two out")
    elif not given:
        faults.add((*path, "cells"), f"is missing; {_MENDS['cells']}, or list the cells in cell_boxes")
    if table.digits is not None and table.kind != "string":
        faults.add((*path, "digits"), f"is not for {table.kind}; leave it out, or make the kind string")
    if table.box is None and (table.kind != "boxes" or "cell_boxes" not in given):
        faults.add((*path, "box"), f"is missing; {_MENDS['box']}")


def _validated(model: type[BaseModel], data: _Table, path: Path, faults: Faults) -> BaseModel | None:
    """Check a table by its model; each error of pydantic's becomes a fault with our mend."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        told: set[tuple[int | str, ...]] = set()
        for found in error.errors(include_url=False, include_context=False):
            # Of a list within a list, the entry is told once, whatever is wrong in it.
            if (place := found["loc"][:2]) not in told:
                told.add(place)
                _add(found["type"], place, data, (model, path), faults)
    return None


def _add(
    kind: str, loc: tuple[int | str, ...], data: _Table, table: tuple[type[BaseModel], Path], faults: Faults
) -> None:
    key, (model, path) = str(loc[0]), table
    if kind == "extra_forbidden":
        faults.add((*path, key), _unknown(key, model), of=path)
    elif kind == "missing":
        faults.add((*path, key), f"is missing; {_MENDS[key]}")
    elif key in _ENTRY_MENDS and len(loc) > 1 and isinstance(loc[1], int):
        faults.add((*path, key, loc[1]), f"is {shown(data[key][loc[1]])}; {_ENTRY_MENDS[key]}")
    else:
        faults.add((*path, key), f"is {shown(data[key])}; {_MENDS[key]}")


def _unknown(key: str, model: type[BaseModel]) -> str:
    """Say that a key is unknown in a model's table, and which one is meant or where it belongs."""
    text = f"key {quoted(key)} is unknown"
    if near := suggestion(key, sorted(model.model_fields)):
        return f"{text}; {near}"
    if key == "field":
        return f"{text} here; in a form of several pages write [[page.field]] below each [[page]]"
    for other, place in _PLACES.items():
        if key in other.model_fields and other is not model:
            return f"{text} here; it belongs {place}"
    return f"{text}; the keys here are {', '.join(model.model_fields)}"


_PLACES: dict[type[BaseModel], str] = {
    FieldTable: "below a [[field]]",
    PageTable: "above a page's first field",
    ManyPagesTable: "to a form of several pages",
}
