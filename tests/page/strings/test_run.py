import cv2
import numpy as np
import pytest

from ocrbatch.page.segment import segment
from ocrbatch.records import FieldImage, FieldPlace, Grey, Page, RegisteredPage, cell_quads

LEFT, TOP, WIDTH, HEIGHT = 60, 50, 300, 80
RING = (LEFT + 100, TOP + 40)
"""The middle of the only writing."""


def drawn(*, written: bool) -> Grey:
    pixels = np.full((180, 420), 235, np.uint8)
    if written:
        cv2.ellipse(pixels, RING, (13, 22), 0, 0, 360, 50, 4, cv2.LINE_AA)
    return pixels


def cut(pixels: Grey, kind: str = "string") -> FieldImage:
    right, bottom = LEFT + WIDTH, TOP + HEIGHT
    quad = np.array([(LEFT, TOP), (right, TOP), (right, bottom), (LEFT, bottom)], np.float32)
    place = FieldPlace("amount", kind, cell_quads([quad]))
    (image,) = segment(RegisteredPage(Page(1, pixels, 200.0), "form", (place,), 1.0, 0.0))
    return image


def test_a_run_has_a_strip_that_shows_its_writing_where_it_stands_on_the_page() -> None:
    image = cut(drawn(written=True))
    assert image.strip is not None
    assert image.strip_quad is not None
    assert (image.strip.shape[0], image.strip.flags.writeable) == (32, False)
    rows, columns = np.nonzero(image.strip > 128)
    width = image.strip.shape[1]
    across = np.interp(columns.mean() + 0.5, [0, width], image.strip_quad[:2, 0])
    down = np.interp(rows.mean() + 0.5, [0, 32], image.strip_quad[1:3, 1])
    assert (across, down) == pytest.approx(RING, abs=1.5)


def test_a_blank_run_and_other_kinds_of_fields_have_no_strip() -> None:
    assert cut(drawn(written=False)).strip is None
    assert cut(drawn(written=True), "boxes").strip is None
