"""``ocrbatch form draft``: a form from a scan."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocrbatch.commands.form.options import FORM_HELP, read_page, write_files
from ocrbatch.errors import InputError, OutputError, UsageError

if TYPE_CHECKING:
    from ocrbatch.design.draft import Draft


def draft(
    scan: Annotated[Path, typer.Argument(metavar="SCAN", help="A flat scan of the form, blank or filled in.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FORM", help="The new form, a .toml file.")],
    name: Annotated[str | None, typer.Option(help="The form's name; that of the file where not given.")] = None,
    page: Annotated[int, typer.Option(min=1, help="The page of the scan.")] = 1,
    dpi: Annotated[float | None, typer.Option(min=50, max=2400, help="The scan's, where its file is wrong.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over the files of an older draft.")] = False,
) -> None:
    """Find the boxes, combs, tables and lines to write on of a scan, and write them as a form.

    Beside FORM.toml stand FORM.png, the reference picture that the form's places are in, and FORM.draft.jpg, which
    shows each field with its name. Then edit the names, and leave out what is no field.
    """
    if out.suffix != ".toml":
        raise UsageError(f"-o {out}: a form is a .toml file; name it so")
    picture, shown = out.with_suffix(".png"), out.with_suffix(".draft.jpg")
    _check_free(scan, (out, picture, shown), force)
    from ocrbatch.design.draft import draft_form, form_name
    from ocrbatch.design.preview import draw_form_page
    from ocrbatch.form.checks import check_form_name
    from ocrbatch.form.faults import Faults
    from ocrbatch.form.lines import Lines
    from ocrbatch.form.write import form_toml

    called = form_name(out.stem) if name is None else name
    faults = Faults(out, Lines())
    check_form_name(called, faults)
    faults.raise_any()
    made = draft_form(read_page(scan, page), called, dpi)
    form = made.form.pages[0]
    if not form.fields or form.reference is None:
        raise InputError(
            f"{scan}: no box, comb, table or line to write on was found; scan it flat at 200 to 300 dpi, the right "
            f"way up, or write the form by hand: {FORM_HELP}"
        )
    toml = form_toml(made.form, {1: picture.name}).encode("utf-8")
    # The form is the last to appear: with it, all that it names is there.
    write_files({picture: form.reference, shown: draw_form_page(form), out: toml})
    _report(made, out, picture, shown)


def _check_free(scan: Path, files: tuple[Path, ...], force: bool) -> None:
    for file in files:
        if not file.exists():
            continue
        if scan.exists() and file.samefile(scan):
            raise OutputError(f"{file}: is the scan itself and would be written over; give the form another name")
        if not force:
            raise OutputError(f"{file}: is there already; give the form another name, or --force to write over it")


def _report(made: "Draft", out: Path, picture: Path, shown: Path) -> None:
    """Print what was found, and on standard error what to do next."""
    from rich.console import Console
    from rich.table import Table

    table = Table("field", "kind", "cells", "box", "in use")
    for field, written in zip(made.form.pages[0].fields, made.written, strict=True):
        box = field.box
        cells = str(len(field.cells)) if field.kind == "boxes" else ""
        in_use = f"{written} of {len(field.cells)}" if len(field.cells) > 1 else "yes" if written else "no"
        table.add_row(field.name, field.kind, cells, f"{box.x}, {box.y}, {box.width}, {box.height}", in_use)
    Console().print(table, markup=False)
    for note in made.notes:
        typer.echo(f"Note: {note}", err=True)
    typer.echo(f"{out}, {picture.name} and {shown.name} are written. Next:", err=True)
    typer.echo(f"  look at {shown.name}; in {out.name} name the fields, and leave out what is none", err=True)
    typer.echo(f"  ocrbatch form check {out}", err=True)
    typer.echo(f"  ocrbatch form show {out} ANOTHER_SCAN", err=True)
