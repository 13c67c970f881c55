"""From a reading's evidence to its confidence: the probability that the value is right, mistakes in cutting counted.

A logistic model a kind of field, after J. Platt, "Probabilistic outputs for support vector machines" (1999). The
numbers of runs are fitted by ``tests/helpers/fit_confidence.py`` on fields that were composed of digits no training
saw, bent more than any that was taught, written on printed paper and scanned; no real page took part.
"""

import math
from dataclasses import dataclass

from ocrbatch.page.choose import Choice
from ocrbatch.page.evidence import boxes_evidence, string_evidence
from ocrbatch.page.lattice import Way
from ocrbatch.records import UNREAD, FieldImage


@dataclass(frozen=True, slots=True)
class Calibration:
    """A logistic model: a weight for each number of the evidence, in its order, and a constant."""

    weights: tuple[float, ...]
    constant: float

    def probability(self, evidence: tuple[float, ...]) -> float:
        """Give the probability (0–1) for numbers of evidence, as many as there are weights."""
        score = sum(weight * value for weight, value in zip(self.weights, evidence, strict=True)) + self.constant
        return 1 / (1 + math.exp(-score))


STRING = Calibration((0.828, 0.059, 0.027, -0.684), -0.067)
"""What the strip and the pieces say each by itself tells more of composed runs, and misleads of real ones: with it the
confidences of 735 real fields were twice as far off."""
BOXES = Calibration((1.0, 0.0, 0.0, 0.0), 0.0)
"""The product of the cells' probabilities as it stands, for these are calibrated by the model's own temperature. A fit
on composed rows, harder than forms are, gives 0.78 and -0.56: of real forms it doubts far too much."""


def string_confidence(field: FieldImage, way: Way) -> float:
    """Give the probability (0–1) that a way reads the run of digits of a field rightly.

    It is 0 where ink between the digits could not be read, or none of it is a digit.
    """
    between = way.text.strip(UNREAD)
    if UNREAD in between or (way.text and not between):
        return 0.0
    return field.place.placed * STRING.probability(string_evidence(field, way))


def boxes_confidence(field: FieldImage, way: Way) -> float:
    """Give the probability (0–1) that a way reads the cells of a field rightly.

    It is 0 where a cell's ink could not be read.
    """
    if UNREAD in way.text:
        return 0.0
    return field.place.placed * BOXES.probability(boxes_evidence(field, way))


def as_chosen(confidence: float, choice: Choice) -> float:
    """Give the confidence (0–1) of a choice: what the rules changed is no surer than its way among all ways."""
    if choice.way is choice.raw:
        return confidence
    return min(confidence, math.exp(min(choice.way.log_probability, 0.0)))
