"""The rule that a value is a day of the calendar."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from ocrbatch.form.rules.rule import Load, RuleError, Worded, is_number

WIDTHS = {"d": 2, "m": 2, "Y": 4, "y": 2}
_FORMAT = re.compile(r"(?:%[dmYy])+")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LEAP_YEAR = 2000
"""Stands for the year where the format has none: 29 February is a day then."""
_CENTURIES = (1900, 2000)
"""What two digits of a year may mean; which of them is known where the bounds say so."""
_USAGE = "give the order of its digits, as in date %d%m%Y from 2020-01-01 to 2029-12-31"


@dataclass(frozen=True, slots=True)
class Date(Worded):
    """``date %d%m%Y``: a day that is, each part with all of its digits, from ``first`` to ``last`` where given."""

    order: str
    first: date = date.min
    last: date = date.max

    def allows(self, value: str) -> bool:
        """Tell whether a value is such a day, or empty."""
        if not value:
            return True
        if not is_number(value) or len(value) != sum(WIDTHS[part] for part in self.order):
            return False
        read: dict[str, int] = {}
        for part in self.order:
            read[part], value = int(value[: WIDTHS[part]]), value[WIDTHS[part] :]
        return any(self._has(year, read.get("m"), read.get("d")) for year in _years(read))

    def _has(self, year: int, month: int | None, day: int | None) -> bool:
        """Tell whether a day from ``first`` to ``last`` is the one, or in the month or the year, that is named."""
        try:
            start = date(year, 1 if month is None else month, 1 if day is None else day)
            last_month = 12 if month is None else month
            end = start if day is not None else date(year, last_month, monthrange(year, last_month)[1])
        except ValueError:
            return False
        return start <= self.last and self.first <= end


def parse_date(text: str, arguments: tuple[str, ...], load: Load) -> Date:
    """Make a rule of ``date FORMAT``, with ``from YYYY-MM-DD`` and ``to YYYY-MM-DD`` after it where wanted."""
    if not arguments or not _FORMAT.fullmatch(arguments[0]):
        raise RuleError(f"a value is digits only: {_USAGE}, of %d, %m, %Y and %y")
    order = arguments[0].replace("%", "")
    if len(set(order.upper())) < len(order):
        raise RuleError("names a part of the date twice; leave one out")
    if "d" in order and "m" not in order:
        raise RuleError("has a day without a month; add %m")
    words, days = arguments[1::2], arguments[2::2]
    if len(words) != len(days) or len(set(words)) < len(words) or not set(words) <= {"from", "to"}:
        raise RuleError(_USAGE)
    if words and "y" not in order.lower():
        raise RuleError("has bounds but no year; add %Y, or leave from and to out")
    bounds = {word: _day(day) for word, day in zip(words, days, strict=True)}
    found = Date(text, order, bounds.get("from", date.min), bounds.get("to", date.max))
    if found.first > found.last:
        raise RuleError("ends before it begins; exchange from and to")
    return found


def _years(read: dict[str, int]) -> list[int]:
    if "Y" in read:
        return [read["Y"]]
    return [century + read["y"] for century in _CENTURIES] if "y" in read else [_LEAP_YEAR]


def _day(text: str) -> date:
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise RuleError(f"{text} is no day; give it as in 2024-12-31")
