from dataclasses import replace

import numpy as np
import pytest

from ocrbatch.geometry import Box
from ocrbatch.page.registration.prints import PrintPoints, gradients, print_points
from ocrbatch.records import Grey
from tests.helpers.formsheets import SIZE, blank_of, blank_sheet, filled, sheet_form

FORM = sheet_form("a", 0)
FIELDS = FORM.pages[0].fields
SHEET = blank_of(FORM)


@pytest.fixture(scope="module")
def prints() -> PrintPoints:
    return print_points(SHEET, FIELDS, 1.0)


def test_a_gradient_is_told_in_grey_levels_a_pixel() -> None:
    ramp = (3.0 * np.arange(60)[None] + 2.0 * np.arange(30)[:, None]).astype(np.uint8)
    right, down = gradients(ramp)
    assert np.allclose(right[6:-6, 6:-6], 3, atol=0.3)
    assert np.allclose(down[6:-6, 6:-6], 2, atol=0.3)


def test_points_lie_on_edges_and_point_to_the_bright_side(prints: PrintPoints) -> None:
    assert len(prints.places) > 300
    assert np.allclose(np.linalg.norm(prints.normals, axis=1), 1, atol=1e-4)
    across = np.rint(prints.normals)
    ahead, behind = (_grey(prints.places + sign * across) for sign in (1, -1))
    assert np.mean(ahead > behind) > 0.9
    assert (prints.strength > 4).all()


def _grey(places: np.ndarray) -> np.ndarray:
    columns, rows = places.astype(int).T
    return SHEET[rows, columns].astype(int)


def test_nothing_is_learned_where_people_write(prints: PrintPoints) -> None:
    for one in FIELDS:
        for cell in one.cells:
            inside = (prints.places > cell[0] + 6).all(axis=1) & (prints.places < cell[2] - 6).all(axis=1)
            assert not inside.any()


def test_what_a_filled_in_reference_teaches_is_its_print(prints: PrintPoints) -> None:
    written = filled(SHEET, FIELDS, 5)
    other = print_points(written, FIELDS, 1.0)
    columns, rows = other.places.astype(int).T
    edge = np.hypot(*gradients(SHEET)) > 4
    # Some digits reach over the lines.
    assert edge[rows, columns].mean() > 0.85
    assert len(other.places) > 0.8 * len(prints.places)


def test_every_field_knows_its_own_lines_and_the_print_around(prints: PrintPoints) -> None:
    assert prints.near.shape == prints.ruled.shape == (len(FIELDS), len(prints.places))
    for one, near, ruled in zip(FIELDS, prints.near, prints.ruled, strict=True):
        assert ruled.sum() > 20
        assert not (ruled & ~near).any()
        low, high = one.cells.min(axis=(0, 1)), one.cells.max(axis=(0, 1))
        assert (prints.places[ruled] >= low - 3).all()
        assert (prints.places[ruled] <= high + 3).all()
        assert (prints.places[near] >= low - 40).all()
        assert (prints.places[near] <= high + 40).all()


def test_the_scale_leads_from_the_forms_pixels_to_the_pictures() -> None:
    # The same sheet, told in a form's pixels that are half as large.
    fine = sheet_form("a", 0).pages[0].fields
    boxes = [Box(2 * b.x, 2 * b.y, 2 * b.width, 2 * b.height) for b in (one.box for one in fine)]
    double = tuple(replace(one, cells=2 * one.cells, box=box) for one, box in zip(fine, boxes, strict=True))
    one, other = print_points(SHEET, fine, 1.0), print_points(SHEET, double, 0.5)
    assert np.array_equal(one.places, other.places)
    assert np.array_equal(one.ruled, other.ruled)


def test_a_form_without_print_is_learned_by_its_lines() -> None:
    prints = print_points(blank_sheet(FIELDS, SIZE), FIELDS, 1.0)
    assert prints.ruled.any(axis=0).mean() > 0.9


def test_faint_tints_are_not_learned_beside_firm_print() -> None:
    tinted = SHEET.copy()
    for row in range(290, 400, 8):
        tinted[row : row + 4, 560:690] = 230
    x, y = print_points(tinted, FIELDS[:1], 1.0).places.T
    assert not ((x > 570) & (x < 680) & (y > 295) & (y < 390)).any()


def test_print_far_from_any_field_is_learned_too() -> None:
    rows = print_points(SHEET, FIELDS[:1], 1.0).places[:, 1]
    assert (rows > 790).sum() > 20
    assert (rows < 70).sum() > 10


@pytest.mark.parametrize("picture", [np.full((300, 200), 250, np.uint8), np.zeros((300, 200), np.uint8)])
def test_a_picture_without_print_teaches_nothing(picture: Grey) -> None:
    prints = print_points(picture, (), 1.0)
    assert prints.places.shape == (0, 2)
    assert prints.near.shape == (0, 0)


def test_thinned_points_are_at_most_so_many_from_all_over_the_page(prints: PrintPoints) -> None:
    few = prints.thinned(100)
    assert 50 < len(few.places) <= 100
    assert few.near.shape == few.ruled.shape == (len(FIELDS), len(few.places))
    assert few.near.any(axis=1).all()
    assert len(prints.thinned(10**6).places) == len(prints.places)
