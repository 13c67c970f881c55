import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.form.rules import parse_rule
from ocrbatch.geometry import Box
from ocrbatch.page.choose import CLOSE_RUNNER_UP, Choice, choose, ways_wanted, with_rules
from ocrbatch.page.joint import IN_BROKEN
from ocrbatch.page.lattice import Step, Way
from ocrbatch.records import FieldPlace, FieldReading, Status, cell_quads

Readings = dict[str, float]


def place(name: str, *rules: str, kind: str = "boxes") -> FieldPlace:
    return FieldPlace(
        name, kind, cell_quads([]), rules=tuple(parse_rule(rule, lambda _: b"12\n77\n") for rule in rules)
    )


def ways(readings: Readings) -> tuple[Way, ...]:
    """Ways by their texts, with their probabilities."""
    made = [
        Way(
            tuple(Step("" if sign == " " else sign, 0.9, "", 0.0) for sign in text),
            tuple(range(len(text))),
            math.log(p),
        )
        for text, p in readings.items()
    ]
    return tuple(sorted(made, key=lambda way: -way.log_probability))


def one(readings: Readings, *rules: str, kind: str = "boxes") -> Choice:
    return choose([place("a", *rules, kind=kind)], [ways(readings)])[0]


def page(**fields: tuple[Readings, tuple[str, ...]]) -> dict[str, Choice]:
    places = [place(name, *rules) for name, (_, rules) in fields.items()]
    return dict(zip(fields, choose(places, [ways(readings) for readings, _ in fields.values()]), strict=True))


def texts(choices: dict[str, Choice]) -> list[str]:
    return [choice.way.text for choice in choices.values()]


def test_without_rules_the_likeliest_way_is_the_value_and_the_next_the_runner_up() -> None:
    choice = one({"12": 0.6, "17": 0.3, "72": 0.1})
    assert (choice.way.text, choice.raw.text, choice.runner_up) == ("12", "12", "17")
    assert (choice.reasons, choice.broken) == ((), ())


def test_a_rule_takes_the_best_way_that_keeps_it_and_says_so() -> None:
    choice = one({"19": 0.9, "17": 0.07, "14": 0.02, "18": 0.0005}, "luhn")
    assert (choice.way.text, choice.raw.text) == ("18", "19")
    assert choice.reasons == ("changed by luhn",)
    assert choice.broken == ()


def test_all_rules_that_were_broken_are_named() -> None:
    choice = one({"39": 0.9, "31": 0.05, "12": 0.04}, "length 2", "range 1 31", "one-of known.txt")
    assert (choice.way.text, choice.reasons) == ("12", ("changed by range, one-of",))


def test_where_no_way_keeps_the_rules_the_field_is_broken_and_stays_as_read() -> None:
    choice = one({"19": 0.9, "17": 0.1}, "luhn", "range 0 5")
    assert (choice.way.text, choice.broken, choice.reasons) == ("19", ("luhn", "range"), ())


def test_a_rule_does_not_choose_what_the_ink_speaks_against() -> None:
    choice = one({"19": 0.9999, "18": 1e-7}, "luhn")
    assert (choice.way.text, choice.broken) == ("19", ("luhn",))


def test_a_close_runner_up_that_keeps_the_rules_is_told() -> None:
    assert one({"12": 0.6, "77": 0.2}, "one-of known.txt").reasons == (CLOSE_RUNNER_UP,)
    assert one({"12": 0.6, "77": 0.02}, "one-of known.txt").reasons == ()
    assert one({"12": 0.6, "17": 0.3}, "one-of known.txt").reasons == ()
    assert one({"12": 0.6, "77": 0.2}).reasons == ()


def test_the_runner_up_keeps_the_rules() -> None:
    assert one({"12": 0.6, "17": 0.3, "77": 0.01}, "one-of known.txt").runner_up == "77"
    assert one({"12": 0.6, "17": 0.3}, "one-of known.txt").runner_up == ""
    assert one({"17": 0.6, "12": 0.3}, "one-of known.txt").runner_up == ""


def test_where_no_rule_is_kept_the_runner_up_is_the_next_value() -> None:
    assert one({"19": 0.6, "17": 0.3}, "one-of known.txt").runner_up == "17"
    assert one({"19": 0.6, "17": 0.3}, "sum b").runner_up == "17"


def test_the_runner_up_is_a_value_that_can_be_read_where_there_is_one() -> None:
    assert one({"12": 0.6, "1?": 0.3, "17": 0.1}).runner_up == "17"
    assert one({"12": 0.6, "1?": 0.3}).runner_up == "1?"


def test_a_blank_field_keeps_every_rule() -> None:
    choice = one({"  ": 1.0}, "luhn", "date %d%m", "one-of known.txt", "pattern 1", "range 1 2", "length 2")
    assert (choice.way.text, choice.reasons, choice.broken) == ("", (), ())


def test_ink_that_could_not_be_read_breaks_nothing_but_may_be_read_by_a_rule() -> None:
    assert one({"1?": 0.99, "19": 0.01}, "luhn").broken == ()
    assert one({"1?": 0.9, "18": 0.01}, "luhn").way.text == "18"
    assert one({"1?": 0.9, "10": 0.01}, "digits 0-1", "length 2").way.text == "1?"


