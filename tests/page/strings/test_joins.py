import time
from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrbatch.page.erase import Frame
from ocrbatch.page.segment import segment
from ocrbatch.page.strings.joins import MOST_CANDIDATES, MOST_TOGETHER, Candidate, candidates
from ocrbatch.page.strings.pieces import Segments, find_segments
from ocrbatch.records import FieldPlace, Grey, Page, RegisteredPage, cell_quads

HIGH = 40
FRAME = Frame(12, 12, 420, 76)
Line = Sequence[tuple[int, int]]
"""Points in pixels from the upper left corner of the digits' row."""


def uprights(*places: int) -> list[Line]:
    return [[(x, 0), (x + 4, HIGH)] for x in places]


def segments_of(lines: Sequence[Line], pen: int = 4) -> Segments:
    mask = np.zeros((100, 444), np.uint8)
    for line in lines:
        points = np.add(line, (20, 30))
        cv2.polylines(mask, [points.astype(np.int32)], False, 1, pen)
    found = find_segments(mask, mask * np.float32(150), FRAME, np.ones(mask.shape, np.bool_))
    assert found is not None
    return found


def weight(found: tuple[Candidate, ...], start: int, end: int, *, sign: bool = False) -> float:
    return next(one.weight for one in found if (one.start, one.end, one.sign) == (start, end, sign))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 150), st.integers(0, 2**32 - 1))
def test_every_segment_may_be_a_digit_or_a_sign_and_few_together_one_digit(strokes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    starts = rng.integers((0, 0), (380, HIGH), (strokes, 2))
    lines = [[tuple(start), tuple(start + rng.integers(-15, 16, 2))] for start in starts.tolist()]
    segments = segments_of([*uprights(20, 200, 300), *lines])
    found = candidates(segments)
    assert len(found) <= MOST_CANDIDATES
    asked = {(one.start, one.end, one.sign) for one in found}
    assert len(asked) == len(found)
    assert {(i, i + 1, sign) for i in range(len(segments)) for sign in (False, True)} <= asked
    assert all(one.end - one.start == 1 for one in found if one.sign)
    assert all(1 <= one.end - one.start <= MOST_TOGETHER for one in found)
    assert max(one.end for one in found) == len(segments)
    assert all(np.isfinite(one.weight) and one.weight <= 0 for one in found)


def test_digits_apart_are_better_taken_apart_and_the_more_so_the_wider_the_gap() -> None:
    found = [candidates(segments_of(uprights(20, 20 + gap, 200, 300))) for gap in (14, 30)]
    near, far = (weight(one, 0, 1) + weight(one, 1, 2) - weight(one, 0, 2) for one in found)
    assert 0 < near < far


def test_a_bar_above_a_stroke_is_better_taken_together_with_it() -> None:
    segments = segments_of([[(0, 10), (30, 10)], [(14, 20), (8, HIGH)], *uprights(100, 200, 300)])
    found = candidates(segments)
    together = weight(found, 0, 2)
    apart = [weight(found, i, i + 1, sign=sign) for i in (0, 1) for sign in (False, True)]
    assert together > max(apart[0], apart[1]) + max(apart[2], apart[3])


@pytest.mark.parametrize(
    "sign",
    [[(102, 36), (104, 40)], [(106, 34), (98, 52)], [(108, 19), (96, 50)], [(90, 20), (120, 21)]],
    ids=["point", "comma", "long comma", "dash"],
)
def test_what_is_small_is_rather_a_sign(sign: Line) -> None:
    found = candidates(segments_of([*uprights(20, 60, 160, 200), sign]))
    assert weight(found, 2, 3, sign=True) > weight(found, 2, 3)
    assert all(weight(found, i, i + 1) > weight(found, i, i + 1, sign=True) for i in (0, 1, 3, 4))


def test_a_stroke_that_a_dash_follows_is_rather_a_sign_than_one_that_a_digit_follows() -> None:
    dash: Line = [(190, 20), (220, 20)]
    before_a_dash = candidates(segments_of([*uprights(20, 60, 100, 150), dash]))
    before_a_digit = candidates(segments_of([*uprights(20, 60, 100, 150, 200)]))
    assert weight(before_a_dash, 3, 4, sign=True) > weight(before_a_digit, 3, 4, sign=True) + 2


def hostile(kind: str) -> Grey:
    rng = np.random.default_rng(1)
    if kind == "noise":
        return rng.integers(0, 256, (200, 600)).astype(np.uint8)
    pixels = np.full((200, 600), 240, np.uint8)
    if kind == "hatching":
        pixels[:, ::6] = pixels[::9] = 20
    for _ in range(400 if kind == "scribble" else 0):
        ends = rng.integers((0, 0), (600, 200), (2, 2)).tolist()
        cv2.line(pixels, ends[0], ends[1], 20, 2)
    for x in range(0, 600, 5) if kind == "dots" else ():
        cv2.circle(pixels, (x, 60 + int(rng.integers(80))), 1, 20, -1)
    return pixels


@pytest.mark.parametrize("kind", ["noise", "hatching", "scribble", "dots"])
def test_a_hostile_picture_is_cut_soon_and_to_few_candidates(kind: str) -> None:
    page = Page(1, hostile(kind), 200.0)
    quad = np.array([[40, 50], [560, 50], [560, 150], [40, 150]], np.float32)
    place = FieldPlace("amount", "string", cell_quads([quad]))
    took = []
    for _ in range(3):
        began = time.process_time()
        (image,) = segment(RegisteredPage(page, "form", (place,), 1.0, 0.0))
        took.append(time.process_time() - began)
        assert len(image.cells) <= MOST_CANDIDATES
    assert min(took) < 0.5
