"""The blind sample: some accepted fields keyed once more by a person who does not see what was read.

A night's sample is kept among the ledger's settings, so that it stays the same however often the page is opened. A
field that was keyed as it was read stays as it is; another goes to review, where its value is settled.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import SystemRandom

from ocrbatch.job.corrected import Verdict
from ocrbatch.quality.bounds import upper_bound
from ocrbatch.records import Status
from ocrbatch.review.fields import Fields, Place, ReviewField

SIZE = 20
"""So many fields a night."""
CONFIDENCE = 0.95
_SETTING = "sample "
Choose = Callable[[Sequence[ReviewField], int], list[ReviewField]]
_BY_LOT: Choose = SystemRandom().sample


@dataclass(frozen=True, slots=True)
class Drawn:
    """A field of a sample: the value that was accepted, and what a person keyed, None until then."""

    place: Place
    accepted: str
    keyed: str | None = None
    who: str = ""
    at: str = ""

    @property
    def agrees(self) -> bool:
        """Whether it was keyed as it was read; blanks between cells do not count."""
        return self.keyed is not None and same_digits(self.keyed, self.accepted)


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the samples tell: of ``keyed`` fields ``wrong`` were wrong, and ``open`` ones wait for review.

    ``error`` is the share of these together, and ``bound`` what the share of wrong ones among all accepted fields does
    not exceed, with 95% confidence (Clopper and Pearson).
    """

    keyed: int
    wrong: int
    open: int

    @property
    def error(self) -> float:
        """The share that was wrong or may turn out so, 0 where nothing was keyed."""
        return (self.wrong + self.open) / self.keyed if self.keyed else 0.0

    @property
    def bound(self) -> float:
        """The upper bound of the share, 1 where nothing was keyed."""
        return upper_bound(self.wrong + self.open, self.keyed, CONFIDENCE)


def same_digits(keyed: str, read: str) -> bool:
    """Tell whether two values have the same digits."""
    return keyed.replace(" ", "") == read.replace(" ", "")


def sample_setting(night: str, sample: Sequence[Drawn]) -> dict[str, str]:
    """Give the ledger's setting that keeps a night's sample; ``night`` is a date."""
    rows = [[*one.place, one.accepted, one.keyed, one.who, one.at] for one in sample]
    return {f"{_SETTING}{night}": json.dumps(rows)}


def kept_samples(settings: Mapping[str, str]) -> dict[str, list[Drawn]]:
    """Give the samples that a ledger's settings keep, by night."""
    return {
        name.removeprefix(_SETTING): [Drawn((a, b, c, d), *rest) for a, b, c, d, *rest in json.loads(value)]
        for name, value in sorted(settings.items())
        if name.startswith(_SETTING)
    }


def draw(
    fields: Iterable[ReviewField],
    drawn: Iterable[Drawn],
    size: int = SIZE,
    choose: Choose = _BY_LOT,
) -> list[Drawn]:
    """Draw a sample of the accepted fields of which nobody has spoken and that were in no sample before."""
    before = {one.place for one in drawn}
    able = [
        field
        for field in fields
        if field.said is None and field.read.status is Status.ACCEPTED and field.place not in before
    ]
    return [Drawn(field.place, field.read.value) for field in choose(able, min(size, len(able)))]


def keyed(sample: Sequence[Drawn], place: Place, value: str, who: str, at: str) -> list[Drawn]:
    """Give a sample with what a person keyed for one of its fields."""
    return [replace(one, keyed=value, who=who, at=at) if one.place == place else one for one in sample]


def estimate(drawn: Iterable[Drawn], fields: Fields) -> Estimate:
    """Tell the error that samples show, as far as what differs was settled."""
    done = [one for one in drawn if one.keyed is not None]
    states = [_is_wrong(one, fields.at(one.place)) for one in done if not one.agrees]
    return Estimate(len(done), states.count(True), states.count(None))


def _is_wrong(one: Drawn, field: ReviewField | None) -> bool | None:
    """Tell whether a field that was keyed otherwise was wrong; None until that is settled."""
    said = field and field.said
    if not said or said.verdict not in (Verdict.VALUE, Verdict.BLANK):
        return None
    return not same_digits(said.value, one.accepted)
