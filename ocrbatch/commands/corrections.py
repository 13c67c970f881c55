"""``ocrbatch corrections``: what people have said of readings, from tables into a job, and from a job to a training."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocrbatch.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from ocrbatch.review.corrections import Outcome, Refusal
    from ocrbatch.review.learning import Exported

app = typer.Typer(
    help="Take corrections into a job, and learn from them.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
OUT_HELP = "The output folder of a job."
FILE_HELP = "The workbook results.xlsx, or a CSV with the columns file, page, field, corrected."
WHO_HELP = "Who has corrected, where the table does not tell; your login name otherwise."
PARTLY_HELP = "Take the good rows even where others are refused."
FOLDER_HELP = "A new folder, or one of an earlier export, which is brought up to date."
Output = Annotated[Path, typer.Argument(metavar="OUT", help=OUT_HELP)]


@app.command()
def apply(
    output: Output,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=FILE_HELP)],
    who: Annotated[str | None, typer.Option("--who", metavar="NAME", help=WHO_HELP)] = None,
    partly: Annotated[bool, typer.Option("--partly", help=PARTLY_HELP)] = False,
) -> None:
    """Take a workbook or a CSV with corrections into a job, and write its tables anew.

    Every row is checked against the job and the form's rules. If one is refused, none is taken (but with --partly), all
    that is refused is listed with its reason, and the exit code is 8. Besides values, a cell may say blank, or not
    readable (or ?). The same table again changes nothing.
    """
    from ocrbatch.review.corrections import apply_corrections

    with _waiting() as told:
        outcome = apply_corrections(output, file, who or _login_name(), partly=partly, told=told)
    for refusal in outcome.refused:
        typer.echo(_refusal(refusal))
    _report(outcome)
    raise typer.Exit(int(ExitCode.FORM_BAD if outcome.refused else ExitCode.OK))


@app.command()
def export(output: Output, folder: Annotated[Path, typer.Argument(metavar="FOLDER", help=FOLDER_HELP)]) -> None:
    """Write the cells of corrected fields as pictures with labels, as ocrbatch model train --data takes them.

    A label that is absurd to the model, and of which the reading's second choice knows nothing either, is listed in
    second-look.csv with its picture instead: write yes into its column confirmed, export again, and it is among them.
    """
    from ocrbatch.review.learning import export_corrections

    with _counting("Cutting", "fields") as progress:
        exported = export_corrections(output, folder, progress)
    _report_export(exported, folder)


def _refusal(refusal: "Refusal") -> str:
    from ocrbatch.output.escape import escape_name

    row = refusal.row
    place = f"{escape_name(row.file)}, page {escape_name(row.page)}, {escape_name(row.field)}"
    return f"row {row.line}: {place}: {refusal.reason}"


def _report(outcome: "Outcome") -> None:
    refused, known = len(outcome.refused), outcome.known
    typer.echo(
        f"{outcome.taken} corrections taken"
        + (f", {known} known already" if known else "")
        + (f", {refused} refused" if refused else ""),
        err=True,
    )
    if outcome.summary is None:
        typer.echo("Nothing is changed: mend these rows, or take the others with --partly", err=True)
    else:
        waiting = outcome.summary.fields["review"] + outcome.summary.fields["invalid"]
        typer.echo(f"The tables are written anew; {waiting} fields to review", err=True)


def _report_export(exported: "Exported", folder: Path) -> None:
    typer.echo(f"{exported.pictures} pictures of {exported.fields} corrected fields: {folder}", err=True)
    if exported.doubted:
        typer.echo(f"{exported.doubted} labels for a second look: {folder / 'second-look.csv'}", err=True)
    for reason, number in exported.left_out.items():
        typer.echo(f"{number} fields left out: {reason}", err=True)


def _login_name() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user without a name, as in a container
        return "unknown"


def _waiting() -> "AbstractContextManager[Callable[[str], None]]":
    """Show what is being done, where a person is looking."""
    from contextlib import contextmanager

    from rich.console import Console

    @contextmanager
    def shown() -> "Iterator[Callable[[str], None]]":
        console = Console(stderr=True)
        if not console.is_terminal:
            yield lambda line: None
            return
        with console.status("") as status:
            yield status.update

    return shown()


def _counting(what: str, unit: str) -> "AbstractContextManager[Callable[[int, int], None]]":
    """Show how much is done, where a person is looking."""
    from contextlib import contextmanager

    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    @contextmanager
    def shown() -> "Iterator[Callable[[int, int], None]]":
        console = Console(stderr=True)
        if not console.is_terminal:
            yield lambda done, total: None
            return
        counted = TextColumn(f"{{task.completed}}/{{task.total}} {unit}")
        with Progress(
            TextColumn(what), BarColumn(), counted, TimeRemainingColumn(), console=console, transient=True
        ) as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)

    return shown()
