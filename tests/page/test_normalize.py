import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ocrbatch.page.normalize import BOX, SIDE, normalize, normalize_many
from ocrbatch.records import Grey

MNIST = Path(__file__).parents[2] / "../shared/data/digits/mnist.npz"


def bar(height: int, width: int, ink: int = 255, margin: int = 9) -> Grey:
    return np.pad(np.full((height, width), ink, np.uint8), margin)


@given(arrays.arrays(np.uint8, arrays.array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=60)))
def test_any_ink_gives_a_tile(ink: Grey) -> None:
    tile = normalize(ink)
    assert tile.shape == (SIDE, SIDE)
    assert tile.dtype == np.uint8


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (40, 30)])
def test_no_ink_gives_zeros(shape: tuple[int, int]) -> None:
    assert not normalize(np.zeros(shape, np.uint8)).any()


def test_noise_below_the_threshold_is_no_ink() -> None:
    assert not normalize(np.full((40, 30), 8, np.uint8)).any()


@pytest.mark.parametrize(("height", "width"), [(60, 30), (30, 60), (200, 80), (12, 7), (20, 20), (900, 500)])
def test_the_longer_side_becomes_twenty_pixels_and_the_aspect_is_kept(height: int, width: int) -> None:
    tile = normalize(bar(height, width))
    _, _, wide, high = cv2.boundingRect(np.where(tile > 127, 255, 0).astype(np.uint8))
    assert max(wide, high) == BOX
    assert wide / high == pytest.approx(width / height, abs=0.1 * width / height)


@given(st.integers(2, 12), st.integers(60, 120))
def test_a_thin_stroke_keeps_its_width(width: int, height: int) -> None:
    ink = normalize(bar(height, width)).sum() / 255
    assert ink == pytest.approx(BOX * width * BOX / height, rel=0.12, abs=1.5)


@given(st.integers(0, 30), st.integers(0, 30))
def test_where_the_ink_lies_in_the_cell_does_not_matter(left: int, top: int) -> None:
    drawn = bar(40, 12)
    drawn[20:30, 20:40] = 120
    moved = np.pad(drawn, ((top, 5), (left, 0)))
    assert np.array_equal(normalize(moved), normalize(drawn))


def test_the_centre_of_mass_lies_at_the_tiles_centre() -> None:
    foot = np.pad(np.zeros((60, 40), np.uint8), 5)
    foot[10:60, 10:14] = 255
    foot[50:60, 10:40] = 255
    moments = cv2.moments(normalize(foot))
    assert moments["m10"] / moments["m00"] == pytest.approx(14, abs=0.51)
    assert moments["m01"] / moments["m00"] == pytest.approx(14, abs=0.51)


def test_grey_is_kept() -> None:
    assert normalize(bar(60, 60, ink=100)).max() == pytest.approx(100, abs=2)


def test_what_sharpening_leaves_around_a_stroke_is_no_size() -> None:
    ringed = bar(60, 20, margin=20)
    ringed[5:8] = ringed[:, 5:8] = 12
    assert np.abs(normalize(ringed).astype(int) - normalize(bar(60, 20))).mean() < 1


def test_many_inks_give_many_tiles_and_none_give_none() -> None:
    assert normalize_many([bar(30, 10), bar(20, 20)]).shape == (2, SIDE, SIDE)
    assert normalize_many([]).shape == (0, SIDE, SIDE)


@pytest.mark.real
@pytest.mark.skipif(not MNIST.exists(), reason="the real digits are not here")
@pytest.mark.parametrize("times", [4, 6, 8])
@pytest.mark.parametrize("method", [cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4])
def test_enlarged_digits_come_back_as_mnist_has_them(times: int, method: int) -> None:
    with np.load(MNIST) as stored:
        originals = stored["x_test"][::10]
    enlarged = [cv2.resize(tile, None, fx=times, fy=times, interpolation=method) for tile in originals]
    difference = np.abs(normalize_many(enlarged).astype(int) - originals)
    assert difference.mean() < 6


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.skipif(not MNIST.exists(), reason="the real digits are not here")
@pytest.mark.parametrize("times", [4, 8])
def test_enlarged_digits_are_read_as_well_as_the_originals(times: int) -> None:
    from ocrbatch.model.card import load_model_file
    from ocrbatch.page.classify import make_classifier

    with np.load(MNIST) as stored:
        originals, labels = stored["x_test"], stored["y_test"]
    classifier = make_classifier(load_model_file(), threads=len(os.sched_getaffinity(0)))
    enlarged = [cv2.resize(tile, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC) for tile in originals]
    accuracies = [
        (classifier.scores(tiles).argmax(axis=1) == labels).mean() for tiles in (originals, normalize_many(enlarged))
    ]
    assert accuracies[1] == pytest.approx(accuracies[0], abs=0.002)
