"""What the sums and equalities of a page make of its fields, all of them together."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

from ocrbatch.form.rules import Sum
from ocrbatch.page.candidates import Candidates
from ocrbatch.page.equations import Equation, Solution, solve
from ocrbatch.page.lattice import Way

GIVE_UP = math.log(1e4)
"""The log-odds to which a sum is believed against the ink: less than a field's own rules, for who writes a sum is
wrong more often than who writes a date."""
CLOSE = math.log(20)
"""The log-odds of two ways from which on the better one is clear."""
MOST_OPTIONS = 30
IN_BROKEN = "in a broken sum"

_Use = bool | None
"""What a field's value counts as: None the total of its own relation, else a part, and if its digits are added."""


@dataclass(slots=True)
class Verdict:
    """A field's way, the rules between fields that changed it or that it breaks, and reasons for a person's look."""

    way: Way
    changed: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    close: bool = False
    bound: bool = False


@dataclass(frozen=True, slots=True)
class _Relation:
    """A rule between fields: ``fields`` are their numbers, its own first."""

    rule: Sum
    fields: tuple[int, ...]


def settle(fields: Sequence[Candidates]) -> tuple[Verdict, ...]:
    """Choose each field's way so that the sums and equalities hold, as likely as can be all together.

    A sum that only holds with ways more unlikely than a writer's mistake is broken: its fields stay as they were read,
    the total invalid, its parts for a person to look at. Where one number of a sum could not be read, it is filled in
    if one of its ways alone makes the sum hold. A sum with a number that is blank or unread cannot be checked.
    """
    relations = _relations(fields)
    verdicts = tuple(Verdict(one.allowed[0]) for one in fields)
    if not relations:
        return verdicts
    bound = _bound(relations)
    options = [one.allowed[:1] for one in fields]
    for number, parts in bound.items():
        options[number] = _options(fields[number], tuple(parts.values()))
    equations = _equations(relations, fields, options, bound)
    costs = [[own[0].log_probability - way.log_probability for way in own] for own in options]
    found = solve(equations, costs, give_up=GIVE_UP, near=CLOSE)
    for number, verdict in enumerate(verdicts):
        verdict.way = options[number][found.options[number]]
        verdict.close, verdict.bound = number in found.close, number in bound
    for number, relation in enumerate(relations):
        _tell(number, relation, equations, found, verdicts)
    for number, relation in enumerate(relations):
        if equations[number].holds(found.options) is None:
            _fill_or_doubt(relation, relations, fields, verdicts)
    return verdicts


def _relations(fields: Sequence[Candidates]) -> list[_Relation]:
    numbers = {one.place.name: number for number, one in enumerate(fields)}
    return [
        _Relation(rule, (number, *(numbers[other] for other in rule.others)))
        for number, one in enumerate(fields)
        for rule in one.place.rules
        if isinstance(rule, Sum) and all(other in numbers for other in rule.others)
    ]


def _bound(relations: Sequence[_Relation]) -> dict[int, dict[_Use, Sum | None]]:
    """Give for each field in a relation the rules that it is a part of, one of a kind, None for one that is its own."""
    bound: dict[int, dict[_Use, Sum | None]] = {}
    for relation in relations:
        part_of = {_use(relation, 0): None, _use(relation, 1): relation.rule}
        for place, number in enumerate(relation.fields):
            use = _use(relation, place)
            bound.setdefault(number, {}).setdefault(use, part_of[use])
    return bound


def _use(relation: _Relation, place: int) -> _Use:
    return relation.rule.by_digits if place else None


def _options(one: Candidates, parts: Sequence[Sum | None]) -> tuple[Way, ...]:
    """Give the ways that may be chosen for a sum's sake; what is blank or was not read has no other one.

    ``parts`` are the sums that the field is a part of, None for its own. A number stays one in all of them: no
    sum is kept by making it impossible to check.
    """
    first, *others = one.allowed
    value = one.value(first)
    if not _is_read(value):
        return (first,)
    counted = [part for part in parts if _number(part, value) is not None]
    fitting = (way for way in others if _is_read(one.value(way)) and _counts(one.value(way), counted))
    return (first, *islice(fitting, MOST_OPTIONS - 1))