def test_a_run_of_digits_is_judged_without_what_is_no_digit_at_its_ends() -> None:
    assert one({"?18?": 0.9, "18": 0.05}, "luhn", "length 2", kind="string").reasons == ()
    assert one({"?19?": 0.9}, "luhn", kind="string").broken == ("luhn",)


def test_a_sum_changes_what_makes_it_hold_likeliest() -> None:
    found = page(
        a=({"7": 0.5, "1": 0.4}, ()),
        b=({"6": 0.99, "0": 0.001}, ()),
        total=({"7": 0.9, "13": 0.01}, ("sum a b",)),
    )
    assert texts(found) == ["1", "6", "7"]
    assert found["a"].reasons == ("changed by sum",)
    assert found["a"].raw.text == "7"
    assert (found["b"].reasons, found["total"].reasons) == ((), ())


def test_sums_within_sums_are_solved_together() -> None:
    found = page(
        a=({"3": 0.99, "8": 0.001}, ()),
        b=({"4": 0.99}, ()),
        part=({"1": 0.6, "7": 0.4}, ("sum a b",)),
        rest=({"5": 0.99}, ()),
        total=({"12": 0.99}, ("sum part rest",)),
    )
    assert texts(found) == ["3", "4", "7", "5", "12"]


def test_what_changes_because_another_sum_was_mended_is_told_as_well() -> None:
    found = page(
        a=({"5": 1.0}, ()),
        b=({"3": 1.0}, ()),
        c=({"1": 1.0}, ()),
        t1=({"9": 0.5, "8": 0.4}, ("sum a b",)),
        t2=({"10": 0.5, "09": 0.4}, ("sum t1 c",)),
    )
    assert texts(found) == ["5", "3", "1", "8", "09"]
    assert [choice.reasons[:1] for choice in found.values()] == [(), (), (), ("changed by sum",), ("changed by sum",)]


def test_a_number_with_a_blank_within_is_no_way_around_a_sum() -> None:
    found = page(a=({"3": 1.0}, ()), b=({"112": 0.6, "1 2": 0.4}, ()), total=({"999": 1.0}, ("sum a b",)))
    assert (found["b"].way.text, found["b"].reasons, found["total"].broken) == ("112", (IN_BROKEN,), ("sum",))


NUMBERS = st.dictionaries(st.text("01 ?", min_size=1, max_size=3), st.floats(0.01, 1), min_size=1, max_size=4)


@given(st.lists(NUMBERS, min_size=6, max_size=6))
def test_no_sums_change_a_value_without_a_reason(readings: list[Readings]) -> None:
    rules = [(), (), ("equals a",), ("sum a b",), ("digit-sum b c",), ("sum d e", "range 0 11")]
    found = page(**dict(zip("abcdef", zip(readings, rules, strict=True), strict=True)))
    for choice in found.values():
        assert (choice.way is choice.raw) == (not any(reason.startswith("changed by") for reason in choice.reasons))


def test_the_digits_of_cells_are_added_one_by_one() -> None:
    found = page(marks=({"110 1": 0.99}, ()), total=({"9": 0.8, "3": 0.1}, ("digit-sum marks",)))
    assert texts(found) == ["110 1", "3"]


def test_an_equality_makes_both_alike() -> None:
    found = page(a=({"12": 0.9, "17": 0.05}, ()), b=({"17": 0.6, "12": 0.3}, ("equals a",)))
    assert texts(found) == ["12", "12"]
    assert found["b"].reasons[0] == "changed by equals"


def test_a_sum_that_the_ink_speaks_against_is_broken_and_its_parts_are_to_be_looked_at() -> None:
    found = page(a=({"3": 0.9999}, ()), b=({"4": 0.9999}, ()), total=({"8": 0.9999, "7": 1e-6}, ("sum a b",)))
    assert texts(found) == ["3", "4", "8"]
    assert found["total"].broken == ("sum",)
    assert found["a"].reasons == found["b"].reasons == (IN_BROKEN,)


def test_equally_good_solutions_are_in_doubt() -> None:
    found = page(a=({"3": 0.9, "4": 0.1}, ()), b=({"5": 0.9, "6": 0.1}, ()), total=({"9": 0.999}, ("sum a b",)))
    assert CLOSE_RUNNER_UP in found["a"].reasons
    assert CLOSE_RUNNER_UP in found["b"].reasons
    assert found["total"].reasons == ()


def test_a_blank_counts_as_what_the_form_says_else_the_sum_is_not_checked() -> None:
    blank: Readings = {" ": 1.0}
    counted = page(a=({"3": 0.99}, ()), b=(blank, ("blank-as 0",)), total=({"8": 0.7, "3": 0.2}, ("sum a b",)))
    assert texts(counted) == ["3", "", "3"]
    unchecked = page(a=({"3": 0.99}, ()), b=(blank, ()), total=({"8": 0.7, "3": 0.2}, ("sum a b",)))
    assert texts(unchecked) == ["3", "", "8"]
    assert "sum not checked" in unchecked["total"].reasons
    nothing = page(a=(blank, ()), b=(blank, ()), total=(blank, ("sum a b",)))
    assert nothing["total"].reasons == ()


