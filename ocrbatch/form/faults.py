"""What is wrong with a form file, gathered and told in lines that a person can act on."""

import difflib
from collections.abc import Iterable
from pathlib import Path as FilePath

from ocrbatch.errors import FormError
from ocrbatch.form.lines import Lines, Path

MOST_TOLD = 10
_LONGEST_SHOWN = 60


class Faults:
    """The faults of one file, each with its place: ``where`` is the file, ``lines`` tells where its keys stand."""

    def __init__(self, where: FilePath, lines: Lines) -> None:
        self._where = where
        self._lines = lines
        self._found: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._found)

    def add(self, path: Path, problem: str, *, of: Path | None = None) -> None:
        """Note that a value is wrong; ``of`` names what is at fault where that is not the path's own key."""
        place = self._place(path if of is None else of)
        self._found.append((self._lines.line(path), f"{place}: {problem}" if place else problem))

    def add_at(self, line: int, problem: str, path: Path) -> None:
        """Note that a line is wrong, in the value of a path."""
        place = self._place(path)
        self._found.append((line, f"{place}: {problem}" if place else problem))

    def raise_any(self) -> None:
        """Raise FormError with the faults in the order of their lines, a line each, where there are any."""
        if not self._found:
            return
        told = sorted(self._found, key=lambda fault: fault[0])[:MOST_TOLD]
        texts = [f"{shown_path(self._where)}, line {line}: {text}" for line, text in told]
        if more := len(self._found) - len(told):
            texts.append(f"{shown_path(self._where)}: and {more} more like these")
        raise FormError("\n".join(texts))

    def _place(self, path: Path) -> str:
        """Name a path as a person would: ``page 2``, ``field "date"``, ``key "cells"``, ``entry 3``."""
        words: list[str] = []
        rest = list(path)
        table: Path = ()
        while len(rest) >= 2 and rest[0] in ("page", "field") and isinstance(rest[1], int):
            table = (*table, *rest[:2])
            if rest[0] == "field" and table in self._lines.names:
                words = [f"field {quoted(self._lines.names[table])}"]  # No other page has a field of this name.
            else:
                words.append(f"{rest[0]} {rest[1] + 1}")
            del rest[:2]
        # Deeper than that a form has nothing: the key's name is enough.
        words += [f"key {quoted(part)}" if isinstance(part, str) else f"entry {part + 1}" for part in rest[:2]]
        return ", ".join(words)


def shown(value: object) -> str:
    """Give a value as a form spells it, on one line and not too long."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        text = f"[{', '.join(shown(entry) for entry in value[:6])}{', …' if len(value) > 6 else ''}]"
    else:
        text = str(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def quoted(text: str) -> str:
    """Quote a text on one line; signs that have no shape are spelled by their number, and what is too long is cut."""
    cut = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
    return f'"{_printable(cut)}"'


def shown_path(path: FilePath) -> str:
    """Give a path on one line, whatever signs and stray bytes are in it."""
    return _printable(str(path))


def suggestion(word: str, known: Iterable[str]) -> str:
    """Ask whether the nearest of the known words was meant; empty where none is near."""
    near = difflib.get_close_matches(word[:64].lower(), list(known), 1)
    return f'did you mean "{near[0]}"?' if near else ""


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text)
