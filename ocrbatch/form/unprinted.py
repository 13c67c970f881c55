"""A form file before its reference pictures are made, which any other reader of forms would ask for."""

import os
from dataclasses import dataclass
from pathlib import Path

from ocrbatch.errors import FormError
from ocrbatch.form.faults import shown_path
from ocrbatch.form.store import read_sheets
from ocrbatch.form.template import Form


@dataclass(frozen=True, slots=True)
class Unprinted:
    """A form without its pictures and its hash; ``references`` names each page's picture, or None."""

    form: Form
    references: tuple[str | None, ...]


def read_unprinted(path: Path) -> Unprinted:
    """Read a form's TOML file, whether or not its reference pictures are there.

    Raises FormError as ``load_forms`` does for all else.
    """
    name, sheets = read_sheets(path)
    return Unprinted(Form(name, tuple(sheet.page for sheet in sheets), ""), tuple(sheet.reference for sheet in sheets))


def reference_path(name: str, form: Path) -> Path:
    """Give where a form file's reference picture is to be written; FormError where it may not lie there.

    It is a PNG, in the form file's folder or in one below it that is there.
    """
    folder = Path(os.path.realpath(form.parent))
    place = Path(os.path.realpath(folder / name))
    if Path(name).is_absolute() or ".." in Path(name).parts or folder not in place.parents or not name.isprintable():
        raise FormError(f"{shown_path(form)}: reference {name!r} leads out of the form's folder; name a file beside it")
    if place.suffix.lower() != ".png":
        raise FormError(f"{shown_path(form)}: reference {name!r} is drawn as a PNG; let its name end in .png")
    return place
