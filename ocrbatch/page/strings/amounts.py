"""With which digit amounts begin: a third of them with a 1, hardly any with a 0.

The first digits of amounts are as F. Benford found them ("The law of anomalous numbers", 1938). The networks were
taught on runs that begin with each digit equally often: what they say of a run is weighed by how much oftener amounts
begin so (M. Saerens, P. Latinne and C. Decaestecker, "Adjusting the outputs of a classifier to new a priori
probabilities", 2002).
"""

import math
from collections.abc import Sequence

from ocrbatch.records import LABELS, Rule

OF_QUANTITIES = frozenset({"length", "digits", "range", "sum", "digit-sum", "equals", "blank-as"})
"""The rules that amounts have too: of any other, as a date or a check digit, a number is a name for something."""
OF_DIGITS = frozenset({"length", "digits"})
LONGEST = 20
"""Digits of an amount at most."""
ZERO = 0.02
"""How many amounts are written with a 0 before other digits: cents alone, and those filled up."""
_BEGINS = (ZERO, *((1 - ZERO) * math.log10(1 + 1 / digit) for digit in range(1, 10)))
_WEIGHTS = tuple(math.log(len(LABELS) * share) for share in _BEGINS)


def is_amount(rules: Sequence[Rule]) -> bool:
    """Tell whether a free run of digits with these rules is an amount: neither made as names are nor of one length."""
    return all(rule.name in OF_QUANTITIES and _leaves_lengths(rule) for rule in rules)


def _leaves_lengths(rule: Rule) -> bool:
    """Tell whether a rule on digits leaves more than one number of them."""
    if rule.name not in OF_DIGITS:
        return True
    return sum(any(rule.allows(label * count) for label in LABELS) for count in range(1, LONGEST + 1)) > 1


def first_digit_weight(text: str) -> float:
    """Give the logarithm of how much oftener an amount begins as ``text`` does than one run of ten; 0 of a digit alone.

    So it is of a text that begins with what could not be read.
    """
    return _WEIGHTS[LABELS.index(text[0])] if len(text) > 1 and text[0] in LABELS else 0.0
