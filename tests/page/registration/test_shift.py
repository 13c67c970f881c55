import cv2
import numpy as np
import pytest

from ocrbatch.geometry import transform_points
from ocrbatch.page.registration.shift import propose_by_shift, thumbnail
from ocrbatch.records import Grey

HEIGHT, WIDTH = 1000, 707
CORNERS = np.array([[0, 0], [WIDTH, 0], [WIDTH, HEIGHT], [0, HEIGHT]], np.float32)


def sheet(seed: int, height: int = HEIGHT) -> Grey:
    """Draw a sheet with print that no other seed's has."""
    random = np.random.default_rng(seed)
    picture = np.full((height, WIDTH), 235, np.uint8)
    for _ in range(60):
        x, y = random.integers(20, WIDTH - 150), random.integers(20, height - 40)
        picture[y : y + random.integers(3, 9), x : x + random.integers(20, 120)] = 60
    return picture


def moved(picture: Grey, turn: float, scale: float, x: float, y: float) -> tuple[Grey, np.ndarray]:
    middle = (picture.shape[1] / 2, picture.shape[0] / 2)
    matrix = np.vstack([cv2.getRotationMatrix2D(middle, turn, scale), [0, 0, 1]])
    matrix[:2, 2] += (x, y)
    size = (picture.shape[1], picture.shape[0])
    return cv2.warpPerspective(picture, matrix, size, borderMode=cv2.BORDER_REPLICATE), matrix


@pytest.mark.parametrize("height", [HEIGHT, 330])
@pytest.mark.parametrize(
    ("turn", "scale", "x", "y"),
    [(0, 1, 0, 0), (0, 1, 31, -22), (0.8, 1, 6, 9), (-1, 1.01, -12, 4), (0.3, 0.985, 20, 20)],
)
def test_a_sheet_that_lies_a_little_aside_is_found(height: int, turn: float, scale: float, x: float, y: float) -> None:
    print_ = sheet(1, height)
    page, matrix = moved(print_, turn, scale, x, y)
    found = propose_by_shift(thumbnail(print_), thumbnail(page))
    assert found is not None
    corners = CORNERS * np.float32([1, height / HEIGHT])
    assert np.abs(transform_points(found, corners) - transform_points(matrix, corners)).max() < 10


@pytest.mark.parametrize("seed", range(2, 12))
def test_another_sheet_is_not_found(seed: int) -> None:
    assert propose_by_shift(thumbnail(sheet(1)), thumbnail(sheet(seed))) is None


@pytest.mark.parametrize("shape", [(1, 1), (3, 1000), (1000, 2), (40, 40)])
def test_pictures_of_any_size_and_without_print_are_no_fault(shape: tuple[int, int]) -> None:
    for level in (0, 200, 255):
        blank = thumbnail(np.full(shape, level, np.uint8))
        found = propose_by_shift(blank, blank)
        assert found is None or np.isfinite(found).all()
