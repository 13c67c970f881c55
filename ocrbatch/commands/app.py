"""The command ``ocrbatch``: its subcommands, and the one place where errors become messages and exit codes."""

import errno
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from ocrbatch.commands import (
    calibrate,
    corrections,
    doctor,
    form,
    model,
    read,
    review,
    run,
    score,
    serve,
    status,
    watch,
)
from ocrbatch.commands.settings import load_settings
from ocrbatch.errors import ExitCode, OcrbatchError
from ocrbatch.version import __version__

app = typer.Typer(
    name="ocrbatch",
    help="Read handwritten digits from folders of scanned forms and cheques into tables with confidences.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "OCRBATCH"},
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)
app.command(epilog=run.EXIT_CODES)(run.run)
app.command(epilog=run.EXIT_CODES)(watch.watch)
app.command()(read.read)
app.command()(status.status)
app.command()(review.review)
app.command()(score.score)
app.command(epilog=calibrate.EXIT_CODES)(calibrate.calibrate)
app.add_typer(corrections.app, name="corrections")
app.add_typer(form.app, name="form")
app.add_typer(model.app, name="model")
app.command()(serve.serve)
app.command()(doctor.doctor)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ocrbatch {__version__}")
        raise typer.Exit


@app.callback()
def ocrbatch(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    """Read handwritten digits from folders of scanned forms and cheques into tables with confidences."""
    context.default_map = load_settings(Path(), context.command)


def main() -> None:
    """Run the command, and leave with its exit code."""
    try:
        app()
    except OcrbatchError as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(int(error.exit_code))
    except BrokenPipeError:
        # The reader of our output has gone: nothing is left to say, and nobody to say it to.
        sys.stderr.close()
        sys.exit(int(ExitCode.OK))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        # What cannot be told on standard output is told on standard error, unless that is full too.
        with suppress(OSError):
            typer.echo(f"Error: the output cannot be written ({error.strerror}); free space", err=True)
        sys.exit(int(ExitCode.OUTPUT_UNWRITABLE))
