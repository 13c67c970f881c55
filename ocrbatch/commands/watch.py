"""``ocrbatch watch``: a folder that keeps filling."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ocrbatch.commands.job_options import JobOptions, job_of, with_job_options
from ocrbatch.errors import UsageError

MOVE_HELP = "Move files there once their results are safe; else no input is touched."
POLL_HELP = "Look through the folder so often: for network shares, of which the system tells no changes."
SETTLE_HELP = "A file is read when its size and time have stood still for so long."


@with_job_options
def watch(
    options: JobOptions,
    settle: Annotated[float, typer.Option(min=0.1, metavar="SECONDS", help=SETTLE_HELP)] = 2.0,
    poll: Annotated[float | None, typer.Option(min=0.1, metavar="SECONDS", help=POLL_HELP)] = None,
    move_done: Annotated[Path | None, typer.Option(metavar="FOLDER", help=MOVE_HELP)] = None,
) -> None:
    """Read a folder that keeps filling: each scan as soon as it stands still, until stopped.

    Takes the options of run, and does what run does again and again: the tables in OUT are whole at any time. A scan of
    the same content as another is not read again. Ends with 130 or 143 when it is stopped; the same command goes on.
    """
    from ocrbatch.commands.run import report, with_progress
    from ocrbatch.job.log import logged_to
    from ocrbatch.job.moving import check_move_folder
    from ocrbatch.job.run import run_job
    from ocrbatch.job.watch import watch_job

    if "-" in options.inputs:
        raise UsageError("a list of files does not grow; name the folders to watch")
    job = replace(job_of(options), move_done=move_done)
    if move_done:
        check_move_folder(move_done, job.inputs, job.output)
    typer.echo(f"Watching {', '.join(map(str, job.inputs))}; Ctrl-C ends it", err=True)
    with logged_to(options.log_file):
        watch_job(
            job,
            lambda restless: with_progress(job, lambda job, progress: run_job(job, progress, wait=restless)),
            lambda summary: report(summary, job, options),
            settle=settle,
            poll=poll,
        )
