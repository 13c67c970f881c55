"""``ocrbatch form print``: a form on paper."""

from pathlib import Path
from typing import Annotated

import typer

from ocrbatch.commands.form.options import write_files


def print_(
    form: Annotated[Path, typer.Argument(metavar="FORM.toml", help="The form's file, its dpi among its keys.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FORM.pdf", help="The PDF to write.")],
    force: Annotated[
        bool, typer.Option("--force", help="Draw the reference pictures anew where there are some.")
    ] = False,
) -> None:
    """Draw a form from its file alone: a PDF of the exact size, with registration marks in the corners.

    Boxes stand at least a millimetre apart, so that writing does too; each field has its name above it. The
    reference picture that the form names, or should name, is written beside its file where there is none.
    """
    from ocrbatch.design.print_file import print_form_file

    made = print_form_file(form, out, force=force)
    write_files(made.contents)
    for note in made.notes:
        typer.echo(note, err=True)
