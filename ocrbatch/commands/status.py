"""``ocrbatch status``: what a job has done, and what failed."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ocrbatch.errors import InputError


def status(
    output: Annotated[Path, typer.Argument(metavar="OUT", help="The output folder of a job.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Tell what a job has read, what waits for review, and what failed and why."""
    from ocrbatch.commands.run import unregistered
    from ocrbatch.job.ledger import NAME
    from ocrbatch.job.summary import failures, job_summary
    from ocrbatch.output.escape import escape_name
    from ocrbatch.output.tables import PAGES

    if not (output / NAME).is_file():
        raise InputError(f"{output} holds no job; name the folder that was given to ocrbatch run -o")
    summary = job_summary(output)
    failed = [{"file": escape_name(file), "page": page, "reason": reason} for file, page, reason in failures(output)]
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "files": summary.files,
                    "pages": summary.pages,
                    "fields": summary.fields,
                    "unregistered": summary.unregistered,
                    "failed": failed,
                }
            )
        )
        return
    typer.echo(f"files   {summary.files}")
    for name, counts in (("pages", summary.pages), ("fields", summary.fields)):
        shown = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
        typer.echo(f"{name:7} {shown or 'none'}")
    if summary.unregistered:
        typer.echo(f"review  {unregistered(summary)}: see {output / PAGES}")
    for page in failed:
        typer.echo(f"failed  {page['file']}, page {page['page']}: {page['reason']}")
