"""What a person may say of the benchmark."""

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

from tests.bench.sheets import KINDS, SAMPLE_KINDS


@dataclass(frozen=True, slots=True)
class Options:
    """How often and on how much; ``kinds`` are those to be read, all where none is named."""

    rounds: int
    pages: int
    kinds: tuple[str, ...]
    peers: bool
    peers_python: Path | None
    as_json: bool

    @property
    def few_pages(self) -> int:
        """How many pages the smaller folder has, from which a page's own cost is told."""
        return max(self.pages // 4, 2)


def options(words: list[str] | None = None) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="How fast ocrbatch is here.")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured")
    parser.add_argument("--pages", type=int, default=64, help="how many pages the larger folder has")
    kinds = [*KINDS, *SAMPLE_KINDS]
    parser.add_argument("--kind", action="append", choices=kinds, default=[], help="read only these; repeatable")
    parser.add_argument("--without-peers", action="store_true", help="leave out the other programs, which are slow")
    python = os.environ.get("OCRBATCH_PEERS_PYTHON")
    help_text = "the Python in whose environment RapidOCR is installed; or OCRBATCH_PEERS_PYTHON"
    parser.add_argument("--peers-python", type=Path, default=Path(python) if python else None, help=help_text)
    given = parser.parse_args(words)
    if given.pages < 8 or given.rounds < 1:
        parser.error("--pages is 8 or more, --rounds 1 or more")
    return Options(
        given.rounds, given.pages, tuple(given.kind), not given.without_peers, given.peers_python, given.json
    )
