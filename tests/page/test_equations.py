import time
from itertools import product
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrbatch.page.equations import Equation, solve

GIVE_UP, NEAR = 9.0, 2.0
Problem = tuple[list[list[float]], list[Equation]]


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Up to five fields with up to three options, bound by up to three equations that may share fields."""
    count = draw(st.integers(2, 5))
    options = [draw(st.integers(1, 3)) for _ in range(count)]
    costs = [[0.0, *sorted(draw(st.lists(st.floats(0, 8), min_size=n - 1, max_size=n - 1)))] for n in options]
    equations = []
    for _ in range(draw(st.integers(1, 3))):
        fields = tuple(draw(st.lists(st.integers(0, count - 1), min_size=2, max_size=count, unique=True)))
        amount = st.none() | st.integers(0, 4)
        equations.append(Equation(fields, tuple(tuple(draw(amount) for _ in range(options[f])) for f in fields)))
    return costs, equations


def price(costs: list[list[float]], equations: list[Equation], options: tuple[int, ...]) -> float:
    broken = sum(equation.holds(options) is False for equation in equations)
    return GIVE_UP * broken + sum(own[option] for own, option in zip(costs, options, strict=True))


@settings(max_examples=300)
@given(problems())
def test_the_cheapest_choice_of_all_is_found_over_any_net_of_equations(problem: Problem) -> None:
    costs, equations = problem
    found = solve(equations, costs, give_up=GIVE_UP, near=NEAR)
    bound = {field for equation in equations for field in equation.fields}
    every = {options: price(costs, equations, options) for options in product(*(range(len(own)) for own in costs))}
    best = min(every.values())
    assert every[found.options] == pytest.approx(best)
    assert found.broken == {n for n, equation in enumerate(equations) if equation.holds(found.options) is False}
    assert all(found.options[field] == 0 for field in range(len(costs)) if field not in bound)


@settings(max_examples=300)
@given(problems())
def test_fields_are_in_doubt_where_another_choice_is_nearly_as_cheap(problem: Problem) -> None:
    costs, equations = problem
    found = solve(equations, costs, give_up=GIVE_UP, near=NEAR)
    bound = {field for equation in equations for field in equation.fields}
    best = price(costs, equations, found.options)
    for field in bound:
        others = [
            price(costs, equations, options)
            for options in product(*(range(len(own)) for own in costs))
            if options[field] != found.options[field]
        ]
        margin = min(others, default=inf) - best
        if abs(margin - NEAR) > 1e-6:
            assert (field in found.close) == (margin < NEAR)


def test_a_choice_that_takes_too_long_leaves_all_as_it_is() -> None:
    count = 60
    costs = [[0.0, *(0.1 * n for n in range(1, 9))] for _ in range(count)]
    amounts = ((1_000_000,) * 9, *(tuple(range(9)) for _ in range(count - 1)))
    found = solve([Equation(tuple(range(count)), amounts)], costs, give_up=1000.0, near=NEAR)
    assert (set(found.options), found.broken) == ({0}, frozenset({0}))


@pytest.mark.parametrize(("count", "sums", "each"), [(200, 10, 60), (1900, 60, 300), (1900, 60, 1899)])
def test_many_fields_with_many_overlapping_sums_take_no_long_time(count: int, sums: int, each: int) -> None:
    costs = [[0.1 * option for option in range(30)]] * count
    amounts = tuple(range(1, 31))
    equations = []
    for number in range(sums):
        start = number * count // sums
        fields = tuple((start + index) % count for index in range(each + 1))
        equations.append(Equation(fields, ((9**9,) * 30, *(amounts for _ in range(each)))))
    start_time = time.process_time()
    found = solve(equations, costs, give_up=GIVE_UP, near=NEAR)
    assert time.process_time() - start_time < 1
    assert set(found.options) == {0}


def test_a_sum_too_wide_to_solve_leaves_the_others_to_be_solved() -> None:
    wide = 1500
    costs = [[0.1 * option for option in range(30)]] * wide + [[0.0, 1.0]] * 2
    amounts = ((9**9,) * 30, *(tuple(range(1, 31)) for _ in range(wide - 1)))
    equations = [Equation(tuple(range(wide)), amounts), Equation((wide, wide + 1), ((7, 7), (1, 7)))]
    found = solve(equations, costs, give_up=GIVE_UP, near=0.5)
    assert found.options[-2:] == (0, 1)
    assert found.broken == {0}
