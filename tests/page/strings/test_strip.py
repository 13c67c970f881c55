from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrbatch.geometry import transform_points
from ocrbatch.page.cuts import halved
from ocrbatch.page.strings.strip import HIGH, Strip, cut_strip
from ocrbatch.records import Grey
from tests.page.strings.test_strings import RING, SEVEN, field

LEFT, TOP, WIDTH, HEIGHT = 40, 60, 300, 60


def quad(left: float, top: float, width: float, height: float) -> np.ndarray:
    right, bottom = left + width, top + height
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


FIELD = quad(LEFT, TOP, WIDTH, HEIGHT)


def page(rings: Sequence[tuple[int, int]] = (), radii: tuple[int, int] = (10, 18)) -> Grey:
    """Draw rings with their middles at these places of the field."""
    pixels = np.full((TOP * 2 + HEIGHT, LEFT * 2 + WIDTH), 235, np.uint8)
    for x, y in rings:
        cv2.ellipse(pixels, (LEFT + x, TOP + y), radii, 0, 0, 360, 50, 4, cv2.LINE_AA)
    return pixels


def cut(pixels: Grey, place: np.ndarray = FIELD) -> Strip:
    return cut_strip(halved(pixels), place)


def on_page(strip: Strip, points: np.ndarray) -> np.ndarray:
    """Lead points (n, 2) of the strip to the page by its quad."""
    height, width = strip.ink.shape
    matrix = cv2.getPerspectiveTransform(quad(0, 0, width, height), strip.quad)
    return transform_points(matrix, points)


def blobs(ink: Grey) -> np.ndarray:
    """Give the middles (n, 2) of what is written, from left to right."""
    _, _, stats, middles = cv2.connectedComponentsWithStats((ink > 100).astype(np.uint8))
    found = middles[1:][stats[1:, cv2.CC_STAT_AREA] > 12] + 0.5
    return found[np.argsort(found[:, 0])]


def test_a_strip_is_32_rows_of_bright_ink_read_only() -> None:
    strip = cut(page([(60, 30), (120, 30)]))
    assert (strip.ink.shape[0], strip.ink.dtype) == (HIGH, np.uint8)
    assert not strip.ink.flags.writeable
    assert not strip.quad.flags.writeable
    assert (strip.ink.max(), np.median(strip.ink)) == (255, 0)
    assert len(blobs(strip.ink)) == 2


@settings(max_examples=20, deadline=None)
@given(
    st.sets(st.integers(1, 5), min_size=1),
    st.floats(-12, 12),
    st.sampled_from([0.5, 1.0, 3.0]),
)
def test_the_quad_leads_what_is_written_back_to_the_page(places: set[int], turn: float, scale: float) -> None:
    rings = [(50 * place, 30) for place in sorted(places)]
    pixels = page(rings)
    matrix = np.vstack([cv2.getRotationMatrix2D((190, 90), turn, scale), [0, 0, 1]])
    moved = np.array([[1, 0, 200 * scale], [0, 1, 200 * scale], [0, 0, 1]]) @ matrix
    size = (int(800 * scale), int(600 * scale))
    picture = cv2.warpPerspective(pixels, moved, size, flags=cv2.INTER_AREA, borderValue=235)
    strip = cut(picture, transform_points(moved, FIELD))
    found = on_page(strip, blobs(strip.ink))
    # A picture's points are those of its pixels' corners; OpenCV moves their middles.
    truth = transform_points(moved, np.add(rings, (LEFT, TOP))) + 0.5
    assert len(found) == len(truth)
    assert np.abs(found - truth).max() < 1.5 * max(scale, 1)


def test_strips_of_one_run_are_alike_at_any_size_of_the_page() -> None:
    pixels = page([(60, 30), (110, 30), (200, 30)])
    plain = cut(pixels)
    large = cut(cv2.resize(pixels, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC), 3 * FIELD)
    assert large.ink.shape[1] == pytest.approx(plain.ink.shape[1], rel=0.05)
    assert np.abs(on_page(large, blobs(large.ink)) / 3 - on_page(plain, blobs(plain.ink))).max() < 1


