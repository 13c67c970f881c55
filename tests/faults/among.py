"""Jobs over a few good samples with faulty files among them, whole and by the real reader."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ocrbatch.output.escape import unescape_name
from tests.faults.invariants import Rows, before, check, check_as_alone, rows_by_file, rows_of
from tests.faults.launch import Ended, Launcher
from tests.faults.pages import LIGHT, SAMPLES

MOST_LINES = 10
GOOD = {f"good-{name}": (SAMPLES / name).read_bytes() for name in LIGHT[:2]}


@dataclass(frozen=True, slots=True)
class Read:
    """What became of the faulty files: how the job ended, and by file the rows of its pages and of its fields."""

    ended: Ended
    output: Path
    pages: Mapping[str, Rows]
    fields: Mapping[str, Rows]

    def reasons(self, name: str) -> list[str]:
        """Give the states of a file's pages with the beginning of their reasons, as ``failed: truncated``."""
        return [f"{row['status']}: {row['reason'].split(':')[0]}".rstrip(": ") for row in self.pages[name]]

    def values(self, name: str) -> list[str]:
        """Give what was read of a file, field by field."""
        return [row["value"] for row in self.fields.get(name, [])]


class Among:
    """Runs such jobs; what the good files read as alone is found out once for the same options."""

    def __init__(self, launcher: Launcher, place: Path) -> None:
        self._launcher, self._place = launcher, place
        self._alone: dict[tuple[tuple[str, ...], tuple[str, ...]], Mapping[str, Rows]] = {}
        self._count = 0

    def read(
        self,
        files: Mapping[str, bytes],
        *options: str,
        code: int,
        good: Mapping[str, bytes] = GOOD,
    ) -> Read:
        """Read files among good ones: asserts the exit code, the invariants, and that the good ones are as alone."""
        alone = (tuple(good), options)
        if alone not in self._alone:
            self._alone[alone] = rows_by_file(self._run(good, options, 0)[1]) if good else {}
        ended, output = self._run({**good, **files}, options, code)
        check_as_alone(output, self._alone[alone])
        return Read(ended, output, _by_file(output, "pages.csv"), _by_file(output, "results.csv"))

    def refuse(self, *options: object, code: int) -> Ended:
        """Run a job over the good files that is to end before it reads a page: with a code, and without a table."""
        ended, output = self._run(GOOD, options, code)
        assert not (output / "pages.csv").exists()
        return ended

    def _run(self, files: Mapping[str, bytes], options: Sequence[object], code: int) -> tuple[Ended, Path]:
        folder, output = self._folder(files)
        was = before(folder, output)
        ended = self._launcher.run("run", folder, "-o", output, "--jobs", 1, *options)
        assert ended.code == code, ended
        check(was, ended.code, ended.err)
        assert len(ended.err.splitlines()) < MOST_LINES, "a person is told in a few lines, whatever is wrong"
        return ended, output

    def _folder(self, files: Mapping[str, bytes]) -> tuple[Path, Path]:
        self._count += 1
        place = self._place / str(self._count)
        (place / "in").mkdir(parents=True)
        for name, content in files.items():
            (place / "in" / name).write_bytes(content)
        return place / "in", place / "out"


def _by_file(output: Path, table: str) -> Mapping[str, Rows]:
    found: dict[str, Rows] = {}
    for row in rows_of(output / table):
        found.setdefault(unescape_name(row["file"]), []).append(row)
    return found
