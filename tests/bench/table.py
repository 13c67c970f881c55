"""The figures as tables for a person, and as one JSON object for a machine."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from tests.bench.figures import (
    ALL_CORES,
    FEW,
    FIRST_PAGE,
    MANY,
    MANY_AGAINST_FEW,
    PARENT_MB,
    WORKER_MB,
    CaseRow,
    verdict,
)
from tests.bench.peers.measure import NAMES, TIMES, Peer
from tests.bench.stages import STAGES


@dataclass(frozen=True, slots=True)
class PeerRow:
    """A peer beside ocrbatch, on sheets of so many ``cells``: cells a second of the processor, of either."""

    peer: Peer
    cells: int
    ours: float

    @property
    def times(self) -> float:
        """How many times as many cells ocrbatch reads."""
        return self.ours / self.peer.cells_a_second


@dataclass(slots=True)
class Found:
    """All that was measured; ``clock`` has medians of seconds, ``against_one`` (whole run, page more) by name."""

    rows: list[CaseRow] = field(default_factory=list)
    many: list[tuple[str, float]] = field(default_factory=list)
    stages: dict[str, dict[str, float]] = field(default_factory=dict)
    clock: dict[str, float] = field(default_factory=dict)
    workers: int = 1
    against_one: tuple[float, float] | None = None
    peers: list[PeerRow] = field(default_factory=list)


CLOCK_GOALS = {
    "ocrbatch --help": 0.3,
    "first row of ocrbatch read, one page": 2.0,
    "first page of a run recorded, one page": FIRST_PAGE,
    "first page of a run recorded, many pages": FIRST_PAGE,
}


def lines(found: Found) -> Iterator[str]:
    """Give the tables' lines."""
    yield from _cases(found)
    yield from _clock(found)
    yield from _stages(found)
    yield from _peers(found)


def _cases(found: Found) -> Iterator[str]:
    yield "CPU milliseconds a page, one worker; the whole run, and what a page more costs it"
    yield f"{'':<44}{'decode':>8}{'whole':>8}{'more':>8} | times decoding {'goal':>6}"
    for row in found.rows:
        goal, (whole, more) = row.case.goal, row.ratios
        judged = "" if goal is None else f"{goal:>6.1f}  {verdict(whole, goal)}, {verdict(more, goal)}"
        figures = f"{row.decode:>8.1f}{row.whole:>8.1f}{row.more:>8.1f} | {whole:>6.2f} {more:>7.2f}"
        yield f"{row.case.name + (', form given' if row.case.form else ', no form'):<44}{figures} {judged}"
    for name, times in found.many:
        told = f"{MANY} cells against {FEW}, a page more: {name}"
        yield f"{told:<68} | {times:>14.2f} {MANY_AGAINST_FEW:>6.1f}  {verdict(times, MANY_AGAINST_FEW)}"


def _clock(found: Found) -> Iterator[str]:
    yield ""
    yield "By the clock, and memory"
    for name, seconds in found.clock.items():
        goal = CLOCK_GOALS.get(name)
        yield f"{name:<44}{seconds:>8.2f} s    {_goal(seconds, goal, 's')}"
    if found.against_one is not None:
        for name, times in zip(("the whole run", "a page more"), found.against_one, strict=True):
            goal = ALL_CORES if found.workers == 2 else None
            told = f"{found.workers} workers against one, {name}"
            yield f"{told:<44}{times:>8.2f} times{_goal(times, goal, '', at_least=True)}"
    for name, most, limit in (
        ("most memory of a worker", [row.worker_mb for row in found.rows], WORKER_MB),
        ("most memory of the parent", [row.parent_mb for row in found.rows], PARENT_MB),
    ):
        if most:
            yield f"{name:<44}{max(most):>8.0f} MB   {_goal(max(most), limit, 'MB')}"


def _goal(value: float, goal: float | None, unit: str, *, at_least: bool = False) -> str:
    if goal is None:
        return ""
    return (
        f"  goal {'≥' if at_least else '≤'} {goal:g} {unit}".rstrip() + f": {verdict(value, goal, at_least=at_least)}"
    )


def _stages(found: Found) -> Iterator[str]:
    if not found.stages:
        return
    yield ""
    yield "CPU milliseconds a page by stage"
    names = {stage: max(len(stage) + 1, 7) for stage in STAGES}
    yield f"{'':<44}" + "".join(f"{stage:>{width}}" for stage, width in names.items())
    for name, own in found.stages.items():
        yield f"{name:<44}" + "".join(f"{own[stage]:>{width}.1f}" for stage, width in names.items())


def _peers(found: Found) -> Iterator[str]:
    if not found.peers:
        return
    yield ""
    yield "Cells a second of one core, the decoding of the page not counted for the others"
    yield f"{'':<44}{'cells':>6}{'theirs':>9}{'ours':>9}{'times':>8}{'goal':>6}   a digit answered"
    for row in found.peers:
        if row.peer.missing:
            yield f"{NAMES[row.peer.program]:<44}{row.cells:>6}  not measured: {row.peer.missing}"
            continue
        goal = TIMES[row.peer.program]
        told = f"{row.cells:>6}{row.peer.cells_a_second:>9.0f}{row.ours:>9.0f}{row.times:>8.1f}{goal:>6.0f}"
        judged = verdict(row.times, goal, at_least=True)
        yield f"{row.peer.name:<44}{told}   {row.peer.answered:.0%}  {judged}"


def as_json(found: Found) -> dict[str, object]:
    """Give all of it as plain values, with the goals."""
    return {
        "rows": [
            {**asdict(row.case), **asdict(row), "case": row.case.name, "ratios": row.ratios, "goal": row.case.goal}
            for row in found.rows
        ],
        "many_against_few": {"goal": MANY_AGAINST_FEW, "times": dict(found.many)},
        "stages_ms": found.stages,
        "clock_s": {name: {"seconds": value, "goal": CLOCK_GOALS.get(name)} for name, value in found.clock.items()},
        "workers": found.workers,
        "against_one": {"goal": ALL_CORES if found.workers == 2 else None, "times": found.against_one},
        "memory_goals_mb": {"worker": WORKER_MB, "parent": PARENT_MB},
        "peers": [
            {**asdict(row.peer), "cells": row.cells, "ours": row.ours, "goal": TIMES[row.peer.program]}
            for row in found.peers
        ],
    }
