from dataclasses import astuple, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrbatch.errors import FormError
from ocrbatch.form.checks import COLUMNS, FORMULA_STARTS, NO_FORM, equal_cells, listed_cells, name_key
from ocrbatch.form.rules import FormRule, parse_rule
from ocrbatch.form.store import parse_form
from ocrbatch.form.template import Blank, Field, Form, FormPage, Kind
from ocrbatch.form.write import form_toml
from ocrbatch.geometry import Box

WIDTH, HEIGHT = 1092, 606
VISIBLE = st.characters(exclude_categories=("C", "Z"))
NAMES = st.text(VISIBLE | st.just(" "), min_size=1, max_size=20).filter(
    lambda name: name == name.strip() and name[0] not in FORMULA_STARTS and name_key(name) not in (*COLUMNS, *NO_FORM)
)
FORM_NAMES = st.text(st.sampled_from("abÄé支 1_#'&%"), min_size=1, max_size=15).map(lambda name: f"f{name}f")
RULES = st.sampled_from(
    ["length 1", "digits  0-5", 'range "0" 100', "date %d%m%Y to 2024-02-29", "pattern \\d{4}", "iban DE", "blank-as 0"]
)


def rule(text: str) -> FormRule:
    return parse_rule(text, lambda name: b"")


@st.composite
def boxes(draw: st.DrawFn, least: int = 2) -> Box:
    x, y = draw(st.integers(0, WIDTH - least)), draw(st.integers(0, HEIGHT - 2))
    return Box(x, y, draw(st.integers(least, WIDTH - x)), draw(st.integers(2, HEIGHT - y)))


@st.composite
def fields(draw: st.DrawFn, name: str) -> Field:
    kind = draw(st.sampled_from(Kind))
    if kind is Kind.BOXES and draw(st.booleans()):
        listed = draw(st.lists(boxes(), min_size=1, max_size=4))
        left, top = min(box.x for box in listed), min(box.y for box in listed)
        hull = Box(left, top, max(b.right for b in listed) - left, max(b.bottom for b in listed) - top)
        box, cells = draw(st.sampled_from([hull, Box(0, 0, WIDTH, HEIGHT)])), listed_cells(listed)
    else:
        count = draw(st.integers(1, 30)) if kind is Kind.BOXES else 1
        box = draw(boxes(2 * count))
        cells = equal_cells(box, count)
    return Field(
        name,
        kind,
        box,
        cells,
        draw(st.sampled_from(Blank)),
        () if kind is Kind.MARK else tuple(rule(draw(RULES)) for _ in range(draw(st.integers(0, 3)))),
    )


@st.composite
def forms(draw: st.DrawFn) -> Form:
    names = draw(st.lists(NAMES, min_size=1, max_size=6, unique_by=name_key))
    cuts = draw(st.lists(st.integers(0, len(names)), max_size=2).map(sorted))
    parts = [names[start:end] for start, end in zip([0, *cuts], [*cuts, len(names)], strict=True)]
    pages = tuple(
        FormPage(
            number,
            WIDTH,
            HEIGHT,
            draw(st.none() | st.floats(10, 10_000)),
            draw(st.none() | st.binary(min_size=1, max_size=9)),
            tuple(draw(fields(name)) for name in part),
        )
        for number, part in enumerate(parts, 1)
    )
    return Form(draw(FORM_NAMES), pages, "")


def plain(form: Form) -> object:
    """The form as values that can be compared."""
    pages = [replace(page, fields=()) for page in form.pages]
    parts = [[astuple(replace(field, cells=field.cells.tolist())) for field in page.fields] for page in form.pages]  # type: ignore[arg-type]
    return form.name, pages, parts


@settings(deadline=None)
@given(forms())
def test_what_is_written_reads_back_the_same(form: Form) -> None:
    with TemporaryDirectory() as folder:
        references = {}
        for page in form.pages:
            if page.reference is not None:
                references[page.number] = f'seite "{page.number}" é.png'
                (Path(folder) / references[page.number]).write_bytes(page.reference)
        text = form_toml(form, references)
        assert plain(parse_form(text.encode(), Path(folder) / "form.toml")) == plain(form)


def test_a_form_is_written_for_a_person_to_edit() -> None:
    date = Field(
        "date", Kind.BOXES, Box(275, 222, 417, 34), equal_cells(Box(275, 222, 417, 34), 10), rules=(rule("length 8"),)
    )
    total = replace(date, name="total", cells=listed_cells([Box(275, 222, 20, 34), Box(672, 222, 20, 34)]), rules=())
    page = FormPage(1, WIDTH, HEIGHT, 150.0, None, (date, total))
    assert form_toml(Form("mark-sheet", (page,), ""), {1: "mark-sheet.png"}) == MARK_SHEET


MARK_SHEET = """\
name = "mark-sheet"
width = 1092                       # the reference picture's pixels: every box below is in them
height = 606
dpi = 150                          # of the reference picture
reference = "mark-sheet.png"       # beside this file

[[field]]
name = "date"
kind = "boxes"                     # boxes: a digit a cell · string: a free run of digits · mark: ticked or not
box = [275, 222, 417, 34]          # x, y, width, height
cells = 10                         # equal cells; or cell_boxes = [[x, y, w, h], …]
blank = "allowed"                  # allowed · required · forbidden
rules = ["length 8"]               # such as "length 8", "digits 0-5", "range 0 100", "date %d%m%Y"

[[field]]
name = "total"
kind = "boxes"
cell_boxes = [[275, 222, 20, 34], [672, 222, 20, 34]] # x, y, width, height of each
blank = "allowed"
rules = []
"""


def test_a_name_that_is_no_unicode_is_told() -> None:
    page = FormPage(1, WIDTH, HEIGHT, None, None, ())
    with pytest.raises(FormError, match="no Unicode"):
        form_toml(Form("a", (page,), ""), {1: "a\udcff.png"})


def test_slanted_cells_are_written_as_upright_whole_pixels() -> None:
    cells = np.array([[(1.4, 2.2), (8.6, 2.4), (8.8, 9.5), (1.6, 9.3)]], np.float32)
    page = FormPage(1, WIDTH, HEIGHT, None, None, (Field("a", Kind.BOXES, Box(0, 0, 20, 20), cells),))
    assert "cell_boxes = [[1, 2, 8, 8]]" in form_toml(Form("a", (page,), ""), {})
