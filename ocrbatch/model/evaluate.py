"""How well a model reads a labelled set, whether its confidence holds, and what rejecting the unsure gains."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ocrbatch.model.datasets import Labels
from ocrbatch.page.classify import Classifier
from ocrbatch.records import LABELS, NOT_A_DIGIT, Probabilities, Tiles

BINS = 15
NAMES = (*LABELS, "none")
SURE = 0.9
"""From this confidence on, what is no digit and read as one counts as taken."""

Floats = npt.NDArray[np.float64]
Confidence = npt.NDArray[np.float32]
Right = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Reliability:
    """Confidence against accuracy in 15 equal bins: tiles, mean confidence and accuracy, each (15,).

    The means are nan in a bin without tiles.
    """

    count: npt.NDArray[np.int64]
    confidence: Floats
    accuracy: Floats


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """Share rejected, ascending from 0, and how often the kept are wrong then; each (k,).

    A point for every confidence that occurs: those below it are rejected, equally sure ones never parted. At
    least one tile is kept; both are empty where there is none (Y. Geifman, R. El-Yaniv, "Selective
    classification for deep neural networks", 2017).
    """

    rejected: Floats
    error: Floats


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Measures over ``count`` tiles.

    ``loss`` is the mean negative log probability of the truth; ``confusion`` (11, 11) counts truth by
    reading; ``calibration_error`` is the expected calibration error over 15 bins (C. Guo et al., "On
    calibration of modern neural networks", 2017). ``taken`` is the share of the non-digits that are read as a
    digit with a confidence of 0.9 or more, nan where the set has none. ``confidence`` (count,) is the
    probability of each reading, ``right`` (count,) whether it is the truth.
    """

    count: int
    loss: float
    accuracy: float
    calibration_error: float
    confusion: npt.NDArray[np.int64]
    taken: float
    confidence: Confidence
    right: Right

    def recall(self) -> Floats:
        """Give the share of each label that was read right, (11,); nan where the set has none."""
        return _ratio(np.diag(self.confusion), self.confusion.sum(axis=1))

    def precision(self) -> Floats:
        """Give the share of the readings of each label that were right, (11,); nan where there are none."""
        return _ratio(np.diag(self.confusion), self.confusion.sum(axis=0))

    def f1(self) -> Floats:
        """Give the harmonic mean of recall and precision, (11,); nan where a label is neither there nor read."""
        return _ratio(2 * np.diag(self.confusion), self.confusion.sum(axis=0) + self.confusion.sum(axis=1))

    def reliability(self) -> Reliability:
        """Give confidence against accuracy in 15 bins."""
        return reliability(self.confidence, self.right)

    def risk_coverage(self) -> RiskCoverage:
        """Give how often the kept are wrong by the share rejected, the least sure first."""
        return risk_coverage(self.confidence, self.right)

    @property
    def aurc(self) -> float:
        """The area under the risk–coverage curve: 0 is best, nan without tiles.

        That is the mean over all tiles of the error among those at least as sure (Y. Geifman, G. Uziel,
        R. El-Yaniv, "Bias-reduced uncertainty estimation for deep neural classifiers", 2019).
        """
        if self.count == 0:
            return float("nan")
        curve = self.risk_coverage()
        return float((curve.error * np.diff(curve.rejected, append=1.0)).sum())

    def rejected_for(self, error: float) -> float:
        """Give the least share to reject so that at most ``error`` (0–1) of the kept are wrong; nan if none will do."""
        curve = self.risk_coverage()
        enough = np.flatnonzero(curve.error <= error)
        return float(curve.rejected[enough[0]]) if len(enough) else float("nan")


def evaluate(classifier: Classifier, tiles: Tiles, labels: Labels) -> Evaluation:
    """Read tiles (n, 28, 28) uint8 and compare with labels (n,) 0–10."""
    return measure(classifier.scores(tiles), labels)


def measure(scores: Probabilities, labels: Labels) -> Evaluation:
    """Compare probabilities (n, 11) with labels (n,); an empty set has nan measures."""
    confusion = np.zeros((len(NAMES), len(NAMES)), np.int64)
    nan = float("nan")
    if len(labels) == 0:
        return Evaluation(0, nan, nan, nan, confusion, nan, np.zeros(0, np.float32), np.zeros(0, np.bool_))
    read = scores.argmax(axis=1)
    np.add.at(confusion, (labels, read), 1)
    true_scores = scores[np.arange(len(labels)), labels].astype(np.float64)
    loss = float(-np.log(np.maximum(true_scores, 1e-12)).mean())
    confidence = scores.max(axis=1).astype(np.float32)
    right = read == labels
    strange = labels == NOT_A_DIGIT
    taken = float((~right & (confidence >= SURE))[strange].mean()) if strange.any() else nan
    error = calibration_error(confidence, right)
    return Evaluation(len(labels), loss, float(right.mean()), error, confusion, taken, confidence, right)


def calibration_error(confidence: Confidence, right: Right) -> float:
    """Give the mean distance between confidence and accuracy in 15 equal bins, weighted by their tiles."""
    if len(right) == 0:
        return float("nan")
    bins = _bins(confidence)
    gaps = np.bincount(bins, weights=confidence.astype(np.float64) - right, minlength=BINS)
    return float(np.abs(gaps).sum() / len(right))


def reliability(confidence: Confidence, right: Right) -> Reliability:
    """Put confidences (n,) 0–1 into 15 equal bins, with how often they were right."""
    bins = _bins(confidence)
    count = np.bincount(bins, minlength=BINS)
    sure = np.bincount(bins, weights=confidence.astype(np.float64), minlength=BINS)
    hits = np.bincount(bins, weights=right.astype(np.float64), minlength=BINS)
    return Reliability(count, _ratio(sure, count), _ratio(hits, count))


def risk_coverage(confidence: Confidence, right: Right) -> RiskCoverage:
    """Reject the least sure of (n,) readings first, equally sure ones together."""
    total = len(right)
    if total == 0:
        return RiskCoverage(np.zeros(0), np.zeros(0))
    surest = np.argsort(-confidence)
    wrong = np.cumsum(~right[surest])
    # Only where the next is less sure can the kept be parted from the rejected.
    last = np.flatnonzero(np.append(np.diff(confidence[surest]) != 0, True))[::-1]
    kept = last + 1
    return RiskCoverage((total - kept) / total, wrong[last] / kept)


def _bins(confidence: Confidence) -> npt.NDArray[np.int64]:
    return np.minimum((confidence * BINS).astype(np.int64), BINS - 1)


def _ratio(part: npt.NDArray[np.int64] | Floats, whole: npt.NDArray[np.int64]) -> Floats:
    ratio = np.full(len(whole), np.nan)
    np.divide(part, whole, out=ratio, where=whole > 0)
    return ratio
