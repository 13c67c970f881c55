"""``ocrbatch run``: a folder of scans in, tables out."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from ocrbatch.commands.job_options import JobOptions, job_of, with_job_options
from ocrbatch.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from ocrbatch.job.run import Progress
    from ocrbatch.job.settings import Job
    from ocrbatch.job.summary import Summary

    RunJob = Callable[[Job, Progress], Summary]

EXIT_CODES = """[bold]Exit codes[/bold]: 0 everything read · 1 a bug · 2 usage · 3 finished, but some pages failed ·
4 input missing · 5 output not writable · 6 another job holds the output folder · 7 model missing or corrupt ·
8 form invalid · 9 pages wait for review (with --fail-on-review) · 130, 143 stopped: the same command resumes"""


@with_job_options
def run(
    options: JobOptions,
    fail_on_review: Annotated[bool, typer.Option("--fail-on-review", help="Exit with 9 where pages wait.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be read.")] = False,
) -> None:
    """Read every scan of a folder; run again, it reads only what is new.

    OUT then holds results.csv (a row a field), pages.csv (a row a page), forms/*.csv (a row a page or document, a
    column a field) and manifest.json. Without forms and --whole, each run of boxes is a field.
    """
    from ocrbatch.job.server import begin_server

    if not dry_run and not options.scheduler:
        # It loads its libraries while this process loads its own.
        begin_server()
    from ocrbatch.job.log import logged_to
    from ocrbatch.job.run import plan_job, run_job
    from ocrbatch.output.escape import escape_name

    job = job_of(options)
    if dry_run:
        sources, missing = plan_job(job)
        for source in missing:
            typer.echo(f"{escape_name(source.name)}\t{source.skipped or 'to read'}")
        typer.echo(f"{len(missing)} of {len(sources)} files to read", err=True)
        return
    with logged_to(options.log_file):
        summary = with_progress(job, run_job)
    report(summary, job, options)
    if summary.exit_code is ExitCode.OK and fail_on_review and summary.pages["review"]:
        raise typer.Exit(int(ExitCode.REVIEW_WAITING))
    raise typer.Exit(int(summary.exit_code))


def unregistered(summary: "Summary") -> str:
    """Say how many pages are none of the forms."""
    number = summary.unregistered
    return f"{number} page{' is' if number == 1 else 's are'} no known form or not registered"


def with_progress(job: "Job", run_job: "RunJob") -> "Summary":
    """Run the job under a progress bar, where a person is looking."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        return run_job(job, lambda done, total, pages: None)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} files"),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    ) as bar:
        task = bar.add_task("Reading", total=None, rate="")

        def show(done: int, total: int, pages: int) -> None:
            elapsed = bar.tasks[0].elapsed or 0.0
            rate = f"{pages / elapsed:.1f} pages/s" if elapsed > 0 and pages else ""
            bar.update(task, completed=done, total=total, rate=rate)

        return run_job(job, show)


def report(summary: "Summary", job: "Job", options: JobOptions) -> None:
    """Tell the end of a job: to a person on standard error, to a script on standard output."""
    pages, fields = summary.pages, summary.fields
    if options.as_json:
        typer.echo(
            json.dumps(
                {
                    "files": summary.files,
                    "files_read": summary.files_read,
                    "pages": pages,
                    "fields": fields,
                    "unregistered": summary.unregistered,
                }
            )
        )
    if options.line:
        typer.echo(f"{job.output}: {summary.line}")
        return
    again = "" if summary.files_read else " (nothing new to read)"
    typer.echo(
        f"{sum(pages.values())} pages of {summary.files} files{again}: {pages['read']} read, {pages['review']} to "
        f"review, {pages['failed']} failed, {pages['skipped']} skipped"
        + (f", {pages['pending']} still being written" if pages["pending"] else ""),
        err=True,
    )
    typer.echo(
        f"{sum(fields.values())} fields: {fields['accepted']} accepted, {fields['review'] + fields['invalid']} to "
        f"review, {fields['blank']} blank",
        err=True,
    )
    if summary.unregistered:
        typer.echo(f"{unregistered(summary)}: see pages.csv; ocrbatch form show FORM SCAN shows why", err=True)
    typer.echo(f"Tables: {job.output / 'results.csv'}, {job.output / 'pages.csv'}", err=True)
    if fields["review"] + fields["invalid"] and not job.overlays:
        typer.echo("To review: the rows whose status is review; --overlays draws them on their pages", err=True)
    if job.overlays:
        typer.echo(f"Pictures of what was seen: {job.output / 'overlays'}", err=True)
    if pages["failed"]:
        typer.echo(f"What failed and why: ocrbatch status {job.output}", err=True)
