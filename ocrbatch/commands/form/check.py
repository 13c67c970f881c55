"""``ocrbatch form check``: are form files valid, and what in them will make trouble."""

from pathlib import Path
from typing import Annotated

import typer

from ocrbatch.errors import ExitCode


def check(
    forms: Annotated[list[Path], typer.Argument(metavar="FORM...", help="Form files, or folders of them.")],
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 8 where there is a warning.")] = False,
) -> None:
    """Check form files, and warn of small boxes, cells that touch, fields off the page, poor landmarks.

    Exits with 8 where a file is invalid, or its picture cannot be used.
    """
    from ocrbatch.design.lint import lint
    from ocrbatch.form.store import load_forms
    from ocrbatch.page.registration.index import index_forms

    loaded = load_forms(forms)
    index_forms(loaded)
    found = [(form.name, warning) for form in loaded for warning in lint(form)]
    if not found:
        typer.echo("no faults found")
        return
    _print([(name, warning.where, warning.what, warning.mend) for name, warning in found])
    raise typer.Exit(int(ExitCode.FORM_BAD if strict else ExitCode.OK))


def _print(rows: list[tuple[str, str, str, str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("form", "where", "warning", "mend")
    for row in rows:
        table.add_row(*row)
    Console().print(table, markup=False)
