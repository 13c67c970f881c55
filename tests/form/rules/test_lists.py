import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.form.rules import FormRule, OneOf, RuleError, parse_rule

VALUES = st.text("0123456789", min_size=1, max_size=9)


def one_of(content: bytes) -> FormRule:
    return parse_rule("one-of known.txt", lambda name: content)


@given(st.lists(VALUES, min_size=1), VALUES, st.sampled_from(["\n", "\r\n", "\n\n", " \n", "\r"]))
def test_the_values_of_a_list_are_allowed_and_no_others(values: list[str], other: str, end: str) -> None:
    rule = one_of(b"\xef\xbb\xbf" + end.join(values).encode())
    assert all(rule.allows(value) for value in values)
    assert rule.allows(other) == (other in values)
    assert not rule.allows(other + "?")
    assert rule.allows("")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "known.txt is empty"),
        (b"\n\r\n", "known.txt is empty"),
        (b"12\n\xff\n", "line 2: is not UTF-8"),
        (b"number\n12\n", 'line 1: "number" is no value'),
        (b"12\n1-2\n", 'line 2: "1-2"'),
        (b"12\n" + b"1" * 65, "line 2"),
        ("12\n١٢\n".encode(), "line 2"),
        (b"12\x0034", "line 1"),
        (b"12\n1\x0b2", "line 2"),
        (b"1234 5678\n", 'line 1: "1234 5678" is no value'),
        (b"12\n34\t56\n", "line 2"),
    ],
)
def test_a_list_that_is_none_is_told_by_its_line(content: bytes, words: str) -> None:
    with pytest.raises(RuleError, match=r"known\.txt") as caught:
        one_of(content)
    assert words in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_million_values_are_read_and_found_quickly() -> None:
    start = time.process_time()
    rule = one_of("\n".join(str(7 * number) for number in range(1_000_000)).encode())
    assert time.process_time() - start < 10
    start = time.process_time()
    found = [rule.allows(str(number)) for number in range(5000)]
    # A page of twenty such fields with all their ways costs no more than this.
    assert time.process_time() - start < 0.25
    assert found == [number % 7 == 0 for number in range(5000)]


def test_rules_with_one_list_share_its_values() -> None:
    content = "\n".join(str(7 * number) for number in range(1000)).encode()
    first = one_of(content)
    more = [parse_rule("one-of another.txt", lambda name: content) for _ in range(20)]
    assert isinstance(first, OneOf)
    assert all(isinstance(rule, OneOf) and rule.values is first.values for rule in more)
    other = one_of(content + b"\n1\n")
    assert (first.allows("1"), other.allows("1")) == (False, True)
