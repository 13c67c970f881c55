"""From a form's file to its print: the PDF, and beside the form file the reference pictures that it lacks."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ocrbatch.design.print import PrintedForm, print_form
from ocrbatch.errors import UsageError
from ocrbatch.form.template import FormPage
from ocrbatch.form.unprinted import Unprinted, read_unprinted, reference_path


@dataclass(frozen=True, slots=True)
class _Reference:
    """A page's picture: the name that its file has or should have, and where that lies."""

    page: int
    name: str
    path: Path
    named: bool
    content: bytes

    @property
    def is_this(self) -> bool:
        """Tell whether the file has this picture already."""
        return self.path.is_file() and self.path.read_bytes() == self.content


@dataclass(frozen=True, slots=True)
class Printout:
    """The files to write, and ``notes`` on them, a line each, for the person who asked for the print."""

    contents: dict[Path, bytes]
    notes: tuple[str, ...]


def print_form_file(path: Path, out: Path, *, force: bool = False) -> Printout:
    """Draw the form of a TOML file: its PDF for ``out``, and its reference pictures.

    Those that are there already are left alone, but with ``force``.
    Raises FormError where the form is wrong or cannot be printed, UsageError where ``out`` is one of its own files.
    """
    source = read_unprinted(path)
    printed = print_form(source.form)
    references = list(_references(path, source, printed, force))
    if os.path.realpath(out) in {os.path.realpath(path), *(str(reference.path) for reference in references)}:
        raise UsageError(f"-o {out} is the form's own file; give another for the PDF")
    contents = {out: printed.pdf}
    notes = [f"{out}: {_pages(source.form.pages)}; print it at its own size (100 %), not fitted to the paper"]
    for reference in references:
        written = force or not reference.path.exists()
        if written:
            contents[reference.path] = reference.content
        notes += _told(path, reference, written=written, several=len(references) > 1)
    notes += [f"field {name}: no room for its label; leave some white beside it" for name in printed.unlabelled]
    return Printout(contents, tuple(notes))


def _references(path: Path, source: Unprinted, printed: PrintedForm, force: bool) -> Iterator[_Reference]:
    several = len(source.references) > 1
    for number, (given, content) in enumerate(zip(source.references, printed.references, strict=True), 1):
        name = given or (f"{path.stem}-{number}.png" if several else f"{path.stem}.png")
        place = Path(os.path.realpath(path.parent / name))
        # A picture that is there, and stays, may be of any kind.
        if force or not place.exists():
            place = reference_path(name, path)
        yield _Reference(number, name, place, given is not None, content)


def _told(path: Path, reference: _Reference, *, written: bool, several: bool) -> Iterator[str]:
    """Say what became of a page's reference picture, and what is left to do."""
    if written:
        yield f"{reference.path}: the reference picture"
    elif not reference.is_this:
        yield f"{reference.path}: kept, though it is not this print; --force replaces it"
    if not reference.named and (written or reference.is_this):
        where = f"below [[page]] number {reference.page}" if several else "above the first [[field]]"
        line = f"reference = {json.dumps(reference.name, ensure_ascii=False)}"
        yield f"{path}: add this line {where}: {line}"


def _pages(pages: tuple[FormPage, ...]) -> str:
    sizes = dict.fromkeys(
        f"{page.width * 25.4 / page.dpi:.0f}×{page.height * 25.4 / page.dpi:.0f} mm" for page in pages if page.dpi
    )
    return f"{len(pages)} page{'s' if len(pages) > 1 else ''} of {', '.join(sizes)}"
