"""A form file before its reference pictures are made, which any other reader of forms would ask for."""

import os
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path

from ocrbatch.errors import FormError
from ocrbatch.form.faults import Faults, shown_path
from ocrbatch.form.lines import scan_lines
from ocrbatch.form.schema import read_form
from ocrbatch.form.store import LARGEST_FORM, lists_beside, load_forms
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
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode) or about.st_size > LARGEST_FORM:
            raise OSError("it is not a file such as forms are")
        text = path.read_bytes().decode("utf-8-sig")
        lines = scan_lines(text)
        if lines.limit is not None:
            raise ValueError(lines.limit[2])
        data = tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        load_forms([path])  # It says what is wrong, and where.
        raise FormError(f"{shown_path(path)}: is no form's file; give a TOML file") from error
    faults = Faults(path, lines)
    name, sheets = read_form(data, faults, lists_beside(path))
    faults.raise_any()
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
