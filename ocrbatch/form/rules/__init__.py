"""Rules of a form: what a field's value must keep to. A family of rules is a module here and a line in ``PARSERS``."""

import re
from collections.abc import Callable

from ocrbatch.form.faults import quoted, suggestion
from ocrbatch.form.rules.checkdigits import MODULES, parse_check_digit, parse_iban
from ocrbatch.form.rules.dates import parse_date
from ocrbatch.form.rules.equations import BlankAs, Sum, cycle, parse_blank_as, parse_equals, parse_sum
from ocrbatch.form.rules.lists import OneOf, parse_one_of
from ocrbatch.form.rules.patterns import parse_pattern
from ocrbatch.form.rules.rule import FormRule, Load, RuleError
from ocrbatch.form.rules.shapes import Length, parse_digits, parse_length, parse_range

__all__ = ["BlankAs", "FormRule", "Length", "Load", "OneOf", "RuleError", "Sum", "cycle", "parse_rule"]

PARSERS: dict[str, Callable[[str, tuple[str, ...], Load], FormRule]] = {
    "length": parse_length,
    "digits": parse_digits,
    "range": parse_range,
    "date": parse_date,
    "pattern": parse_pattern,
    "one-of": parse_one_of,
    "sum": parse_sum,
    "digit-sum": parse_sum,
    "equals": parse_equals,
    "blank-as": parse_blank_as,
    "iban": parse_iban,
    **dict.fromkeys(MODULES, parse_check_digit),
}
_WORDS = re.compile(r'"([^"]*)"|(\S+)')
SHOWN = ("length", "digits", "range", "date", "pattern", "one-of", "sum", "digit-sum", "equals", "blank-as")
SHOWN_CHECKS = ("luhn", "iban", "aba", "isbn", "ean", "verhoeff", "damm")


def parse_rule(text: str, load: Load) -> FormRule:
    """Make a rule of its text in a form: a word and its arguments, those with blanks in double quotes.

    ``load`` gives a file beside the form. Raises RuleError, which says what is wrong and how to mend it.
    """
    name, *arguments = [quoted_word or word for quoted_word, word in _WORDS.findall(text)] or [""]
    if (parse := PARSERS.get(name)) is not None and text.split(maxsplit=1)[0] == name:
        return parse(text, tuple(arguments), load)
    near = suggestion(name, PARSERS)
    known = f"the rules are {', '.join(SHOWN)}, and check digits such as {', '.join(SHOWN_CHECKS)}"
    raise RuleError(f"there is no rule {quoted(name)}; {near or known}")
