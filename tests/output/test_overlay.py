import io
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ocrbatch.geometry import Box
from ocrbatch.output.labels import place_labels
from ocrbatch.output.overlay import COLOURS, draw_overlay
from ocrbatch.records import FieldReading, Page, PageResult, PageStatus, Status, read_only
from tests.output.values import a_field


def blank_page(width: int = 800, height: int = 600) -> Page:
    return Page(1, read_only(np.full((height, width), 255, np.uint8)), 300.0)


def result_of(*fields: FieldReading) -> PageResult:
    return PageResult(1, "auto", PageStatus.READ, "", 1.0, 0.0, fields)


def opened(jpeg: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(jpeg))
    assert picture.format == "JPEG"
    return picture


@pytest.mark.parametrize("size", [(5000, 7000), (7000, 100), (800, 600), (3, 2), (1, 4000)])
def test_an_overlay_has_at_most_1600_pixels_a_side(size: tuple[int, int]) -> None:
    assert max(opened(draw_overlay(blank_page(*size), result_of(a_field()))).size) <= 1600


@pytest.mark.parametrize("status", list(Status))
def test_a_cell_is_outlined_in_its_statuss_colour(status: Status) -> None:
    picture = np.asarray(opened(draw_overlay(blank_page(), result_of(a_field(status=status)))).convert("RGB"))
    on_the_edge = picture[160:264:2, 200].astype(int)  # The page is drawn twice as large.
    assert np.abs(np.median(on_the_edge, axis=0) - COLOURS[status][::-1]).max() < 40


def test_what_is_in_the_cells_stays_visible() -> None:
    pixels = np.full((600, 800), 255, np.uint8)
    cv2.putText(pixels, "042", (108, 122), cv2.FONT_HERSHEY_SIMPLEX, 1.4, 0, 3)
    page = Page(1, read_only(pixels), None)
    picture = np.asarray(opened(draw_overlay(page, result_of(a_field()))).convert("L"))[:1200, :1600]
    plain = cv2.resize(pixels, (1600, 1200))
    inside = (slice(170, 250), slice(210, 270))
    assert np.abs(picture[inside].astype(int) - plain[inside]).mean() < 8


def test_any_name_and_no_fields_can_be_drawn() -> None:
    draw_overlay(blank_page(), result_of(replace(a_field(), name="Größe\n\udcff")))
    draw_overlay(blank_page(), result_of())


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 380)), min_size=1, max_size=6))
def test_labels_stay_in_the_picture(corners: list[tuple[int, int]]) -> None:
    picture = np.full((400, 600), 255, np.uint8)
    boxes = [Box(x, y, 100, 20) for x, y in corners]
    for label in place_labels(picture, boxes, ["r01 12345 0.998"] * len(boxes)):
        assert label.box.x >= 0
        assert label.box.y >= 0
        assert label.box.right <= 600
        assert label.box.bottom <= 400


def test_labels_of_a_table_stand_beside_it_and_apart() -> None:
    picture = np.full((400, 600), 255, np.uint8)
    rows = [Box(100, 50 + 30 * i, 240, 30) for i in range(8)]
    placed = [label.box for label in place_labels(picture, rows, [f"r{i} 123456 0.998" for i in range(8)])]
    every = [*rows, *placed]
    cover = np.zeros((400, 600), int)
    for box in every:
        cover[box.y : box.bottom, box.x : box.right] += 1
    assert cover.max() == 1


def test_a_label_keeps_off_writing() -> None:
    picture = np.full((300, 600), 255, np.uint8)
    picture[60:98, 90:420] = 0
    label = place_labels(picture, [Box(100, 100, 300, 40)], ["r01 12345678 0.998"])[0]
    box = label.box
    assert picture[box.y : box.bottom, box.x : box.right].min() == 255


def test_a_table_that_fills_its_page_gets_a_margin_for_labels() -> None:
    rows = [a_field(f"r{i:02}", x=2, y=2 + 51 * i) for i in range(6)]
    picture = opened(draw_overlay(blank_page(124, 310), result_of(*rows)))
    assert picture.width > 2 * 124 + 50
