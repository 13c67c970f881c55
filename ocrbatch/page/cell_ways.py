"""The likeliest ways to read a row of cells that can be cut in one way only: a digit a cell."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

LogProbabilities = npt.NDArray[np.float64]
Outputs = npt.NDArray[np.intp]


FAINTEST = math.log(1e8)


def best_products(cells: Sequence[LogProbabilities], most: int) -> tuple[Outputs, LogProbabilities]:
    """Give the likeliest choices of one output a cell, at most so many and at least one, best first.

    ``cells`` has an array of natural logarithms (its outputs) for each of n cells. Gives the outputs chosen (m, n) and
    the sums of their logarithms (m,). No choice is given twice, and none that is left out is likelier than one given:
    a beginning that is not among the ``most`` best of its length is in none of the best. Equal ones keep the order of
    the outputs. Choices a hundred million times less likely than the best are left out: of a sure row there are few.
    """
    chosen, totals = np.empty((1, 0), np.intp), np.zeros(1)
    for cell in cells:
        sums = (totals[:, None] + cell[None, :]).ravel()
        least = sums.max() - FAINTEST
        if most < len(sums):
            least = max(least, np.partition(sums, -most)[-most])
        likely = np.flatnonzero(sums >= least)
        order = likely[np.argsort(-sums[likely], kind="stable")][:most]
        before, output = np.divmod(order, len(cell))
        chosen, totals = np.column_stack([chosen[before], output]), sums[order]
    return chosen, totals