def test_one_number_that_could_not_be_read_is_filled_in_where_one_way_alone_fits() -> None:
    total: tuple[Readings, tuple[str, ...]] = ({"8": 0.99}, ("sum a b",))
    filled = page(a=({"3": 0.99}, ()), b=({"?": 0.9, "6": 0.02, "5": 0.01}, ()), total=total)
    assert texts(filled) == ["3", "5", "8"]
    assert filled["b"].reasons == ("changed by sum",)
    none = page(a=({"3": 0.99}, ()), b=({"?": 0.9, "6": 0.02}, ()), total=total)
    assert (texts(none), none["total"].reasons) == (["3", "?", "8"], ("sum not checked",))
    two = page(a=({"?": 0.9, "3": 0.1}, ()), b=({"?": 0.9, "5": 0.01}, ()), total=total)
    assert (texts(two), two["total"].reasons) == (["?", "?", "8"], ("sum not checked",))
    twice = page(a=({"3": 0.99}, ()), b=({"?": 0.9, "05": 0.02, "5": 0.01}, ()), total=total)
    assert texts(twice) == ["3", "?", "8"]


def test_a_sum_never_makes_ink_unread_to_get_away() -> None:
    found = page(a=({"3": 0.9}, ()), b=({"4": 0.9}, ()), total=({"8": 0.9, "?": 0.09}, ("sum a b",)))
    assert (found["total"].way.text, found["total"].broken) == ("8", ("sum",))


@given(st.dictionaries(st.text("0123", min_size=2, max_size=2), st.floats(1e-8, 1), min_size=1, max_size=12))
def test_what_rules_leave_is_never_likelier_than_what_was_read(readings: Readings) -> None:
    choice = one(readings, "luhn", "range 1 22")
    kept = [parse_rule(rule, lambda _: b"").allows(choice.way.text) for rule in ("luhn", "range 1 22")]
    assert all(kept) != bool(choice.broken)
    assert (choice.way is choice.raw) == (not any(reason.startswith("changed") for reason in choice.reasons))
    assert choice.way.log_probability <= choice.raw.log_probability


def test_many_ways_are_asked_for_where_rules_may_pass_some_over() -> None:
    few, ruled, bound = ways_wanted([place("a"), place("b", "sum c"), place("c")])
    assert few < 100 < ruled == bound


def test_the_most_ways_are_asked_for_where_all_break_a_rule() -> None:
    places = [place("a", "luhn"), place("b", "luhn"), place("c", "luhn", kind="string")]
    choices = choose(places, [ways({"19": 0.9}), ways({"18": 0.9}), ways({"19": 0.9})])
    first, again = ways_wanted(places), ways_wanted(places, choices)
    assert again == (max(again), *first[1:])
    assert again[0] > first[0]


def reading(value: str, status: Status, *reasons: str) -> FieldReading:
    cells = cell_quads([])
    return FieldReading("a", "boxes", value, 0.5, status, reasons, value, "", (), Box(0, 0, 1, 1), cells, ())


def test_writing_that_is_signs_alone_is_no_blank_in_a_sum() -> None:
    signs: Readings = {"": 1.0}
    found = page(a=({"3": 0.99}, ()), b=(signs, ("blank-as 0",)), total=({"3": 0.99}, ("sum a b",)))
    assert found["total"].reasons == ("sum not checked",)


def test_no_rule_makes_a_digit_that_was_read_unread() -> None:
    kept = one({"173": 0.99, "1?3": 0.0001}, "digits 0-5")
    assert (kept.way.text, kept.broken) == ("173", ("digits",))
    assert one({"1?3": 0.9, "17?": 0.01}, "digits 0-5").way.text == "1?3"


def test_a_reading_tells_what_rules_changed() -> None:
    told = with_rules(reading("18", Status.ACCEPTED), one({"19": 0.6, "18": 0.4}, "luhn"))
    assert (told.value, told.raw, told.status) == ("18", "19", Status.REVIEW)
    assert told.reasons == ("changed by luhn",)
    assert with_rules(told, one({"18": 0.9}, "luhn")) == told


def test_a_reading_that_breaks_a_rule_is_invalid() -> None:
    told = with_rules(reading("19", Status.REVIEW, "low confidence in cell 2"), one({"19": 0.9}, "luhn"))
    assert (told.status, told.reasons) == (Status.INVALID, ("breaks luhn", "low confidence in cell 2"))
    blank = page(a=({"3": 0.99}, ()), b=({"4": 0.99}, ()), total=({" ": 1.0}, ("sum a b", "blank-as 0")))["total"]
    assert with_rules(reading("", Status.BLANK), blank).status is Status.INVALID


@pytest.mark.parametrize("status", [Status.BLANK, Status.INVALID, Status.REVIEW])
def test_rules_take_no_reason_for_a_look_away(status: Status) -> None:
    assert with_rules(reading("19", status, "why"), one({"19": 0.9})).status is status
