"""Rules for the digits of a value as they stand: how many, which, and how large a number they make."""

import re
from dataclasses import dataclass

from ocrbatch.form.rules.rule import Load, RuleError, Worded, is_number

LONGEST = 1000
_SPAN = re.compile(r"([0-9]{1,4})(?:-([0-9]{1,4}))?")
_BOUNDS = re.compile(r"\[\s*([0-9]{1,4})\s*,\s*([0-9]{1,4})\s*\]")
_SETS = re.compile(r"[0-9](-[0-9])?")
_NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Length(Worded):
    """``length 8``, ``length 6-8`` or ``digits [6, 8]``: so many digits; ink that could not be read counts as one."""

    least: int
    most: int

    def allows(self, value: str) -> bool:
        """Tell whether a value has so many digits, or none."""
        return not value or self.least <= len(value.replace(" ", "")) <= self.most


@dataclass(frozen=True, slots=True)
class Digits(Worded):
    """``digits 0-5`` or ``digits 0-3 7``: no other digit; of ink that could not be read nothing is known."""

    allowed: frozenset[str]

    def allows(self, value: str) -> bool:
        """Tell whether every digit is one of these."""
        return all(sign in self.allowed or sign in " ?" for sign in value)


@dataclass(frozen=True, slots=True)
class Range(Worded):
    """``range 0 100``: a whole number from the first to the second."""

    least: int
    most: int

    def allows(self, value: str) -> bool:
        """Tell whether a value is such a number, or empty."""
        return not value or (is_number(value) and self.least <= int(value) <= self.most)


def parse_length(text: str, arguments: tuple[str, ...], load: Load) -> Length:
    """Make a rule of ``length N`` or ``length A-B``."""
    found = _SPAN.fullmatch(arguments[0]) if len(arguments) == 1 else None
    if found is None:
        raise RuleError("give a number of digits or two, as in length 8 or length 6-8")
    return _length(text, found[1], found[2] or found[1])


def parse_digits(text: str, arguments: tuple[str, ...], load: Load) -> Digits | Length:
    """Make a rule of ``digits 0-5``, ``digits 0-3 7``, or of ``digits [1, 9]``, which bounds their number."""
    if bounds := _BOUNDS.fullmatch(" ".join(arguments)):
        return _length(text, bounds[1], bounds[2])
    spans = " ".join(arguments).replace(",", " ").split()
    if not spans or not all(_SETS.fullmatch(span) for span in spans) or any(span[0] > span[-1] for span in spans):
        raise RuleError(
            "give the digits that may stand there, as in digits 0-5 or digits 0-3 7; "
            "or how many there may be, as in digits [1, 9]"
        )
    allowed = {digit for span in spans for digit in "0123456789" if span[0] <= digit <= span[-1]}
    return Digits(text, frozenset(allowed))


def parse_range(text: str, arguments: tuple[str, ...], load: Load) -> Range:
    """Make a rule of ``range A B``."""
    if len(arguments) != 2 or not all(_NUMBER.fullmatch(argument) for argument in arguments):
        raise RuleError("give the least and the most as whole numbers, as in range 0 100")
    least, most = int(arguments[0]), int(arguments[1])
    if least > most:
        raise RuleError(f"{least} is more than {most}; give the least first")
    return Range(text, least, most)


def _length(text: str, least: str, most: str) -> Length:
    if not 1 <= int(least) <= int(most) <= LONGEST:
        raise RuleError(f"give lengths from 1 to {LONGEST}, the least first")
    return Length(text, int(least), int(most))
