"""Which of the ways to read a field is its value: the best that the form's rules allow."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ocrbatch.page.candidates import Candidates, candidates, value_of
from ocrbatch.page.joint import CLOSE, Verdict, settle
from ocrbatch.page.lattice import Way
from ocrbatch.records import UNREAD, FieldPlace, FieldReading, Status

WAYS, WAYS_OF_STRINGS, WAYS_WITH_RULES, MOST_WAYS = 8, 64, 256, 2048
"""Where a rule passes most ways over, many are wanted: a check digit fits one in ten, a known number hardly any."""
CLOSE_RUNNER_UP = "close runner-up"


@dataclass(frozen=True, slots=True)
class Choice:
    """The way that gives a field's value, beside the one that was best before the rules took part.

    ``runner_up`` is the next best value that the rules allow; ``reasons`` say in short words what the rules changed or
    left doubtful; ``broken`` names the rules that no way keeps: the field is invalid then.
    """

    way: Way
    raw: Way
    runner_up: str = ""
    reasons: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()


def ways_wanted(places: Sequence[FieldPlace], choices: Sequence[Choice] = ()) -> tuple[int, ...]:
    """Say how many ways of each field ``choose`` wants: many where a rule may pass some over, few else.

    With the ``choices`` that it made among these, the most for fields of boxes all of whose ways break their own rules.
    """
    bound = {other for place in places for rule in place.rules for other in rule.others}
    plain = {"string": WAYS_OF_STRINGS}
    wanted = [WAYS_WITH_RULES if p.rules or p.name in bound else plain.get(p.kind, WAYS) for p in places]
    for number, (place, choice) in enumerate(zip(places, choices, strict=False)):
        own = {rule.name for rule in place.rules if not rule.others}
        if place.kind == "boxes" and own & set(choice.broken):
            wanted[number] = MOST_WAYS
    return tuple(wanted)


def choose(places: Sequence[FieldPlace], ways: Sequence[tuple[Way, ...]]) -> tuple[Choice, ...]:
    """Choose for each field of a page among its ways (best first), by its own rules and those between fields.

    A field's value is its likeliest way that all of its rules allow, unless that is very unlikely beside the likeliest
    of all; sums and equalities are solved for all their fields together. No rule makes a value surer: its probability
    stays that of its way among all ways, those that break a rule as well. So what a rule changed is never surer than
    one half, and a check digit that fits by chance, as one in ten does, cannot hide a misread digit.
    """
    fields = [candidates(place, own) for place, own in zip(places, ways, strict=True)]
    return tuple(_choice(one, verdict) for one, verdict in zip(fields, settle(fields), strict=True))


def with_rules(reading: FieldReading, choice: Choice) -> FieldReading:
    """Tell in a field's reading what the rules made of it: the value before them, what they changed, what is broken."""
    changed = choice.way is not choice.raw
    broken = tuple(f"breaks {name}" for name in choice.broken)
    status = reading.status
    if broken:
        status = Status.INVALID
    elif choice.reasons and status is Status.ACCEPTED:
        status = Status.REVIEW
    return replace(
        reading,
        raw=value_of(reading.kind, choice.raw) if changed else reading.raw,
        reasons=(*broken, *choice.reasons, *reading.reasons) if reading.value or broken else reading.reasons,
        status=status,
    )


def _choice(one: Candidates, verdict: Verdict) -> Choice:
    own = list(one.breaks)
    # Of ink that could not be read nothing is known, so no rule is broken.
    broken = [] if one.mended or UNREAD in one.value(one.ways[0]) else own
    changed = [*(own if one.mended else []), *verdict.changed]
    reasons = []
    if verdict.way is not one.ways[0]:
        # Whatever changed it, what was read is never passed over in silence.
        reasons.append(f"changed by {', '.join(dict.fromkeys(changed)) or 'a rule'}")
    if verdict.close or (not verdict.bound and one.place.rules and _has_close(one)):
        reasons.append(CLOSE_RUNNER_UP)
    reasons += verdict.reasons
    names = dict.fromkeys([*broken, *verdict.broken])
    return Choice(verdict.way, one.ways[0], _runner_up(one, verdict.way), tuple(dict.fromkeys(reasons)), tuple(names))


def _has_close(one: Candidates) -> bool:
    first, *others = one.allowed[:2]
    return any(first.log_probability - other.log_probability < CLOSE for other in others)


def _runner_up(one: Candidates, way: Way) -> str:
    """Give the next best value, of those that the field's own rules allow unless none is; read, if one is."""
    ruled = any(not rule.others for rule in one.place.rules)
    kept = ruled and (one.mended or not one.breaks)
    chosen = one.value(way)
    first = ""
    for other in one.allowed if kept else one.ways:
        value = one.value(other)
        if value != chosen and UNREAD not in value:
            return value
        if value != chosen:
            first = first or value
    return first
