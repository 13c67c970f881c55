import math
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.geometry import Box
from ocrbatch.page.choose import Choice
from ocrbatch.page.confidence import read_field
from ocrbatch.page.lattice import Step, Way
from ocrbatch.records import CellImage, FieldImage, FieldPlace, FieldReading, Status, read_only

ACCEPT = 0.9
NOTHING = Step("", 1.0, "", 0.0)


@st.composite
def written(draw: st.DrawFn) -> Step:
    text, second = draw(st.permutations([*"0123456789", "?"]))[:2]
    sure = draw(st.floats(0.2, 1.0))
    return Step(text, sure, second, min(sure, 1 - sure))


steps_of_a_field = st.lists(st.one_of(st.just(NOTHING), written()), min_size=1, max_size=9).map(tuple)


def field_for(steps: tuple[Step, ...], notes: dict[int, str] | None = None) -> FieldImage:
    ink = read_only(np.zeros((1, 1), np.uint8))
    noted = notes or {}
    cells = [CellImage(ink, not step.text, (noted[i],) if i in noted else ()) for i, step in enumerate(steps)]
    place = FieldPlace("r07", "boxes", read_only(np.zeros((len(steps), 4, 2), np.float32)))
    return FieldImage(place, Box(3, 4, 50, 20), tuple(cells))


def read(steps: tuple[Step, ...], accept: float = ACCEPT, notes: dict[int, str] | None = None) -> FieldReading:
    return read_field(field_for(steps, notes), chosen(steps), accept)


def chosen(steps: tuple[Step, ...]) -> Choice:
    way = Way(steps, tuple(range(len(steps))), 0.0)
    return Choice(way, way)


def digits(text: str, sure: float = 0.99) -> tuple[Step, ...]:
    other = {"7": "1"}
    return tuple(NOTHING if c == " " else Step(c, sure, other.get(c, "7"), round(1 - sure, 6)) for c in text)


@given(steps_of_a_field)
def test_a_reading_has_a_text_a_cell_and_a_confidence_a_digit(steps: tuple[Step, ...]) -> None:
    reading = read(steps)
    assert reading.cell_values == tuple(step.text for step in steps)
    assert len(reading.digit_confidence) == sum(c != " " for c in reading.value)
    assert reading.raw == reading.value
    assert (reading.name, reading.kind, reading.box) == ("r07", "boxes", Box(3, 4, 50, 20))
    assert reading.cells.shape == (len(steps), 4, 2)


@given(steps_of_a_field)
def test_the_value_is_the_cells_with_inner_blanks_as_spaces_and_outer_ones_dropped(
    steps: tuple[Step, ...],
) -> None:
    reading = read(steps)
    assert reading.value == reading.value.strip()
    filled = [i for i, step in enumerate(steps) if step.text]
    if not filled:
        assert reading.value == ""
        return
    assert len(reading.value) == filled[-1] - filled[0] + 1
    for place, shown in enumerate(reading.value, start=filled[0]):
        assert shown == (steps[place].text or " ")


@given(steps_of_a_field, st.floats(0.01, 1.0))
def test_a_field_is_accepted_exactly_where_it_is_sure_enough(steps: tuple[Step, ...], accept: float) -> None:
    reading = read(steps, accept)
    assert (reading.confidence == 0) == any(step.text == "?" for step in steps)
    if not reading.value:
        assert reading.status is Status.BLANK
    elif reading.confidence >= accept:
        assert reading.status is Status.ACCEPTED
    else:
        assert reading.status is Status.REVIEW


@given(steps_of_a_field)
def test_a_field_waits_for_a_person_exactly_where_a_reason_is_given(steps: tuple[Step, ...]) -> None:
    reading = read(steps)
    assert bool(reading.reasons) == (reading.status is Status.REVIEW)
    assert all(reading.reasons)
    assert not any(";" in reason for reason in reading.reasons)


@given(steps_of_a_field, st.data())
def test_ink_that_is_no_digit_makes_the_field_worth_nothing(steps: tuple[Step, ...], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(steps) - 1))
    steps = (*steps[:place], Step("?", 1.0, "4", 0.0), *steps[place + 1 :])
    reading = read(steps, accept=0.001)
    assert reading.confidence == 0
    assert reading.status is Status.REVIEW
    assert "?" in reading.value


def test_the_runner_up_is_the_choices() -> None:
    way = Way(digits("12"), (0, 1), 0.0)
    assert read_field(field_for(way.steps), Choice(way, way, "72"), ACCEPT).runner_up == "72"


def test_a_confidence_exactly_at_the_threshold_is_accepted() -> None:
    sure = read(digits("4", 0.8)).confidence
    assert read(digits("4", 0.8), accept=sure).status is Status.ACCEPTED
    assert read(digits("4", 0.8), accept=math.nextafter(sure, 1)).status is Status.REVIEW


def test_what_was_seen_in_a_cell_keeps_a_sure_field_from_being_accepted() -> None:
    assert read(digits("12")).status is Status.ACCEPTED
    noted = read(digits("12"), notes={1: "several digits"})
    assert noted.status is Status.REVIEW
    assert noted.reasons == ("several digits in cell 2",)


def test_reasons_name_the_cells_from_one() -> None:
    steps = digits("1 345")
    steps = (*steps[:2], replace(steps[2], text="?"), replace(steps[3], text="?"), steps[4])
    assert read(steps).reasons == ("not a digit in cells 3 4",)
    unsure = (*digits("12"), Step("3", 0.6, "5", 0.3))
    assert read(unsure).reasons == ("low confidence in cell 3",)


def test_where_only_all_digits_together_are_too_unsure_the_weakest_is_named() -> None:
    steps = (*digits("12", 0.98), Step("3", 0.97, "5", 0.03), *digits("456", 0.98))
    assert read(steps, accept=0.95).reasons == ("low confidence in cell 3",)


def test_a_field_of_blanks_is_blank_and_certain() -> None:
    reading = read((NOTHING,) * 4)
    assert (reading.value, reading.status, reading.confidence) == ("", Status.BLANK, 1.0)
    assert reading.digit_confidence == ()


def ruled(steps: tuple[Step, ...], blank: str) -> FieldReading:
    field = field_for(steps)
    return read_field(replace(field, place=replace(field.place, blank=blank)), chosen(steps), ACCEPT)


def test_a_field_that_must_be_blank_is_invalid_with_writing() -> None:
    reading = ruled(digits("12"), "required")
    assert (reading.status, reading.reasons, reading.value) == (Status.INVALID, ("must be blank",), "12")
    unsure = ruled(digits("12", 0.5), "required")
    assert unsure.reasons == ("must be blank", "low confidence in cells 1 2")
    assert ruled((NOTHING, NOTHING), "required").status is Status.BLANK


def test_a_field_that_must_not_be_blank_is_invalid_without_writing() -> None:
    reading = ruled((NOTHING, NOTHING), "forbidden")
    assert (reading.status, reading.reasons, reading.value) == (Status.INVALID, ("must not be blank",), "")
    assert ruled(digits("12"), "forbidden").status is Status.ACCEPTED
