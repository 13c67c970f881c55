"""The options of the commands that run a job, in one place."""

import inspect
import os
import sys
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from ocrbatch.commands.reading_options import (
    Forms,
    MaxMegapixels,
    MemoryLimit,
    Models,
    PageTimeout,
    Thresholds,
    Wholes,
    limits_of,
)
from ocrbatch.errors import UsageError

if TYPE_CHECKING:
    from ocrbatch.job.remote import Place
    from ocrbatch.job.settings import Job

INPUT_HELP = "Folders (walked), files, addresses as s3://bucket/scans, or - for a list of files."
TARGET = "0.5%"
TARGET_HELP = "How many accepted fields may be wrong, as 0.5% or 0.005."
CROPS_HELP = "Save a picture of each field. --no-crops removes those of earlier runs, and the overlays."
XLSX_HELP = "Write results.xlsx too: what waits for a person, with pictures, to be corrected there. Saves --crops."
ENGINE_HELP = "Who reads: this machine, or the workers of a Dask cluster (with --scheduler)."
SCHEDULER_HELP = "The cluster's Dask scheduler, as tcp://HOST:8786; its workers read, as many as they have threads."


@dataclass(frozen=True, slots=True)
class JobOptions:
    """What a person may say of a job; each field is an argument or an option of the command line."""

    inputs: Annotated[list[str], typer.Argument(metavar="INPUT...", help=INPUT_HELP)]
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT", help="The folder for the tables.")]
    form: Forms = None
    whole: Wholes = None
    model: Models = None
    jobs: Annotated[int, typer.Option(min=0, help="Processes that read here; 0 for one a core.")] = 0
    engine: Annotated[str, typer.Option(metavar="local|dask", help=ENGINE_HELP, show_default="local")] = ""
    scheduler: Annotated[str, typer.Option(metavar="ADDRESS", help=SCHEDULER_HELP)] = ""
    target_error: Annotated[str | None, typer.Option(metavar="SHARE", help=TARGET_HELP, show_default=TARGET)] = None
    thresholds: Thresholds = None
    crops: Annotated[bool | None, typer.Option("--crops/--no-crops", help=CROPS_HELP)] = None
    overlays: Annotated[bool, typer.Option("--overlays", help="Save each page with what was seen on it.")] = False
    xlsx: Annotated[bool, typer.Option("--xlsx", help=XLSX_HELP)] = False
    jsonl: Annotated[bool, typer.Option("--jsonl", help="Write results.jsonl too.")] = False
    excel: Annotated[bool, typer.Option("--excel", help="Tables that Excel opens by itself as UTF-8.")] = False
    separator: Annotated[str, typer.Option(help="Between the columns: , or ;")] = ","
    max_megapixels: MaxMegapixels = 100.0
    page_timeout: PageTimeout = 60.0
    memory_limit: MemoryLimit = 2048.0
    log_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write what happens as lines of JSON; never what was read.")
    ] = None
    line: Annotated[bool, typer.Option("--line", help="Print the summary as one line, for a mail.")] = False
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False


def with_job_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command that takes JobOptions as its first parameter all of them as parameters of its own.

    Typer reads a function's signature: so each option is written once for all commands that run a job.
    """
    own = list(inspect.signature(command).parameters.values())[1:]
    hints = get_type_hints(JobOptions, include_extras=True) | get_type_hints(command, include_extras=True)
    shared = [_parameter(field.name, field.default) for field in fields(JobOptions)]
    names = {parameter.name for parameter in shared}

    def called(**given: Any) -> None:
        command(
            JobOptions(**{name: value for name, value in given.items() if name in names}),
            **{name: value for name, value in given.items() if name not in names},
        )

    parameters = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[parameter.name])
        for parameter in (*shared, *own)
    ]
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    called.__annotations__ = {parameter.name: hints[parameter.name] for parameter in parameters}
    called.__name__, called.__doc__ = command.__name__, command.__doc__
    return called


def _parameter(name: str, default: object) -> inspect.Parameter:
    empty = inspect.Parameter.empty if default is MISSING else default
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=empty)


def job_of(options: JobOptions) -> "Job":
    """Make a job of what was said. Raises the errors of a wrong value, form or model."""
    from ocrbatch.job.cores import usable_cores
    from ocrbatch.job.remote import check_output
    from ocrbatch.job.settings import Job
    from ocrbatch.model.means import means_of
    from ocrbatch.output.tables import TableOptions

    if options.separator not in (",", ";"):
        raise UsageError("--separator is , or ;")
    if options.overlays and options.crops is False:
        raise UsageError("--no-crops leaves no picture behind, and --overlays asks for some; leave one out")
    check_output(options.output)
    share = parse_share(TARGET if options.target_error is None else options.target_error)
    strict = None if options.target_error is None else share
    means = means_of(options.form or (), options.whole, options.model, options.thresholds, 1 - share, strict)
    return Job(
        inputs=_paths(options.inputs),
        output=options.output,
        forms=means.forms,
        form_paths=tuple(options.form or ()),
        model=means.model,
        target_error=share,
        thresholds=means.accept.by_form,
        jobs=options.jobs or usable_cores(),
        # The workbook shows the crops; who wants no pictures gets it without.
        crops=options.xlsx if options.crops is None else options.crops,
        overlays=options.overlays,
        no_pictures=options.crops is False,
        whole=means.whole,
        strings=means.strings,
        max_pixels=int(options.max_megapixels * 1_000_000),
        tables=TableOptions(excel=options.excel, separator=options.separator, jsonl=options.jsonl, xlsx=options.xlsx),
        limits=limits_of(options.page_timeout, options.memory_limit),
        scheduler=_scheduler_of(options),
    )


def _scheduler_of(options: JobOptions) -> str:
    """Give the address of the scheduler whose workers read; empty where this machine does."""
    if options.engine not in ("", "local", "dask"):
        raise UsageError(f"--engine {options.engine!r} is none; it is local or dask")
    if options.engine == "dask" and not options.scheduler:
        raise UsageError("--engine dask needs --scheduler ADDRESS, as dask scheduler prints it: tcp://HOST:8786")
    # Who keeps the address in a settings file can still ask for this machine.
    return "" if options.engine == "local" else options.scheduler


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


def _paths(inputs: list[str]) -> "tuple[Place, ...]":
    """Give the inputs' paths and addresses; ``-`` stands for the lines of standard input."""
    from ocrbatch.job.remote import place_of

    paths: list[Place] = []
    for given in inputs:
        if given == "-":
            lines = sys.stdin.buffer.read().split(b"\n")
            paths.extend(place_of(os.fsdecode(line.rstrip(b"\r"))) for line in lines if line.strip())
        else:
            paths.append(place_of(given))
    if not paths:
        raise UsageError("no input: name a folder, files, or - with a list of files on standard input")
    return tuple(paths)
