"""The joint choice of the fields that a page's sums and equalities bind together."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

MOST_NODES = 20_000
"""Of a search, under a tenth of a second; what is not settled by then is left as it was read."""

Numbers = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Equation:
    """One field's amount is the sum of others': ``fields`` are their numbers, that of the total first.

    ``amounts`` has for each of these the amount of each of its options, None where that is no number.
    """

    fields: Numbers
    amounts: tuple[tuple[int | None, ...], ...]

    def holds(self, options: Sequence[int]) -> bool | None:
        """Tell whether the equation holds for an option of each field of the page; None where a number lacks."""
        total, *parts = (own[options[field]] for field, own in zip(self.fields, self.amounts, strict=True))
        added = 0
        for part in parts:
            if part is None:
                return None
            added += part
        return None if total is None else total == added


@dataclass(frozen=True, slots=True)
class Solution:
    """An option for each field; ``broken`` numbers the equations that do not hold, ``close`` the fields in doubt."""

    options: Numbers
    broken: frozenset[int]
    close: frozenset[int]


@dataclass(frozen=True, slots=True, order=True)
class _Node:
    cost: float
    options: Numbers
    fixed: int
    """A bit for each field that keeps its option in all that follows from here."""
    given_up: int
    """A bit for each equation that need not hold."""


def solve(equations: Sequence[Equation], costs: Sequence[Sequence[float]], *, give_up: float, near: float) -> Solution:
    """Choose an option for each field so that the equations hold, at the least cost; a broken one costs ``give_up``.

    ``costs`` has for each field of the page what each of its options costs beside its first, 0 and more (the logarithm
    of their odds). Fields are in doubt where another choice that costs at most ``near`` more has them otherwise.

    A search by least cost, over any net of equations: beginning with everybody's first option, the first equation that
    does not hold is mended in every way, one of its fields changed and those before it kept, or given up. So each
    choice is met once, and the first that is whole is the best. Where that takes too many steps, all stay as they are.
    """
    options = [0] * len(costs)
    close: set[int] = set()
    for numbers in _components(equations):
        found, doubted = _best([equations[number] for number in numbers], costs, give_up, near)
        for field, option in found.items():
            options[field] = option
        close |= doubted
    broken = {number for number, equation in enumerate(equations) if equation.holds(options) is False}
    return Solution(tuple(options), frozenset(broken), frozenset(close))


def _components(equations: Sequence[Equation]) -> list[list[int]]:
    """Group the equations' numbers by the fields that they share, directly or by others."""
    groups: list[tuple[set[int], list[int]]] = []
    for number, equation in enumerate(equations):
        fields, numbers = set(equation.fields), [number]
        apart = []
        for group in groups:
            if group[0] & fields:
                fields |= group[0]
                numbers += group[1]
            else:
                apart.append(group)
        groups = [*apart, (fields, numbers)]
    return [sorted(numbers) for _, numbers in groups]


def _best(
    equations: Sequence[Equation], costs: Sequence[Sequence[float]], give_up: float, near: float
) -> tuple[dict[int, int], set[int]]:
    """Give the best options of the fields of some equations, if found in time, and the fields in doubt."""
    fields = sorted({field for equation in equations for field in equation.fields})
    place = {field: index for index, field in enumerate(fields)}
    local = [Equation(tuple(place[field] for field in one.fields), one.amounts) for one in equations]
    own = [costs[field] for field in fields]
    start = tuple(0 for _ in fields)
    most = near + give_up * sum(one.holds(start) is False for one in local)
    heap = [_Node(0.0, start, 0, 0)]
    best: _Node | None = None
    close: set[int] = set()
    nodes = 0
    while heap and nodes < MOST_NODES and (best is None or heap[0].cost <= best.cost + near):
        node = heapq.heappop(heap)
        unkept = _first_broken(local, node)
        if unkept is None:
            best = best or node
            close |= {field for field, a, b in zip(fields, best.options, node.options, strict=True) if a != b}
            most = min(most, best.cost + near)
            changed: Sequence[int] = range(len(fields))
        else:
            changed = local[unkept].fields
            given_up = _Node(node.cost + give_up, node.options, node.fixed, node.given_up | 1 << unkept)
            heapq.heappush(heap, given_up)
        for child in _children(node, changed, own, most):
            heapq.heappush(heap, child)
            nodes += 1
    return ({} if best is None else dict(zip(fields, best.options, strict=True))), close


def _first_broken(equations: Sequence[Equation], node: _Node) -> int | None:
    for number, equation in enumerate(equations):
        if not node.given_up >> number & 1 and equation.holds(node.options) is False:
            return number
    return None


def _children(node: _Node, changed: Sequence[int], costs: Sequence[Sequence[float]], most: float) -> Iterator[_Node]:
    """Give what comes of changing one of some fields, those before it kept; nothing that costs more than ``most``."""
    fixed = node.fixed
    for field in changed:
        if fixed >> field & 1:
            continue
        fixed |= 1 << field
        for option, cost in enumerate(costs[field]):
            if option and node.cost + cost <= most:
                options = (*node.options[:field], option, *node.options[field + 1 :])
                yield _Node(node.cost + cost, options, fixed, node.given_up)
