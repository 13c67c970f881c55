"""How sure a registration is: the probability that every field lies within a quarter of its height."""

import numpy as np
import numpy.typing as npt

from ocrbatch.page.registration.fit import Fit
from ocrbatch.page.registration.prints import PrintPoints

ON_LINE = 1.5
PAGE_WEIGHT = 20.0
PAGE, OWN, BIAS = 7.2, 5.0, -6.9
"""By logistic regression on 8,600 fields of nine forms, half of them placed wrongly on purpose or on another form."""


def score(found: Fit, prints: PrintPoints) -> float:
    """Give the probability, 0 to 1, that every field lies within a quarter of its height.

    Of a page without fields, such as one of instructions, it tells how probable it is that it is this page.
    """
    rows = evidence(found, prints)
    weakest = np.minimum(rows[:, 1], rows[:, 2])
    return float((1 / (1 + np.exp(-(PAGE * rows[:, 0] + OWN * weakest + BIAS)))).min())


def evidence(found: Fit, prints: PrintPoints) -> npt.NDArray[np.float64]:
    """Give what speaks for each field's place: the agreement (fields, 3) of the page, its own lines, the print around.

    Agreement is the share of the print's edges that are where they should be, above what chance gives: 0 to 1. Where
    a field has few, its agreement leans on the page's. A page without fields has one row.
    """
    hit, stray = found.residual <= ON_LINE, found.elsewhere <= ON_LINE
    page = page_agreement(found)
    rows = [] if len(prints.near) else [(page, page, page)]
    for near, ruled in zip(prints.near, prints.ruled, strict=True):
        around = near & ~ruled
        rows.append((page, _agreement(hit[ruled], stray[ruled], page), _agreement(hit[around], stray[around], page)))
    return np.array(rows).reshape(-1, 3)


def page_agreement(found: Fit) -> float:
    """Give the share of all the print's edges that are where they should be, above what chance gives."""
    return _agreement(found.residual <= ON_LINE, found.elsewhere <= ON_LINE, 0.0)


def _agreement(hit: npt.NDArray[np.bool_], stray: npt.NDArray[np.bool_], otherwise: float) -> float:
    """Give how much more often edges are on their line than by chance; few lean on what is known ``otherwise``."""
    count = len(hit)
    share = max(float(hit.sum() - stray.sum()), 0.0) / max(count - float(stray.sum()), 1e-6)
    return (count * share + PAGE_WEIGHT * otherwise) / (count + PAGE_WEIGHT)
