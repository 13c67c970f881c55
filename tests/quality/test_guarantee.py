"""The guarantee, on simulated jobs whose true risk at each threshold is known."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as some

from ocrbatch.errors import UsageError
from ocrbatch.quality.bounds import upper_bound
from ocrbatch.quality.guarantee import MOST_SURE, Proof, Ranking, fields_wanted, lowest_proven, plan, rank

Floats = npt.NDArray[np.float64]
TARGET, CONFIDENCE = 0.005, 0.95
JOBS = 1000
NOISE = 0.02
"""Three standard deviations of a share of 5 % among 1,000 jobs."""
FINE = np.round(1 - np.linspace(0, 1, 401) ** 3, 4)
COARSE = np.array([1.0, 0.999, 0.99, 0.9, 0.5])


@dataclass(frozen=True)
class Population:
    """Confidences, falling, each with the share of fields that have it and the risk (0–1) of those."""

    confidences: Floats
    shares: Floats
    risks: Floats

    def true_risk(self, threshold: float) -> float:
        kept = self.confidences >= threshold
        return float((self.shares * self.risks)[kept].sum() / self.shares[kept].sum())

    def proofs(self, fields: int, jobs: int = JOBS) -> list[Proof | None]:
        """Calibrate so many jobs of so many fields each."""
        random = np.random.default_rng(fields)
        counts = random.multinomial(fields, self.shares / self.shares.sum(), size=jobs)
        wrong = random.binomial(counts, self.risks)
        rankings = (
            Ranking(self.confidences[n > 0], n.cumsum()[n > 0], w.cumsum()[n > 0])
            for n, w in zip(counts, wrong, strict=True)
        )
        return [lowest_proven(ranking, TARGET, CONFIDENCE) for ranking in rankings]


def population(confidences: Floats, risk: Callable[[Floats], Floats], top: float = 3.0) -> Population:
    """Give a population most of which is sure; ``top`` tells how much of it."""
    shares = np.exp(-top * np.linspace(0, 1, len(confidences)))
    return Population(confidences, shares / shares.sum(), np.clip(risk(confidences), 0, 1))


SHAPES = {
    "well calibrated": population(FINE, lambda c: 1 - c),
    "overconfident": population(FINE, lambda c: 0.003 + 3 * (1 - c)),
    "very overconfident": population(FINE, lambda c: 0.02 + 5 * (1 - c)),
    "underconfident": population(FINE, lambda c: 0.05 * (1 - c)),
    "everywhere just above what is asked": population(FINE, lambda c: np.full_like(c, 0.00501)),
    "with ties": population(COARSE, lambda c: 0.0051 + (1 - c), top=2.0),
    "with ties and good at the top": population(COARSE, lambda c: 0.001 + 0.5 * (1 - c), top=2.0),
    "wrong where it is surest": population(FINE, lambda c: np.where(c > 0.9999, 0.03, 0.002 + 0.05 * (1 - c))),
    "good down to a cliff": population(FINE, lambda c: np.where(c > 0.98, 0.002, 0.2)),
}


@pytest.mark.parametrize("fields", [400, 700, 2000, 6000])
@pytest.mark.parametrize("shape", SHAPES)
def test_accepted_fields_are_wrong_too_often_in_no_more_jobs_than_promised(shape: str, fields: int) -> None:
    many = SHAPES[shape]
    exceeded = sum(many.true_risk(proof.confidence) > TARGET for proof in many.proofs(fields) if proof is not None)
    assert exceeded / JOBS <= 1 - CONFIDENCE + NOISE


@pytest.mark.parametrize("fields", [600, 1000, 3000, 9000])
def test_the_confidence_is_used_and_not_only_kept(fields: int) -> None:
    # At the very edge a proof that never errs would be one that asks for too many fields.
    exceeded = sum(proof is not None for proof in SHAPES["everywhere just above what is asked"].proofs(fields))
    assert 0.01 <= exceeded / JOBS <= 1 - CONFIDENCE + NOISE


def test_most_of_a_good_job_is_accepted() -> None:
    proofs = population(FINE, lambda c: np.full_like(c, 0.001)).proofs(5000, 300)
    assert np.mean([proof is not None for proof in proofs]) > 0.95
    assert np.mean([proof.accepted / 5000 if proof else 0.0 for proof in proofs]) > 0.9


def test_of_a_calibrated_job_what_may_be_accepted_mostly_is() -> None:
    many = SHAPES["good down to a cliff"]
    best = many.shares[many.confidences > 0.98].sum()
    proofs = many.proofs(9000, 300)
    assert np.mean([proof.accepted / 9000 if proof else 0.0 for proof in proofs]) > 0.85 * best


def test_598_fields_without_an_error_are_enough_and_597_are_not() -> None:
    confidences = np.linspace(0.9, 1, 598)
    proof = lowest_proven(rank(confidences, np.zeros(598, bool)), TARGET, CONFIDENCE)
    assert proof is not None
    assert (proof.confidence, proof.accepted, proof.wrong) == (0.9, 598, 0)
    assert proof.bound == pytest.approx(TARGET, rel=1e-3)
    fewer = rank(confidences[1:], np.zeros(597, bool))
    assert lowest_proven(fewer, TARGET, CONFIDENCE) is None
    assert fields_wanted(fewer, TARGET, CONFIDENCE) == 598


def test_no_fields_prove_nothing() -> None:
    nothing = rank([], [])
    assert lowest_proven(nothing, TARGET, CONFIDENCE) is None
    assert fields_wanted(nothing, TARGET, CONFIDENCE) == 598


def test_what_is_wanted_is_more_with_errors_and_beyond_measure_with_many() -> None:
    confidences = np.linspace(0.5, 1, 1000)
    one, many = np.zeros(1000, bool), np.zeros(1000, bool)
    one[900], many[::50] = True, True
    wanted = fields_wanted(rank(confidences, one), TARGET, CONFIDENCE)
    assert wanted is not None
    assert 1000 < wanted < 10_000
    assert fields_wanted(rank(confidences, many), TARGET, CONFIDENCE) is None


def test_what_is_tested_follows_from_the_number_of_fields_alone() -> None:
    numbers, starts, level = plan(700, TARGET, CONFIDENCE)
    assert (numbers, starts, level) == ((598, 700), {598}, pytest.approx(0.05))
    numbers, starts, level = plan(6000, TARGET, CONFIDENCE)
    assert len(starts) == 2
    assert starts <= set(numbers)
    assert len(starts) * level == pytest.approx(0.05)
    assert numbers[-1] == 6000


FIELDS = some.lists(some.tuples(some.sampled_from([0.2, 0.5, 0.9, 0.99, 1.0]), some.booleans()), min_size=1)


@given(FIELDS, some.floats(0.05, 0.9), some.sampled_from([0.5, 0.9, 0.95]))
def test_a_proof_tells_what_is_seen_at_its_threshold(
    fields: list[tuple[float, bool]], target: float, confidence: float
) -> None:
    proof = lowest_proven(rank(*map(list, zip(*fields, strict=True))), target, confidence)
    if proof is not None:
        seen = [wrong for at, wrong in fields if at >= proof.confidence]
        assert (proof.accepted, proof.wrong) == (len(seen), sum(seen))
        assert upper_bound(proof.wrong, proof.accepted, confidence) <= proof.bound <= target * (1 + 1e-9)


def test_a_confidence_so_near_to_one_that_rounding_eats_the_rest_is_refused() -> None:
    surest = rank(np.linspace(1, 0.5, 4000), [False] * 4000)
    assert lowest_proven(surest, TARGET, MOST_SURE) is not None
    for ask in (lowest_proven, fields_wanted):
        with pytest.raises(UsageError, match=r"ask for 0\.999999 at most"):
            ask(surest, TARGET, 0.9999999999999999)
