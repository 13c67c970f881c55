import numpy as np
import pytest

from ocrbatch.form.printed import GAP_MM, LINE_MM, as_printed
from ocrbatch.form.template import Field, FormPage, Kind
from ocrbatch.geometry import Box
from ocrbatch.records import cell_quads

MM = 10.0


def row(
    name: str, x: float, y: float, cells: int, pitch: float = 6.0, width: float = 6.0, height: float = 7.0
) -> Field:
    """Give cells of so many millimetres."""
    quads = [
        MM * np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        + MM * np.float32([x + pitch * at, y])
        for at in range(cells)
    ]
    box = Box(round(x * MM), round(y * MM), round((pitch * (cells - 1) + width) * MM), round(height * MM))
    return Field(name, Kind.BOXES, box, cell_quads(quads))


def page(*fields: Field, dpi: float | None = 254.0) -> FormPage:
    return FormPage(1, 2100, 1480, dpi, None, fields)


def test_boxes_that_stand_apart_are_printed_where_the_form_has_them() -> None:
    form = page(row("apart", 30, 30, 5, pitch=7.3), row("alone", 30, 60, 1))
    for field, printed in zip(form.fields, as_printed(form).fields, strict=True):
        assert np.array_equal(field.cells, printed.cells)


@pytest.mark.parametrize("pitch", [5.9, 6.0, 6.4, 6.9])
def test_a_millimetre_of_white_stays_between_boxes_that_nearly_touch(pitch: float) -> None:
    field = row("date", 30, 30, 8, pitch=pitch)
    printed = as_printed(page(field)).fields[0].cells
    gaps = printed[1:, 0, 0] - printed[:-1, 1, 0]
    assert gaps == pytest.approx((GAP_MM + LINE_MM) * MM, abs=1e-3)
    assert printed.mean(axis=1) == pytest.approx(field.cells.mean(axis=1), abs=1e-3)
    assert np.array_equal(printed[..., 1], field.cells[..., 1])


def test_the_rows_of_a_table_come_apart_in_both_directions() -> None:
    rows = [row(f"row {at}", 30, 30 + 7 * at, 5) for at in range(3)]
    printed = as_printed(page(*rows)).fields
    assert printed[1].cells[0, 0, 1] - printed[0].cells[0, 3, 1] == pytest.approx(13, abs=1e-3)
    assert printed[0].box == Box(306, 306, 288, 58)


def test_a_small_cell_keeps_two_thirds_of_its_side() -> None:
    printed = as_printed(page(row("tiny", 30, 30, 4, pitch=2.4, width=2.4))).fields[0].cells
    assert printed[:, 1, 0] - printed[:, 0, 0] == pytest.approx(16.0, abs=1e-3)


def test_a_box_within_another_is_left_alone() -> None:
    form = page(row("outer", 30, 30, 1, width=40, height=20), row("inner", 45, 35, 1))
    assert np.array_equal(as_printed(form).fields[1].cells, form.fields[1].cells)


def test_a_page_without_fields_or_dpi_comes_back() -> None:
    assert as_printed(page()).fields == ()
    unknown = page(row("date", 30, 30, 8), dpi=None)
    assert as_printed(unknown) is unknown