def _is_read(value: str) -> bool:
    return value.replace(" ", "").isdecimal()


def _counts(value: str, parts: Sequence[Sum | None]) -> bool:
    return all(_number(part, value) is not None for part in parts)


def _equations(
    relations: Sequence[_Relation],
    fields: Sequence[Candidates],
    options: Sequence[Sequence[Way]],
    bound: dict[int, dict[_Use, Sum | None]],
) -> list[Equation]:
    """Make the equations; fields that are in many have their amounts counted once."""
    amounts = {
        (number, use): tuple(_counted(part_of, fields[number], way) for way in options[number])
        for number, uses in bound.items()
        for use, part_of in uses.items()
    }
    return [
        Equation(one.fields, tuple(amounts[number, _use(one, place)] for place, number in enumerate(one.fields)))
        for one in relations
    ]


def _amount(relation: _Relation, place: int, one: Candidates, way: Way) -> int | None:
    """Give the number that a way makes in a relation, whose total has place 0; None where it makes none."""
    return _counted(relation.rule if place else None, one, way)


def _counted(part_of: Sum | None, one: Candidates, way: Way) -> int | None:
    value = one.value(way)
    if value:
        return _number(part_of, value)
    # Writing that is signs alone has no steps: it is no blank.
    return one.blank_as if way.steps else None


def _number(part_of: Sum | None, value: str) -> int | None:
    if part_of is not None:
        return part_of.amount(value)
    return int(value) if value.isdecimal() else None


def _tell(
    number: int, relation: _Relation, equations: list[Equation], found: Solution, verdicts: tuple[Verdict, ...]
) -> None:
    """Note what changed for a relation's sake, or that it is broken.

    Not only where it was broken as read: mending one sum may break another, which is mended then too.
    """
    if equations[number].holds(found.options):
        for one in relation.fields:
            verdicts[one].changed += [relation.rule.name] if found.options[one] else []
    if number in found.broken:
        total, *parts = relation.fields
        verdicts[total].broken.append(relation.rule.name)
        for part in parts:
            verdicts[part].reasons.append(IN_BROKEN)


def _fill_or_doubt(
    relation: _Relation, relations: list[_Relation], fields: Sequence[Candidates], verdicts: tuple[Verdict, ...]
) -> None:
    """Fill in the one number that a relation lacks, where it has one way; else say that it could not be checked."""
    total = relation.fields[0]
    lacking = [
        (i, n) for i, n in enumerate(relation.fields) if _amount(relation, i, fields[n], verdicts[n].way) is None
    ]
    place, number = lacking[0] if lacking else (0, total)
    alone = len(lacking) == 1 and sum(number in other.fields for other in relations) == 1
    if alone and fields[number].unread:
        ways = _that_fit(relation, place, fields, verdicts)
        if len(ways) == 1:
            verdicts[number].way = ways[0]
            verdicts[number].changed.append(relation.rule.name)
            return
    if fields[total].value(verdicts[total].way):
        verdicts[total].reasons.append(f"{relation.rule.name} not checked")


def _that_fit(
    relation: _Relation, place: int, fields: Sequence[Candidates], verdicts: tuple[Verdict, ...]
) -> list[Way]:
    """Give the ways of the field at a place of a relation that make it hold, the others as they are."""
    one = fields[relation.fields[place]]
    fitting = []
    for way in one.allowed:
        ways = [way if i == place else verdicts[n].way for i, n in enumerate(relation.fields)]
        amounts = [_amount(relation, i, fields[n], ways[i]) for i, n in enumerate(relation.fields)]
        known = [amount for amount in amounts if amount is not None]
        if len(known) == len(amounts) and known[0] == sum(known[1:]):
            fitting.append(way)
    return fitting
