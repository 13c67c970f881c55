"""Which digit is read as which, the costliest first: what was accepted is seen by nobody."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ocrbatch.quality.compare import Compared
from ocrbatch.quality.edits import Edit


@dataclass(frozen=True, slots=True)
class Confusion:
    """A digit of the truth and what was read for it, ``count`` times, ``accepted`` of them in accepted fields.

    ``true`` is empty where nothing is written, ``read`` where a digit was lost.
    """

    true: str
    read: str
    count: int
    accepted: int


def confusions(compared: Iterable[Compared]) -> tuple[Confusion, ...]:
    """Count the wrong digits of fields, those of accepted fields first, then by their number.

    Fields that were not found or read as blank are counted elsewhere: there no digit was taken for another.
    """
    total: Counter[Edit] = Counter()
    accepted: Counter[Edit] = Counter()
    for pair in compared:
        if pair.edits and pair.read:
            total.update(pair.edits)
            if pair.accepted:
                accepted.update(pair.edits)
    found = [Confusion(*edit, count=number, accepted=accepted[edit]) for edit, number in total.items()]
    return tuple(sorted(found, key=lambda one: (-one.accepted, -one.count, one.true, one.read)))
