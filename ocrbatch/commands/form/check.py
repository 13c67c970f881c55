"""``ocrbatch form check``: are form files valid, and what in them will make trouble."""

from pathlib import Path
from typing import Annotated

import typer

from ocrbatch.errors import ExitCode, FormError


def check(
    forms: Annotated[list[Path], typer.Argument(metavar="FORM...", help="Form files, or folders of them.")],
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 8 where there is a warning.")] = False,
) -> None:
    """Check form files, and warn of small boxes, cells that touch, fields off the page, poor landmarks.

    Exits with 8 where a file is invalid.
    """
    from ocrbatch.design.lint import lint
    from ocrbatch.form.store import load_forms

    broken = False
    warnings = []
    names: dict[str, Path] = {}
    for path in forms:
        try:
            loaded = load_forms([path])
        except FormError as error:
            typer.echo(f"Error: {error}", err=True)
            broken = True
            continue
        for form in loaded:
            if form.name in names:
                typer.echo(f"Error: {path}: the name {form.name!r} is that of {names[form.name]} as well", err=True)
                broken = True
            names[form.name] = path
            warnings += [(form.name, warning) for warning in lint(form)]
    if warnings:
        _print([(name, w.where, w.what, w.mend) for name, w in warnings])
    elif not broken:
        typer.echo("no faults found")
    raise typer.Exit(int(ExitCode.FORM_BAD if broken or (strict and warnings) else ExitCode.OK))


def _print(rows: list[tuple[str, str, str, str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("form", "where", "warning", "mend")
    for row in rows:
        table.add_row(*row)
    Console().print(table, markup=False)
