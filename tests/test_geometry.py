import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.geometry import Box, clip_box, enclosing_box, quad_size, transform_points

places = st.floats(-500, 500)
points = st.lists(st.tuples(places, places), min_size=1, max_size=12).map(np.array)
boxes = st.builds(Box, st.integers(-50, 50), st.integers(-50, 50), st.integers(0, 60), st.integers(0, 60))


@given(points)
def test_an_enclosing_box_holds_its_points_and_no_whole_pixel_more(found: np.ndarray) -> None:
    box = enclosing_box(found)
    low, high = found.min(axis=0), found.max(axis=0)
    assert (box.x <= low[0] < box.x + 1, box.y <= low[1] < box.y + 1) == (True, True)
    assert (box.right - 1 < high[0] <= box.right, box.bottom - 1 < high[1] <= box.bottom) == (True, True)


def test_an_enclosing_box_takes_points_of_any_shape() -> None:
    cells = np.array([[[1.5, 2.0], [9.2, 2.0]], [[9.2, 7.9], [1.5, 7.9]]], np.float32)
    assert enclosing_box(cells) == Box(1, 2, 9, 6)


@given(boxes, st.integers(1, 40), st.integers(1, 40))
def test_a_clipped_box_is_the_part_inside_the_picture(box: Box, width: int, height: int) -> None:
    clipped = clip_box(box, width, height)
    assert 0 <= clipped.x <= clipped.right <= width
    assert 0 <= clipped.y <= clipped.bottom <= height
    columns = set(range(box.x, box.right)) & set(range(width))
    rows = set(range(box.y, box.bottom)) & set(range(height))
    assert (clipped.width, clipped.height) == (len(columns), len(rows))


def test_a_quadrilaterals_size_is_the_mean_of_its_opposite_sides() -> None:
    quad = np.array([[0, 0], [10, 0], [12, 6], [0, 6]], np.float32)
    width, height = quad_size(quad)
    assert width == pytest.approx(11)
    assert height == pytest.approx((6 + np.hypot(2, 6)) / 2)


@given(
    st.tuples(st.floats(0.2, 3), st.floats(-0.5, 0.5), st.floats(-0.5, 0.5), st.floats(0.2, 3)).filter(
        lambda m: abs(m[0] * m[3] - m[1] * m[2]) > 0.05
    ),
    st.tuples(places, places),
    st.tuples(st.floats(-0.0003, 0.0003), st.floats(-0.0003, 0.0003)),
    points,
)
def test_points_come_back_by_the_inverse_homography(
    turn: tuple[float, ...], shift: tuple[float, ...], tilt: tuple[float, ...], found: np.ndarray
) -> None:
    matrix = np.array([[turn[0], turn[1], shift[0]], [turn[2], turn[3], shift[1]], [*tilt, 1.0]])
    there = transform_points(matrix, found)
    assert there.dtype == np.float32
    assert there.shape == found.shape
    assert np.abs(transform_points(np.linalg.inv(matrix), there) - found).max() < 0.1


def test_a_homography_keeps_the_shape_of_many_cells() -> None:
    cells = np.arange(24, dtype=np.float32).reshape(3, 4, 2)
    moved = transform_points(np.array([[2, 0, 1], [0, 2, -1], [0, 0, 1]]), cells)
    assert np.allclose(moved, 2 * cells + [1, -1])
