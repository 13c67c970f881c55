"""The rules between a page's fields: sums and equalities, and what a blank counts as in them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from ocrbatch.form.rules.rule import Load, RuleError, Worded, is_number

_NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Sum(Worded):
    """``sum FIELD FIELD…``, ``digit-sum FIELD…`` or ``equals FIELD``: the field's number is the sum of those.

    Of a ``digit-sum`` each digit of the other fields counts by itself: cells with a mark each.
    """

    parts: tuple[str, ...]

    @property
    def others(self) -> tuple[str, ...]:
        """The fields that are added up."""
        return self.parts

    @property
    def by_digits(self) -> bool:
        """Whether each digit of a part counts by itself."""
        return self.name == "digit-sum"

    def allows(self, value: str) -> bool:
        """Say nothing about the field's own value alone."""
        return True

    def amount(self, value: str) -> int | None:
        """Give what a part's value adds, None where it is blank or could not be read."""
        if self.by_digits:
            digits = value.replace(" ", "")
            return sum(map(int, digits)) if is_number(digits) else None
        return int(value) if is_number(value) else None


@dataclass(frozen=True, slots=True)
class BlankAs(Worded):
    """``blank-as 0``: what a blank field counts as in sums and equalities."""

    amount: int

    def allows(self, value: str) -> bool:
        """Say nothing about the field's own value."""
        return True


def parse_sum(text: str, arguments: tuple[str, ...], load: Load) -> Sum:
    """Make a rule of ``sum FIELD FIELD…`` or ``digit-sum FIELD…``."""
    if not arguments:
        raise RuleError(f"give the fields that are added up, as in {text.split(maxsplit=1)[0]} first second")
    twice = [name for name in arguments if arguments.count(name) > 1]
    if twice:
        raise RuleError(f"names {twice[0]} twice; leave one out")
    return Sum(text, arguments)


def parse_equals(text: str, arguments: tuple[str, ...], load: Load) -> Sum:
    """Make a rule of ``equals FIELD``."""
    if len(arguments) != 1:
        raise RuleError('give one field, as in equals amount; put quotes around a name with blanks: equals "the sum"')
    return Sum(text, arguments)


def parse_blank_as(text: str, arguments: tuple[str, ...], load: Load) -> BlankAs:
    """Make a rule of ``blank-as N``."""
    if len(arguments) != 1 or not _NUMBER.fullmatch(arguments[0]):
        raise RuleError("give the number that a blank counts as, as in blank-as 0")
    return BlankAs(text, int(arguments[0]))


def cycle(others: Mapping[str, Iterable[str]]) -> list[str]:
    """Give the fields of a ring of sums, the first again at its end; empty where no field depends on itself."""
    try:
        TopologicalSorter(others).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []
