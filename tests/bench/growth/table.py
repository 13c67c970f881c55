"""How a job grows, as a table, as plain values and as a plot."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from tests.bench.figures import PARENT_MB, verdict
from tests.bench.growth.measure import Grown

STATUS = 1.0
"""Seconds, by the clock, with the start of Python."""
STEEP = 1.5
"""What takes so many times as much a page as in the smallest job no longer grows as the pages do."""
MEASURES = ("listing", "reading", "tables", "processor", "again", "status", "ledger_mb", "parent_mb")


def steepness(jobs: Sequence[Grown], measure: str) -> float:
    """Tell how many times as much a page more takes among many pages as among few; 1 where it grows as they do.

    It is taken between neighbouring jobs, so that what any job takes, however small, cancels out. Nan where that
    cannot be told: of fewer than three, and where a larger one took less.
    """
    if len(jobs) < 3:
        return float("nan")
    values = [(job.pages, getattr(job, measure)) for job in jobs]
    (few, low), (some, middle) = values[:2]
    (more, high), (most, highest) = values[-2:]
    early, late = (middle - low) / (some - few), (highest - high) / (most - more)
    return late / early if early > 0 and late > 0 else float("nan")


def lines(found: Mapping[str, Sequence[Grown]]) -> Iterator[str]:
    """Give the tables' lines."""
    for name, jobs in found.items():
        yield name
        yield (
            f"{'pages':>8}{'listing s':>11}{'reading s':>11}{'tables s':>10}{'ms a page':>11}{'CPU ms':>8}"
            f"{'parent MB':>11}{'ledger MB':>11}{'again s':>9}{'again MB':>10}{'status s':>10}"
        )
        for job in jobs:
            a_page = 1000 * (job.listing + job.reading + job.tables) / job.pages
            yield (
                f"{job.pages:>8}{job.listing:>11.2f}{job.reading:>11.2f}{job.tables:>10.2f}{a_page:>11.2f}"
                f"{1000 * job.processor / job.pages:>8.2f}"
                f"{job.parent_mb:>11.0f}{job.ledger_mb:>11.1f}{job.again:>9.2f}{job.again_mb:>10.0f}{job.status:>10.2f}"
            )
        last = jobs[-1]
        for told, value, goal in (
            ("the parent's memory", max(last.parent_mb, last.again_mb), PARENT_MB),
            ("status", last.status, STATUS),
        ):
            yield f"  {told} at {last.pages} pages: {value:.2f}, goal ≤ {goal:g}: {verdict(value, goal)}"
        for measure in MEASURES if len(jobs) > 2 else ():
            times = steepness(jobs, measure)
            if not math.isnan(times):
                told = f"more than {STEEP:g}: steeper than the pages" if times > STEEP else "it grows as the pages do"
                yield f"  {measure}: a page more among many takes {times:.2f} times what it takes among few; {told}"
        yield ""


def as_json(found: Mapping[str, Sequence[Grown]]) -> dict[str, object]:
    """Give all of it as plain values."""
    return {
        name: {
            "jobs": [asdict(job) for job in jobs],
            "steepness": {measure: _or_none(steepness(jobs, measure)) for measure in MEASURES},
        }
        for name, jobs in found.items()
    }


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value


def plot(found: Mapping[str, Sequence[Grown]], path: Path) -> None:
    """Draw seconds, and megabytes, against pages; a column of pictures a way. Needs the extra ``train``."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(2, len(found), figsize=(5.2 * len(found), 7.6), squeeze=False, layout="constrained")
    for (name, jobs), (seconds, megabytes) in zip(found.items(), panels.T, strict=True):
        pages = [job.pages for job in jobs]
        for measure in ("reading", "listing", "tables", "again", "status"):
            seconds.plot(pages, [getattr(job, measure) for job in jobs], marker="o", label=measure)
        for measure in ("ledger_mb", "parent_mb", "again_mb"):
            label = measure.removesuffix("_mb")
            megabytes.plot(pages, [getattr(job, measure) for job in jobs], marker="o", label=label)
        megabytes.axhline(PARENT_MB, linestyle=":", color="grey", label="goal of the parent")
        for axes, unit in ((seconds, "seconds"), (megabytes, "MB")):
            axes.set(xscale="log", yscale="log", xlabel="pages", ylabel=unit)
            axes.grid(alpha=0.3)
            axes.legend()
        seconds.set_title(name, fontsize=9)
    figure.savefig(path, dpi=110)
    plt.close(figure)
