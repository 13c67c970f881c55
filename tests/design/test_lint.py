from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from ocrbatch.design.draft import draft_form
from ocrbatch.design.lint import lint
from ocrbatch.form.template import Field, Form, FormPage, Kind
from ocrbatch.geometry import Box
from ocrbatch.records import cell_quads
from tests.design.sheets import counting_sheet
from tests.helpers.pictures import saved
from tests.helpers.render.page import render_page

SIZE = (1200, 800)


def printed_paper(seed: int = 0) -> npt.NDArray[np.uint8]:
    """Give paper (800, 1200) with words all over it."""
    random = np.random.default_rng(seed)
    paper = np.full((800, 1200), 250, np.uint8)
    for row in range(60, 800, 90):
        word = "".join(chr(97 + n) for n in random.integers(0, 26, 60))
        cv2.putText(paper, word, (40 + row % 7 * 20, row), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 10, 2)
    return paper


def a_field(name: str, place: tuple[int, int, int, int], kind: Kind = Kind.BOXES, cells: int = 1) -> Field:
    box = Box(*place)
    edges = np.linspace(box.x, box.right, cells + 1)
    quads = [
        np.array([[a, box.y], [b, box.y], [b, box.bottom], [a, box.bottom]], np.float32) for a, b in pairwise(edges)
    ]
    return Field(name, kind, box, cell_quads(quads))


def warnings(*fields: Field, dpi: float | None = 200.0, paper: npt.NDArray[np.uint8] | None = None) -> list[str]:
    reference = saved(printed_paper() if paper is None else paper, "PNG")
    page = FormPage(1, *SIZE, dpi, reference, fields)
    return [f"{warning.where}: {warning.what}" for warning in lint(Form("claim", (page,), ""))]


GOOD = a_field("date", (200, 200, 480, 66), cells=8)


def test_a_good_form_has_no_warning() -> None:
    rows = [a_field(f"row{i}", (200, 400 + 70 * i, 480, 70), cells=8) for i in range(3)]
    other = a_field("amount", (800, 200, 300, 66), Kind.STRING)
    assert warnings(GOOD, other, a_field("tick", (800, 400, 40, 40), Kind.MARK), *rows) == []


def test_a_drafted_form_has_no_warning() -> None:
    assert lint(draft_form(render_page(counting_sheet(), seed=1).page(), "ducks").form) == ()


@pytest.mark.parametrize(
    ("field", "dpi", "warning"),
    [
        (a_field("date", (200, 200, 160, 26), cells=8), 200.0, "date: its cells are small (2.5 mm)"),
        (a_field("date", (200, 200, 144, 18), cells=8), None, "date: its cells have few pixels (18)"),
        (a_field("date", (200, 200, 144, 18), cells=8), 110.0, "date: its cells have few pixels (18)"),
        (a_field("sum", (200, 200, 200, 22), Kind.STRING), 200.0, "sum: its cells are small (2.8 mm)"),
        (a_field("date", (200, 200, 480, 66), cells=2), 200.0, "date: its cells are wide for one digit (3.6"),
        (a_field("date", (200, 200, 240, 90), cells=8), 200.0, "date: its cells are narrow (0.33"),
        (a_field("tick", (200, 200, 120, 40), Kind.MARK), 200.0, "tick: its box is no square"),
        (a_field("date", (800, 200, 480, 66), cells=8), 200.0, "date: it lies partly off the page"),
        (a_field("date", (10, 200, 480, 66), cells=8), 200.0, "date: it lies at the very edge"),
    ],
)
def test_what_is_wrong_with_a_field_is_told(field: Field, dpi: float | None, warning: str) -> None:
    found = [text for text in warnings(field, dpi=dpi) if "dpi" not in text]
    assert len(found) == 1
    assert found[0].startswith(warning)


@pytest.mark.parametrize(
    ("other", "warning"),
    [
        (a_field("sum", (650, 210, 200, 66), Kind.STRING), "date, sum: their cells overlap"),
        (a_field("sum", (680, 200, 200, 66), Kind.STRING), "date, sum: their cells touch side by side"),
    ],
)
def test_fields_that_come_too_close_are_told(other: Field, warning: str) -> None:
    assert warnings(GOOD, other) == [warning]


def test_a_field_in_the_gap_of_anothers_cells_is_told() -> None:
    apart = Field("pair", Kind.BOXES, Box(200, 200, 300, 60), cell_quads([*_square(200, 200), *_square(440, 200)]))
    assert warnings(apart, a_field("sum", (300, 200, 100, 60), Kind.STRING)) == ["pair, sum: their boxes overlap"]


def _square(x: int, y: int) -> list[npt.NDArray[np.float32]]:
    return [np.array([[x, y], [x + 60, y], [x + 60, y + 60], [x, y + 60]], np.float32)]


def test_a_page_without_dpi_or_reference_is_told() -> None:
    page = FormPage(1, 600, 400, None, None, (a_field("date", (100, 100, 240, 33), cells=8),))
    told = [warning.what for warning in lint(Form("claim", (page,), ""))]
    assert told == ["its dpi is not told", "its resolution is low", "it has no reference picture"]


@pytest.mark.parametrize("size", [(1200, 801), (600, 400)])
def test_a_reference_of_another_size_is_told(size: tuple[int, int]) -> None:
    told = warnings(GOOD, paper=cv2.resize(printed_paper(), size))
    assert told == [f"the page: its reference picture has {size[0]}×{size[1]} pixels, the form says 1200×800"]


def test_a_broken_reference_is_told() -> None:
    page = FormPage(1, *SIZE, 200.0, b"\x89PNG\r\n\x1a\nand no more", (GOOD,))
    assert "cannot be read" in lint(Form("claim", (page,), ""))[0].what


def test_print_that_tells_no_place_is_told() -> None:
    bare = np.full((800, 1200), 250, np.uint8)
    assert any("few landmarks" in text for text in warnings(GOOD, paper=bare))
    half = printed_paper()
    half[400:] = 250
    assert warnings(GOOD, paper=half) == ["the page: its landmarks are all in the upper half"]
    half = printed_paper()
    half[:, :600] = 250
    assert warnings(GOOD, paper=half) == ["the page: its landmarks are all in the right half"]


def test_noise_is_no_landmark() -> None:
    noise = np.random.default_rng(1).normal(240, 5, (800, 1200)).clip(0, 255).astype(np.uint8)
    assert any("few landmarks" in text for text in warnings(GOOD, paper=noise))


def test_a_page_that_looks_the_same_upside_down_is_told() -> None:
    paper = printed_paper()
    same = np.minimum(paper, paper[::-1, ::-1])
    middle = a_field("sum", (500, 367, 200, 66), Kind.STRING)
    assert warnings(middle, paper=same) == ["the page: it looks the same upside down"]
    assert warnings(middle) == []


def test_warnings_of_a_second_page_name_it() -> None:
    page = FormPage(1, *SIZE, 200.0, saved(printed_paper(), "PNG"), (GOOD,))
    bare = replace(page, number=2, reference=None, fields=(replace(GOOD, name="second"),))
    assert [warning.where for warning in lint(Form("claim", (page, bare), ""))] == ["page 2"]


def test_a_form_of_many_fields_is_looked_through_quickly() -> None:
    fields = [a_field(f"f{i}", (20 + i % 40 * 29, 20 + i // 40 * 15, 20, 12)) for i in range(2000)]
    assert len(warnings(*fields)) >= 2000
