"""``ocrbatch read``: a few pages to standard output."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocrbatch.commands.reading_options import Forms, Models, Thresholds, Wholes
from ocrbatch.errors import ExitCode, InputError, UsageError

if TYPE_CHECKING:
    from ocrbatch.records import FilePage


def read(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Scans; - is standard input.")],
    form: Forms = None,
    whole: Wholes = None,
    model: Models = None,
    thresholds: Thresholds = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the rows of results.csv.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print a line of JSON a field.")] = False,
) -> None:
    """Read a few pages to standard output."""
    if as_csv and as_json:
        raise UsageError("--csv and --json exclude each other")
    from ocrbatch.job.summary import is_unregistered
    from ocrbatch.output.escape import escape_name

    pages = _pages(files, form or [], whole, model, thresholds)
    shown = _print_csv(pages) if as_csv else _print_json(pages) if as_json else _print_table(pages)
    failed = unregistered = False
    for page in shown:
        if page.result.reason:
            typer.echo(f"{escape_name(page.file)}, page {page.result.page}: {page.result.reason}", err=True)
        failed |= page.result.status == "failed"
        unregistered |= is_unregistered(page.result)
    if unregistered:
        typer.echo("Why a page is no known form or not registered: ocrbatch form show FORM SCAN", err=True)
    raise typer.Exit(int(ExitCode.PAGES_FAILED if failed else ExitCode.OK))


def _pages(
    files: Sequence[str], form_paths: Sequence[Path], whole: str | None, model: Path | None, thresholds: Path | None
) -> Iterator["FilePage"]:
    """Read the files one by one."""
    import hashlib

    from ocrbatch.form.documents import with_missing_pages
    from ocrbatch.model.means import means_of
    from ocrbatch.page.classify import make_classifier
    from ocrbatch.page.decode import decode
    from ocrbatch.page.reader import read_pages
    from ocrbatch.page.registration.index import index_forms
    from ocrbatch.page.strings.sequence import make_string_reader
    from ocrbatch.records import FilePage

    means = means_of(form_paths, whole, model, thresholds)
    index = index_forms(means.forms) if means.forms else means.whole
    classifier = make_classifier(means.model)
    strings = make_string_reader(means.strings) if means.strings else None
    for name in files:
        try:
            data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        except OSError as error:
            raise InputError(f"cannot read {name}: {error.strerror}; check the path") from error
        sha256 = hashlib.sha256(data).hexdigest()
        read = read_pages(decode(data), classifier, strings=strings, index=index, accept=means.accept)
        for result in with_missing_pages((page.result for page in read), means.forms):
            yield FilePage(name, sha256, result)


def _print_csv(pages: Iterator["FilePage"]) -> Iterator["FilePage"]:
    from ocrbatch.output.rows import csv_lines

    for number, page in enumerate(pages):
        sys.stdout.buffer.write(csv_lines(page, header=number == 0).encode())
        sys.stdout.buffer.flush()
        yield page


def _print_json(pages: Iterator["FilePage"]) -> Iterator["FilePage"]:
    from ocrbatch.output.rows import json_lines

    for page in pages:
        typer.echo(json_lines(page), nl=False)
        yield page


def _print_table(pages: Iterator["FilePage"]) -> Iterator["FilePage"]:
    from rich.console import Console
    from rich.table import Table

    from ocrbatch.output.escape import escape_name

    console = Console()
    for page in pages:
        table = Table("field", "value", "confidence", "status", "reasons", title_justify="left")
        table.title = f"{escape_name(page.file)}, page {page.result.page}{_form_title(page)}"
        for field in page.result.fields:
            table.add_row(
                field.name, field.value, f"{field.confidence:.4f}", field.status.value, "; ".join(field.reasons)
            )
        if page.result.fields:
            console.print(table, markup=False)
        yield page


def _form_title(page: "FilePage") -> str:
    """Name the form that a page is, where forms were given."""
    from ocrbatch.output.escape import escape_name
    from ocrbatch.page.register import AUTO
    from ocrbatch.page.whole import NAME

    form = page.result.form
    return "" if form in ("", AUTO, NAME) else f": {escape_name(form)}, its page {page.result.form_page}"
