"""A score as one page: no script, nothing loaded, every text escaped, its plots and pictures inside."""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from ocrbatch.output.escape import escape_name
from ocrbatch.output.files import Drafts, make_folder, output_errors
from ocrbatch.quality.confusions import Confusion
from ocrbatch.quality.report_fields import text, wrong_fields
from ocrbatch.quality.report_plots import bar, reliability_plot, risk_plot
from ocrbatch.quality.report_style import STYLE
from ocrbatch.quality.risk import Point
from ocrbatch.quality.score import Part, Report
from ocrbatch.quality.shares import interval, shown, shown_interval, shown_part

MOST_ROWS = 300
"""Of the table of fields."""
MOST_FORMS = 8
"""So many have a plot of their own."""
MOST_CONFUSIONS = 40
SECTIONS = {
    "reliance": "How far the confidence can be relied upon",
    "acceptable": "What could be accepted, by the error allowed",
    "calibration": "Confidence against what was right",
    "fields": "By form and field",
    "confusions": "Digits read wrong, the costliest first",
    "wrong": "Wrong fields",
}
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
Cells = Sequence[str]


def write_page(path: Path, report: Report, folder: Path) -> None:
    """Write the page with the pictures that the job left below ``folder``; OutputError where it cannot be."""
    content = page(report, folder)
    make_folder(path.parent)
    with Drafts() as drafts, output_errors(path):
        drafts.open(path).write(content)
        drafts.publish()


def page(report: Report, folder: Path) -> str:
    """Give the page; ``folder`` is the job's, where its crops lie."""
    name = folder.resolve().name
    parts = [
        _heading(name),
        _summary(report),
        _plots(report),
        _errors(report.whole),
        _calibration(report.whole),
        _by_field(report),
    ]
    parts += [_confusions(report.whole.confusions), _section("wrong", wrong_fields(report.wrong, folder))]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>How good the readings of {escape(escape_name(name))} are</title>\n"
        f"<style>{STYLE}</style>\n</head>\n<body>\n<main>\n" + "\n".join(parts) + "\n</main>\n</body>\n</html>\n"
    )


def _heading(name: str) -> str:
    links = "".join(f'<a href="#{section}">{title}</a>' for section, title in SECTIONS.items())
    return f'<h1>How good the readings of {text(name)} are</h1>\n<nav aria-label="On this page">{links}</nav>'


def _section(name: str, content: str) -> str:
    """Put content under the heading that the page's table of contents leads to."""
    return f'<section aria-labelledby="{name}"><h2 id="{name}">{SECTIONS[name]}</h2>\n{content}</section>'


def _summary(report: Report) -> str:
    counts = report.total
    tiles = [
        (shown_part(counts.exact, counts.fields), "fields exactly right", f"{counts.exact} of {counts.fields}"),
        (shown_part(counts.digits - counts.digit_errors, counts.digits), "digits right", f"of {counts.digits}"),
        (shown_part(counts.accepted, counts.fields), "fields accepted", f"{counts.accepted} that nobody need look at"),
        (
            shown_part(counts.accepted_wrong, counts.accepted),
            "of the accepted wrong",
            f"{counts.accepted_wrong}; bounds {shown_interval(counts.accepted_wrong, counts.accepted)}",
        ),
    ]
    shown = "".join(
        f"<li>{label}<strong>{number}</strong><span class=soft>{more}</span></li>" for number, label, more in tiles
    )
    rows = [
        [
            text(one.status),
            str(one.fields),
            str(one.wrong),
            shown_part(one.wrong, one.fields),
            shown_interval(one.wrong, one.fields),
        ]
        for one in report.whole.statuses
    ]
    if counts.missing:
        rows.append(["not found", str(counts.missing), str(counts.missing), "100.00%", ""])
    lines = [
        f"Of {counts.blanks} blank fields {counts.blanks_right} were told to be blank; "
        f"{counts.blanks_invented} written fields were read as blank."
    ]
    if report.corrected:
        lines.append(f"A person has corrected {report.corrected} of these fields: they tell nothing of the reader.")
    if report.without_truth:
        lines.append(f"The truth does not speak of {report.without_truth} more fields: they count nowhere.")
    return (
        f"<ul class=tiles>{shown}</ul>\n"
        + "".join(f"<p>{line}</p>" for line in lines)
        + _table("What the statuses are worth", ["status"], ["fields", "wrong", "error", "bounds of 95%"], rows)
    )


def _plots(report: Report) -> str:
    whole = report.whole
    figures = [
        _figure(
            risk_plot(whole.risk, _now(whole), "risk"),
            "Error against share accepted. To the left only the surest fields are accepted; the band has the bounds of "
            "95%, point by point; the ring is what the job accepted. Fields in review for other reasons than their "
            "confidence, blank ones and those that break a rule are never accepted. The area under the curve (AURC) is "
            f"{_number(whole.risk.aurc)}, of which {_number(whole.risk.excess_aurc)} because the order is not perfect.",
        ),
        _figure(
            reliability_plot(whole.reliability, "reliability"),
            "Confidence against what was right. On the dashed line the confidence keeps its word; above it is too low, "
            "below it too high. A larger dot has more fields, the line through it the bounds of 95%. Each step of the "
            f"scales is a nine more. Expected calibration error {shown(whole.reliability.error)}.",
        ),
    ]
    if 1 < len(report.by_form) <= MOST_FORMS:
        figures += [
            _figure(risk_plot(part.risk, _now(part), f"risk-{i}"), f"The same for the form {_form(part)}.")
            for i, part in enumerate(report.by_form)
        ]
    return _section("reliance", f"<div class=plots>{''.join(figures)}</div>")


