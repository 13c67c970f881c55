"""Tables: runs of boxes that stand one below the other, their rows numbered, their captions left out."""

import numpy as np

from ocrbatch.design.ink import Ink, Rects, is_caption_row

TOUCHING = 0.15
SHARED = 0.6
SAME_ROW = 0.4

Placed = tuple[Rects, int, int]
"""A run's cells, the number of its table, and of its row in it, from 1; 0 and 0 where it is in none."""


def place_in_tables(runs: list[Rects], ink: Ink) -> list[Placed]:
    """Tell of runs (n, 4), sorted from the top, to which row of which table each belongs.

    A first row that holds small print in all of its cells has the captions of its columns: it is left out.
    """
    placed: list[Placed] = []
    number = 0
    for table in _grouped(runs):
        if len(table) == 1:
            placed.append((table[0], 0, 0))
            continue
        number += 1
        rows = _rows(table)
        if len(rows) > 1 and sum(map(len, rows[0])) > 2 and all(is_caption_row(run, ink) for run in rows[0]):
            rows = rows[1:]
        placed.extend((run, number, row) for row, runs_of_row in enumerate(rows, 1) for run in runs_of_row)
    return placed


def _grouped(runs: list[Rects]) -> list[list[Rects]]:
    """Group the runs that stand on each other."""
    group = list(range(len(runs)))
    for one, upper in enumerate(runs):
        for other, lower in enumerate(runs):
            if one != other and _stands_on(upper, lower):
                old, new = max(group[one], group[other]), min(group[one], group[other])
                group = [new if number == old else number for number in group]
    return [
        [run for run, number in zip(runs, group, strict=True) if number == wanted] for wanted in dict.fromkeys(group)
    ]


def _stands_on(upper: Rects, lower: Rects) -> bool:
    gap = abs(float(lower[:, 1].mean() - upper[:, 3].mean()))
    height = min(float((run[:, 3] - run[:, 1]).mean()) for run in (upper, lower))
    shared = min(upper[-1, 2], lower[-1, 2]) - max(upper[0, 0], lower[0, 0])
    narrow = min(run[-1, 2] - run[0, 0] for run in (upper, lower))
    return bool(gap <= TOUCHING * height and shared >= SHARED * narrow)


def _rows(table: list[Rects]) -> list[list[Rects]]:
    """Sort a table's runs into its rows, each from left to right."""
    rows: list[list[Rects]] = []
    for run in sorted(table, key=_middle):
        height = float((run[:, 3] - run[:, 1]).mean())
        if rows and _middle(run) - _middle(rows[-1][0]) <= SAME_ROW * height:
            rows[-1].append(run)
        else:
            rows.append([run])
    return [sorted(row, key=lambda run: float(run[0, 0])) for row in rows]


def _middle(run: Rects) -> float:
    return float(np.mean(run[:, [1, 3]]))
