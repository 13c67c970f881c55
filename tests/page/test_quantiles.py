import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.page.quantiles import MANY, quantile, quantiles

shares = st.floats(0, 1)


@given(st.integers(1, 2 * MANY), st.lists(shares, min_size=1, max_size=3), st.integers(0, 2**32 - 1))
def test_a_quantile_is_the_value_at_its_place_of_the_sorted_row(count: int, asked: list[float], seed: int) -> None:
    rows = np.random.default_rng(seed).integers(0, 256, (2, 3, count), dtype=np.uint8)
    for share, found in zip(asked, quantiles(rows, *asked), strict=True):
        assert (found.shape, found.dtype) == ((2, 3), np.uint8)
        place = min(int(share * count), count - 1)
        assert found.tolist() == [[sorted(row)[place] for row in rows[i].tolist()] for i in range(2)]


@given(shares, st.integers(1, 2 * MANY), st.integers(0, 2**32 - 1))
def test_pixels_of_any_shape_have_the_quantile_of_all_of_them(share: float, count: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (count, 4), dtype=np.uint8)
    wanted = sorted(pixels.ravel().tolist())[min(int(share * pixels.size), pixels.size - 1)]
    assert quantile(pixels[:, ::-1], share) == wanted
    assert quantile(pixels.astype(np.float32), share) == wanted


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_nothing_has_the_quantile_zero(kind: type) -> None:
    assert quantile(np.empty((0, 3), kind), 0.5) == 0.0
