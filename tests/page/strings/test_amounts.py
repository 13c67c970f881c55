import math

import numpy as np
import pytest

from ocrbatch.form.rules import parse_rule
from ocrbatch.page.strings.amounts import ZERO, first_digit_weight, is_amount


def nothing(name: str) -> bytes:
    raise AssertionError(name)


@pytest.mark.parametrize(
    ("rules", "amount"),
    [
        ((), True),
        (("range 0 5000",), True),
        (("digits 2-9", "sum part_a part_b"), True),
        (("blank-as 0", "equals total"), True),
        (("length 8",), False),
        (("length 1-9",), True),
        (("digits [1, 9]",), True),
        (("digits [8, 8]",), False),
        (("date %d%m%Y",), False),
        (("range 0 5000", "luhn"), False),
        (("pattern 4[0-9]{5}",), False),
    ],
)
def test_a_run_is_an_amount_unless_a_rule_makes_a_name_of_it(rules: tuple[str, ...], amount: bool) -> None:
    assert is_amount([parse_rule(rule, nothing) for rule in rules]) is amount


def test_weights_are_those_of_benford_beside_one_of_ten() -> None:
    shares = [math.exp(first_digit_weight(f"{digit}5")) / 10 for digit in range(10)]
    assert math.isclose(sum(shares), 1)
    assert shares[0] == pytest.approx(ZERO)
    assert (np.diff(shares[1:]) < 0).all()
    assert shares[1] / shares[9] == pytest.approx(math.log10(2) / math.log10(10 / 9))


@pytest.mark.parametrize("text", ["", "7", "0", "?12"])
def test_nothing_is_said_of_a_digit_alone_or_of_what_could_not_be_read(text: str) -> None:
    assert first_digit_weight(text) == 0
