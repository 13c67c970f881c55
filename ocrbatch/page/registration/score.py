"""How sure a registration is: the probability that every field lies within a quarter of its height."""

import numpy as np
import numpy.typing as npt

from ocrbatch.page.registration.fit import Fit
from ocrbatch.page.registration.prints import PrintPoints

ON_LINE = 1.5
PAGE_WEIGHT = 20.0
WEIGHTS = np.array([4.0, 16.0])
BIAS = -9.0


def score(found: Fit, prints: PrintPoints) -> float:
    """Give the probability, 0 to 1, that every field lies within a quarter of its height."""
    rows = evidence(found, prints)
    if not len(rows):
        return 0.0
    return float((1 / (1 + np.exp(-(rows @ WEIGHTS + BIAS)))).min())


def evidence(found: Fit, prints: PrintPoints) -> npt.NDArray[np.float64]:
    """Give what speaks for each field's place: rows (fields, 2) of the page's and the field's own agreement.

    Agreement is the share of the print's edges that are where they should be, above what chance gives: 0 to 1. That of
    a field with few edges around it leans on the page's.
    """
    hit, stray = found.residual <= ON_LINE, found.elsewhere <= ON_LINE
    page = _agreement(hit.mean(), stray.mean()) if len(hit) else 0.0
    rows = []
    for near in prints.near:
        count = int(near.sum())
        own = _agreement(hit[near].mean(), stray[near].mean()) if count else 0.0
        rows.append((page, (count * own + PAGE_WEIGHT * page) / (count + PAGE_WEIGHT)))
    return np.array(rows).reshape(-1, 2)


def _agreement(hit: float, stray: float) -> float:
    return float(max(hit - stray, 0.0) / max(1.0 - stray, 1e-6))
