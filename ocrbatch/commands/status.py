"""``ocrbatch status``: what a job has done, what it has left, and what failed."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocrbatch.errors import InputError

if TYPE_CHECKING:
    from ocrbatch.job.summary import Standing


def status(
    output: Annotated[Path, typer.Argument(metavar="OUT", help="The output folder of a job.")],
    line: Annotated[bool, typer.Option("--line", help="Print it as one line, for a mail.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Tell what a job has read and has left, what waits for review, and what failed and why."""
    from ocrbatch.commands.run import unregistered
    from ocrbatch.job.ledger import NAME
    from ocrbatch.job.summary import job_standing, pages_with
    from ocrbatch.output.escape import escape_name
    from ocrbatch.output.tables import PAGES
    from ocrbatch.records import PageStatus

    if not (output / NAME).is_file():
        raise InputError(f"{output} holds no job; name the folder that was given to ocrbatch run -o")
    standing = job_standing(output)
    summary = standing.summary
    if line:
        typer.echo(f"{output}: {summary.line}; {_last_run(standing)}")
        return
    listed = {
        kind.value: [
            {"file": escape_name(file), "page": page, "reason": reason}
            for file, page, reason in pages_with(output, kind)
        ]
        for kind in (PageStatus.FAILED, PageStatus.PENDING)
    }
    if as_json:
        run = None if standing.run is None else asdict(standing.run)
        told = {"files": summary.files, "pages": summary.pages, "fields": summary.fields}
        typer.echo(
            json.dumps(
                {**told, "unregistered": summary.unregistered, **listed, "run": run, "process": standing.holder or None}
            )
        )
        return
    typer.echo(f"run     {_last_run(standing)}")
    typer.echo(f"files   {summary.files}")
    for name, counts in (("pages", summary.pages), ("fields", summary.fields)):
        shown = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
        typer.echo(f"{name:7} {shown or 'none'}")
    if summary.unregistered:
        typer.echo(f"review  {unregistered(summary)}: see {output / PAGES}")
    for kind, pages in listed.items():
        for page in pages:
            typer.echo(f"{kind:7} {page['file']}, page {page['page']}: {page['reason']}")


def _last_run(standing: "Standing") -> str:
    """Say how the last run goes or went."""
    run = standing.run
    if run is None:
        return "none yet"
    if run.ended:
        return f"finished {run.ended}"
    done = f"{run.done} of {run.to_read} files done"
    if standing.holder:
        return f"goes on in process {standing.holder} since {run.started}, {done}"
    return f"begun {run.started}, stopped with {done}; the same ocrbatch run reads the rest"
