"""How good a job's results are against the truth: fields, digits, blanks, and those nobody need look at."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ocrbatch.output.results import ResultRow
from ocrbatch.quality.compare import Compared, compare
from ocrbatch.quality.confusions import Confusion, confusions
from ocrbatch.quality.reliability import Reliability, reliability
from ocrbatch.quality.risk import POINTS, Confidence, Right, RiskCoverage, risk_coverage
from ocrbatch.quality.truth import TrueValue, results_and_truth


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of a group of fields.

    ``digits`` are the truth's, ``digit_errors`` the digits to put in, take out or change (edit distance),
    at most as many as there are; ``blanks`` are empty in the truth, ``blanks_right`` were read as empty, and
    ``blanks_invented`` were read as empty and are not.
    """

    fields: int = 0
    exact: int = 0
    digits: int = 0
    digit_errors: int = 0
    blanks: int = 0
    blanks_right: int = 0
    blanks_invented: int = 0
    missing: int = 0
    accepted: int = 0
    accepted_wrong: int = 0


@dataclass(frozen=True, slots=True)
class StatusCount:
    """How many fields have a status, and how many of them are wrong."""

    status: str
    fields: int
    wrong: int


@dataclass(frozen=True, slots=True)
class Part:
    """What is told of a group of fields: all of them, a form's (``field`` empty), or one field's."""

    form: str
    field: str
    counts: Score
    statuses: tuple[StatusCount, ...]
    risk: RiskCoverage
    reliability: Reliability
    confusions: tuple[Confusion, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The score of all fields, of each form and of each (form, field), in their order.

    ``wrong`` are the fields that are wrong: first the accepted, then the others, the surest first.
    ``without_truth`` counts rows that the truth does not speak of, ``corrected`` fields whose value a person gave: they
    tell nothing of the reader.
    """

    whole: Part
    by_form: tuple[Part, ...]
    by_field: tuple[Part, ...]
    wrong: tuple[Compared, ...]
    without_truth: int
    corrected: int

    @property
    def total(self) -> Score:
        """The counts of all fields."""
        return self.whole.counts

    def parts(self, most: int) -> tuple[Part, ...]:
        """Give each form and, after it, its fields; where there are more than ``most``, those with the most wrong."""
        worst = sorted(self.by_field, key=lambda part: part.counts.exact - part.counts.fields)[:most]
        return tuple(sorted((*self.by_form, *worst), key=lambda part: (part.form, part.field)))


def score_results(results: Path, truth: Path) -> Report:
    """Score ``results.csv`` (or its folder) by a table of truth.

    Raises FormError where either is no such table, or the truth names what the results do not know.
    """
    return score(*results_and_truth(results, truth))


def score(rows: Sequence[ResultRow], truths: Sequence[TrueValue]) -> Report:
    """Compare rows with the truth, field by field; rows without truth are counted and left out."""
    compared = compare(rows, truths)
    wrong = [pair for pair in compared if not pair.exact]
    wrong.sort(key=lambda one: (not one.accepted, -one.confidence, one.file, one.page, one.field))
    told = {(truth.file, truth.page, truth.field) for truth in truths}
    return Report(
        whole=measure(compared),
        by_form=tuple(measure(pairs, form) for (form,), pairs in _groups(compared, lambda pair: (pair.form,))),
        by_field=tuple(
            measure(pairs, form, field, points=0)
            for (form, field), pairs in _groups(compared, lambda pair: (pair.form, pair.field))
        ),
        wrong=tuple(wrong),
        without_truth=len({(row.file, row.page, row.field) for row in rows} - told),
        corrected=sum(pair.corrected for pair in compared),
    )


def measure(compared: Sequence[Compared], form: str = "", field: str = "", points: int = POINTS) -> Part:
    """Tell all of a group of fields; its curve has at most so many ``points``.

    The confidence is that of all that was found, blanks among it: whether it is kept is asked of every field.
    """
    found = [pair for pair in compared if pair.status]
    ranked = [pair for pair in found if pair.acceptable]
    return Part(
        form=form,
        field=field,
        counts=total(compared),
        statuses=_statuses(found),
        risk=risk_coverage(_confidence(ranked), _right(ranked), len(compared), points),
        reliability=reliability(_confidence(found), _right(found)),
        confusions=confusions(compared),
    )


def total(compared: Iterable[Compared]) -> Score:
    """Count a group of fields."""
    pairs = list(compared)
    accepted = [pair for pair in pairs if pair.accepted]
    blank = [pair for pair in pairs if not pair.true]
    return Score(
        fields=len(pairs),
        exact=sum(pair.exact for pair in pairs),
        digits=sum(pair.digits for pair in pairs),
        digit_errors=sum(min(pair.digits, len(pair.edits)) for pair in pairs if pair.edits),
        blanks=len(blank),
        blanks_right=sum(pair.exact for pair in blank),
        blanks_invented=sum(bool(pair.status) and bool(pair.true) and not pair.read for pair in pairs),
        missing=sum(not pair.status for pair in pairs),
        accepted=len(accepted),
        accepted_wrong=sum(not pair.exact for pair in accepted),
    )


def _statuses(found: Sequence[Compared]) -> tuple[StatusCount, ...]:
    fields = Counter(pair.status for pair in found)
    wrong = Counter(pair.status for pair in found if not pair.exact)
    return tuple(StatusCount(status, fields[status], wrong[status]) for status in sorted(fields))


def _groups(
    compared: Iterable[Compared], key: Callable[[Compared], tuple[str, ...]]
) -> list[tuple[tuple[str, ...], list[Compared]]]:
    groups: dict[tuple[str, ...], list[Compared]] = {}
    for pair in compared:
        groups.setdefault(key(pair), []).append(pair)
    return sorted(groups.items(), key=lambda item: item[0])


def _confidence(pairs: Sequence[Compared]) -> Confidence:
    return np.fromiter((pair.confidence for pair in pairs), np.float64, len(pairs))


def _right(pairs: Sequence[Compared]) -> Right:
    return np.fromiter((pair.exact for pair in pairs), np.bool_, len(pairs))
