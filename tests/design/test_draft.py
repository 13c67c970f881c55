import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.design.draft import Draft, draft_form, form_name
from ocrbatch.form.checks import check_form_name
from ocrbatch.form.faults import Faults
from ocrbatch.form.lines import Lines
from ocrbatch.form.store import parse_form
from ocrbatch.form.template import Field
from ocrbatch.form.write import form_toml
from ocrbatch.page.decode import decode
from ocrbatch.records import Page, read_only
from tests.design.sheets import amount_slip, counting_sheet, table_sheet
from tests.helpers.render.page import render_page

CHEQUES = Path(__file__).parents[3] / "shared/data/pages/idrbt_cheques/images"


def kinds(draft: Draft) -> list[tuple[str, int]]:
    return [(field.kind.value, len(field.cells)) for field in draft.form.pages[0].fields]


def fields_of(draft: Draft) -> dict[str, Field]:
    return {field.name: field for field in draft.form.pages[0].fields}


@pytest.mark.parametrize("written", [True, False])
@pytest.mark.parametrize("skew", [0.0, -1.5])
def test_every_kind_of_field_is_found(written: bool, skew: float) -> None:
    draft = draft_form(render_page(counting_sheet(), skew=skew, written=written, seed=1).page(), "ducks")
    assert sorted(kinds(draft)) == sorted([("boxes", 8), ("boxes", 4), *[("mark", 1)] * 4, *[("string", 1)] * 2])
    names = set(fields_of(draft))
    assert {"mark1", "mark2", "mark3", "mark4", "row1_right", "row2_right", "row3_left", "row4_left"} == names


def test_cells_lie_on_their_lines() -> None:
    rendered = render_page(counting_sheet(), seed=2)
    fields = fields_of(draft_form(rendered.page(), "ducks"))
    runs = {len(run): run for run in rendered.cells if len(run) > 1}
    for field in (fields["row1_right"], fields["row2_right"]):
        assert np.abs(field.cells - runs[len(field.cells)]).max() < 2.5
    squares = [run[0] for run in rendered.cells if len(run) == 1]
    for number, square in enumerate(squares, 1):
        assert np.abs(fields[f"mark{number}"].cells[0] - square).max() < 2.5


def test_a_tilted_scan_is_set_level() -> None:
    rendered = render_page(counting_sheet(), skew=2.0, seed=1)
    draft = draft_form(rendered.page(), "ducks")
    page = draft.form.pages[0]
    assert any("tilted by 2.0 degrees" in note for note in draft.notes)
    comb = draft.reference.pixels[:, fields_of(draft)["row1_right"].box.x :]
    top = fields_of(draft)["row1_right"].box.y
    assert (page.width, page.height) == draft.reference.pixels.shape[::-1]
    # The upper line of the comb is one row of ink, which it is not while it rises by 2 degrees.
    assert comb[top - 1 : top + 2, 10:430].min(axis=0).max() < 160


def test_the_reference_is_the_picture_that_the_places_are_in() -> None:
    draft = draft_form(render_page(counting_sheet(), skew=1.0, seed=1).page(), "ducks")
    page = draft.form.pages[0]
    assert page.reference is not None
    decoded = next(decode(page.reference))
    assert isinstance(decoded, Page)
    assert (decoded.pixels == draft.reference.pixels).all()
    assert page.dpi == 200


def test_the_captions_of_a_table_are_no_field() -> None:
    draft = draft_form(render_page(table_sheet(), seed=3).page(), "marks")
    assert kinds(draft) == [("boxes", 5)] * 3
    assert list(fields_of(draft)) == ["table1_row1", "table1_row2", "table1_row3"]
    assert draft.written == (5, 5, 5)


def test_the_box_that_only_names_the_amount_is_no_field() -> None:
    draft = draft_form(render_page(amount_slip(), written=False).page(), "slip")
    assert kinds(draft) == [("boxes", 8), ("string", 1)]
    assert draft.written == (0, 0)


def test_a_scan_without_dpi_gives_a_form_without() -> None:
    page = render_page(counting_sheet(), written=False, seed=1).page()
    unknown = Page(1, page.pixels, None)
    draft = draft_form(unknown, "ducks")
    assert draft.form.pages[0].dpi is None
    assert any("--dpi" in note for note in draft.notes)
    assert ("boxes", 8) in kinds(draft)
    told = draft_form(unknown, "ducks", dpi=200.0)
    assert told.form.pages[0].dpi == 200
    assert not told.notes


def test_a_finer_scan_is_reduced_to_300_dpi() -> None:
    draft = draft_form(render_page(table_sheet(), dpi=400, seed=3).page(), "marks")
    page = draft.form.pages[0]
    assert page.dpi == 300
    assert abs(page.width - 148 / 25.4 * 300) < 2
    assert kinds(draft) == [("boxes", 5)] * 3


def test_a_photograph_askew_is_told() -> None:
    draft = draft_form(render_page(table_sheet(), perspective=1.0, seed=3).page(), "marks")
    flat = draft_form(render_page(table_sheet(), written=False, seed=3).page(), "marks")
    assert any("flat scan" in note for note in draft.notes)
    assert not flat.notes


def test_a_filled_sheet_is_taken_and_told() -> None:
    draft = draft_form(render_page(table_sheet(), seed=3).page(), "marks")
    assert len(draft.notes) == 1
    assert "blank sheet" in draft.notes[0]


@pytest.mark.parametrize("size", [(400, 600), (3, 2)])
def test_blank_paper_gives_no_field(size: tuple[int, int]) -> None:
    assert draft_form(Page(1, read_only(np.full(size, 255, np.uint8)), 200.0), "paper").written == ()


@pytest.mark.parametrize("skew", [0.0, 1.7])
def test_the_form_reads_back_as_it_was_written(skew: float) -> None:
    form = draft_form(render_page(counting_sheet(), skew=skew, seed=1).page(), "ducks").form
    back = parse_form(form_toml(form, {}).encode(), Path("ducks.toml"))
    for field, again in zip(form.pages[0].fields, back.pages[0].fields, strict=True):
        assert (field.name, field.kind, field.box) == (again.name, again.kind, again.box)
        assert np.allclose(field.cells, again.cells, atol=0.01)


@given(st.text())
def test_any_text_gives_a_name_of_plain_signs(text: str) -> None:
    name = form_name(text)
    assert name
    assert form_name(name) == name
    if name not in ("auto", "whole"):
        faults = Faults(Path("form.toml"), Lines())
        check_form_name(name, faults)
        assert not len(faults) or re.fullmatch("con|prn|aux|nul|(com|lpt)[1-9]", name)


@pytest.mark.real
@pytest.mark.skipif(not CHEQUES.exists(), reason="needs the real pages")
@pytest.mark.parametrize("number", ["083654", "100830", "120611", "309063"])
def test_a_cheques_date_and_amount_are_found(number: str) -> None:
    page = next(decode((CHEQUES / f"cheque_{number}.jpg").read_bytes()))
    assert isinstance(page, Page)
    found = kinds(draft_form(page, "cheque"))
    assert found[0] == ("boxes", 8)
    assert ("string", 1) in found
    assert len(found) <= 3
