"""What a spreadsheet lets a person type for a field: its rules as far as a formula without macros can tell them.

The whole of the rules is checked when the corrections come back; here a slip of the hand is told at once.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import singledispatch

from ocrbatch.form.rules import FormRule, Length, OneOf
from ocrbatch.form.rules.dates import WIDTHS, Date
from ocrbatch.form.rules.patterns import Pattern
from ocrbatch.form.rules.shapes import Digits, Range
from ocrbatch.form.template import Blank, Kind

BLANK = "blank"
UNREADABLE = "not readable"
SHORT_UNREADABLE = "?"
VERDICTS = (BLANK, UNREADABLE, SHORT_UNREADABLE)
"""What a person may write instead of a value."""
MARKS = ("ticked", "crossed", "struck out")
DIGITS = "0123456789"
LONGEST = 99
"""Digits of a value; a longer one is no number that somebody wrote."""
LONGEST_FORMULA = 255
LONGEST_CHOICES = 200
"""Signs of a list of values that is offered: a spreadsheet takes 255."""
EXACT = 10**15
"""Above this, a spreadsheet's numbers lose digits."""
CELL = "{cell}"
"""Stands in a formula for the cell that it checks."""
LAST_CELL = "XX1048576"

_PREFIX = re.compile(r"([0-9]+)(?![0-9?*+{])")


@dataclass(frozen=True, slots=True)
class Check:
    """What a cell takes: one of ``choices``, or what makes ``formula`` true; ``told`` says it to a person."""

    formula: str = ""
    choices: tuple[str, ...] = ()
    told: str = ""

    def of(self, cell: str) -> str:
        """Give the formula for the cell of this name, ``K2``."""
        return self.formula.replace(CELL, cell)


def check_of(kind: str, cells: int, blank: str, rules: Sequence[FormRule]) -> Check:
    """Give what may be typed for a field of a kind with so many cells, with the form's rules for it."""
    words = VERDICTS if blank != Blank.FORBIDDEN else VERDICTS[1:]
    told = "; ".join(rule.text for rule in rules)
    if kind == Kind.MARK:
        return Check(choices=(*MARKS, *words))
    for rule in rules:
        if isinstance(rule, OneOf) and (listed := _listed(rule, words)):
            return Check(choices=listed, told=told)
    longest = LONGEST if kind == Kind.STRING else min(cells, LONGEST)
    # A blank cell between written ones is a space.
    signs = DIGITS if kind == Kind.STRING else f"{DIGITS} "
    told_rules = [part for rule in rules for part in _told(rule)]
    wanted = [_only(_signs(signs, rules)), f"LEN({CELL})<={longest}", *told_rules]
    return Check(_formula(wanted, words), told=told)


def _only(signs: str) -> str:
    """Say that every sign is one of these; what is short is filled up, for programs differ in what is found nowhere."""
    filled = f'MID({CELL}&REPT("{signs[:1]}",{LONGEST}),ROW($1:${LONGEST}),1)'
    return f'SUMPRODUCT(--ISNUMBER(FIND({filled},"{signs}")))={LONGEST}'


def _signs(signs: str, rules: Sequence[FormRule]) -> str:
    for rule in rules:
        if isinstance(rule, Digits):
            signs = "".join(sign for sign in signs if sign in rule.allowed or sign == " ")
    return signs


def _listed(rule: OneOf, words: Sequence[str]) -> tuple[str, ...]:
    """Give the values of a short list, with the words; none of a long one."""
    if len(rule.values) * 2 > LONGEST_CHOICES:
        return ()
    listed = (*(value.decode() for value in rule.values.tolist()), *words)
    return listed if len(",".join(listed)) <= LONGEST_CHOICES else ()


def _formula(wanted: list[str], words: Sequence[str]) -> str:
    """Join what is wanted, as much as a spreadsheet takes; what does not fit is left to the whole check.

    IF keeps numbers from being made of words.
    """
    said = ",".join(f'{CELL}="{word}"' for word in words)
    taken: list[str] = []
    for part in wanted:
        if len(_joined(said, [*taken, part]).replace(CELL, LAST_CELL)) <= LONGEST_FORMULA:
            taken.append(part)
    return _joined(said, taken)


def _joined(said: str, parts: Sequence[str]) -> str:
    return f"=IF(OR({said}),TRUE,AND({','.join(parts)}))"


@singledispatch
def _told(rule: FormRule) -> tuple[str, ...]:
    """Say a rule in the words of formulas; nothing where it has none."""
    return ()


@_told.register
def _(rule: Length) -> tuple[str, ...]:
    if rule.least == rule.most:
        return (_length(str(rule.least)),)
    # Both bounds in one: the longer a formula, the less of the other rules has room.
    return (f'ABS(2*LEN(SUBSTITUTE({CELL}," ",""))-{rule.least + rule.most})<={rule.most - rule.least}',)


@_told.register
def _(rule: Date) -> tuple[str, ...]:
    return (_length(str(sum(WIDTHS[part] for part in rule.order))),)


@_told.register
def _(rule: Range) -> tuple[str, ...]:
    if rule.most >= EXACT:
        return ()
    return (f"VALUE({CELL})>={rule.least}", f"VALUE({CELL})<={rule.most}")


@_told.register
def _(rule: Pattern) -> tuple[str, ...]:
    expression = rule.expression.pattern
    found = None if "|" in expression else _PREFIX.match(expression)
    return (f'LEFT({CELL},{len(found[1])})="{found[1]}"',) if found else ()


def _length(number: str) -> str:
    return f'LEN(SUBSTITUTE({CELL}," ",""))={number}'
