"""The ways to read a field that its own rules allow."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ocrbatch.form.rules import BlankAs
from ocrbatch.page.lattice import Way
from ocrbatch.records import UNREAD, FieldPlace, Rule

FARTHEST = math.log(1e6)
"""The log-odds to which a field's own rules are believed against the ink: what is less likely than one in a million of
what was read is not chosen for their sake. The writer was wrong then, or the rule is. The classifier is at times far
too sure, and what it says of a digit that it misreads comes down to one in a hundred thousand."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """A field with its ways, best first, and those that its own rules allow: at least one, if only what was read.

    ``breaks`` names the rules that what was read does not keep; ``blank_as`` is what a blank counts as in sums.
    """

    place: FieldPlace
    ways: tuple[Way, ...]
    allowed: tuple[Way, ...]
    breaks: tuple[str, ...]
    blank_as: int | None

    @property
    def mended(self) -> bool:
        """Whether what was read breaks a rule and another way keeps them all."""
        return self.allowed[0] is not self.ways[0]

    @property
    def unread(self) -> bool:
        """Whether there is writing that was not read as a number: ink that is no digit, or a blank within."""
        value = self.value(self.ways[0])
        return UNREAD in value or " " in value

    def value(self, way: Way) -> str:
        """Give the value that one of the ways makes."""
        return value_of(self.place.kind, way)


def value_of(kind: str, way: Way) -> str:
    """Give the value that a way makes; that of a run of digits has no blanks, nor at its ends what is no digit."""
    if kind != "string":
        return way.text
    joined = way.text.replace(" ", "")
    return joined.strip(UNREAD) or joined[:1]


def candidates(place: FieldPlace, ways: tuple[Way, ...]) -> Candidates:
    """Find which of a field's ways (best first) keep the rules that speak of it alone.

    What was read may be blank, which keeps every rule; no other way may be, for there is writing. Nor does a way keep
    a rule by leaving unread what was read.
    """
    own = [rule for rule in place.rules if not rule.others]
    raw = value_of(place.kind, ways[0])
    breaks = tuple(dict.fromkeys(rule.name for rule in own if raw and not rule.allows(raw)))
    least = ways[0].log_probability - FARTHEST
    best: dict[str, Way] = {}
    for way in ways:
        # Of the ways that give one value, signs at its ends aside, the first is the best.
        best.setdefault(value_of(place.kind, way), way)
    del best[raw]
    others = [
        way
        for value, way in best.items()
        if way.log_probability >= least and _keeps(value, own) and (UNREAD in raw or UNREAD not in value)
    ]
    allowed = others if breaks else [ways[0], *others]
    blank_as = next((rule.amount for rule in own if isinstance(rule, BlankAs)), None)
    return Candidates(place, ways, tuple(allowed) or ways[:1], breaks, blank_as)


def _keeps(value: str, rules: Sequence[Rule]) -> bool:
    return bool(value) and all(rule.allows(value) for rule in rules)