def _now(part: Part) -> Point:
    return Point(0.0, part.counts.accepted, part.counts.accepted_wrong)


def _errors(whole: Part) -> str:
    rows = []
    for target, point in whole.risk.at_error:
        if point is None:
            rows.append([f"{target:.1%}", "none", "0", shown_part(0, whole.risk.fields), "0", "", ""])
        else:
            accepted = [str(point.accepted), shown_part(point.accepted, whole.risk.fields), str(point.wrong)]
            error = [shown_part(point.wrong, point.accepted), shown_interval(point.wrong, point.accepted)]
            rows.append([f"{target:.1%}", f"{point.threshold:.4f}", *accepted, *error])
    return _section(
        "acceptable",
        "<p>The threshold is chosen on these very fields, so "
        "its error looks a little better than it is: <code>ocrbatch calibrate</code> sets one with a proof.</p>"
        + _table("", ["error allowed"], ["threshold", "accepted", "of all", "wrong", "error", "bounds of 95%"], rows),
    )


def _calibration(whole: Part) -> str:
    rows = [
        [
            f"{one.low:g} – {one.high:g}",
            str(one.fields),
            f"{one.confidence:.2%}",
            shown_part(one.right, one.fields),
            shown_interval(one.right, one.fields),
        ]
        for one in whole.reliability.bins
    ]
    headings = ["fields", "mean confidence", "right", "bounds of 95%"]
    return _section("calibration", _table("", ["confidence"], headings, rows))


def _by_field(report: Report) -> str:
    number = len(report.by_field)
    title = f"The {MOST_ROWS} with the most wrong, of {number} fields; --json has all." if number > MOST_ROWS else ""
    rows = [_part_row(part) for part in report.parts(MOST_ROWS)]
    headings = ["fields", "exact", "digits right", "blanks right", "accepted", "of these wrong (upper bound)"]
    headings += ["calibration error", "AURC", "excess AURC"]
    return _section("fields", _table(title, ["form", "field"], headings, rows))


def _form(part: Part) -> str:
    return text(part.form) if part.form else "-"


def _part_row(part: Part) -> list[str]:
    counts = part.counts
    return [
        _form(part),
        text(part.field) if part.field else "all",
        str(counts.fields),
        shown_part(counts.exact, counts.fields),
        shown_part(counts.digits - counts.digit_errors, counts.digits),
        shown_part(counts.blanks_right, counts.blanks),
        shown_part(counts.accepted, counts.fields),
        f"{counts.accepted_wrong} ({interval(counts.accepted_wrong, counts.accepted)[1]:.2%})"
        if counts.accepted
        else "-",
        shown(part.reliability.error),
        _number(part.risk.aurc),
        _number(part.risk.excess_aurc),
    ]


def _confusions(found: Sequence[Confusion]) -> str:
    if not found:
        return _section("confusions", "<p>None.</p>")
    most = max(one.count for one in found)
    rows = [
        [
            text(one.true) if one.true else "nothing",
            text(one.read) if one.read else "nothing",
            f"{one.count} {bar(one.count, most)}",
            f"{one.accepted} {bar(one.accepted, most, 'bad')}",
        ]
        for one in found[:MOST_CONFUSIONS]
    ]
    title = f"The first {MOST_CONFUSIONS} of {len(found)}." if len(found) > MOST_CONFUSIONS else ""
    return _section(
        "confusions",
        "<p>Those of accepted fields come first: nobody sees them. "
        "Fields that were not found or read as blank are not among them.</p>"
        + _table(title, ["written", "read"], ["times", "in accepted fields"], rows),
    )


def _table(title: str, names: Cells, numbers: Cells, rows: Iterable[Cells]) -> str:
    """Lay out rows whose cells are HTML; the first are names, as many as ``names``.

    What is wider than the page scrolls by itself, and by the keyboard too.
    """
    caption = f"<caption>{title}</caption>" if title else ""
    heads = "".join(f'<th scope="col" class=name>{name}</th>' for name in names)
    heads += "".join(f'<th scope="col">{name}</th>' for name in numbers)
    body = []
    for row in rows:
        first = "".join(f'<th scope="row" class=name>{cell}</th>' for cell in row[: len(names)])
        rest = "".join(f"<td>{cell}</td>" for cell in row[len(names) :])
        body.append(f"<tr{' class=all' if len(names) > 1 and row[1] == 'all' else ''}>{first}{rest}</tr>")
    return (
        f'<div class=scroll tabindex="0" role="region" aria-label="{title or f"Table by {names[-1]}"}"><table>{caption}'
        f"<thead><tr>{heads}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def _figure(plot: str, caption: str) -> str:
    return f"<figure>{plot}<figcaption>{caption}</figcaption></figure>"


def _number(number: float | None) -> str:
    return "-" if number is None else f"{number:.4f}"
