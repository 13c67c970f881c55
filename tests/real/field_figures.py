"""How well fields were read, from the table and the truth alone: pure functions of pairs of both."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from ocrbatch.quality.calibrate import Calibration, calibrate_form
from ocrbatch.quality.compare import Compared
from ocrbatch.quality.reliability import reliability
from ocrbatch.quality.risk import risk_coverage
from ocrbatch.records import Status
from tests.real.field_sets import SCRIBBLE

ALL = "all"
PARTS = {
    "orand": {"": ("amounts", 0.88)},
    "cheques": {"amount": ("amounts", 34 / 38), "date": ("dates", 37 / 38)},
    "nist": {"": ("fields", 1.0)},
    "marksheet": {"": ("fields", 1.0)},
}
"""The fields of each set by their names, "" for any, what they are called, and the share that is to be right."""
ERROR = 0.01
COVERED = {"orand": 0.7}
"""The share to be accepted by a threshold that lets at most ``ERROR`` of wrong ones through."""
MISCALIBRATED = 0.02
NOTE = """\
What is *accepted at 1% error at most* is told with the threshold chosen on these very fields, so it is the most that
could be hoped for, not what `calibrate` would prove; and the *calibration error* counts fields read as blank too.
"""
"""What must be known of the figures, to be told wherever they are."""
PROVEN = (0.01, 0.02, 0.05)
CONFIDENCE = 0.95
SEED = 5
DRAWS = 200


@dataclass(frozen=True, slots=True)
class Line:
    """A figure: so many ``of`` the fields, or a ``share``, 0–1; ``asked`` is None where it is for information."""

    set: str
    what: str
    reached: float
    of: int
    asked: float | None = None
    share: bool = False

    @property
    def enough(self) -> bool:
        """Whether what is asked is reached: a share at most, a count at least; nothing measured is not enough."""
        if self.asked is None:
            return True
        return self.of > 0 and (self.reached <= self.asked if self.share else self.reached >= self.asked)


@dataclass(frozen=True, slots=True)
class Checked:
    """A threshold proven on one half of a set, and what it accepts of ``others``, the other half."""

    target_error: float
    confidence: float
    proven: Calibration
    others: int
    accepted: int
    wrong: int


def figures(read: dict[str, list[Compared]]) -> list[Line]:
    """Give the lines of each set that was read, and of all together."""
    lines = [line for name, pairs in read.items() for line in set_lines(name, pairs)]
    together = [pair for pairs in read.values() for pair in pairs]
    return lines + common_lines(ALL, together, miscalibrated=MISCALIBRATED)


def set_lines(name: str, pairs: Sequence[Compared]) -> list[Line]:
    """Give the lines of a set: what is right, by the kinds of its fields, and what its confidences are worth."""
    lines = []
    for field, (what, share) in PARTS[name].items():
        part = [pair for pair in legible(pairs) if field in ("", pair.field)]
        right = sum(pair.exact for pair in part)
        lines.append(Line(name, f"{what} right", right, len(part), _at_least(share, len(part))))
    if struck := [pair for pair in pairs if pair.true == SCRIBBLE]:
        looked_at = sum(pair.status in (Status.REVIEW, Status.INVALID) for pair in struck)
        lines.append(Line(name, "struck out, in review", looked_at, len(struck), len(struck)))
    return lines + common_lines(name, pairs, COVERED.get(name))


def common_lines(
    name: str, pairs: Sequence[Compared], covered: float | None = None, miscalibrated: float | None = None
) -> list[Line]:
    """Give what is told of any fields: those that can be accepted, those that were, and the calibration error."""
    known = legible(pairs)
    least = None if covered is None else _at_least(covered, len(known))
    unseen = [pair for pair in pairs if taken(pair)]
    return [
        Line(name, f"accepted at {ERROR:.0%} error at most", most_accepted(known), len(known), least),
        Line(name, "accepted or blank by default", len(unseen), len(pairs)),
        Line(name, "of these wrong", sum(not pair.exact for pair in unseen), len(unseen)),
        Line(name, "calibration error", calibration_error(known), len(known), miscalibrated, share=True),
        Line(name, "the same by chance alone", chance_error(known), len(known), share=True),
    ]


def legible(pairs: Sequence[Compared]) -> list[Compared]:
    """Give the fields that have a right value: those that are not struck out."""
    return [pair for pair in pairs if pair.true != SCRIBBLE]


def taken(pair: Compared) -> bool:
    """Tell whether nobody looks at a field: it is accepted, or blank."""
    return pair.status in (Status.ACCEPTED, Status.BLANK)


def most_accepted(pairs: Sequence[Compared], error: float = ERROR) -> int:
    """Give the most fields that a threshold accepts with at most so many wrong among them.

    Counted are those that nothing but their confidence keeps back; others no threshold accepts.
    """
    able = [pair for pair in pairs if pair.acceptable]
    curve = risk_coverage(*_ranked(able), len(pairs))
    point = dict(curve.at_error)[error]
    return point.accepted if point else 0


def calibration_error(pairs: Sequence[Compared]) -> float:
    """Give the expected calibration error of the fields that were found, blanks among them; 1 without any."""
    error = reliability(*_ranked([pair for pair in pairs if pair.status])).error
    return 1.0 if error is None else error


def chance_error(pairs: Sequence[Compared]) -> float:
    """Give the mean calibration error of so many fields whose confidences are true: few fields never show none."""
    confidence, _ = _ranked([pair for pair in pairs if pair.status])
    chance = np.random.default_rng(SEED)
    drawn = [reliability(confidence, chance.random(len(confidence)) < confidence).error or 0.0 for _ in range(DRAWS)]
    return float(np.mean(drawn))


def check_halves(pairs: Sequence[Compared], seed: int = SEED) -> list[Checked]:
    """Prove thresholds on a random half of fields of one form, and see what they accept of the other."""
    order = np.random.default_rng(seed).permutation(len(pairs))
    one, other = ([pairs[i] for i in half] for half in np.array_split(order, 2))
    checked = []
    for error in PROVEN:
        proven = calibrate_form("whole", one, error, CONFIDENCE)
        threshold = proven.threshold
        passed = [pair for pair in other if pair.acceptable and threshold is not None and pair.confidence >= threshold]
        wrong = sum(not pair.exact for pair in passed)
        checked.append(Checked(error, CONFIDENCE, proven, len(other), len(passed), wrong))
    return checked


def told(checked: Checked) -> str:
    """Say in a line what was proven on one half and what became of it on the other."""
    proven = checked.proven
    start = f"calibrated on {proven.fields} to {checked.target_error:.0%} at {checked.confidence:.0%}: "
    if proven.proof is None:
        more = "no number would do" if proven.needed is None else f"about {proven.needed} more are needed"
        return start + f"refused, {proven.wrong} of {proven.acceptable} wrong; {more}"
    share = checked.accepted / max(checked.others, 1)
    error = checked.wrong / max(checked.accepted, 1)
    return start + (
        f"{proven.proof.accepted} accepted, {proven.proof.wrong} wrong, from {proven.threshold}; of {checked.others} "
        f"others {checked.accepted} ({share:.1%}), {checked.wrong} wrong ({error:.2%})"
    )


def _at_least(share: float, of: int) -> int:
    # A share of nothing asks for one: to find nothing is not enough.
    return max(ceil(share * of - 1e-9), 1)


def _ranked(pairs: Sequence[Compared]) -> tuple[np.ndarray, np.ndarray]:
    confidence = np.array([pair.confidence for pair in pairs], np.float64)
    return confidence, np.array([pair.exact for pair in pairs], np.bool_)
