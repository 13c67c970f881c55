"""The command ``calibrate``: thresholds that are proved, from a corrected job."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocrbatch.commands.job_options import parse_share
from ocrbatch.errors import UsageError

if TYPE_CHECKING:
    from ocrbatch.quality.calibrate import Calibration

EXIT_CODES = """[bold]Exit codes[/bold]: 0 every threshold is proved and written · 2 usage · 5 file not writable · 8 the
fields do not prove it, or results or truth are invalid: nothing is written"""
MOST_FIELDS = 40


def calibrate(
    output: Annotated[Path, typer.Argument(metavar="OUT", help="The output folder of a job.")],
    truth: Annotated[Path, typer.Argument(help="A CSV: file,page,field,value; or a row a page, a column a field.")],
    target_error: Annotated[
        str, typer.Option(metavar="SHARE", help="How many accepted fields may be wrong, as 0.5% or 0.005.")
    ] = "0.5%",
    confidence: Annotated[
        str, typer.Option(metavar="SHARE", help="How sure that has to be, for each form by itself, as 95% or 0.95.")
    ] = "95%",
    form: Annotated[
        list[str] | None, typer.Option("-f", "--form", metavar="NAME", help="Only this form; repeatable.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Where to write; other forms in it stay.",
            show_default="OUT/thresholds.toml",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Set each form's threshold so that accepted fields are surely wrong at most so often.

    TRUTH has every field of some pages, taken by chance: also those that were accepted, looked at by a person. The
    fewest that prove an error of 0.5% at 95% are 598 accepted fields of a form without a mistake. Where they do not
    prove it, the number still needed is told and nothing is written: prove with fields that no refused try has used, or
    decide the number beforehand, for each further try is one more chance to be misled. Use the file with run
    --thresholds FILE.
    """
    import json

    from ocrbatch.quality import calibrate as quality
    from ocrbatch.quality.guarantee import LEAST_SHARE, MOST_SURE

    target, sure = parse_share(target_error), parse_share(confidence, "--confidence")
    if sure > MOST_SURE:
        raise UsageError(f"--confidence {confidence}: is more than can be proved; ask for {MOST_SURE} at most")
    for name, text, share in (("--target-error", target_error, target), ("--confidence", confidence, sure)):
        if share < LEAST_SHARE:
            raise UsageError(f"{name} {text}: is less than can be asked for; ask for {LEAST_SHARE:.6f} at least")
    made = quality.read_made(output)
    found = quality.calibrate(output, truth, target, sure, form or ())
    if as_json:
        told = {"target_error": target, "confidence": sure, "forms": [quality.as_json(one) for one in found]}
        typer.echo(json.dumps(told, indent=2))
    else:
        for one in found:
            _show(one, sure)
    path = file or output / quality.NAME
    quality.write_thresholds(path, quality.thresholds_of(found, made, target, sure))
    typer.echo(f"Thresholds: {path}; use them with ocrbatch run --thresholds", err=True)


def _show(found: "Calibration", confidence: float) -> None:
    """Tell a form's threshold and what proves it, and each field's part in it."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    for line in _lines(found, confidence):
        console.print(Text(line), soft_wrap=True)
    if not 1 < len(found.by_field) <= MOST_FIELDS:
        return
    table = Table("field", box=box.SIMPLE)
    for heading in ("fields", "accepted", "wrong", "at most wrong"):
        table.add_column(heading, justify="right")
    for field in found.by_field:
        most = f"{field.bound:.2%}" if field.accepted else ""
        table.add_row(Text(field.field), str(field.fields), str(field.accepted), str(field.wrong), most)
    console.print(table)


def _lines(found: "Calibration", confidence: float) -> list[str]:
    from ocrbatch.output.escape import escape_name

    lines = [f"{escape_name(found.form)}: {found.fields} fields of {found.pages} pages"]
    if found.proof is None:
        lines.append(f"  no threshold is proved by {found.acceptable} that could be accepted, {found.wrong} wrong")
    else:
        proof = found.proof
        share = proof.accepted / found.fields
        lines += [
            f"  threshold {found.threshold:.5f} accepts {proof.accepted} of them ({share:.1%})",
            f"  {proof.wrong} of these wrong: surely at most {proof.bound:.3%}, with a confidence of {confidence:.4g}",
        ]
    if found.blanks:
        lines.append(f"  beside them {found.blanks} read as blank, {found.blanks_wrong} of which are written")
    return lines
