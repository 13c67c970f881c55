"""What each stage of the way of a page costs: ``python -m tests.bench.stages FOLDER [FORM]``; prints JSON.

CPU milliseconds a page, in this process, as a worker and the job's own process do one after the other.
"""

import json
import pickle
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ocrbatch.form.store import load_forms
from ocrbatch.job.ledger import Ledger
from ocrbatch.job.opened import Opened, content_sum, open_source
from ocrbatch.job.plan import Recorded
from ocrbatch.job.publish import publication_of, publish
from ocrbatch.job.settings import Job
from ocrbatch.job.sources import ReadFile, Source, list_sources
from ocrbatch.job.worker import read_file
from ocrbatch.model.card import load_model_file
from ocrbatch.page.classify import make_classifier
from ocrbatch.page.kinds import KINDS
from ocrbatch.page.reader import ACCEPT, PreparedPage, finish
from ocrbatch.page.register import register
from ocrbatch.page.registration.index import index_forms
from ocrbatch.page.segment import segment
from ocrbatch.records import FilePage, Page

STAGES = (
    "finding twins",
    "opening",
    "decoding",
    "registering",
    "cutting",
    "normalizing",
    "classifying",
    "finishing",
    "between processes",
    "ledger",
    "tables",
)


class Stages:
    """The stages of a job, and the CPU seconds of each."""

    def __init__(self, job: Job) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._job = job
        self._classifier = make_classifier(job.model)
        self._index = index_forms(job.forms) if job.forms else None

    @contextmanager
    def _time(self, stage: str) -> Iterator[None]:
        start = time.process_time()
        yield
        self.seconds[stage] += time.process_time() - start

    def run(self, sources: Sequence[Source]) -> int:
        """Take files to the tables; gives how many pages they had."""
        pages = 0
        with tempfile.TemporaryDirectory() as output, Ledger(Path(output)) as ledger:
            recorded = Recorded(self._job, ledger)
            ledger.begin_run(len(sources))
            for start in range(0, len(sources), self._job.batch):
                batch = sources[start : start + self._job.batch]
                files = self._read(batch)
                pages += sum(len(file.pages) for file in files)
                with self._time("ledger"):
                    states = [recorded.state(source, file) for source, file in zip(batch, files, strict=True)]
                    ledger.record(
                        (
                            (source.name, state, file.pages)
                            for source, state, file in zip(batch, states, files, strict=True)
                        ),
                        done=len(batch),
                    )
            with self._time("tables"):
                publish(Path(output), ledger, publication_of(self._job), len(sources))
        return pages

    def _read(self, batch: Sequence[Source]) -> list[ReadFile]:
        """Read files together, as a worker does, and pass them on."""
        opened, prepared = [], []
        for source in batch:
            with self._time("finding twins"):
                content_sum(source.path)
            with self._time("opening"):
                opened.append(open_source(source))
            prepared.append([self._prepare(page) for page in self._decoded(opened[-1])])
        tiles = [lattice.tiles for pages in prepared for page in pages for lattice in page.lattices]
        with self._time("classifying"):
            scores = self._classifier.scores(np.concatenate(tiles))
        files = []
        for source, file, pages in zip(batch, opened, prepared, strict=True):
            found = []
            for page in pages:
                own, scores = scores[: page.tile_count], scores[page.tile_count :]
                with self._time("finishing"):
                    found.append(FilePage(source.name, file.sha256, finish(page, own, ACCEPT)))
            files.append(read_file(file, found))
        with self._time("between processes"):
            told: list[ReadFile] = pickle.loads(pickle.dumps(files))  # noqa: S301 - our own bytes
        return told

    def _decoded(self, file: Opened) -> Iterator[Page]:
        pages = file.pages(self._job.max_pixels)
        while True:
            with self._time("decoding"):
                page = next(pages, None)
            if page is None:
                return
            assert isinstance(page, Page), page
            yield page

    def _prepare(self, page: Page) -> PreparedPage:
        with self._time("registering"):
            registered = register(page, self._index)
        with self._time("cutting"):
            fields = segment(registered)
        with self._time("normalizing"):
            lattices = tuple(KINDS[field.place.kind].lattice(field) for field in fields)
        return PreparedPage(registered, fields, lattices)


def timed(folder: Path, form: Path | None) -> dict[str, float]:
    """Read a folder stage by stage; gives milliseconds a page by stage."""
    import cv2

    cv2.setNumThreads(1)
    job = Job((folder,), folder.with_name("out"), load_model_file(), forms=load_forms([form]) if form else ())
    stages = Stages(job)
    sources = list_sources(job.inputs, job.output)
    # What is loaded and made ready with the first page is no part of what a page costs.
    stages.run(sources[:1])
    stages.seconds.clear()
    pages = stages.run(sources)
    return {stage: 1000 * stages.seconds[stage] / pages for stage in STAGES}


def main() -> None:
    """Time the stages of a folder and print them."""
    folder, *form = map(Path, sys.argv[1:])
    print(json.dumps(timed(folder, form[0] if form else None)))


if __name__ == "__main__":
    main()
