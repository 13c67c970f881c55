"""Selection with guaranteed risk: the lowest threshold at which accepted fields are surely wrong seldom enough.

To accept from a threshold on is proved by refusing the hypothesis that more than the target error is wrong there, with
Clopper and Pearson's exact bound. Many thresholds are looked at, and the more are looked at the likelier one passes by
luck. Y. Geifman and R. El-Yaniv (Selective classification for deep neural networks, 2017) pay for that by dividing what
is left of the confidence among all: half a percent then wants 1,100 fields without an error instead of 598. Here the
thresholds are tested in a fixed order, from the surest fields down to all of them, and the first failure ends the
row: then each may take all that the one before it had (A. Angelopoulos et al., Learn then test, 2021, fixed sequence
testing; with several starts, B. Wiens and A. Dmitrienko, The fallback procedure, 2005). The order and the starts follow
from the number of fields alone, never from their errors:

- The thresholds are those of the k-th surest field for the k at which one error more may be borne (598, 947, 1258, …
  for half a percent at 95 %; from the eleventh error on only every tenth of them more) and for all fields.
- The row starts at half of the fields, or at the first threshold that may pass at all; of many fields it starts at a
  quarter, an eighth … too, wherever enough are left, and the starts share what is left of the confidence.

The proof holds for fields that come independently of each other from the same source as those to be accepted later. It
is exact where the risk does not fall when the threshold is lowered: a start that ties push down then only finds more
errors than it is allowed for.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ocrbatch.errors import UsageError
from ocrbatch.quality.bounds import log_tail, needed, upper_bound

MOST_SURE = 0.999999
"""The highest confidence that may be asked for: nearer to 1, what is left of it is lost in rounding."""
LEAST_SHARE = 1e-6
"""The least error, and the least confidence, that may be asked for: one in a million takes millions of fields."""
_STEP = 1.1
_MOST_TIMES = 200
_GROWTH = 1.05


@dataclass(frozen=True, slots=True)
class Ranking:
    """Fields by their confidence: at each of its values (n,), falling, how many reach it, and how many are wrong."""

    confidences: npt.NDArray[np.float64]
    fields: npt.NDArray[np.int64]
    wrong: npt.NDArray[np.int64]

    @property
    def total(self) -> int:
        """How many fields there are."""
        return int(self.fields[-1]) if len(self.fields) else 0


@dataclass(frozen=True, slots=True)
class Proof:
    """A threshold that is proved: ``wrong`` of the ``accepted`` fields that reach ``confidence`` were wrong.

    ``bound`` is the share (0–1) that the true share of wrong ones surely does not exceed.
    """

    confidence: float
    accepted: int
    wrong: int
    bound: float


def rank(
    confidences: Sequence[float] | npt.NDArray[np.float64], wrong: Sequence[bool] | npt.NDArray[np.bool_]
) -> Ranking:
    """Rank fields (n,) by their confidences (0–1) and whether they are wrong; equal ones are kept together."""
    values, place = np.unique(-np.asarray(confidences, np.float64), return_inverse=True)
    fields = np.bincount(place, minlength=len(values)).cumsum()
    errors = np.bincount(place, weights=np.asarray(wrong, np.float64), minlength=len(values)).cumsum()
    return Ranking(-values, fields.astype(np.int64), np.rint(errors).astype(np.int64))


def lowest_proven(ranking: Ranking, target_error: float, confidence: float) -> Proof | None:
    """Give the lowest threshold at which at most ``target_error`` of the accepted are wrong, with ``confidence``.

    Both are shares, 0–1, exclusive. None where no threshold is proved. Raises UsageError where ``confidence`` is over
    ``MOST_SURE``.
    """
    proven: tuple[int, float] | None = None
    level = 0.0
    for place, share in _tests(ranking, target_error, confidence):
        level += share
        if level and _passes(ranking, place, target_error, level):
            proven = place, level
        else:
            level = 0.0
    if proven is None:
        return None
    place, level = proven
    accepted, wrong = int(ranking.fields[place]), int(ranking.wrong[place])
    return Proof(float(ranking.confidences[place]), accepted, wrong, upper_bound(wrong, accepted, 1 - level))


def fields_wanted(ranking: Ranking, target_error: float, confidence: float) -> int | None:
    """Give about how many fields, those at hand among them, would prove a threshold if all were like those at hand.

    The errors at hand may lie among the surest by chance: it is enough if they would prove one spread evenly. None
    where ten times as many as there are would not, nor two hundred times the fewest that could.
    """
    fewest = needed(target_error, confidence, 0)
    if not ranking.total:
        return fewest
    # Half an error more at each place: that a few of the surest had none says little of many.
    as_seen = ranking.wrong + 0.5 * bool(ranking.wrong[-1])
    even = ranking.fields * (int(ranking.wrong[-1]) / ranking.total)
    wanted = float(max(fewest, ranking.total))
    most = max(_MOST_TIMES * fewest, 10.0 * ranking.total)
    while wanted <= most:
        for wrong in (as_seen, even):
            like = _enlarged(ranking, wrong, wanted / ranking.total)
            if lowest_proven(like, target_error, confidence) is not None:
                return math.ceil(wanted)
        wanted *= _GROWTH
    return None


def _enlarged(ranking: Ranking, wrong: npt.NDArray[np.floating[Any]], times: float) -> Ranking:
    """Give a ranking of so many times as many fields and ``wrong`` ones (n,), each rounded up."""
    fields, errors = (np.ceil(np.round(numbers * times, 6)).astype(np.int64) for numbers in (ranking.fields, wrong))
    return Ranking(ranking.confidences, fields, errors)


def _tests(ranking: Ranking, target_error: float, confidence: float) -> list[tuple[int, float]]:
    """Give the places in the ranking to test, in their order, and the share of the level that comes in at each."""
    numbers, starts, level = plan(ranking.total, target_error, confidence)
    shares: dict[int, float] = {}
    for number in numbers:
        place = int(np.searchsorted(ranking.fields, number))
        shares[place] = shares.get(place, 0.0) + (level if number in starts else 0.0)
    return list(shares.items())


@lru_cache(maxsize=64)
def plan(total: int, target_error: float, confidence: float) -> tuple[tuple[int, ...], frozenset[int], float]:
    """Give the numbers of the surest fields to test, rising, those among them to start at, and each start's level.

    Nothing but the number of all fields is looked at. Empty where none could pass. Raises UsageError where
    ``confidence`` is over ``MOST_SURE``.
    """
    if confidence > MOST_SURE:
        raise UsageError(f"a confidence of {confidence!r} is more than can be proved; ask for {MOST_SURE} at most")
    left = 1 - confidence
    halvings = 1
    while total / 2 ** (halvings + 1) >= needed(target_error, 1 - left / (halvings + 1), 0):
        halvings += 1
    level = left / halvings
    numbers = []
    errors = 0
    while (number := needed(target_error, 1 - level, errors)) <= total:
        numbers.append(number)
        errors = max(errors + 1, int(errors * _STEP))
    if not numbers:
        return (), frozenset(), level
    starts = {max((n for n in numbers if n <= total / 2**i), default=numbers[0]) for i in range(1, halvings + 1)}
    if total > numbers[-1]:
        numbers.append(total)
    return tuple(numbers), frozenset(starts), left / len(starts)


def _passes(ranking: Ranking, place: int, target_error: float, level: float) -> bool:
    wrong, fields = int(ranking.wrong[place]), int(ranking.fields[place])
    # Rounding must not undo what was counted on: 598 fields without an error are enough.
    return log_tail(wrong, fields, target_error) <= math.log(level) + 1e-12
