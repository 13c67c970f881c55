"""The rule that a value's digits keep to a pattern: so much of regular expressions as can never take long."""

import re
from dataclasses import dataclass

from ocrbatch.form.rules.rule import Load, RuleError, Worded, is_number

LONGEST_PATTERN = 200
LONGEST_VALUE = 100
MOST_OPEN, MOST_CHOICES = 2, 8
"""How many runs of any length, and how many things that may be or not be: each multiplies the ways to match."""
_TOKEN = re.compile(
    r"(?P<open>\((?:\?:)?)|(?P<close>\))|(?P<bar>\|)"
    r"|(?P<count>\{[0-9]{1,3}\})|(?P<free>[*+]|\{[0-9]{0,3},[0-9]{0,3}\})|(?P<maybe>\?)"
    r"|(?P<one>[0-9.]|\\d|\[\^?(?:[0-9]-[0-9]|[0-9])+\])"
)
_USAGE = "give digits, ., [0-9], groups in ( ) with |, and ?, *, +, {2} or {2,4} after a digit, as in 4[0-9]{5}"


@dataclass(frozen=True, slots=True)
class Pattern(Worded):
    """``pattern 4[0-9]{5}``: the whole value matches."""

    expression: re.Pattern[str]

    def allows(self, value: str) -> bool:
        """Tell whether a value matches, or is empty; what is longer than 100 digits never does."""
        return not value or (
            is_number(value) and len(value) <= LONGEST_VALUE and self.expression.fullmatch(value) is not None
        )


def parse_pattern(text: str, arguments: tuple[str, ...], load: Load) -> Pattern:
    """Make a rule of ``pattern REGEX``.

    Only a group of one fixed length, and not of none, may be repeated, and there are few parts of free length, so that
    no value takes long: an expression such as ``(1+)+`` would try every way to part its digits.
    """
    if len(arguments) != 1:
        raise RuleError(f"{_USAGE}; without blanks")
    expression = arguments[0]
    if len(expression) > LONGEST_PATTERN:
        raise RuleError(f"has {len(expression)} signs; give at most {LONGEST_PATTERN}")
    _check(expression)
    try:
        return Pattern(text, re.compile(expression, re.ASCII))
    except (re.error, OverflowError, RecursionError) as error:
        raise RuleError(f"is no pattern ({error}); {_USAGE}") from error


def _check(expression: str) -> None:
    """Raise RuleError for what is not of the subset, or could take long."""
    loose = [False]  # Of each group that is open, the whole first: whether its length or its way is free.
    closed = False  # Whether the group that was closed last, right before, is loose.
    after_group = False
    free = choices = at = 0
    while at < len(expression):
        token = _TOKEN.match(expression, at)
        if token is None:
            raise RuleError(f"{expression[at:][:20]} is not understood; {_USAGE}")
        kind = token.lastgroup
        if kind == "free" and after_group:
            raise RuleError("repeats a group without a fixed count; write it out")
        if kind == "count" and after_group and closed:
            raise RuleError("repeats a group that has |, ?, * or + in it; write it out")
        if kind == "count" and not int(token.group()[1:-1]):
            raise RuleError(f"has something {token.group()} times; leave it out")
        if kind == "close" and expression[:at].endswith(("(", "(?:")):
            raise RuleError("has a group without anything in it; leave it out")
        free += kind == "free"
        choices += kind == "maybe" or (kind == "bar" and len(loose) > 1)
        if kind in ("free", "maybe", "bar"):
            loose[-1] = True
        if kind == "open":
            loose.append(False)
        if after_group := kind == "close":
            if len(loose) == 1:
                raise RuleError(f"closes a group that is not open; {_USAGE}")
            closed = loose.pop()
            loose[-1] = loose[-1] or closed
        at = token.end()
    if free > MOST_OPEN or choices > MOST_CHOICES:
        raise RuleError(
            f"has {free} parts of free length and {choices} that may be left out or chosen; "
            f"give at most {MOST_OPEN} and {MOST_CHOICES}, with fixed counts as in [0-9]{{5}} for the others"
        )
