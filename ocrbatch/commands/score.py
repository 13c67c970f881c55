"""The command ``score``: results against the truth."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ocrbatch.quality.score import Report, Score


def score(
    results: Annotated[Path, typer.Argument(help="The results.csv of a job, or its output folder.")],
    truth: Annotated[Path, typer.Argument(help="A CSV: file,page,field,value; or a row a page, a column a field.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure results against the truth: fields, digits, blanks, and the error among what was accepted.

    The page may be left out of the truth where a file has one.
    """
    import json

    from ocrbatch.quality import score as measures

    report = measures.score_results(results, truth)
    if as_json:
        typer.echo(json.dumps(measures.as_json(report), indent=2))
    else:
        _show(report)


def _show(report: "Report") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    for label, value in _summary(report.total):
        console.print(Text(f"{label:<26}{value}"), soft_wrap=True)
    if report.without_truth:
        console.print(Text(f"{'fields without truth':<26}{report.without_truth}"), soft_wrap=True)
    if not report.by_field:
        return
    table = Table("form", "field", box=box.SIMPLE)
    for heading in ("fields", "exact", "digits right", "blanks right", "accepted", "accepted, wrong"):
        table.add_column(heading, justify="right")
    for form, field, counts in report.by_field:
        right = counts.digits - counts.digit_errors
        table.add_row(
            Text(form or "-"),
            Text(field),
            str(counts.fields),
            _percent(counts.exact, counts.fields),
            _percent(right, counts.digits),
            _percent(counts.blanks_right, counts.blanks),
            _percent(counts.accepted, counts.fields),
            str(counts.accepted_wrong),
        )
    console.print(table)


def _summary(counts: "Score") -> list[tuple[str, str]]:
    right = counts.digits - counts.digit_errors
    lines = [
        ("fields exactly right", _part(counts.exact, counts.fields)),
        ("digits right", _part(right, counts.digits)),
        ("blank fields told right", _part(counts.blanks_right, counts.blanks)),
        ("written, read as blank", _part(counts.blanks_invented, counts.fields - counts.blanks)),
        ("fields accepted", _part(counts.accepted, counts.fields)),
        ("of these wrong", _part(counts.accepted_wrong, counts.accepted)),
    ]
    return lines + ([("fields not found", str(counts.missing))] if counts.missing else [])


def _part(part: int, whole: int) -> str:
    return f"{_percent(part, whole):>8}  {part} of {whole}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f}%" if whole else "-"
