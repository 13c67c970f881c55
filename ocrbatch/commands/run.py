"""``ocrbatch run``: a folder of scans in, tables out."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocrbatch.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from ocrbatch.job.run import Progress
    from ocrbatch.job.settings import Job
    from ocrbatch.job.summary import Summary

WHOLE_HELP = "Each picture is one field, cut out already: boxes, string (a free run of digits) or digit."
TARGET = "0.5%"
THRESHOLDS_HELP = "Accept a form's fields by its threshold, proved by ocrbatch calibrate."
EXIT_CODES = """[bold]Exit codes[/bold]: 0 everything read · 1 a bug · 2 usage · 3 finished, but some pages failed ·
4 input missing · 5 output not writable · 6 another job holds the output folder · 7 model missing or corrupt ·
8 form invalid · 9 pages wait for review (with --fail-on-review) · 130, 143 stopped: the same command resumes"""


def run(
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT...", help="Folders (walked), files, or - for a list of files.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT", help="The folder for the tables.")],
    form: Annotated[
        list[Path] | None,
        typer.Option("-f", "--form", metavar="FORM", help="A form, or a folder of forms, to look for; repeatable."),
    ] = None,
    whole: Annotated[str | None, typer.Option(metavar="KIND", help=WHOLE_HELP)] = None,
    model: Annotated[Path | None, typer.Option("-m", "--model", help="Another model than the one that ships.")] = None,
    jobs: Annotated[int, typer.Option(min=0, help="Processes that read; 0 for one a core.")] = 0,
    target_error: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE", help="How many accepted fields may be wrong, as 0.5% or 0.005.", show_default=TARGET
        ),
    ] = None,
    thresholds: Annotated[Path | None, typer.Option(metavar="FILE", help=THRESHOLDS_HELP)] = None,
    crops: Annotated[bool, typer.Option("--crops", help="Save a picture of each field.")] = False,
    overlays: Annotated[bool, typer.Option("--overlays", help="Save each page with what was seen on it.")] = False,
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Write results.jsonl too.")] = False,
    excel: Annotated[bool, typer.Option("--excel", help="Tables that Excel opens by itself as UTF-8.")] = False,
    separator: Annotated[str, typer.Option(help="Between the columns: , or ;")] = ",",
    max_megapixels: Annotated[float, typer.Option(min=0.001, help="Larger pictures are refused.")] = 100.0,
    fail_on_review: Annotated[bool, typer.Option("--fail-on-review", help="Exit with 9 where pages wait.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be read.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Read every scan of a folder; run again, it reads only what is new.

    OUT then holds results.csv (a row a field), pages.csv (a row a page), forms/*.csv (a row a page or document, a
    column a field) and manifest.json. Without forms and --whole, each run of boxes is a field.
    """
    from ocrbatch.commands.read import acceptance_of, forms_of
    from ocrbatch.job.cores import usable_cores
    from ocrbatch.job.run import plan_job, run_job
    from ocrbatch.job.settings import Job
    from ocrbatch.model.card import load_model_file, string_model_for
    from ocrbatch.output.escape import escape_name
    from ocrbatch.output.tables import TableOptions
    from ocrbatch.page.whole import asked_whole

    if separator not in (",", ";"):
        raise UsageError("--separator is , or ;")
    asked = asked_whole(whole, with_forms=bool(form))
    share = parse_share(TARGET if target_error is None else target_error)
    forms, opened = forms_of(form or []), load_model_file(model)
    strict = None if target_error is None else share
    strings = string_model_for(forms, asked)
    job = Job(
        inputs=_paths(inputs),
        output=output,
        forms=forms,
        model=opened,
        target_error=share,
        thresholds=acceptance_of(thresholds, opened, forms, asked, 1 - share, strict, strings).by_form,
        jobs=jobs or usable_cores(),
        crops=crops,
        overlays=overlays,
        whole=asked,
        strings=strings,
        max_pixels=int(max_megapixels * 1_000_000),
        tables=TableOptions(excel=excel, separator=separator, jsonl=jsonl),
    )
    if dry_run:
        sources, missing = plan_job(job)
        for source in missing:
            typer.echo(f"{escape_name(source.name)}\t{source.skipped or 'to read'}")
        typer.echo(f"{len(missing)} of {len(sources)} files to read", err=True)
        return
    summary = _with_progress(job, run_job)
    _report(summary, job, as_json)
    if summary.exit_code is ExitCode.OK and fail_on_review and summary.pages["review"]:
        raise typer.Exit(int(ExitCode.REVIEW_WAITING))
    raise typer.Exit(int(summary.exit_code))


def unregistered(summary: "Summary") -> str:
    """Say how many pages are none of the forms."""
    number = summary.unregistered
    return f"{number} page{' is' if number == 1 else 's are'} no known form or not registered"


def parse_share(text: str, option: str = "--target-error") -> float:
    """Give a share 0–1 from ``0.5%`` or ``0.005``. Raises UsageError that names the option."""
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 < share < 1:
        example = "95% or 0.95" if option == "--confidence" else "0.5% or 0.005"
        raise UsageError(f"{option} {text!r} is no share between 0 and 1; write it as {example}")
    return share


def _paths(inputs: list[str]) -> tuple[Path, ...]:
    """Give the inputs' paths; ``-`` stands for the lines of standard input."""
    paths: list[Path] = []
    for given in inputs:
        if given == "-":
            lines = sys.stdin.buffer.read().split(b"\n")
            paths.extend(Path(os.fsdecode(line.rstrip(b"\r"))) for line in lines if line.strip())
        else:
            paths.append(Path(given))
    if not paths:
        raise UsageError("no input: name a folder, files, or - with a list of files on standard input")
    return tuple(paths)


def _with_progress(job: "Job", run_job: "_RunJob") -> "Summary":
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


def _report(summary: "Summary", job: "Job", as_json: bool) -> None:
    """Tell the end of a job: to a person on standard error, to a script on standard output."""
    pages, fields = summary.pages, summary.fields
    if as_json:
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
    again = "" if summary.files_read else " (nothing new to read)"
    typer.echo(
        f"{sum(pages.values())} pages of {summary.files} files{again}: {pages['read']} read, {pages['review']} to "
        f"review, {pages['failed']} failed, {pages['skipped']} skipped",
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


if TYPE_CHECKING:
    from collections.abc import Callable

    _RunJob = Callable[[Job, Progress], Summary]
