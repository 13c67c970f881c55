"""``ocrbatch form show``: a form's fields, drawn on its reference picture or on a scan."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocrbatch.commands.form.options import read_page, write_files
from ocrbatch.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from ocrbatch.form.template import Form


def show(
    form: Annotated[Path, typer.Argument(metavar="FORM", help="A form; with SCAN a folder of forms, too.")],
    scan: Annotated[
        Path | None, typer.Argument(metavar="[SCAN]", help="A scan to look for the form on; the form itself without.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="PICTURE", help="A .jpg file; FORM.show.jpg where not given.")
    ] = None,
    page: Annotated[int, typer.Option(min=1, help="The page of the scan, or of the form without one.")] = 1,
) -> None:
    """Draw where a form's fields are: on its reference picture, or on any scan of it.

    Exits with 3 where the scan is not surely of the form; the picture then shows where its fields would be.
    """
    if out is not None and out.suffix.lower() not in (".jpg", ".jpeg"):
        raise UsageError(f"-o {out}: the picture is a JPEG; name it .jpg")
    if out is not None and scan is not None and out.exists() and scan.exists() and out.samefile(scan):
        raise UsageError(f"-o {out}: is the scan itself and would be written over; give another name")
    from ocrbatch.form.store import load_forms

    forms = load_forms([form])
    target = out or (form / "forms.show.jpg" if form.is_dir() else form.with_suffix(".show.jpg"))
    # An older picture must not be taken for this one's.
    target.unlink(missing_ok=True)
    picture, sure = _on_scan(forms, scan, page) if scan is not None else (_on_form(forms, form, page), True)
    if picture:
        write_files({target: picture})
        typer.echo(target)
    if not sure:
        raise typer.Exit(int(ExitCode.PAGES_FAILED))


def _on_form(forms: tuple["Form", ...], path: Path, number: int) -> bytes:
    from ocrbatch.design.preview import draw_form_page

    if len(forms) != 1:
        raise UsageError(f"{path}: has {len(forms)} forms; name one of them, or give a scan to see which it is")
    pages = forms[0].pages
    if number > len(pages):
        raise UsageError(f"--page {number}: {path} has {len(pages)} page{'s' if len(pages) > 1 else ''}")
    return draw_form_page(pages[number - 1])


def _on_scan(forms: tuple["Form", ...], scan: Path, number: int) -> tuple[bytes, bool]:
    """Draw the form on the scan, even where its places are not sure; gives the picture, empty of a stranger."""
    from ocrbatch.design.preview import draw_registered, shown_score
    from ocrbatch.page.register import register
    from ocrbatch.page.registration.index import index_forms

    found = register(read_page(scan, number), index_forms(forms), guess=True)
    score = shown_score(found.registration)
    if not found.form:
        typer.echo(f"{scan}, page {number}: unknown form: it looks like none that is given (score {score})", err=True)
        return b"", False
    if found.problem:
        typer.echo(
            f"{scan}, page {number}: {found.problem} (score {score}); it looks like page {found.form_page} of "
            f"{found.form}, and the picture shows where its fields would be",
            err=True,
        )
        return draw_registered(found), False
    typer.echo(f"{found.form}, page {found.form_page}: registration {score}", err=True)
    return draw_registered(found), True
