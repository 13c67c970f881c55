import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.geometry import Box
from ocrbatch.page.evidence import (
    BOXES_EVIDENCE,
    MOST_DIGITS,
    STRING_EVIDENCE,
    SUREST,
    boxes_evidence,
    log_odds,
    string_evidence,
)
from ocrbatch.page.lattice import Step, Way
from ocrbatch.records import CellImage, FieldImage, FieldPlace, read_only

BLANK = Step("", 1.0, "", 0.0)
logs = st.one_of(st.floats(max_value=0.0, allow_nan=False), st.sampled_from([0.0, -0.0, -1e-300, -1e-17, -math.inf]))


def way(*sure: float, log_probability: float = -0.1) -> Way:
    steps = tuple(Step("7", one, "1", 1 - one) for one in sure)
    return Way(steps, tuple(range(len(steps))), log_probability)


def field_of(way: Way, placed: float = 1.0, noted: int | None = None) -> FieldImage:
    """Give the field that a way is through; the cell of a number may have a note."""
    ink = read_only(np.ones((1, 1), np.uint8))
    count = max(way.cells, default=0) + 2
    cells = tuple(CellImage(ink, blank=False, notes=("touches edge",) if i == noted else ()) for i in range(count))
    quads = read_only(np.zeros((count, 4, 2), np.float32))
    return FieldImage(FieldPlace("amount", "string", quads, placed=placed), Box(0, 0, 9, 9), cells)


def string(way: Way, noted: int | None = None) -> dict[str, float]:
    return dict(zip(STRING_EVIDENCE, string_evidence(field_of(way, noted=noted), way), strict=True))


def boxes(way: Way, noted: int | None = None) -> dict[str, float]:
    return dict(zip(BOXES_EVIDENCE, boxes_evidence(field_of(way, noted=noted), way), strict=True))


@given(st.floats(1e-3, 0.999))
def test_log_odds_are_those_of_the_probability(share: float) -> None:
    assert log_odds(math.log(share)) == pytest.approx(math.log(share / (1 - share)), abs=1e-6)


@given(logs, logs)
def test_log_odds_rise_with_the_probability_within_their_bounds(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert -SUREST <= log_odds(low) <= log_odds(high) <= SUREST


def test_more_than_certain_and_impossible_are_the_bounds() -> None:
    assert log_odds(0.0) == log_odds(1e-6) == SUREST
    assert log_odds(-math.inf) == -SUREST


@given(st.lists(st.floats(0, 1), max_size=12).map(tuple), logs)
def test_evidence_is_finite_whatever_was_read(sure: tuple[float, ...], log_probability: float) -> None:
    one = way(*sure, log_probability=log_probability)
    assert all(math.isfinite(number) for number in (*string(one).values(), *boxes(one).values()))
    assert boxes(one)["cells"] == len(sure)
    assert string(one)["digits"] == min(len(sure), MOST_DIGITS)


def test_a_long_run_is_no_surer_for_its_length() -> None:
    longest, longer = (way(*[0.9] * count, log_probability=math.log(0.5)) for count in (MOST_DIGITS, 90))
    assert string_evidence(field_of(longest), longest) == string_evidence(field_of(longer), longer)


def test_a_run_is_weighed_among_all_it_could_be_and_by_its_weakest_digit() -> None:
    told = string(way(0.9, 0.6, log_probability=math.log(0.75)))
    assert told["joint"] == pytest.approx(math.log(3))
    assert told["weakest digit"] == pytest.approx(math.log(1.5))


def test_cells_are_weighed_together_and_by_the_weakest_and_blanks_not_at_all() -> None:
    written = way(0.9, 0.8)
    with_blanks = Way((BLANK, *written.steps, BLANK), (0, 1, 2, 3), 0.0)
    told = boxes(with_blanks)
    assert told == boxes(written)
    assert told["all cells"] == pytest.approx(math.log(0.72 / 0.28))
    assert told["weakest cell"] == pytest.approx(math.log(4))
    assert told["cells"] == 2


def test_ink_that_is_no_digit_is_the_weakest() -> None:
    unread = Way((*way(0.9).steps, Step("?", 0.999, "4", 0.0)), (0, 1), 0.0)
    assert boxes(unread)["weakest cell"] == string(unread)["weakest digit"] == -SUREST


def test_what_was_noted_of_a_cell_is_evidence_where_the_cell_was_read() -> None:
    read = way(0.9, 0.9)
    for told in (string, boxes):
        assert [told(read, noted)["noted"] for noted in (None, 0, 1)] == [0, 1, 1]
        assert told(read, 2) == told(read)
