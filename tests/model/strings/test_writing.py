import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrbatch.model.strings import writing
from ocrbatch.model.strings.glyphs import Floats, GlyphBank, Hand, draw_digit, draw_row_of_zeros
from ocrbatch.model.strings.writing import LENGTHS, SIGN, draw_digits, write
from tests.model.strings.banks import drawn_bank

seeds = st.integers(0, 2**32 - 1)


@given(seeds)
def test_a_run_has_one_to_ten_digits(seed: int) -> None:
    digits = draw_digits(np.random.default_rng(seed))
    assert 1 <= len(digits) <= len(LENGTHS)
    assert set(digits) <= set(range(10))


def test_many_runs_end_in_zeros_as_amounts_do() -> None:
    rng = np.random.default_rng(4)
    runs = [draw_digits(rng) for _ in range(400)]
    assert 0.2 < np.mean([run[-1] == 0 for run in runs if len(run) > 2]) < 0.6
    assert {digit for run in runs for digit in run[:1]} == set(range(10))


@settings(deadline=None)
@given(seeds)
def test_labels_are_the_digits_drawn_in_their_order_and_ten_for_signs(seed: int) -> None:
    asked: list[int] = []

    def noted(label: int, hand: Hand, bank: GlyphBank, rng: np.random.Generator, high: float) -> Floats:
        asked.append(label)
        return draw_digit(label, hand, bank, rng, high)

    def noted_zeros(
        count: int, hand: Hand, rng: np.random.Generator, high: float, *, slashed: bool
    ) -> tuple[Floats, float]:
        asked.extend([0] * count)
        return draw_row_of_zeros(count, hand, rng, high, slashed=slashed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "draw_digit", noted)
        patch.setattr(writing, "draw_row_of_zeros", noted_zeros)
        written = write(drawn_bank(), np.random.default_rng(seed))
    assert [label for label in written.labels if label != SIGN] == asked
    assert len(asked) >= 1
    assert max(written.labels) <= SIGN


@settings(deadline=None)
@given(seeds)
def test_a_written_run_is_ink_from_its_first_row_to_its_last(seed: int) -> None:
    ink = write(drawn_bank(), np.random.default_rng(seed)).ink
    assert ink.dtype == np.float32
    assert 0 <= ink.min() <= ink.max() <= 1
    assert min(ink[0].max(), ink[-1].max()) > 0.2


def test_some_runs_have_signs_and_a_seed_gives_one_run() -> None:
    runs = [write(drawn_bank(), np.random.default_rng(seed)) for seed in (*range(30), 0)]
    assert 5 < sum(SIGN in run.labels for run in runs) < 28
    assert runs[0].labels == runs[-1].labels
    assert np.array_equal(runs[0].ink, runs[-1].ink)


def test_digits_stand_one_behind_the_other() -> None:
    """Every digit widens the run: none is written over the others."""
    widths: dict[int, list[int]] = {}
    for seed in range(200):
        run = write(drawn_bank(), np.random.default_rng(seed))
        widths.setdefault(min(len(run.labels), 8), []).append(run.ink.shape[1])
    means = [np.mean(widths[count]) for count in (1, 3, 5, 8)]
    assert (np.diff(means) > 25).all()


def test_zeros_are_joined_up_to_the_next_separator_only() -> None:
    assert writing._zeros_in_a_row([1, 0, 0, 0, 0], 4, set()) == 4
    assert writing._zeros_in_a_row([1, 0, 0, 0, 0], 4, {3}) == 1
    assert writing._zeros_in_a_row([1, 0, 0, 0, 0], 3, {3}) == 3
    assert writing._zeros_in_a_row([0, 0, 5], 3, {2}) == 1
    assert writing._zeros_in_a_row([5, 0, 0], 3, set()) == 0


def test_some_hands_write_zeros_in_one_stroke_and_some_run_on_into_the_slash() -> None:
    rows: list[int] = []
    into_slash: list[tuple[int, ...]] = []

    def noted(
        count: int, hand: Hand, rng: np.random.Generator, high: float, *, slashed: bool
    ) -> tuple[Floats, float]:
        rows.append(count)
        if slashed:
            into_slash.append((count,))
        return draw_row_of_zeros(count, hand, rng, high, slashed=slashed)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "draw_row_of_zeros", noted)
        for seed in range(120):
            before = len(into_slash)
            labels = write(drawn_bank(), np.random.default_rng(seed)).labels
            if len(into_slash) > before:
                (count,) = into_slash[-1]
                end = max(i for i, label in enumerate(labels) if label == 0)
                assert labels[end + 1 - count : end + 2] == (*[0] * count, SIGN)
    assert min(rows) >= 2
    assert 2 < len(rows) < 50
    assert 1 < len(into_slash) < 15


@pytest.mark.parametrize("below", [0.3, 0.5])
def test_zeros_that_run_into_a_tall_slash_find_room_on_the_line(below: float) -> None:
    bank, rng = drawn_bank(), np.random.default_rng(3)
    line = writing._Line(writing.draw_hand(bank, rng), rng, 3.0)
    tall = np.ones((4 * writing.HIGH, 60), np.float32)
    line.zeros(3, tall, below, slashed=True)
    written = line.written()
    assert written.ink.shape[0] == len(tall)
    assert written.labels == (0, 0, 0, SIGN)
