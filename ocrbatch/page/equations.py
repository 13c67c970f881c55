"""The joint choice of the fields that a page's sums and equalities bind together."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

MOST_STEPS, MOST_STEPS_OF_PAGE = 40_000, 160_000
"""Of a search: choices made, fields and equations looked at. What is not settled by then is left as it was read."""

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


@dataclass(frozen=True, slots=True)
class _Net:
    """Equations that share fields, these numbered anew: ``fields`` are their numbers on the page.

    ``others`` has for each field its options beside the first, with their costs, the cheapest first. ``places`` has
    for each field the equations that it is in, with its amounts there: those of parts with their sign changed, so that
    they add up to nothing where an equation holds. ``lacking`` counts an equation's amounts that are no numbers at
    everyone's first option, and ``rest`` is what the others add up to.
    """

    fields: Numbers
    bound: tuple[Numbers, ...]
    others: tuple[tuple[tuple[float, int], ...], ...]
    places: tuple[list[tuple[int, int, tuple[int | None, ...]]], ...]
    lacking: Numbers
    rest: Numbers


class _Node(NamedTuple):
    """A choice on the way: a tuple, for heaps compare those fastest; only what differs, for nets may be wide."""

    cost: float
    changes: tuple[tuple[int, int], ...]
    """The fields that have not their first option, with the one they have."""
    fixed: int
    """A bit for each field that keeps its option in all that follows from here."""
    given_up: int
    """A bit for each equation that need not hold."""


@dataclass(slots=True)
class _Budget:
    """The steps that a search may take yet."""

    left: int


def solve(equations: Sequence[Equation], costs: Sequence[Sequence[float]], *, give_up: float, near: float) -> Solution:
    """Choose an option for each field so that the equations hold, at the least cost; a broken one costs ``give_up``.

    ``costs`` has for each field of the page what each of its options costs beside its first, 0 and more (the logarithm
    of their odds). Fields are in doubt where another choice that costs at most ``near`` more has them otherwise.

    A search by least cost, over any net of equations: beginning with everybody's first option, the first equation that
    does not hold is mended in every way, one of its fields changed and those before it kept, or given up. So each
    choice is met once, and the first that is whole is the best. Where that takes too many steps, all stay as they are.
    The nets of few fields come first, so that a wide one leaves them enough.
    """
    options = [0] * len(costs)
    close: set[int] = set()
    left = MOST_STEPS_OF_PAGE
    nets = [_net([equations[number] for number in numbers], costs) for numbers in _components(equations)]
    for net in sorted(nets, key=lambda net: len(net.fields)):
        budget = _Budget(least := min(left, MOST_STEPS))
        changes, doubted = _best(net, give_up, near, budget)
        left -= least - max(0, budget.left)
        for field, option in changes:
            options[net.fields[field]] = option
        close |= {net.fields[field] for field in doubted}
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


def _net(equations: Sequence[Equation], costs: Sequence[Sequence[float]]) -> _Net:
    fields = tuple(sorted({field for equation in equations for field in equation.fields}))
    local = {field: index for index, field in enumerate(fields)}
    places: tuple[list[tuple[int, int, tuple[int | None, ...]]], ...] = tuple([] for _ in fields)
    lacking, rest = [0] * len(equations), [0] * len(equations)
    for number, equation in enumerate(equations):
        for place, (field, amounts) in enumerate(zip(equation.fields, equation.amounts, strict=True)):
            sign = -1 if place else 1
            places[local[field]].append((number, sign, amounts))
            lacking[number] += amounts[0] is None
            rest[number] += sign * (amounts[0] or 0)
    others = (sorted((cost, option) for option, cost in enumerate(costs[field]) if option) for field in fields)
    bound = (tuple(local[field] for field in equation.fields) for equation in equations)
    return _Net(fields, tuple(bound), tuple(map(tuple, others)), places, tuple(lacking), tuple(rest))


def _best(net: _Net, give_up: float, near: float, budget: _Budget) -> tuple[tuple[tuple[int, int], ...], set[int]]:
    """Give the fields that do not keep their first option, with their best, if found in time; and those in doubt."""
    heap = [_Node(0.0, (), 0, 0)]
    broken = sum(rest != 0 and not lacking for lacking, rest in zip(net.lacking, net.rest, strict=True))
    most = near + give_up * broken
    best: _Node | None = None
    close: set[int] = set()
    while heap and budget.left > 0 and (best is None or heap[0].cost <= best.cost + near):
        node = heapq.heappop(heap)
        unkept = _first_broken(net, node, budget)
        if unkept is None:
            best = best or node
            close |= {field for field, _ in {*best.changes} ^ {*node.changes}}
            most = min(most, best.cost + near)
            changed: Sequence[int] = range(len(net.fields))
        else:
            changed = net.bound[unkept]
            heapq.heappush(heap, node._replace(cost=node.cost + give_up, given_up=node.given_up | 1 << unkept))
        for child in _children(net, node, changed, most, budget):
            heapq.heappush(heap, child)
    return (() if best is None else best.changes), close


def _first_broken(net: _Net, node: _Node, budget: _Budget) -> int | None:
    lacking, rest = list(net.lacking), list(net.rest)
    budget.left -= len(rest)
    for field, option in node.changes:
        budget.left -= len(net.places[field])
        for number, sign, amounts in net.places[field]:
            before, after = amounts[0], amounts[option]
            lacking[number] += (after is None) - (before is None)
            rest[number] += sign * ((after or 0) - (before or 0))
    for number, remains in enumerate(rest):
        if remains and not lacking[number] and not node.given_up >> number & 1:
            return number
    return None


def _children(net: _Net, node: _Node, changed: Sequence[int], most: float, budget: _Budget) -> Iterator[_Node]:
    """Give what comes of changing one of some fields, those before it kept; nothing that costs more than ``most``."""
    fixed = node.fixed
    for field in changed:
        budget.left -= 1
        if fixed >> field & 1:
            continue
        fixed |= 1 << field
        for cost, option in net.others[field]:
            if budget.left <= 0:
                return
            if node.cost + cost > most:
                break
            budget.left -= 1
            yield _Node(node.cost + cost, (*node.changes, (field, option)), fixed, node.given_up)
