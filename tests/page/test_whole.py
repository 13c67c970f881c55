import cv2
import numpy as np
import numpy.typing as npt
import pytest

from ocrbatch.errors import UsageError
from ocrbatch.model.card import load_model_file
from ocrbatch.page.classify import make_classifier
from ocrbatch.page.reader import read_pages
from ocrbatch.page.whole import Whole, asked_whole, whole_page
from ocrbatch.records import FieldReading, Grey, Page, PageResult, Status
from tests.helpers.render import Grid, PageSpec, RenderedPage, drawn_digits, render_page

CLASSIFIER = make_classifier(load_model_file())


def read_whole(pixels: Grey, kind: Whole) -> PageResult:
    (read,) = read_pages([Page(1, pixels, None)], CLASSIFIER, index=kind)
    return read.result


def the_field(result: PageResult) -> FieldReading:
    (field,) = result.fields
    assert (result.form, field.name) == ("whole", "whole")
    return field


def drawn_digit(digit: str) -> Grey:
    """Draw a digit dark on bright, (28, 28)."""
    digits = drawn_digits(1)
    picture: Grey = 255 - digits.pictures[int(digits.of(int(digit))[0])]
    return picture


def sheet(*grids: Grid, dpi: float = 150) -> RenderedPage:
    return render_page(PageSpec((100, 34), grids), dpi=dpi)


def cut(page: RenderedPage, margin: int) -> tuple[Grey, npt.NDArray[np.float32]]:
    """Cut a page's boxes out, with so many pixels around; gives the picture, and their corners (n, 4, 2) in it."""
    cells = np.concatenate(page.cells)
    corner = np.floor(cells.min(axis=(0, 1))).astype(int) - margin
    end = np.ceil(cells.max(axis=(0, 1))).astype(int) + margin
    return np.ascontiguousarray(page.page().pixels[corner[1] : end[1], corner[0] : end[0]]), cells - corner


@pytest.mark.parametrize("margin", [2, 10, 40])
@pytest.mark.parametrize("kind", ["comb", "boxes", "open"])
def test_a_row_of_boxes_is_one_field_of_their_cells(kind: str, margin: int) -> None:
    pixels, cells = cut(sheet(Grid(10, 12, ("12345678",), (7, 9), kind)), margin)  # type: ignore[arg-type]
    (place,) = whole_page(Page(1, pixels, None), "boxes").places
    assert (place.name, len(place.cells)) == ("whole", 8)
    assert np.abs(place.cells - cells).max() < 5


@pytest.mark.parametrize("size", [0.5, 1, 8])
def test_boxes_are_found_at_any_size_and_dark_or_bright(size: float) -> None:
    pixels, cells = cut(sheet(Grid(10, 12, ("12345678",), (7, 9))), 10)
    pixels = cv2.resize(pixels, None, fx=size, fy=size, interpolation=cv2.INTER_AREA)
    for one in (pixels, 255 - pixels):
        registered = whole_page(Page(1, one, None), "boxes")
        assert np.abs(registered.places[0].cells - cells * size).max() < 5 * max(size, 1)
        assert np.array_equal(registered.page.pixels, pixels)


def test_all_runs_of_boxes_join_to_one_field_in_reading_order() -> None:
    groups = [Grid(8 + 17 * i, 12, (digits,), (7, 9)) for i, digits in enumerate(("31", "12", "2024"))]
    pixels, cells = cut(sheet(*groups), 10)
    field = the_field(read_whole(pixels, Whole.BOXES))
    assert len(field.cells) == 8
    assert np.abs(field.cells - cells).max() < 5
    assert field.value == "31122024"


@pytest.mark.parametrize("last", ["8", " "])
def test_writing_where_a_box_is_missing_is_told(last: str) -> None:
    pixels, cells = cut(sheet(Grid(10, 12, ("1234567" + last,), (7, 9))), 10)
    left, top, right, bottom = (int(side) for side in (*cells[-1, 0], *cells[-1, 2]))
    for rows, columns in (
        (slice(top - 3, top + 4), slice(left + 3, None)),
        (slice(bottom - 3, bottom + 4), slice(left + 3, None)),
        (slice(None), slice(right - 3, right + 4)),
    ):
        pixels[rows, columns] = 250
    field = the_field(read_whole(pixels, Whole.BOXES))
    assert (field.value, field.kind) == ("1234567", "boxes")
    assert ("writing beside the box in cell 7" in field.reasons) == (last != " ")


def test_where_no_box_is_found_a_person_is_told() -> None:
    line = np.full((60, 300), 250, np.uint8)
    cv2.putText(line, "no boxes", (10, 40), cv2.FONT_HERSHEY_SIMPLEX, 1, (20,), 2)
    result = read_whole(line, Whole.BOXES)
    assert (result.form, result.fields, result.status, result.reason) == ("whole", (), "review", "no boxes found")


@pytest.mark.parametrize("size", [28, 60, 200, 500])
def test_a_digit_is_read_at_any_size_and_dark_or_bright(size: int) -> None:
    for digit in "2357":
        pixels = cv2.resize(drawn_digit(digit), (size, size), interpolation=cv2.INTER_AREA)
        for one in (pixels, 255 - pixels):
            field = the_field(read_whole(one, Whole.DIGIT))
            assert (field.value, field.kind) == (digit, "boxes")
            assert (field.box.x, field.box.y, field.box.width, field.box.height) == (0, 0, size, size)


def test_a_digit_that_touches_the_pictures_sides_is_read() -> None:
    for digit in "2357":
        pixels = drawn_digit(digit)
        x, y, width, height = cv2.boundingRect((pixels < 128).astype(np.uint8))
        assert the_field(read_whole(pixels[y : y + height, x : x + width].copy(), Whole.DIGIT)).value == digit


@pytest.mark.parametrize("kind", [Whole.STRING, Whole.DIGIT])
@pytest.mark.parametrize("shape", [(1, 1), (3, 2000), (60, 200)])
def test_a_picture_of_one_grey_is_blank(kind: Whole, shape: tuple[int, int]) -> None:
    for grey in (128, 255):
        field = the_field(read_whole(np.full(shape, grey, np.uint8), kind))
        assert (field.value, field.status) == ("", Status.BLANK)
    black = read_whole(np.zeros(shape, np.uint8), kind)
    assert (black.fields, black.status, black.reason) == ((), "review", "no paper")


@pytest.mark.parametrize("kind", Whole)
@pytest.mark.parametrize("shape", [(1, 1), (2, 2), (3, 2000), (2000, 3), (1, 100_000), (60, 200), (4000, 4000)])
def test_noise_of_any_shape_is_never_accepted(kind: Whole, shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    result = read_whole(noise, kind)
    assert (result.reason == "no boxes found") == (kind is Whole.BOXES)
    assert all(field.status is not Status.ACCEPTED for field in result.fields)


def test_a_run_of_digits_is_the_whole_picture_turned_dark_on_bright() -> None:
    pixels = np.full((60, 240), 250, np.uint8)
    cv2.putText(pixels, "2574", (20, 48), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (20,), 3)
    for one in (pixels, 255 - pixels):
        registered = whole_page(Page(1, one, None), "string")
        assert np.array_equal(registered.page.pixels, pixels)
        assert registered.places[0].kind == "string"
        assert registered.places[0].cells.tolist() == [[[0, 0], [240, 0], [240, 60], [0, 60]]]
    dark, bright = (the_field(read_whole(one, Whole.STRING)) for one in (pixels, 255 - pixels))
    assert dark.value == bright.value != ""


def test_a_kind_is_one_of_three_and_excludes_forms() -> None:
    assert asked_whole(None) is asked_whole(None, with_forms=True) is None
    assert asked_whole("digit") is Whole.DIGIT
    with pytest.raises(UsageError, match="boxes, string, digit"):
        asked_whole("digits")
    with pytest.raises(UsageError, match="exclude"):
        asked_whole("digit", with_forms=True)
