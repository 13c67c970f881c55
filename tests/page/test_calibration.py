import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.page.calibration import BOXES, STRING, Calibration, as_chosen, boxes_confidence, string_confidence
from ocrbatch.page.choose import Choice
from ocrbatch.page.evidence import BOXES_EVIDENCE, STRING_EVIDENCE
from ocrbatch.page.lattice import Step, Way
from ocrbatch.records import FieldImage
from tests.page.test_evidence import field_of

Confidence = Callable[[FieldImage, Way], float]
CONFIDENCES = pytest.mark.parametrize("confidence", [string_confidence, boxes_confidence])
logs = st.one_of(st.floats(-40, 0), st.sampled_from([0.0, -math.inf, -1e9]))
shares = st.floats(0, 1)
texts = st.text("0123456789", min_size=1, max_size=10)


def way(text: str, sure: float, log_probability: float) -> Way:
    steps = tuple(Step(one.strip(), sure, "1", 1 - sure) for one in text)
    return Way(steps, tuple(range(len(steps))), log_probability)


def test_there_is_a_weight_for_each_number_of_the_evidence() -> None:
    assert (len(STRING.weights), len(BOXES.weights)) == (len(STRING_EVIDENCE), len(BOXES_EVIDENCE))


def test_a_calibration_is_the_logistic_curve_of_its_weights() -> None:
    model = Calibration((1.0, -2.0), 0.5)
    assert model.probability((0.5, 0.5)) == pytest.approx(0.5)
    assert model.probability((3.0, 0.0)) == pytest.approx(1 / (1 + math.exp(-3.5)))
    with pytest.raises(ValueError, match="zip"):
        model.probability((1.0,))


@given(texts, shares, logs, shares)
def test_a_confidence_is_a_probability_whatever_was_read(
    text: str, sure: float, log_probability: float, placed: float
) -> None:
    one = way(text, sure, log_probability)
    for confidence in (string_confidence, boxes_confidence):
        assert 0 <= confidence(field_of(one, placed), one) <= placed


@given(texts, st.tuples(shares, shares), st.tuples(logs, logs))
def test_a_surer_run_is_never_trusted_less(text: str, sure: tuple[float, float], joint: tuple[float, float]) -> None:
    less, more = (way(text, side, together) for side, together in zip(sorted(sure), sorted(joint), strict=True))
    assert string_confidence(field_of(less), less) <= string_confidence(field_of(more), more)


@given(texts, shares, shares)
def test_surer_cells_are_never_trusted_less(text: str, one: float, other: float) -> None:
    less, more = (way(text, sure, 0.0) for sure in sorted((one, other)))
    assert boxes_confidence(field_of(less), less) <= boxes_confidence(field_of(more), more)


@CONFIDENCES
@pytest.mark.parametrize("text", ["1?2", "?", "??"])
def test_what_could_not_be_read_is_worth_nothing(confidence: Confidence, text: str) -> None:
    one = way(text, 1.0, 0.0)
    assert confidence(field_of(one), one) == 0


def test_signs_at_the_ends_of_a_run_are_no_part_of_its_value_and_those_of_cells_are() -> None:
    one = way("?12?", 0.99, -0.01)
    assert string_confidence(field_of(one), one) > 0
    assert boxes_confidence(field_of(one), one) == 0


@CONFIDENCES
def test_a_field_that_may_lie_elsewhere_is_trusted_as_much_less(confidence: Confidence) -> None:
    one = way("120", 0.9, -0.2)
    whole = confidence(field_of(one), one)
    assert whole > 0
    assert [confidence(field_of(one, share), one) for share in (0.5, 0.0)] == [pytest.approx(0.5 * whole), 0.0]


@given(shares, logs)
def test_what_the_rules_changed_is_no_surer_than_its_way_among_all(sure: float, log_probability: float) -> None:
    raw, changed = way("7", 0.6, math.log(0.6)), way("1", 0.4, log_probability)
    assert as_chosen(sure, Choice(raw, raw)) == sure
    assert as_chosen(sure, Choice(changed, raw)) == min(sure, math.exp(log_probability))
