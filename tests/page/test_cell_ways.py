from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.page.cell_ways import FAINTEST, best_products

CELLS = st.lists(st.lists(st.integers(-30, 0), min_size=1, max_size=4), max_size=5)


@given(CELLS, st.integers(1, 60))
def test_the_likeliest_choices_come_first_and_none_is_left_out(cells: list[list[float]], most: int) -> None:
    chosen, totals = best_products([np.array(cell) for cell in cells], most)
    every = sorted((sum(choice) for choice in product(*cells)), reverse=True)
    every = [total for total in every if total >= every[0] - FAINTEST + 1e-9]
    np.testing.assert_allclose(totals, every[:most], atol=1e-9)
    assert len({tuple(choice) for choice in chosen.tolist()}) == len(chosen) == min(most, len(every))
    sums = [sum(cell[output] for cell, output in zip(cells, choice, strict=True)) for choice in chosen.tolist()]
    np.testing.assert_allclose(sums, totals, atol=1e-9)