def test_print_above_the_field_is_left_out() -> None:
    rings = [(60, 32), (120, 32), (180, 32)]
    printed = page(rings)
    cv2.putText(printed, "amount in figures", (LEFT, TOP - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 40, 2)
    strip, plain = cut(printed), cut(page(rings))
    assert len(blobs(strip.ink)) == 3
    assert np.abs(strip.quad - plain.quad).max() < 3


def test_feet_close_to_the_field_s_foot_are_kept() -> None:
    for foot in (HEIGHT - 20, HEIGHT - 18, HEIGHT - 14):
        strip = cut(page([(60, foot), (120, foot), (180, foot)]))
        below = on_page(strip, np.array([[0, HIGH]]))[0, 1]
        assert below >= TOP + foot + 18
        assert strip.ink[:, : strip.ink.shape[1] // 2].max(axis=1)[-8:].max() > 100


def test_feet_close_to_the_picture_s_foot_are_kept() -> None:
    pixels = page([(60, 38), (120, 38), (180, 38)])[: TOP + HEIGHT]
    strip = cut(np.ascontiguousarray(pixels))
    rows = np.flatnonzero((strip.ink > 100).any(axis=1))
    lowest = on_page(strip, np.array([[0, rows[-1] + 1]]))[0, 1]
    assert lowest == pytest.approx(TOP + 38 + 20, abs=2.5)


@pytest.mark.parametrize("line", [1, 3])
def test_the_field_s_box_is_left_out_and_its_digits_are_not(line: int) -> None:
    signs = [(RING, 20.0), (SEVEN, 80.0), (RING, 140.0)]
    boxed, place = field(signs, line=line)
    plain, _ = field(signs, line=0)
    strip, other = (cut(pixels, place.cells[0]).ink for pixels in (boxed, plain))
    assert len(blobs(strip)) == len(blobs(other)) == 3
    assert np.median(strip[:, strip.shape[1] // 2 :].max(axis=0)) < 60


def test_a_dash_alone_is_not_blown_up() -> None:
    pixels = page()
    cv2.line(pixels, (LEFT + 60, TOP + 30), (LEFT + 120, TOP + 30), 50, 3)
    rows = np.flatnonzero((cut(pixels).ink > 100).any(axis=1))
    assert len(rows) < HIGH / 3


def test_ink_is_bright_however_pale_the_pen() -> None:
    pixels = page([(60, 30), (120, 30)])
    pale = (235 - (235 - pixels.astype(int)) // 4).astype(np.uint8)
    assert cut(pale).ink.max() == 255
    assert np.abs(blobs(cut(pale).ink) - blobs(cut(pixels).ink)).max() < 1


ODD = {
    "1×1": (1, 1),
    "3×2000": (3, 2000),
    "2000×3": (2000, 3),
    "2×2": (2, 2),
    "32×9000": (32, 9000),
}


@pytest.mark.parametrize("level", [0, 255, None], ids=["black", "white", "noise"])
@pytest.mark.parametrize("shape", ODD.values(), ids=ODD)
def test_pictures_of_any_shape_and_shade_have_a_strip(shape: tuple[int, int], level: int | None) -> None:
    rng = np.random.default_rng(2)
    pixels = np.full(shape, level, np.uint8) if level is not None else rng.integers(0, 256, shape).astype(np.uint8)
    strip = cut(pixels, quad(0, 0, shape[1], shape[0]))
    assert strip.ink.shape[0] == HIGH
    assert strip.ink.shape[1] >= 4
    assert np.isfinite(strip.quad).all()
    if level is not None:
        assert not strip.ink.any()


@pytest.mark.parametrize("off", [(-5000, 0), (0, 9000), (300, 150)], ids=["left", "below", "half"])
def test_what_is_not_on_the_page_is_no_ink(off: tuple[int, int]) -> None:
    strip = cut(np.zeros((180, 380), np.uint8), FIELD + np.float32(off))
    assert not strip.ink.any()


def test_writing_that_the_page_s_edge_cuts_does_not_go_on_beyond() -> None:
    edge = LEFT + 200
    pixels = np.ascontiguousarray(page([(60, 30), (110, 30), (195, 30)])[:, :edge])
    ink = cut(pixels).ink
    beyond = int((edge - LEFT + 2) * ink.shape[1] / WIDTH) + 6
    assert ink[:, beyond - 40 : beyond - 6].max() > 100
    assert not ink[:, beyond:].any()
