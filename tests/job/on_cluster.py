"""A job with the fake reader that a cluster reads; run as a program, with what ``main`` takes as its arguments."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from ocrbatch.errors import OcrbatchError
from ocrbatch.job import cluster
from ocrbatch.job.ledger import Ledger
from ocrbatch.job.limits import Limits
from ocrbatch.job.run import run_job
from tests.job.clusters import CountedReader, KillingReader, note
from tests.job.fakes import FakeReader, a_job


def main(place: Path, address: str, how: Sequence[str]) -> None:
    """Run a job.

    ``timeout=N``: the seconds of a page; ``batch=N``; ``patience=N``: those to wait for a cluster; ``killing`` and
    ``counted``: another reader; ``notes``: write down when something is recorded, and when a batch is sent.
    """
    said = dict(word.split("=") for word in how if "=" in word)
    make = KillingReader if "killing" in how else CountedReader(place / "arrived") if "counted" in how else FakeReader
    if "patience" in said:
        cluster.PATIENCE = float(said["patience"])
    if "notes" in how:
        record, submit = Ledger.record, cluster._Cluster._submit

        def noted(self: Ledger, files: object, *, done: int = 0) -> None:
            record(self, files, done=done)  # type: ignore[arg-type]
            if done:
                note(place / "recorded", str(time.monotonic()))

        def sent(self: cluster._Cluster, batch: object, **alone: bool) -> None:
            reads = (place / "read.log").read_text().count("\n") if (place / "read.log").exists() else 0
            submit(self, batch, **alone)  # type: ignore[arg-type]
            note(place / "sent", str(reads))

        Ledger.record = noted  # type: ignore[method-assign]
        cluster._Cluster._submit = sent  # type: ignore[method-assign]
    job = a_job(
        place,
        scheduler=address,
        batch=int(said.get("batch", 8)),
        jobs=1,
        limits=Limits(float(said.get("timeout", 60))),
    )
    run_job(job, make_reader=make)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
    except OcrbatchError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(int(error.exit_code))
