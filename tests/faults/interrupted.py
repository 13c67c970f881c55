"""A finished job to whose input new files have come: it is run again, and broken off at one of its steps."""

import shutil
from pathlib import Path

from tests.faults.invariants import before, check, ledger_of, tables
from tests.faults.launch import Ended, Launcher
from tests.faults.program import Hook
from tests.job.fakes import folder_of, reads

OLD = {"a.png": "x", "b.png": "doubt", "c.tif": "x|y", "e.txt": "no picture"}
NEW = {"b.png": "other", "d.png": "xx", "f.png": "x", "g.tif": "x|doubt"}
"""Files that come, one in another's place and one of a content that another has, after a job of ``OLD``."""
STEPS: tuple[Hook, ...] = (["quick_pages"], ["fork"], ["settings", {"batch": 2}])


class Interrupted:
    """A finished job to whose input new files have come: what is done at its steps when it runs again."""

    def __init__(self, launcher: Launcher, place: Path, *more: str) -> None:
        self._launcher, self.place, self._more = launcher, place, more
        self.inputs = folder_of(place, OLD)
        assert self.run(place / "old", *STEPS).code == 0
        folder_of(place, NEW)
        (self.inputs / "a.png").unlink()
        self.again(place / "new")
        noted = place / "steps"
        assert self.run(place / "new", *STEPS, ["note_steps", str(noted)]).code == 0
        self.steps = noted.read_text().splitlines()
        self.tables = tables(place / "new")

    def again(self, out: Path) -> None:
        """Have the job that is old as an output of its own."""
        shutil.copytree(self.place / "old", out)

    def run(self, out: Path, *hooks: Hook) -> Ended:
        """Run the job on its input as it is now."""
        return self._launcher.run("run", self.inputs, "-o", out, "--jobs", 1, *self._more, hooks=hooks)

    def finish(self, out: Path) -> None:
        """Let the job end, and check all; nothing that is recorded is read again."""
        (self.place / "read.log").unlink(missing_ok=True)
        was, known = before(self.inputs, out), ledger_of(out)
        ended = self.run(out, *STEPS)
        assert ended.code == 0, ended.err
        check(was, ended.code, ended.err)
        assert tables(out) == self.tables
        current = {name for name, pages in known.pages.items() if name != "b.png" or pages[0]["status"] == "read"}
        assert not set(reads(self.place)) & current

    def at(self, where: str) -> range:
        """Give the numbers of the steps of the job's own process, or of the one that reads."""
        return range(1, sum(step.startswith(where) for step in self.steps) + 1)
