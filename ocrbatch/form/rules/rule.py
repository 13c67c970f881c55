"""What all rules of a form have in common."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ocrbatch.records import Rule

Load = Callable[[str], bytes]
"""Gives the content of a file beside the form; OSError or ValueError where that cannot be."""

_DIGITS = re.compile(r"[0-9]+")


class FormRule(Rule, Protocol):
    """A rule as a form has it."""

    @property
    def text(self) -> str:
        """The rule as the form's file spells it."""
        ...


class RuleError(ValueError):
    """A rule that cannot be; the text says what is wrong and how to mend it."""


@dataclass(frozen=True, slots=True)
class Worded:
    """A rule that speaks of its own field only; ``text`` is its spelling in the form."""

    text: str

    @property
    def name(self) -> str:
        """The rule's first word."""
        return self.text.split(maxsplit=1)[0]

    @property
    def others(self) -> tuple[str, ...]:
        """No other field."""
        return ()


def is_number(value: str) -> bool:
    """Tell whether a value is digits and nothing else: no ``?`` for what could not be read, no blank within."""
    return _DIGITS.fullmatch(value) is not None
