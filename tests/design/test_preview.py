import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from ocrbatch.design.preview import COLOURS, draw_form_page, draw_registered, reference_page
from ocrbatch.errors import FormError
from ocrbatch.form.template import FormPage, Kind
from ocrbatch.records import FieldPlace, Page, RegisteredPage, read_only
from tests.form.values import a_field_of_form
from tests.helpers.pictures import saved


def form_page(reference: bytes | None = None) -> FormPage:
    fields = tuple(a_field_of_form(f"the_{kind.value}", y=80 + 150 * i, kind=kind) for i, kind in enumerate(Kind))
    return FormPage(1, 800, 600, 100.0, reference, fields)


def opened(jpeg: bytes) -> np.ndarray:
    picture = Image.open(io.BytesIO(jpeg))
    assert picture.format == "JPEG"
    return np.asarray(picture.convert("RGB")).astype(int)


def test_each_kind_is_outlined_in_its_colour() -> None:
    picture = opened(draw_form_page(form_page()))  # Drawn twice as large.
    for number, kind in enumerate(Kind):
        left_side = picture[2 * (85 + 150 * number) : 2 * (115 + 150 * number), 200]
        assert np.abs(np.median(left_side, axis=0) - COLOURS[kind][::-1]).max() < 40


def test_the_reference_picture_is_drawn_below_the_fields() -> None:
    paper = np.full((600, 800), 255, np.uint8)
    paper[400:500, 500:700] = 0
    picture = opened(draw_form_page(form_page(saved(paper, "PNG"))))
    assert picture[850:950, 1100:1300].max() < 40


@pytest.mark.parametrize("reference", [b"no picture", saved(np.full((300, 400), 255, np.uint8), "PNG")])
def test_a_reference_that_cannot_be_the_forms_is_refused(reference: bytes) -> None:
    with pytest.raises(FormError, match="page 1"):
        reference_page(form_page(reference))


def test_a_form_without_reference_is_drawn_on_white_paper() -> None:
    assert reference_page(form_page()).pixels.shape == (600, 800)
    assert reference_page(form_page()).pixels.min() == 255


def test_a_scan_is_drawn_with_what_was_found_on_it() -> None:
    page = Page(3, read_only(np.full((600, 800), 200, np.uint8)), None)
    cells = read_only(np.array([[[100, 100], [200, 120], [200, 160], [100, 140]]], np.float32))
    found = RegisteredPage(page, "claim", (FieldPlace("total", "string", cells),), 0.93, 11.0)
    picture, bare = opened(draw_registered(found)), opened(draw_registered(replace(found, places=())))
    assert np.abs(picture[220:270, 200].mean(axis=0) - COLOURS["string"][::-1]).max() < 60
    assert (picture[:1200] != bare[:1200]).any()
    # The score is in the legend.
    other = opened(draw_registered(replace(found, registration=0.11)))
    assert (other[1200:] != picture[1200:]).any()
    assert (other[:1200] == picture[:1200]).all()
