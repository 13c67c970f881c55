from dataclasses import replace

import numpy as np
import pytest

from ocrbatch.form.marks import marker_ids, marker_quads
from ocrbatch.form.printed import as_printed
from ocrbatch.form.template import Form
from ocrbatch.page.register import register
from ocrbatch.page.registration.index import index_forms
from ocrbatch.page.registration.locate import locate
from ocrbatch.page.registration.transforms import is_sound
from ocrbatch.page.registration.view import PageView
from ocrbatch.records import Grey
from tests.helpers.formsheets import (
    DPI,
    SIZE,
    blank_of,
    blank_sheet,
    filled,
    is_right,
    page_of,
    printed_form,
    seen,
    sheet_form,
)
from tests.helpers.pictures import saved

ALPHA, BETA, GAMMA = printed_form("alpha", 3), printed_form("beta", 3), printed_form("gamma", 4, pages=2)


def as_read(form: Form) -> Form:
    """Give a printed form with its cells where its print has them."""
    return replace(form, pages=tuple(as_printed(page) for page in form.pages))


def markers_and_boxes(form: Form) -> Grey:
    """Draw a printed form's sheet without a word on it."""
    sheet = blank_sheet(as_printed(form.pages[0]).fields, SIZE)
    for quad in marker_quads(*SIZE, DPI):
        low, high = (quad[0] - 4).astype(int), (quad[2] + 4).astype(int)
        around = np.s_[low[1] : high[1], low[0] : high[0]]
        sheet[around] = blank_of(form)[around]
    return sheet


def test_the_best_of_the_forms_is_given_with_its_score_and_page() -> None:
    index = index_forms([ALPHA, GAMMA])
    for number in (1, 2):
        found = locate(PageView(page_of(blank_of(GAMMA, number))), index)
        assert found is not None
        assert (found.reference.form, found.reference.page.number) == (GAMMA, number)
        assert found.score > 0.9


@pytest.mark.parametrize("shade", [0, 250])
def test_nothing_is_located_on_an_empty_page(shade: int) -> None:
    assert locate(PageView(page_of(np.full((900, 700), shade, np.uint8))), index_forms([ALPHA, GAMMA])) is None


@pytest.mark.parametrize("turn", [0, 37, 90, 184])
def test_a_printed_sheet_is_found_where_its_print_has_its_cells(turn: float) -> None:
    sheet = filled(blank_of(ALPHA), as_printed(ALPHA.pages[0]).fields, 1)
    picture, matrix = seen(sheet, turn=turn, tilt=0.1)
    assert is_right(register(page_of(picture), index_forms([GAMMA, ALPHA])), as_read(ALPHA), matrix)


@pytest.mark.parametrize("turn", [0, 37, 180])
def test_markers_are_enough_where_all_words_are_missing(monkeypatch: pytest.MonkeyPatch, turn: float) -> None:
    # Neither corners nor runs nor squares may help.
    none = lambda *_: None  # noqa: E731
    for name in ("propose", "propose_by_runs", "propose_by_squares"):
        monkeypatch.setattr(f"ocrbatch.page.registration.locate.{name}", none)
    picture, matrix = seen(markers_and_boxes(ALPHA), turn=turn)
    assert is_right(register(page_of(picture), index_forms([ALPHA])), as_read(ALPHA), matrix)


@pytest.mark.parametrize("form", [ALPHA, BETA], ids=lambda form: form.name)
@pytest.mark.parametrize("turn", [0, 178])
def test_markers_tell_forms_of_the_same_layout_apart(form: Form, turn: float) -> None:
    picture, _ = seen(blank_of(form), turn=turn)
    assert register(page_of(picture), index_forms([ALPHA, BETA])).form == form.name


def test_a_sheet_whose_markers_are_seen_is_not_taken_for_its_twin() -> None:
    picture, _ = seen(blank_of(ALPHA), turn=40, scale=0.8)
    assert set(marker_ids(ALPHA.name, 1)) == PageView(page_of(picture)).markers.keys()
    assert register(page_of(picture), index_forms([ALPHA, BETA])).form in {ALPHA.name, ""}


def _with_squares(sheet: Grey, number: int) -> Grey:
    sheet = sheet.copy()
    for x, y in [(40, 40), (650, 40), (40, 850), (650, 790)][:number]:
        sheet[y : y + 16, x : x + 16] = 20
    return sheet


@pytest.mark.parametrize("number", [3, 4])
@pytest.mark.parametrize("turn", [0, 4, 90, 180, 189, 50])
def test_squares_are_enough_whichever_way_up(monkeypatch: pytest.MonkeyPatch, turn: float, number: int) -> None:
    none = lambda *_: None  # noqa: E731
    for name in ("propose", "propose_by_runs", "propose_by_markers"):
        monkeypatch.setattr(f"ocrbatch.page.registration.locate.{name}", none)
    bare = sheet_form("bare", 5)
    sheet = _with_squares(blank_sheet(bare.pages[0].fields, SIZE), number)
    form = replace(bare, pages=(replace(bare.pages[0], reference=saved(sheet, "PNG")),))
    picture, matrix = seen(sheet, turn=turn)
    assert is_right(register(page_of(picture), index_forms([form])), form, matrix)


@pytest.mark.parametrize("turn", [3, 180])
def test_runs_are_enough_where_there_is_no_other_print(monkeypatch: pytest.MonkeyPatch, turn: float) -> None:
    none = lambda *_: None  # noqa: E731
    for name in ("propose", "propose_by_squares", "propose_by_markers"):
        monkeypatch.setattr(f"ocrbatch.page.registration.locate.{name}", none)
    form = sheet_form("bare", 5, words=False)
    picture, matrix = seen(filled(blank_of(form), form.pages[0].fields, 2), turn=turn)
    assert is_right(register(page_of(picture), index_forms([form])), form, matrix)


def test_a_proposal_that_no_camera_could_see_is_passed_over() -> None:
    edge_on = np.array([[1, 0, 0], [0, 1, 0], [-0.001, 0, 1.0]])
    for matrix in (edge_on, np.full((3, 3), np.nan), np.zeros((3, 3)), np.diag([1e-3, 1e-3, 1.0])):
        assert not is_sound(matrix, (1000, 700))
    assert is_sound(np.array([[0.9, 0.1, 30], [-0.1, 0.8, 40], [1e-4, 2e-4, 1.0]]), (1000, 700))
