import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrbatch.geometry import transform_points
from ocrbatch.page.registration.view import PageView, rectified
from ocrbatch.records import Grey, Page
from tests.helpers.formsheets import blank_of, page_of, seen, sheet_form


def view_of(pixels: Grey) -> PageView:
    return PageView(Page(1, pixels, None))


@settings(max_examples=30, deadline=None)
@given(st.integers(30, 1600), st.integers(30, 1600))
def test_the_working_picture_is_a_thousand_pixels_long_and_covers_the_page(height: int, width: int) -> None:
    view = view_of(np.full((height, width), 200, np.uint8))
    assert max(view.work.shape) == pytest.approx(1000, abs=1)
    assert min(view.work.shape) == pytest.approx(1000 * min(height, width) / max(height, width), abs=2)
    corner = transform_points(view.to_page, np.array([view.work.shape[::-1]], float))[0]
    # Halving leaves out an odd row or column.
    assert corner == pytest.approx((width, height), abs=2)


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.3, 4.1])
def test_what_is_seen_in_the_working_picture_is_where_the_matrix_leads(scale: float) -> None:
    pixels = np.full((round(900 * scale), round(700 * scale)), 255, np.uint8)
    x, y, side = (round(value * scale) for value in (400, 640, 150))
    pixels[y : y + side, x : x + side] = 0
    view = view_of(pixels)
    dark = 255.0 - view.work
    rows, columns = np.indices(dark.shape)
    middle = np.array([[((columns + 0.5) * dark).sum(), ((rows + 0.5) * dark).sum()]]) / dark.sum()
    assert transform_points(view.to_page, middle)[0] == pytest.approx((x + side / 2, y + side / 2), abs=0.3 * scale)


def test_a_level_is_half_as_large_and_as_bright() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (401, 300), np.uint8)
    view = view_of(pixels)
    assert [view.level(number).shape for number in (0, 1, 2, 3)] == [(401, 300), (200, 150), (100, 75), (50, 37)]
    assert view.level(2).mean() == pytest.approx(pixels.mean(), abs=1)
    assert view.level(2).std() < 0.5 * pixels.std()
    assert view.level(0) is pixels


def test_an_even_smaller_level_than_a_pixel_is_a_pixel() -> None:
    assert view_of(np.full((1, 5), 9, np.uint8)).level(6).tolist() == [[9]]


def test_a_picture_seen_from_its_own_frame_is_itself() -> None:
    pixels = blank_of(sheet_form("a", 0))
    pixels[20:60] = 0
    assert np.array_equal(rectified(view_of(pixels), np.eye(3), 700, 900), pixels)


def test_a_warped_sheet_is_flattened_to_what_it_was() -> None:
    sheet = blank_of(sheet_form("a", 0))
    sheet[20:60] = 0
    sheet = cv2.GaussianBlur(sheet, (0, 0), 1.5)
    picture, matrix = seen(sheet, turn=30, scale=1.7, tilt=0.1, noise=0)
    view = PageView(page_of(picture))
    flat = rectified(view, matrix, 700, 900)
    assert np.abs(flat[5:-5, 5:-5].astype(int) - view.stretched(sheet)[5:-5, 5:-5]).mean() < 1


@pytest.mark.parametrize("scale", [0.7, 1.0, 1.4, 3.0])
def test_a_rectified_picture_is_not_a_fraction_of_a_pixel_off(scale: float) -> None:
    pixels = np.full((1260, 980), 255, np.uint8)
    pixels[600:750, 500:650] = 0
    pixels = cv2.GaussianBlur(pixels, (0, 0), 4)
    dark = 255.0 - rectified(view_of(pixels), np.diag([scale, scale, 1.0]), round(980 / scale), round(1260 / scale))
    rows, columns = np.indices(dark.shape)
    middle = ((columns + 0.5) * dark).sum() / dark.sum(), ((rows + 0.5) * dark).sum() / dark.sum()
    assert middle == pytest.approx((575 / scale, 675 / scale), abs=0.05)


def test_nothing_between_the_pixels_of_a_coarser_frame_is_lost() -> None:
    # Every fourth column is black: a mere sample of the page would never meet one.
    pixels = np.full((1600, 1600), 255, np.uint8)
    pixels[:, ::4] = 0
    pixels[:400, :800], pixels[:400, 800:] = 0, 255
    coarse = rectified(view_of(pixels), np.diag([4.0, 4.0, 1.0]), 400, 400)
    assert np.abs(coarse[110:].astype(int) - 191).max() <= 2
    assert coarse[:90, :190].max() <= 2


def test_the_print_of_a_pale_page_is_seen_as_dark_as_that_of_others() -> None:
    dark = blank_of(sheet_form("a", 0))
    dark[20:60] = 0
    pale = (200 + dark // 6).astype(np.uint8)
    # Of 41 grey levels, 150.
    assert np.ptp(view_of(pale).work) > 120
    assert np.ptp(rectified(view_of(pale), np.eye(3), 700, 900)) > 120
    assert np.array_equal(rectified(view_of(dark), np.eye(3), 700, 900), dark)


def test_what_is_found_on_a_page_is_found_once() -> None:
    view = PageView(page_of(blank_of(sheet_form("a", 0))))
    for name in ("work", "glance", "orb", "squares", "markers", "runs"):
        assert getattr(view, name) is getattr(view, name)


def test_runs_are_told_in_the_working_frame() -> None:
    form = sheet_form("a", 0)
    picture, matrix = seen(blank_of(form), scale=1.5, turn=2)
    view = PageView(page_of(picture))
    to_work = np.linalg.inv(view.to_page) @ matrix
    for one in form.pages[0].fields:
        true = transform_points(to_work, one.cells)
        nearest = min((run for run in view.runs if len(run) == len(true)), key=lambda run: np.abs(run - true).max())
        assert np.abs(nearest - true).max() < 3
