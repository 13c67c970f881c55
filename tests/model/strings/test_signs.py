from collections.abc import Callable

import numpy as np
import pytest

from ocrbatch.model.strings.signs import Sign, leading, long_comma, separator, slash_and_dash, trailing

PEN = 3.0


def drawn(draw: Callable[..., Sign | list[Sign]], times: int = 60) -> list[Sign]:
    found = []
    for seed in range(times):
        signs = draw(PEN, np.random.default_rng(seed))
        found += signs if isinstance(signs, list) else [signs]
    return found


@pytest.mark.parametrize("draw", [separator, long_comma, leading, trailing, slash_and_dash])
def test_every_sign_is_ink_on_nothing_near_the_line(draw: Callable[..., Sign | list[Sign]]) -> None:
    for sign in drawn(draw):
        assert sign.ink.dtype == np.float32
        assert (sign.ink.min(), sign.ink.max()) == (0, pytest.approx(1, abs=0.01))
        assert -0.3 <= sign.middle <= 1.2


def test_a_long_comma_ends_below_the_foot_of_the_digits_and_begins_below_their_middle() -> None:
    for sign in drawn(long_comma):
        half = sign.ink.shape[0] / 2 / 40
        assert sign.middle - half < 0.05
        assert sign.middle + half < 0.85


def test_behind_a_slash_there_is_nearly_always_a_dash() -> None:
    signs = [slash_and_dash(PEN, np.random.default_rng(seed)) for seed in range(300)]
    alone = [own for own in signs if len(own) == 1 and own[0].ink.shape[1] < 0.4 * own[0].ink.shape[0]]
    assert len(alone) < 0.2 * len(signs)
    assert {len(own) for own in signs} == {1, 2, 3}
