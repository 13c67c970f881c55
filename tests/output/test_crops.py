import io
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from ocrbatch.geometry import enclosing_box
from ocrbatch.output.crops import cut_crop
from ocrbatch.records import Grey, Page, cell_quads, read_only
from tests.output.values import a_field

SIDES = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)


def crop_of(pixels: Grey, cells: list[np.ndarray]) -> Grey:
    png = cut_crop(Page(1, read_only(pixels), None), replace(a_field(), cells=cell_quads(cells)))
    picture = Image.open(io.BytesIO(png))
    assert (picture.format, picture.mode) == ("PNG", "L")
    return np.asarray(picture)


def row_of_cells(x: int, y: int, side: int, count: int) -> list[np.ndarray]:
    return [SIDES * np.float32(side) + np.array([x + i * side, y], np.float32) for i in range(count)]


def test_a_crop_is_the_pages_own_pixels_with_a_margin() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (200, 300), np.uint8)
    crop = crop_of(pixels, row_of_cells(100, 60, 40, 3))
    assert crop.shape == (52, 132)
    assert np.array_equal(crop, pixels[54:106, 94:226])


def test_the_crop_of_a_field_of_one_cell_is_its_whole_box() -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (200, 700), np.uint8)
    box = SIDES * np.array([500, 60], np.float32) + np.array([100, 80], np.float32)
    assert np.array_equal(crop_of(pixels, [box]), pixels[71:149, 91:609])


@pytest.mark.parametrize("side", [30, 90, 400])
def test_a_crop_is_at_most_96_pixels_high(side: int) -> None:
    crop = crop_of(np.full((600, 2600), 255, np.uint8), row_of_cells(50, 50, side, 6))
    assert crop.shape[0] <= 96
    assert crop.shape[1] / crop.shape[0] == pytest.approx(6.3 / 1.3, rel=0.03)


def test_a_crop_of_a_turned_field_is_level() -> None:
    pixels = np.full((400, 600), 255, np.uint8)
    turn = cv2.getRotationMatrix2D((300, 200), 12, 1)
    cells = [(np.column_stack([cell, np.ones(4)]) @ turn.T) for cell in row_of_cells(100, 170, 60, 6)]
    cv2.line(pixels, tuple(cells[0][3].astype(int)), tuple(cells[-1][2].astype(int)), 0, 3)
    crop = crop_of(pixels, cells)
    rows = crop.min(axis=1) if crop.size else crop
    assert crop.shape == pytest.approx((78, 378), abs=1)
    assert np.ptp(np.flatnonzero(rows < 100)) <= 6


def test_a_field_at_the_pages_edge_has_white_beside_it() -> None:
    crop = crop_of(np.zeros((100, 100), np.uint8), row_of_cells(-20, 40, 40, 2))
    assert crop[26, 0] == 255
    assert crop[26, -20] == 0


def test_thin_strokes_survive_the_reduction() -> None:
    pixels = np.full((800, 2000), 255, np.uint8)
    pixels[100:700, 999:1002] = 0
    crop = crop_of(pixels, row_of_cells(200, 200, 400, 4))
    assert crop[48].min() < 200


@pytest.mark.parametrize("turn", [0, 6, -30, 90, 180])
def test_the_crop_of_a_string_is_its_whole_box_level_whatever_was_found_in_it(turn: float) -> None:
    pixels = np.full((600, 600), 255, np.uint8)
    matrix = cv2.getRotationMatrix2D((300, 300), turn, 1)

    def turned(left: int, top: int, right: int, bottom: int) -> np.ndarray:
        return np.asarray(
            [(x, y, 1) for x, y in ((left, top), (right, top), (right, bottom), (left, bottom))] @ matrix.T
        )

    whole, digit, sign = turned(180, 270, 420, 330), turned(320, 285, 340, 320), turned(200, 285, 220, 320)
    cv2.fillConvexPoly(pixels, sign.round().astype(np.int32), (0,))
    field = replace(a_field(), kind="string", cells=cell_quads([digit]), box=enclosing_box(whole))
    crop = np.asarray(Image.open(io.BytesIO(cut_crop(Page(1, read_only(pixels), None), field))))
    assert crop.shape == pytest.approx((60 * 1.3, 240 + 60 * 0.3), abs=3)
    rows, columns = np.nonzero(crop < 128)
    assert (columns.min(), columns.max(), rows.min(), rows.max()) == pytest.approx((29, 49, 24, 59), abs=3)


def test_a_field_without_cells_gives_a_picture() -> None:
    assert crop_of(np.zeros((9, 9), np.uint8), []).shape == (1, 1)
