"""Forms from their files: the TOML, checked, and the reference pictures beside it."""

import hashlib
import os
import re
import stat
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from ocrbatch.errors import FormError
from ocrbatch.form.checks import name_key
from ocrbatch.form.faults import Faults, shown, shown_path
from ocrbatch.form.lines import Lines, scan_lines
from ocrbatch.form.rules import Load, OneOf
from ocrbatch.form.schema import Sheet, read_form
from ocrbatch.form.template import Form, FormPage

LARGEST_FORM = 1_000_000
LARGEST_REFERENCE = 100_000_000
LARGEST_LIST = 100_000_000
"""Bytes, of a TOML file, of each reference picture and of each list of values."""
PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"%PDF", b"BM", b"RIFF")
"""How pictures and PDFs begin."""
SETTINGS = "ocrbatch.toml"
_AT_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_BARE_ZERO = re.compile(r"[=\[,]\s*[+-]?0[0-9]")


def load_forms(paths: Sequence[Path]) -> tuple[Form, ...]:
    """Read forms, each path a TOML file or a folder of them, in the order of the paths and the files' names.

    Of a folder, its own ``*.toml`` are taken but not those hidden and not ``ocrbatch.toml``. A file met twice counts
    once. Raises FormError, a line a fault, where a path is missing or a folder has no form, where two forms share a
    name (case makes no difference), and where ``parse_form`` does.
    """
    forms: dict[Path, Form] = {}
    met: set[str] = set()
    problems: list[str] = []
    for path in paths:
        try:
            found = list(_files(path))
        except FormError as error:
            problems.append(str(error))
            continue
        for file in found:
            if (real := os.path.realpath(file)) in met:
                continue
            met.add(real)
            try:
                forms[file] = parse_form(_content(file), file)
            except FormError as error:
                problems.append(str(error))
    problems += _same_names(forms)
    if problems:
        raise FormError("\n".join(problems))
    return tuple(forms.values())


def parse_form(content: bytes, where: Path) -> Form:
    """Make a form of a TOML file's bytes; ``where`` is that file: its reference pictures lie beside or below it.

    Raises FormError with up to ten faults, a line each: the file, the line, the field and key, what is wrong and how
    to mend it.
    """
    name, sheets, faults = _sheets(content, where)
    pages = tuple(_with_reference(sheet, where.parent, faults) for sheet in sheets)
    faults.raise_any()
    return Form(name, pages, _sha256(content, pages))


def read_sheets(path: Path) -> tuple[str, tuple[Sheet, ...]]:
    """Read the name and the pages of a form's TOML file, whether or not its reference pictures are there.

    Raises FormError as ``parse_form`` does for all else.
    """
    name, sheets, faults = _sheets(_content(path), path)
    faults.raise_any()
    return name, tuple(sheets)


def _sheets(content: bytes, where: Path) -> tuple[str, Sequence[Sheet], Faults]:
    """Give the name and the pages of a file's bytes, with the faults to which those of the pictures may be added."""
    text = _decoded(content, where)
    lines = scan_lines(text)
    faults = Faults(where, lines)
    lists: Load = cache(partial(_beside, folder=where.parent, most=LARGEST_LIST))
    name, sheets = read_form(_parsed(text, lines, faults), faults, lists)
    return name, sheets, faults


def _files(path: Path) -> Iterator[Path]:
    """Give a file, or the forms of a folder by the bytes of their names."""
    try:
        if not path.is_dir():
            path.stat()
            yield path
            return
        names = sorted((entry.name for entry in path.iterdir()), key=os.fsencode)
    except (OSError, ValueError) as error:
        raise FormError(f"{shown_path(path)}: cannot be read ({_reason(error)}); check the path") from error
    forms = [name for name in names if name.lower().endswith(".toml") and name != SETTINGS and name[0] != "."]
    if not forms:
        raise FormError(
            f"{shown_path(path)}: has no form; give a folder with *.toml files, or make one: ocrbatch form draft"
        )
    yield from (path / name for name in forms)


def _content(file: Path) -> bytes:
    try:
        return _read(file, LARGEST_FORM)
    except (OSError, ValueError) as error:
        raise FormError(f"{shown_path(file)}: cannot be read ({_reason(error)}); give a form's TOML file") from error


