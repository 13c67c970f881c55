import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.model.strings.bending import bend


def a_stroke(dtype: type = np.uint8) -> np.ndarray:
    picture = np.zeros((32, 60), dtype)
    picture[14:18, 8:52] = 255 if dtype is np.uint8 else 1
    return picture


@given(st.floats(0.1, 1.5), st.floats(2, 6), st.integers(0, 2**32 - 1))
def test_a_bent_stroke_is_another_one_in_the_same_place(strong: float, length: float, seed: int) -> None:
    bent = bend(a_stroke(), strong, length, np.random.default_rng(seed))
    assert (bent.shape, bent.dtype) == ((32, 60), np.uint8)
    assert not np.array_equal(bent, a_stroke())
    far = bent[:8].max(initial=0), bent[24:].max(initial=0)
    assert max(far) == 0
    assert 0.5 < bent.sum() / a_stroke().sum() < 2


def test_points_are_moved_as_far_as_is_said() -> None:
    ramp = np.tile(np.arange(200, dtype=np.float32), (40, 1))
    for strong in (0.5, 2.0):
        moved = bend(ramp, strong, 4.0, np.random.default_rng(1)) - ramp
        assert float(np.std(moved[12:-12, 20:-20])) == pytest.approx(strong, rel=0.2)


def test_a_seed_bends_one_way() -> None:
    bent = [bend(a_stroke(np.float32), 1.0, 3.0, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert np.array_equal(bent[0], bent[1])
    assert not np.array_equal(bent[0], bent[2])
