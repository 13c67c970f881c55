"""What a reading knows that tells how likely it is right: the few numbers from which its confidence is made."""

import math

from ocrbatch.page.lattice import Way
from ocrbatch.records import UNREAD, FieldImage

SUREST = 9.0
"""Log-odds beyond this (one in eight thousand) are taken for this: no network's tail is believed."""

MOST_DIGITS = 10
"""No run of more digits takes part in the fit of the confidence: a longer one counts as so long."""
STRING_EVIDENCE = ("joint", "weakest digit", "digits", "noted")
BOXES_EVIDENCE = ("all cells", "weakest cell", "cells", "noted")


def string_evidence(field: FieldImage, way: Way) -> tuple[float, ...]:
    """Give the evidence for a run of digits, by STRING_EVIDENCE.

    The first two are log-odds (natural, within ±9): of the way among all, and of its least sure digit; then the number
    of its digits, at most 10, and 1 where its cells bear notes.
    """
    weakest, digits, noted = _of_both(field, way)
    return (log_odds(way.log_probability), weakest, min(digits, MOST_DIGITS), noted)


def boxes_evidence(field: FieldImage, way: Way) -> tuple[float, ...]:
    """Give the evidence for a row of cells, by BOXES_EVIDENCE.

    The first two are log-odds (natural, within ±9): of all cells together, and of the least sure one; then the number
    of written cells, and 1 where they bear notes.
    """
    together = sum(math.log(max(step.confidence, 1e-9)) for step in way.steps if step.text)
    return (log_odds(together), *_of_both(field, way))


def log_odds(log_probability: float) -> float:
    """Give the log-odds of a probability given by its logarithm, within ±9."""
    probability = math.exp(min(log_probability, 0.0))
    if probability >= 1.0:
        return SUREST
    odds = math.log(max(probability, 1e-12)) - math.log1p(-probability)
    return max(-SUREST, min(SUREST, odds))


def _weakest(way: Way) -> float:
    sure = [0.0 if step.text == UNREAD else step.confidence for step in way.steps if step.text]
    return log_odds(math.log(max(min(sure, default=1.0), 1e-9)))


def _of_both(field: FieldImage, way: Way) -> tuple[float, float, float]:
    written = sum(bool(step.text) for step in way.steps)
    noted = any(field.cells[cell].notes for cell in way.cells)
    return _weakest(way), float(written), float(noted)