def _read(path: Path, most: int) -> bytes:
    """Read a regular file that is opened once; OSError where it is none or larger than ``most`` bytes."""
    # A pipe that nobody writes to would be waited for without this flag, which Windows lacks as it lacks such pipes.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError("it is not a regular file")
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(f"it has more than {most // 10**6} MB")
    return content


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _decoded(content: bytes, where: Path) -> str:
    """Give the text of a file; Windows' editors begin UTF-8 with a mark, which is passed over."""
    if len(content) > LARGEST_FORM:
        raise FormError(f"{shown_path(where)}: has more than {LARGEST_FORM // 10**6} MB; give a form's TOML file")
    if content.startswith(PICTURES):
        raise FormError(f"{shown_path(where)}: is a picture, no form; give a form's .toml file, and scans after it")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise FormError(f"{shown_path(where)}, line {line}: is not UTF-8; save the file as UTF-8") from error


def _parsed(text: str, lines: Lines, faults: Faults) -> dict[str, Any]:
    """Parse the text; FormError where it is no TOML."""
    if lines.limit is not None:
        line, path, what = lines.limit
        faults.add_at(line, f"has {what}, as no form needs; take them away", path)
        faults.raise_any()
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        found = _AT_LINE.search(message := str(error))
        line = int(found[1]) if found and found[1] else text.rstrip().count("\n") + 1
        repeated = lines.repeated.get(line)
        if repeated is not None and message.startswith("Cannot"):
            faults.add(repeated, f"is given again in line {line}; leave one of the two out")
        else:
            problem = f"is no TOML: {_AT_LINE.sub('', message)}; {_mend(text, line)}"
            faults.add_at(line, problem, lines.path_at(line))
        faults.raise_any()
        raise  # Never reached: there is a fault.


def _mend(text: str, line: int) -> str:
    """Guess from the line at fault what would mend it."""
    source = text.split("\n")[line - 1]
    if _BARE_ZERO.search(source):
        return "a number has no leading zeros: leave them out, or put quotes around it"
    return 'write key = value, texts in "quotes", lists in [brackets]'


def _with_reference(sheet: Sheet, folder: Path, faults: Faults) -> FormPage:
    """Give a page its reference picture's bytes, from the form's own folder or one below it."""
    if sheet.reference is None:
        return sheet.page
    try:
        return replace(sheet.page, reference=_beside(sheet.reference, folder, LARGEST_REFERENCE))
    except (OSError, ValueError) as error:
        problem = f"is {shown(sheet.reference)}, which cannot be used ({_reason(error)})"
        faults.add((*sheet.path, "reference"), f"{problem}; put the picture beside this file")
        return sheet.page


def _beside(name: str, folder: Path, most: int) -> bytes:
    """Read a file of a form's own folder or one below it; OSError where it is none of those, empty or too large."""
    path = Path(name)
    if path.is_absolute() or path.drive or ".." in path.parts or not name.isprintable():
        raise OSError("it is no path below this file's folder")
    real = Path(os.path.realpath(folder / path))
    if Path(os.path.realpath(folder)) not in real.parents:
        raise OSError("it leads out of this file's folder")
    content = _read(real, most)
    if not content:
        raise OSError("it is empty")
    return content


def _sha256(content: bytes, pages: Sequence[FormPage]) -> str:
    """Hash the file, its reference pictures and the lists of its rules.

    Each comes after its length, so that none can pass for part of another.
    """
    digest = hashlib.sha256()
    pictures = [page.reference for page in pages if page.reference is not None]
    rules = [rule for page in pages for field in page.fields for rule in field.rules]
    for part in (content, *pictures, *(rule.sha256 for rule in rules if isinstance(rule, OneOf))):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def _same_names(forms: dict[Path, Form]) -> Iterator[str]:
    first: dict[str, Path] = {}
    for file, form in forms.items():
        other = first.setdefault(name_key(form.name), file)
        if other != file:
            twin = f"is named {shown(form.name)} as is {shown_path(other)}"
            yield f"{shown_path(file)}: {twin}; give each form its own name"
