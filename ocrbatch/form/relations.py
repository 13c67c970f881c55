"""What the rules between a form's fields must keep to: fields that there are, on one page, and no ring of sums."""

from collections.abc import Sequence
from dataclasses import dataclass

from ocrbatch.form.faults import Faults, quoted, suggestion
from ocrbatch.form.lines import Path
from ocrbatch.form.rules import cycle
from ocrbatch.form.template import Field, Kind


@dataclass(frozen=True, slots=True)
class Placed:
    """A field with its path in the file."""

    path: Path
    field: Field


def check_relations(fields: Sequence[Placed], known: Sequence[str], faults: Faults) -> None:
    """Check the fields' rules that speak of others; ``known`` are the names of all, those with faults as well."""
    by_name = {placed.field.name: placed for placed in fields}
    for placed in fields:
        for index, rule in enumerate(placed.field.rules):
            for other in rule.others:
                if problem := _problem(placed, other, by_name, known):
                    faults.add((*placed.path, "rules", index), f"is {quoted(rule.text)}; {problem}")
                    break
    others = {placed.field.name: [other for rule in placed.field.rules for other in rule.others] for placed in fields}
    ring = cycle({name: [other for other in names if other != name] for name, names in others.items()})
    if ring:
        first = by_name[ring[0]]
        index = next(i for i, rule in enumerate(first.field.rules) if ring[1] in rule.others)
        text = " from ".join(quoted(name) for name in ring[:6]) + (" …" if len(ring) > 6 else "")
        faults.add((*first.path, "rules", index), f"makes a ring: {text}; leave one of these rules out")


def _problem(placed: Placed, other: str, by_name: dict[str, Placed], known: Sequence[str]) -> str:
    """Say why a rule of a field cannot speak of another, if so."""
    if other == placed.field.name:
        return "names its own field; leave it out"
    if other not in by_name:
        if other in known:
            return ""
        return (
            f"there is no field {quoted(other)}; {suggestion(other, known) or 'give the name of a field of this page'}"
        )
    found = by_name[other]
    if found.path[:-1] != placed.path[:-1]:
        return f"field {quoted(other)} is on another page; only fields of one page can be compared"
    return f"field {quoted(other)} is a mark, not a number; leave it out" if found.field.kind is Kind.MARK else ""
