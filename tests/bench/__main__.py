"""How fast it is here: ``python -m tests.bench [--json] [--rounds N] [--pages N] [--kind KIND] [--without-peers]``.

The same pages are decoded alone, read by whole runs, and given to other programs, in turns, so that what else the
machine does weighs on all alike; each figure is a median of its turns. It prints and judges nothing by its exit code.
Whole runs are measured with all their processes, and those of other programs on one core.
"""

import json
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from ocrbatch.job.cores import usable_cores
from tests.bench import runs
from tests.bench.figures import Case, Turn, against_one, case_row, many_against_few
from tests.bench.options import Options, options
from tests.bench.peers.measure import NAMES, Peer, measure, write_given
from tests.bench.runs import Run
from tests.bench.sheets import (
    FEW,
    GREY,
    KINDS,
    MANY,
    SAMPLE_KINDS,
    Sheets,
    cells_of,
    drawn_sheets,
    sample_sheets,
)
from tests.bench.table import Found, PeerRow, as_json, lines

PEER_PAGES = 3


@dataclass(frozen=True, slots=True)
class Folders:
    """The two folders of sheets from whose difference a page's own cost is told."""

    sheets: Sheets
    large: Path
    small: Path
    large_pages: int
    small_pages: int

    def turn(self, form: Path | None, jobs: int = 1) -> tuple[Run, Run]:
        """Run both once."""
        large = runs.whole_run(self.large, self.large_pages, form, jobs)
        return large, runs.whole_run(self.small, self.small_pages, form, jobs)


@dataclass(slots=True)
class Turns:
    """What was measured so far, by what it is of."""

    cases: dict[Case, list[Turn]] = field(default_factory=lambda: defaultdict(list))
    stages: dict[str, list[dict[str, float]]] = field(default_factory=lambda: defaultdict(list))
    clock: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    one: list[tuple[Run, Run]] = field(default_factory=list)
    every: list[tuple[Run, Run]] = field(default_factory=list)
    peers: dict[tuple[int, str, str], list[Peer]] = field(default_factory=lambda: defaultdict(list))


def folders(place: Path, asked: Options) -> list[Folders]:
    """Draw the sheets and fill their folders: all kinds with few cells, the grey JPEGs with many too."""
    wanted = [kind for kind in (*KINDS, *SAMPLE_KINDS) if not asked.kinds or kind in asked.kinds]
    sheets = [drawn_sheets(kind, FEW, place / "forms") for kind in wanted if kind in KINDS]
    sheets += [drawn_sheets(kind, MANY, place / "forms") for kind in wanted if kind == GREY]
    sheets += [sample_sheets(kind) for kind in wanted if kind in SAMPLE_KINDS]
    made = []
    for number, own in enumerate(sheets):
        sizes = [max(pages // own.pages, 1) for pages in (asked.pages, asked.few_pages)]
        large, small = (own.write(place / f"{number}-{files}", files) for files in sizes)
        made.append(Folders(own, large, small, *(files * own.pages for files in sizes)))
    return made


@contextmanager
def told(what: str) -> Iterator[None]:
    """Tell of what cannot be measured and go on: the other rows still tell much."""
    try:
        yield
    except RuntimeError as error:
        print(f"{what}: cannot be measured: {error}", file=sys.stderr)


def one_round(turns: Turns, all_folders: list[Folders], asked: Options, place: Path) -> None:
    """Measure everything once."""
    for own in all_folders:
        for form in (own.sheets.form, None):
            case = Case(own.sheets.kind, own.sheets.name, own.sheets.cells, form is not None)
            with told(case.name):
                decode = runs.decoding(own.large) / own.large_pages
                turns.cases[case].append(Turn(decode, *own.turn(form)))
            with told(f"stages of {case.name}"):
                turns.stages[f"{case.name}, {'form given' if form else 'no form'}"].append(runs.stages(own.small, form))
    several(turns, all_folders[0], place)
    if asked.peers:
        peers(turns, asked, place)


def several(turns: Turns, first: Folders, place: Path) -> None:
    """Measure what the clock tells: how soon it begins, and how much faster all cores are than one worker."""
    single = place / "single"
    if not single.exists():
        first.sheets.write(single, 1)
    with told("how soon it begins"):
        turns.clock["ocrbatch --help"].append(runs.help_time())
        turns.clock["first row of ocrbatch read, one page"].append(runs.first_row_time())
        alone = runs.whole_run(single, 1, first.sheets.form, 1)
        turns.clock["first page of a run recorded, one page"].append(alone.first)
    with told("all cores"):
        turns.one.append(first.turn(first.sheets.form))
        turns.every.append(first.turn(first.sheets.form, usable_cores()))
        turns.clock["first page of a run recorded, many pages"].append(turns.every[-1][0].first)


def peers(turns: Turns, asked: Options, place: Path) -> None:
    """Give the other programs the grey sheets."""
    for cells in (FEW, MANY):
        folder = place / f"peers-{cells}"
        if not folder.exists():
            drawn_sheets(GREY, cells, place / "forms").write(folder, PEER_PAGES)
        given = write_given(place / f"peers-{cells}.json", sorted(folder.iterdir()), cells_of(cells, 0))
        for program in NAMES:
            for peer in measure(given, program, asked.peers_python):
                turns.peers[cells, program, peer.way].append(peer)


def summed_up(turns: Turns) -> Found:
    """Make figures of all turns."""
    rows = [case_row(case, own) for case, own in turns.cases.items()]
    ours = {row.case.cells: 1000 * row.case.cells / row.more for row in rows if row.case.kind == GREY and row.case.form}
    found = Found(rows, many_against_few(rows), workers=usable_cores())
    found.stages = {name: _medians(own) for name, own in turns.stages.items() if own}
    found.clock = _medians_of(turns.clock)
    if turns.one and len(turns.one) == len(turns.every):
        found.against_one = against_one(turns.one, turns.every)
    for (cells, _, _), own in turns.peers.items():
        rate = statistics.median(peer.cells_a_second for peer in own)
        if cells in ours:
            found.peers.append(PeerRow(replace(own[0], cells_a_second=rate), cells, ours[cells]))
    return found


def _medians(turns: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(turn[name] for turn in turns) for name in turns[0]}


def _medians_of(values: dict[str, list[float]]) -> dict[str, float]:
    return {name: statistics.median(own) for name, own in values.items() if own}


def main() -> None:
    """Measure and print."""
    asked = options()
    turns = Turns()
    with tempfile.TemporaryDirectory() as place:
        print("Drawing the sheets …", file=sys.stderr)
        all_folders = folders(Path(place), asked)
        for number in range(asked.rounds):
            print(f"Round {number + 1} of {asked.rounds} …", file=sys.stderr)
            one_round(turns, all_folders, asked, Path(place))
    found = summed_up(turns)
    if asked.as_json:
        print(json.dumps(as_json(found), indent=2))
    else:
        print(*lines(found), sep="\n")


if __name__ == "__main__":
    main()
