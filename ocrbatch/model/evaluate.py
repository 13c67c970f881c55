"""How well a model reads a labelled set: loss, accuracy, confusion, and whether its confidence holds."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ocrbatch.model.datasets import Labels
from ocrbatch.page.classify import Classifier
from ocrbatch.records import LABELS, NOT_A_DIGIT, Probabilities, Tiles

BINS = 15
NAMES = (*LABELS, "none")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Measures over ``count`` tiles.

    ``loss`` is the mean negative log probability of the truth; ``confusion`` (11, 11) counts truth by
    reading; ``calibration_error`` is the expected calibration error over 15 bins (C. Guo et al., "On
    calibration of modern neural networks", 2017).
    """

    count: int
    loss: float
    accuracy: float
    calibration_error: float
    confusion: npt.NDArray[np.int64]

    def recall(self) -> npt.NDArray[np.float64]:
        """Give the share of each label that was read right, (11,); nan where the set has none."""
        return _ratio(np.diag(self.confusion), self.confusion.sum(axis=1))

    def precision(self) -> npt.NDArray[np.float64]:
        """Give the share of the readings of each label that were right, (11,); nan where there are none."""
        return _ratio(np.diag(self.confusion), self.confusion.sum(axis=0))


def evaluate(classifier: Classifier, tiles: Tiles, labels: Labels) -> Evaluation:
    """Read tiles (n, 28, 28) uint8 and compare with labels (n,) 0–10."""
    return measure(classifier.scores(tiles), labels)


def measure(scores: Probabilities, labels: Labels) -> Evaluation:
    """Compare probabilities (n, 11) with labels (n,); an empty set has nan measures."""
    confusion = np.zeros((len(NAMES), len(NAMES)), np.int64)
    if len(labels) == 0:
        return Evaluation(0, float("nan"), float("nan"), float("nan"), confusion)
    read = scores.argmax(axis=1)
    np.add.at(confusion, (labels, read), 1)
    true_scores = scores[np.arange(len(labels)), labels].astype(np.float64)
    loss = float(-np.log(np.maximum(true_scores, 1e-12)).mean())
    right = read == labels
    return Evaluation(len(labels), loss, float(right.mean()), calibration_error(scores.max(axis=1), right), confusion)


def calibration_error(confidence: npt.NDArray[np.float32], right: npt.NDArray[np.bool_]) -> float:
    """Give the mean distance between confidence and accuracy in 15 equal bins, weighted by their tiles."""
    if len(right) == 0:
        return float("nan")
    bins = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    gaps = np.bincount(bins, weights=confidence.astype(np.float64) - right, minlength=BINS)
    return float(np.abs(gaps).sum() / len(right))


def as_text(evaluation: Evaluation) -> str:
    """Lay the measures out for a person."""
    lines = [
        f"digits             {evaluation.count}",
        f"accuracy           {evaluation.accuracy:.2%}",
        f"loss               {evaluation.loss:.5f}",
        f"calibration error  {evaluation.calibration_error:.4f}",
        "",
        "label  found  right",
    ]
    for name, found, right in zip(NAMES, evaluation.recall(), evaluation.precision(), strict=True):
        if not (np.isnan(found) and np.isnan(right)):
            lines.append(f"{name:>5} {_percent(found)} {_percent(right)}")
    lines += ["", "truth down, reading across", "     " + "".join(f"{name:>6}" for name in NAMES)]
    for name, row in zip(NAMES, evaluation.confusion, strict=True):
        if row.any():
            lines.append(f"{name:>5}" + "".join(f"{count or '.':>6}" for count in row.tolist()))
    return "\n".join(lines)


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """Give the measures as plain values; what is undefined is None."""
    return {
        "count": evaluation.count,
        "loss": _plain(evaluation.loss, 6),
        "accuracy": _plain(evaluation.accuracy, 6),
        "calibration_error": _plain(evaluation.calibration_error, 6),
        "labels": list(NAMES),
        "recall": [_plain(value, 6) for value in evaluation.recall().tolist()],
        "precision": [_plain(value, 6) for value in evaluation.precision().tolist()],
        "confusion": evaluation.confusion.tolist(),
        "not_a_digit": NOT_A_DIGIT,
    }


def _ratio(part: npt.NDArray[np.int64], whole: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    ratio = np.full(len(whole), np.nan)
    np.divide(part, whole, out=ratio, where=whole > 0)
    return ratio


def _percent(value: float) -> str:
    return f"{'-':>6}" if np.isnan(value) else f"{value:>6.1%}"


def _plain(value: float, digits: int) -> float | None:
    return None if np.isnan(value) else round(float(value), digits)
