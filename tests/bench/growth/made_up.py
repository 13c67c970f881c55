"""A job whose readings are made up: ``python -m tests.bench.growth.made_up IN OUT LOG JOBS``.

All of it is as in a job on pages (files are listed, opened and summed, readings go from process to process, to the
ledger and to the tables), but for the pictures: a page has eight fields of eight cells, whatever its file holds.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from ocrbatch.geometry import Box
from ocrbatch.job.log import logged_to
from ocrbatch.job.opened import open_source
from ocrbatch.job.processes import At, Batch
from ocrbatch.job.run import run_job
from ocrbatch.job.settings import Job
from ocrbatch.job.sources import ReadFile, Source
from ocrbatch.job.worker import read_file
from ocrbatch.records import FieldReading, FilePage, ModelFile, PageResult, PageStatus, Status, cell_quads

FIELDS, CELLS = 8, 8
SIDE = 110
REVIEW = 20
"""One page of so many has a field to review."""
_CORNERS = np.array([[0, 0], [SIDE, 0], [SIDE, SIDE], [0, SIDE]], np.float32)


class MadeUp:
    """Reads nothing: a file's sum makes its page's digits."""

    def read(self, batch: Batch, at: Callable[[At], None]) -> list[ReadFile]:
        """Make up a page for each file."""
        return [self._file(source, at, place) for place, source in enumerate(batch)]

    def read_alone(self, source: Source, first: int, at: Callable[[At], None]) -> Iterator[FilePage | ReadFile]:
        """Make up the page of a file."""
        file = self._file(source, at, 0)
        yield from file.pages
        yield file

    def _file(self, source: Source, at: Callable[[At], None], place: int) -> ReadFile:
        at(At(place, 1))
        file = open_source(source)
        fields = tuple(_field(number, file.sha256) for number in range(FIELDS))
        status = PageStatus.READ if all(one.status is Status.ACCEPTED for one in fields) else PageStatus.REVIEW
        page = PageResult(1, "auto", status, "", 0.98765, -0.813, fields)
        return read_file(file, [FilePage(source.name, file.sha256, page)])


def _field(number: int, sha256: str) -> FieldReading:
    digits = [str(int(sign, 16) % 10) for sign in sha256[number * CELLS : (number + 1) * CELLS]]
    doubtful = number == 0 and int(sha256[:8], 16) % REVIEW == 0
    x, y = 400.25, 300.5 + 360 * number
    value = "".join(digits)
    return FieldReading(
        name=f"r{number + 1:02}",
        kind="boxes",
        value=value,
        confidence=0.61234567 if doubtful else 0.99876543,
        status=Status.REVIEW if doubtful else Status.ACCEPTED,
        reasons=("low confidence in cell 2",) if doubtful else (),
        raw=value,
        runner_up=value[::-1],
        digit_confidence=(0.99987654,) * CELLS,
        box=Box(400, round(y), SIDE * CELLS, SIDE),
        cells=cell_quads([_CORNERS + np.array([x + SIDE * column, y], np.float32) for column in range(CELLS)]),
        cell_values=tuple(digits),
    )


def main() -> None:
    """Run the job."""
    folder, output, log = map(Path, sys.argv[1:4])
    job = Job((folder,), output, ModelFile(b"", "tflite", "made up", "ab" * 32, 1.0), jobs=int(sys.argv[4]))
    with logged_to(log):
        run_job(job, make_reader=MadeUp)


if __name__ == "__main__":
    from tests.bench.growth.made_up import MadeUp, main  # workers know it by its module's name

    main()
