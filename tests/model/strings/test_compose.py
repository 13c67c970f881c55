from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrbatch.geometry import quad_size
from ocrbatch.model.strings import compose
from ocrbatch.model.strings.compose import compose_field, compose_strip
from ocrbatch.model.strings.writing import SIGN
from ocrbatch.records import Grey
from tests.model.strings.banks import drawn_bank


def bare(patch: pytest.MonkeyPatch) -> None:
    """Let fields be of white paper, with nothing on it but their own run."""
    patch.setattr(compose, "draw_paper", lambda shape, rng: np.full(shape, 255, np.float32))
    patch.setattr(compose, "draw_ruling", lambda paper, box, rng: None)
    patch.setattr(compose, "_neighbour", lambda pen, bank, rng, scale: None)
    patch.setattr(compose, "scan", lambda picture, rng: picture.astype(np.uint8))


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1))
def test_a_composed_run_lies_in_its_quad(seed: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        bare(patch)
        field = compose_field(drawn_bank(), np.random.default_rng(seed))
    assert field.quad.shape == (4, 2)
    assert (field.picture.dtype, field.picture.flags.c_contiguous) == (np.uint8, True)
    inside = np.zeros(field.picture.shape, np.uint8)
    cv2.fillConvexPoly(inside, np.round(field.quad).astype(np.int32), 1)
    inked = field.picture < 230
    assert inked.any()
    # Writing may leave a field above and below by a sixth of a digit.
    assert inked[inside > 0].sum() > 0.7 * inked.sum()
    reach = 2 * int(0.25 * quad_size(field.quad)[1]) + 11
    assert not inked[cv2.dilate(inside, np.ones((reach, reach), np.uint8)) == 0].any()


def composed(seed: int) -> tuple[Grey, tuple[int, ...]]:
    return compose_strip(drawn_bank(), np.random.default_rng(seed))


def test_a_composed_strip_shows_ink_and_has_the_labels_of_its_run() -> None:
    strips = [composed(seed) for seed in range(25)]
    for strip, labels in strips:
        assert (strip.shape[0], strip.dtype) == (32, np.uint8)
        assert strip.max() > 200
        assert np.median(strip) < 100
        assert any(label != SIGN for label in labels)
        assert set(labels) <= set(range(SIGN + 1))
    again = composed(0)
    assert np.array_equal(again[0], strips[0][0])
    assert again[1] == strips[0][1]


def test_a_picture_cut_to_its_run_is_a_field_too() -> None:
    fields = [compose_field(drawn_bank(), np.random.default_rng(seed)) for seed in range(20)]
    whole = []
    for field in fields:
        height, width = field.picture.shape
        whole.append(np.array_equal(field.quad, [[0, 0], [width, 0], [width, height], [0, height]]))
    assert {True, False} == set(whole)


def test_a_strip_that_hardly_shows_ink_is_composed_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    bank, rng = drawn_bank(), np.random.default_rng(0)
    written = compose_field(bank, rng)
    white = replace(written, picture=np.full_like(written.picture, 255))
    fields = iter([white, white, written])
    monkeypatch.setattr(compose, "compose_field", lambda bank, rng: next(fields))
    assert compose_strip(bank, rng)[0].max() > 100
    assert not list(fields)
