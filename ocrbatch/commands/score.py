"""The command ``score``: results against the truth."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocrbatch.errors import UsageError
from ocrbatch.quality.shares import shown, shown_interval, shown_part

if TYPE_CHECKING:
    from rich.table import Table

    from ocrbatch.quality.confusions import Confusion
    from ocrbatch.quality.reliability import Reliability
    from ocrbatch.quality.risk import RiskCoverage
    from ocrbatch.quality.score import Part, Report, Score

FEW = 40
"""So many fields, and so many confusions, are told one by one; --json and --html have more."""
PAGES = (".html", ".htm")


def score(
    results: Annotated[Path, typer.Argument(help="The results.csv of a job, or its output folder.")],
    truth: Annotated[Path, typer.Argument(help="A CSV: file,page,field,value; or a row a page, a column a field.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page with plots, and pictures of wrong fields."),
    ] = None,
) -> None:
    """Measure results against the truth: fields, digits, blanks, and the error among what was accepted.

    The page may be left out of the truth where a file has one. Pictures of the wrong fields are shown where the job was
    run with --crops.
    """
    import json

    from ocrbatch.output.results import results_path
    from ocrbatch.quality.report_html import write_page
    from ocrbatch.quality.report_json import as_json as plain
    from ocrbatch.quality.score import score_results

    table = results_path(results)
    if html is not None and html.suffix.lower() not in PAGES:
        # A job's tables have other names: none of them can be written over.
        raise UsageError(f"--html {html}: is no name of a page; end it in .html")
    if html is not None and html.resolve() in {table.resolve(), truth.resolve()}:
        raise UsageError(f"--html {html}: would be written over a table; give the page a name of its own")
    report = score_results(results, truth)
    if html is not None:
        write_page(html, report, table.parent)
    if as_json:
        typer.echo(json.dumps(plain(report), indent=2))
    else:
        _show(report)
    if html is not None:
        typer.echo(f"Page: {html}", err=True)


def _show(report: "Report") -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console()
    lines = _summary(report.total) + _confidence(report.whole)
    if report.corrected:
        lines.append(("corrected by a person", f"{report.corrected}, which tell nothing of the reader"))
    if report.without_truth:
        lines.append(("fields without truth", str(report.without_truth)))
    for label, value in lines:
        console.print(Text(f"{label:<26}{value}"), soft_wrap=True)
    whole = report.whole
    for table in (_fields(report), _risk(whole.risk), _reliability(whole.reliability), _confusions(whole.confusions)):
        if table.row_count:
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
    if counts.accepted:
        lines.append(("  with bounds of 95%", f"{shown_interval(counts.accepted_wrong, counts.accepted):>8}"))
    return lines + ([("fields not found", str(counts.missing))] if counts.missing else [])


def _confidence(whole: "Part") -> list[tuple[str, str]]:
    """Tell how far the confidence can be relied upon."""
    invalid = [one for one in whole.statuses if one.status == "invalid"]
    lines = [("fields that break a rule", f"{'':>8}  {one.fields}, {one.wrong} of them wrong") for one in invalid]
    lines.append(("calibration error", f"{shown(whole.reliability.error):>8}"))
    if whole.risk.aurc is not None:
        lines.append(("AURC", f"{whole.risk.aurc:>8.5f}  {whole.risk.excess_aurc:.5f} more than a perfect order"))
    return lines


def _fields(report: "Report") -> "Table":
    """Lay out the forms with their fields; where these are many, those with the most wrong."""
    from ocrbatch.output.escape import escape_name

    number = len(report.by_field)
    title = f"the {FEW} with the most wrong, of {number} fields; --json has all" if number > FEW else ""
    headings = ("fields", "exact", "digits\nright", "blanks\nright", "accepted", "of these\nwrong")
    table = _table(title, ("form", "field"), headings)
    for part in report.parts(FEW):
        counts = part.counts
        _row(
            table,
            escape_name(part.form) or "-",
            escape_name(part.field) or "(all)",
            str(counts.fields),
            shown_part(counts.exact, counts.fields),
            shown_part(counts.digits - counts.digit_errors, counts.digits),
            shown_part(counts.blanks_right, counts.blanks),
            shown_part(counts.accepted, counts.fields),
            str(counts.accepted_wrong),
        )
    return table


def _risk(risk: "RiskCoverage") -> "Table":
    headings = ("threshold", "accepted", "of all", "wrong", "error", "bounds of 95%")
    table = _table("what could be accepted, by the error allowed", ("error",), headings)
    for target, point in risk.at_error:
        if point is None:
            _row(table, f"{target:.1%}", "-", "0", shown_part(0, risk.fields), "0", "-", "-")
        else:
            _row(
                table,
                f"{target:.1%}",
                f"{point.threshold:.4f}",
                str(point.accepted),
                shown_part(point.accepted, risk.fields),
                str(point.wrong),
                shown_part(point.wrong, point.accepted),
                shown_interval(point.wrong, point.accepted),
            )
    return table


def _reliability(found: "Reliability") -> "Table":
    table = _table("confidence against what was right", ("confidence",), ("fields", "mean", "right", "bounds of 95%"))
    for one in found.bins:
        _row(
            table,
            f"{one.low:g}–{one.high:g}",
            str(one.fields),
            f"{one.confidence:.2%}",
            shown_part(one.right, one.fields),
            shown_interval(one.right, one.fields),
        )
    return table


def _confusions(found: "Sequence[Confusion]") -> "Table":
    from ocrbatch.output.escape import escape_name

    table = _table("digits read wrong, the costliest first", ("written", "read"), ("times", "in accepted fields"))
    for one in found[:FEW]:
        _row(
            table,
            escape_name(one.true) or "nothing",
            escape_name(one.read) or "nothing",
            str(one.count),
            str(one.accepted),
        )
    return table


def _table(title: str, names: "Iterable[str]", numbers: "Iterable[str]") -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0), title=title or None, title_justify="left")
    for name in names:
        table.add_column(name, overflow="fold")
    for heading in numbers:
        table.add_column(heading, justify="right")
    return table


def _row(table: "Table", *cells: str) -> None:
    from rich.text import Text

    table.add_row(*map(Text, cells))


def _part(part: int, whole: int) -> str:
    return f"{shown_part(part, whole):>8}  {part} of {whole}"
