import numpy as np
import pytest

from ocrbatch.page.register import register
from ocrbatch.records import Page
from tests.helpers.render import Grid, PageSpec, render_page


def sheet(rows: int) -> Page:
    table = Grid(12, 10, tuple("1234" for _ in range(rows)), (9, 9))
    return render_page(PageSpec((70, 50 + 9 * rows), (table,)), dpi=150, written=False).page()


@pytest.mark.parametrize("rows", [1, 4])
def test_every_run_of_boxes_becomes_a_field_named_from_the_top(rows: int) -> None:
    page = sheet(rows)
    registered = register(page)
    assert registered.page is page
    assert registered.form == "auto"
    assert registered.registration == 1.0
    assert [place.name for place in registered.places] == [f"r{i:02}" for i in range(1, rows + 1)]
    assert {place.kind for place in registered.places} == {"boxes"}
    tops = [float(place.cells[0, 0, 1]) for place in registered.places]
    assert tops == sorted(tops)
    assert all(place.cells.dtype == np.float32 and not place.cells.flags.writeable for place in registered.places)


def test_names_stay_sortable_where_there_are_more_than_ninety_nine_fields() -> None:
    # Four blocks of 26 rows.
    blocks = tuple(Grid(8 + 44 * i, 8, ("12",) * 26, (8, 8)) for i in range(4))
    page = render_page(PageSpec((186, 226), blocks), dpi=110, written=False).page()
    names = [place.name for place in register(page).places]
    assert len(names) == 104
    assert names == sorted(names)
    assert (names[0], names[-1]) == ("r001", "r104")


def test_a_page_without_boxes_has_no_fields_and_no_registration() -> None:
    registered = register(Page(3, np.full((300, 200), 240, np.uint8), 150.0))
    assert registered.places == ()
    assert registered.registration == 0.0


@pytest.mark.parametrize("skew", [-6.0, -3.0, 0.0, 5.0])
def test_the_skew_is_told_clockwise(skew: float) -> None:
    spec = PageSpec((90, 70), (Grid(10, 12, ("123456",) * 4, (10, 9)),))
    page = render_page(spec, dpi=150, skew=skew, written=False).page()
    assert register(page).skew_degrees == pytest.approx(skew, abs=0.6)
