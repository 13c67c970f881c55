import math
from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby, pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.page.strings.beam import (
    BLANK,
    FrameLogs,
    best_texts,
    digit_frames,
    spans,
    text_log_probabilities,
)

SOME = (0, 7, BLANK)
"""The only likely columns of the tiny frames that all spellings are tried on."""


def logs_of(probabilities: np.ndarray) -> FrameLogs:
    with np.errstate(divide="ignore"):
        return np.log(probabilities / probabilities.sum(axis=1, keepdims=True)).astype(np.float32)


@st.composite
def tiny(draw: st.DrawFn) -> FrameLogs:
    """Give up to six frames of two digits and the blank."""
    frames = draw(st.lists(st.tuples(*[st.integers(0, 9)] * 3).filter(any), min_size=1, max_size=6))
    shares = np.zeros((len(frames), BLANK + 1))
    shares[:, SOME] = frames
    # Logarithms rounded up make a frame more than certain.
    return np.nextafter(logs_of(shares), np.float32(-np.inf))


def collapsed(spelling: tuple[int, ...]) -> str:
    return "".join(str(sign) for sign, _ in groupby(spelling) if sign != BLANK)


def brute_force(logs: FrameLogs) -> dict[str, float]:
    """Sum the probabilities of all spellings of each text."""
    shares = np.exp(logs.astype(np.float64))
    found: dict[str, float] = defaultdict(float)
    for spelling in product(SOME, repeat=len(logs)):
        found[collapsed(spelling)] += math.prod(shares[i, sign] for i, sign in enumerate(spelling))
    return found


@given(tiny())
def test_a_text_s_probability_is_the_sum_over_its_spellings(logs: FrameLogs) -> None:
    truth = brute_force(logs)
    found = np.exp(text_log_probabilities(logs, list(truth)))
    assert found == pytest.approx(list(truth.values()), abs=1e-9)
    assert found.sum() == pytest.approx(1, abs=1e-5)


@given(tiny())
def test_the_beam_finds_the_likeliest_texts_in_their_order(logs: FrameLogs) -> None:
    truth = sorted(brute_force(logs).values(), reverse=True)
    found = best_texts(logs, 200)
    shares = [math.exp(share) for _, share in found]
    assert shares == sorted(shares, reverse=True)
    assert shares == pytest.approx(truth[: len(found)], abs=1e-6)
    assert sum(truth[len(found) :]) < 1e-6
    assert len({text for text, _ in found}) == len(found)


@st.composite
def noise(draw: st.DrawFn) -> FrameLogs:
    """Give frames from sure ones to even ones."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count, sharpness = draw(st.integers(0, 40)), draw(st.sampled_from([0.0, 1.0, 4.0, 12.0]))
    logits = sharpness * rng.normal(size=(count, BLANK + 1))
    return logs_of(np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf)) + 1e-12)


@given(noise(), st.integers(1, 12))
def test_a_beam_never_promises_more_than_there_is(logs: FrameLogs, most: int) -> None:
    found = best_texts(logs, most)
    assert 1 <= len(found) <= most
    assert sum(math.exp(share) for _, share in found) <= 1 + 1e-5
    assert [share for _, share in found] == sorted((share for _, share in found), reverse=True)
    assert found[0][1] == pytest.approx(text_log_probabilities(logs, [found[0][0]])[0], abs=1e-9)


@given(noise(), st.text("0123456789", max_size=12))
def test_spans_follow_one_another_within_the_frames(logs: FrameLogs, text: str) -> None:
    found = spans(logs, text)
    assert len(found) == len(text)
    sides = [side for span in found for side in span]
    assert all(a <= b + 1e-9 for a, b in pairwise(sides))
    assert all(-1e-9 <= side <= len(logs) + 1e-9 for side in sides)


def spell(spelling: str, sure: float = 0.97) -> FrameLogs:
    """Give the frames (t, 12) of a spelling: a character a frame, ``_`` the blank and ``,`` a sign."""
    shares = np.full((len(spelling), 12), (1 - sure) / 11)
    for row, char in zip(shares, spelling, strict=True):
        row["0123456789,_".index(char)] = sure
    return logs_of(shares)


@pytest.mark.parametrize(
    ("spelling", "text"),
    [("", ""), ("____", ""), ("_11__22_", "12"), ("1_1", "11"), ("11", "1"), ("1,1", "11"), (",1__000,0,,_", "100")],
)
def test_repeats_blanks_and_signs_are_left_out(spelling: str, text: str) -> None:
    assert best_texts(digit_frames(spell(spelling)), 3)[0][0] == text


def test_a_sign_counts_as_what_is_between_digits() -> None:
    logs = spell("1,2_")
    merged = digit_frames(logs)
    assert merged.shape == (4, 11)
    assert np.exp(merged).sum(axis=1) == pytest.approx(np.ones(4), abs=1e-6)
    assert np.exp(merged[1, BLANK]) == pytest.approx(np.exp(logs[1, 10]) + np.exp(logs[1, 11]), abs=1e-6)


def test_sure_blanks_change_nothing_in_the_order() -> None:
    shares = np.exp(digit_frames(spell("_1_7_", 0.8)).astype(np.float64))
    shares[1, 4], shares[3, 9] = 0.3, 0.1
    between = np.full((40, 11), 1e-5)
    between[:, BLANK] = 1
    wide = logs_of(np.concatenate([between, shares, between]))
    narrow = best_texts(logs_of(shares), 3)
    assert [text for text, _ in best_texts(wide, 3)] == [text for text, _ in narrow] == ["17", "47", "19"]


def test_the_runner_up_is_the_second_reading_of_the_doubtful_frame() -> None:
    logs = spell("_4__9__", 0.99)
    shares = np.exp(logs)
    shares[4, [4, 9]] = 0.4, 0.58
    found = best_texts(digit_frames(logs_of(shares)), 2)
    assert [text for text, _ in found] == ["49", "44"]


def test_a_span_holds_the_frames_that_tell_its_digit() -> None:
    found = spans(digit_frames(spell("__3__88_________0_")), "380")
    assert found == ((0.0, 4.0), (4.0, 11.0), (12.0, 18.0))


def test_a_text_that_needs_more_frames_than_there_are_is_impossible() -> None:
    logs = digit_frames(spell("12"))
    assert text_log_probabilities(logs, ["11"])[0] == -math.inf
    assert spans(logs, "11") == ((0.0, 1.0), (1.0, 2.0))


def hostile() -> Iterator[FrameLogs]:
    yield logs_of(np.ones((256, 11)))
    yield logs_of(np.random.default_rng(3).random((256, 11)))


def test_noise_keeps_the_beam_within_its_bounds() -> None:
    for logs in hostile():
        assert len(best_texts(logs, 8)) == 8
