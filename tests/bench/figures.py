"""From what was measured to ratios, and the goals beside them."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.bench.runs import Run
from tests.bench.sheets import COLOUR, FEW, GREY, GROUP4, MANY, PNG

TIMES_DECODING = {
    (GREY, True): 1.5,
    (GREY, False): 1.8,
    (COLOUR, True): 1.5,
    (COLOUR, False): 1.8,
    (PNG, True): 1.3,
    (PNG, False): 1.3,
    (GROUP4, True): 2.5,
    (GROUP4, False): 2.5,
}
"""The whole run against decoding alone, at most, by kind and whether the form is given; sheets of FEW cells."""
MANY_AGAINST_FEW = 2.0
ALL_CORES = 1.85
WORKER_MB, PARENT_MB = 250.0, 300.0
FIRST_PAGE = 1.0


@dataclass(frozen=True, slots=True)
class Case:
    """What is read: pages of a ``kind`` with so many ``cells``, with their form or without."""

    kind: str
    name: str
    cells: int
    form: bool

    @property
    def goal(self) -> float | None:
        """How many times decoding alone the whole run may cost."""
        return TIMES_DECODING.get((self.kind, self.form)) if self.cells == FEW else None


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a case: seconds to ``decode`` a page, and a whole run of many pages and one of few."""

    decode: float
    large: Run
    small: Run


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case's medians: milliseconds of the processor a page, for decoding, the whole run, and one page more.

    The whole has what starting and ending cost; ``more`` is the difference of two folders' costs by their pages.
    """

    case: Case
    decode: float
    whole: float
    more: float
    parent_mb: float
    worker_mb: float

    @property
    def ratios(self) -> tuple[float, float]:
        """How many times decoding alone the whole run costs, and how many times a page more."""
        return self.whole / self.decode, self.more / self.decode


def marginal(large: Run, small: Run, measure: Callable[[Run], float]) -> float:
    """Give what one page more takes: starting and ending, which both runs have, cancel out."""
    return (measure(large) - measure(small)) / (large.pages - small.pages)


def case_row(case: Case, turns: Sequence[Turn]) -> CaseRow:
    """Make a case's row of its turns."""
    return CaseRow(
        case,
        1000 * statistics.median(turn.decode for turn in turns),
        1000 * statistics.median(turn.large.processor / turn.large.pages for turn in turns),
        1000 * statistics.median(marginal(turn.large, turn.small, _processor) for turn in turns),
        max(turn.large.parent_mb for turn in turns),
        max(turn.large.worker_mb for turn in turns),
    )


def many_against_few(rows: Sequence[CaseRow]) -> list[tuple[str, float]]:
    """Give, for each kind of which both were read, how many times a sheet of FEW cells one of MANY costs."""
    costs = {(row.case.kind, row.case.form, row.case.cells): row.more for row in rows}
    return [
        (f"{kind}, {'form given' if form else 'no form'}", more / costs[kind, form, FEW])
        for (kind, form, cells), more in costs.items()
        if cells == MANY and (kind, form, FEW) in costs
    ]


def against_one(one: Sequence[tuple[Run, Run]], every: Sequence[tuple[Run, Run]]) -> tuple[float, float]:
    """Tell how many times as fast several workers are by the clock: the whole run, and a page more.

    Each turn has a run of many pages and one of few.
    """
    whole = [statistics.median(large.clock for large, _ in turns) for turns in (one, every)]
    more = [statistics.median(marginal(*turn, _clock) for turn in turns) for turns in (one, every)]
    return whole[0] / whole[1], more[0] / more[1]


def verdict(value: float, goal: float | None, *, at_least: bool = False) -> str:
    """Say whether a goal is reached; nothing where there is none."""
    if goal is None:
        return ""
    return "met" if (value >= goal if at_least else value <= goal) else "missed"


def _processor(run: Run) -> float:
    return run.processor


def _clock(run: Run) -> float:
    return run.clock
