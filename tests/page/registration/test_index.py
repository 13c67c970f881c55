from dataclasses import replace

import numpy as np
import pytest

from ocrbatch.errors import FormError
from ocrbatch.form.printed import as_printed
from ocrbatch.geometry import transform_points
from ocrbatch.page.registration.index import index_forms
from tests.helpers.formsheets import blank_of, printed_form, sheet_form
from tests.helpers.pictures import saved

FORM = sheet_form("a", 0)


def test_every_page_of_every_form_is_learned_by_their_names() -> None:
    index = index_forms([sheet_form("leaflet", 3, pages=2), FORM])
    assert [(one.form.name, one.page.number) for one in index.references] == [("a", 1), ("leaflet", 1), ("leaflet", 2)]
    assert index.signature.forms == 3


def test_a_reference_tells_its_size_and_boxes_in_the_working_frame() -> None:
    (one,) = index_forms([FORM]).references
    assert one.size == (778, 1000)
    assert np.allclose(transform_points(one.to_form, np.array([one.size], float)), [[700, 900]], atol=0.01)
    assert one.boxes.shape == (len(FORM.pages[0].fields), 4)
    for box, field in zip(one.boxes, FORM.pages[0].fields, strict=True):
        corners = np.array([box[:2], box[:2] + box[2:]])
        low, high = (field.box.x, field.box.y), (field.box.right, field.box.bottom)
        assert np.allclose(transform_points(one.to_form, corners), [low, high], atol=1)


@pytest.mark.parametrize("content", [b"", b"no picture", saved(blank_of(FORM), "PNG")[:3000]], ids=len)
def test_a_broken_reference_is_told_by_form_and_page(content: bytes) -> None:
    leaflet = sheet_form("leaflet", 3, pages=2)
    broken = replace(leaflet, pages=(leaflet.pages[0], replace(leaflet.pages[1], reference=content)))
    with pytest.raises(FormError, match=r"form leaflet, page 2: the reference picture cannot be read \(.+\)"):
        index_forms([FORM, broken])


def test_a_reference_of_another_size_is_told_with_the_mend() -> None:
    wrong = replace(FORM, pages=(replace(FORM.pages[0], width=1400, height=1800),))
    with pytest.raises(FormError, match=r"form a, page 1: .*700×900 pixels.*1400×1800; put the right picture there"):
        index_forms([wrong])


def test_a_form_without_a_reference_is_learned_by_the_lines_of_its_cells() -> None:
    bare = sheet_form("bare", 0, reference=False)
    (one,) = index_forms([bare]).references
    assert one.view.page.pixels.shape == (900, 700)
    assert one.prints.ruled.any(axis=0).mean() > 0.9
    assert len(one.view.runs) == len(bare.pages[0].fields)


def test_a_form_that_is_printed_with_its_markers_has_its_cells_where_the_print_has_them() -> None:
    printed = printed_form("alpha", 3, pages=2)
    for one, page in zip(index_forms([printed]).references, printed.pages, strict=True):
        assert one.form is printed
        for field, as_drawn, as_told in zip(one.page.fields, as_printed(page).fields, page.fields, strict=True):
            assert np.array_equal(field.cells, as_drawn.cells)
            assert not np.array_equal(field.cells, as_told.cells)


def test_another_forms_markers_on_a_reference_do_not_move_its_cells() -> None:
    other = replace(printed_form("alpha", 3), name="its draft")
    (one,) = index_forms([other]).references
    assert one.page is other.pages[0]
