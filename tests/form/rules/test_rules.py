import re
import time
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.form.rules import FormRule, RuleError, parse_rule
from ocrbatch.form.rules.checkdigits import IBAN_DIGITS, MODULES

VALUES = st.text("0123456789", min_size=1, max_size=12)


def no_file(name: str) -> bytes:
    raise OSError("it is not there")


def rule(text: str, content: bytes | None = None) -> FormRule:
    return parse_rule(text, no_file if content is None else lambda name: content)


def allowed(text: str, *values: str) -> list[bool]:
    return [rule(text).allows(value) for value in values]


def fault(text: str, content: bytes | None = None) -> str:
    with pytest.raises(RuleError) as caught:
        rule(text, content)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "kept", "broken"),
    [
        ("length 3", ["123", "1 23", "1?3"], ["12", "1234"]),
        ("length 2-3", ["12", "123"], ["1", "1234"]),
        ("digits [2, 3]", ["12", "123"], ["1", "1234"]),
        ("digits [2,3]", ["12"], ["1"]),
        ("digits 0-1", ["0110", "1 0", "1?"], ["2", "1 2"]),
        ("digits 0-2 7", ["0127"], ["3", "8"]),
        ("digits 0,5", ["0505"], ["1", "4"]),
        ("range 5 100", ["5", "005", "100"], ["4", "101", "1 0", "5?"]),
        ("date %d%m%Y", ["29022024", "31122023"], ["29022023", "31042024", "00012024", "2902202", "1?022024"]),
        ("date %y%m%d", ["000229", "991231"], ["010229", "991301"]),
        ("date %m%y", ["1299"], ["1399", "0099"]),
        ("date %d%m", ["2902"], ["3002"]),
        ("date %d%m%Y from 2020-01-01 to 2020-12-31", ["01012020", "31122020"], ["31122019", "01012021"]),
        ("date %d%m%y from 2020-01-01 to 2029-12-31", ["010120"], ["311219", "010195"]),
        ("date %m%Y from 2020-06-15 to 2021-02-01", ["062020", "022021"], ["052020", "032021", "132020"]),
        ("date %Y from 2020-06-01 to 2022-01-01", ["2020", "2022"], ["2019", "2023", "0000"]),
        ("date %d%m%Y to 2020-12-31", ["01011900"], ["01012021"]),
        ("pattern 4[0-9]{5}", ["412345"], ["41234", "4123456", "512345", "41234?"]),
        (r"pattern (?:12|34)\d?.", ["129", "3499"], ["1", "5678"]),
        ("luhn", ["79927398713"], ["79927398710", "7992739871?", "7992 7398713"]),
        ("isbn", ["9780306406157", "0306406152"], ["9780306406158"]),
        ("ean", ["4006381333931"], ["4006381333932"]),
        ("aba", ["122105155"], ["122105156"]),
        ("verhoeff", ["2363"], ["2364"]),
        ("damm", ["5724"], ["5725"]),
        ("iban DE", ["89370400440532013000"], ["89370400440532013001", "8937040044053201300"]),
        ("iban", ["89370400440532013000"], ["89370400440532013001"]),
        ("sum a b", ["5", ""], []),
        ("blank-as 0", ["5", ""], []),
    ],
)  # fmt: skip
def test_a_rule_tells_the_values_that_keep_it(text: str, kept: list[str], broken: list[str]) -> None:
    assert allowed(text, *kept) == [True] * len(kept)
    assert allowed(text, *broken) == [False] * len(broken)
    assert rule(text).allows("")
    assert (rule(text).text, rule(text).name) == (text, text.split(maxsplit=1)[0])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lenght 8", 'did you mean "length"?'),
        ("xyzzy 8", "the rules are length, digits"),
        ("Luhn", 'did you mean "luhn"?'),
        ("os.system", "there is no rule"),
        ("length", "length 8"),
        ("length 0", "from 1 to"),
        ("length 8-6", "the least first"),
        ("length 8 9", "length 6-8"),
        ("digits", "digits 0-5"),
        ("digits 5-0", "digits 0-5"),
        ("digits a", "digits 0-5"),
        ("digits [9, 1]", "the least first"),
        ("range 1", "range 0 100"),
        ("range 5 1", "the least first"),
        ("range -1 5", "whole numbers"),
        ("range ² 5", "whole numbers"),
        ("date", "date %d%m%Y"),
        ("date %d/%m/%Y", "digits only"),
        ("date %d%d%Y", "twice"),
        ("date %Y%y", "twice"),
        ("date %d%Y", "add %m"),
        ("date %d%m%Y until 2020-01-01", "from 2020-01-01"),
        ("date %d%m%Y from", "from 2020-01-01"),
        ("date %d%m%Y from 2020-02-30", "2020-02-30 is no day"),
        ("date %d%m%Y from 2020-01-02 to 2020-01-01", "exchange"),
        ("date %d%m from 2020-01-02", "no year"),
        ("pattern", "4[0-9]{5}"),
        ("pattern (1+)+", "repeats a group"),
        ("pattern (1|11){20}", "repeats a group"),
        ("pattern ((1?)){20}", "repeats a group"),
        ("pattern 1*1*1*", "at most 2"),
        ("pattern ((.{0}){999}){999}", "{0} times"),
        ("pattern (){99}1", "without anything"),
        ("pattern (?:)1", "without anything"),
        ("pattern " + "1?" * 9, "at most"),
        ("pattern (1", "no pattern"),
        ("pattern 1)", "not open"),
        ("pattern (?=1)", "not understood"),
        (r"pattern (1)\1", "not understood"),
        ("pattern " + "1" * 201, "at most 200"),
        ("luhn 8", "takes nothing"),
        ("iban GB", "give the country"),
        ("one-of", "one-of numbers.txt"),
        ("one-of numbers.txt", "numbers.txt cannot be used (it is not there); put"),
        ("sum", "sum first second"),
        ("sum a b a", "names a twice"),
        ("equals a b", 'equals "the sum"'),
        ("blank-as x", "blank-as 0"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_is_told_with_its_mend(text: str, words: str) -> None:
    assert words in fault(text)


def test_names_of_fields_with_blanks_are_quoted() -> None:
    assert rule('sum "part a" b').others == ("part a", "b")
    assert rule("equals b").others == ("b",)


@given(st.dates(), st.integers(0, 400))
def test_every_day_within_bounds_is_a_date(day: date, span: int) -> None:
    last = min(day, date.max - timedelta(400)) + timedelta(span)
    text = f"date %Y%m%d from {day.isoformat()} to {max(day, last).isoformat()}"
    assert rule(text).allows(f"{day.year:04d}{day:%m%d}")


@given(VALUES)
def test_one_digit_completes_a_luhn_number(value: str) -> None:
    assert allowed("luhn", *(value + last for last in "0123456789")).count(True) == 1


@pytest.mark.parametrize("name", MODULES)
def test_every_named_check_digit_answers_to_any_number(name: str) -> None:
    for value in ("0", "1" * 40, "123456789", "?", "1 2", "١٢"):
        assert rule(name).allows(value) in (True, False)


def test_every_country_has_ibans_of_its_length() -> None:
    for country, count in IBAN_DIGITS.items():
        kept = [f"{check:02d}" + "1" * (count - 2) for check in range(100)]
        assert sum(allowed(f"iban {country}", *kept)) >= 1


@pytest.mark.parametrize("text", ["(?:1?1?1?1?)(?:1|11)(?:1|11)(?:1|11)1*1*2", "(1{99}){99}", "1*1*2", ".*.*[0-9]{9}2"])
def test_no_pattern_takes_long(text: str) -> None:
    found = rule(f"pattern {text}")
    start = time.process_time()
    for length in range(1, 101):
        found.allows("1" * length)
    found.allows("1" * 100_000)
    assert time.process_time() - start < 2


@given(VALUES, st.sampled_from([r"\d{1,4}", "4[0-9]{5}|5[^5]*", "(12|3.)?4+", "[13579]*"]))
def test_a_pattern_is_a_regular_expression_for_the_whole_value(value: str, text: str) -> None:
    assert rule(f"pattern {text}").allows(value) == bool(re.fullmatch(text, value))
