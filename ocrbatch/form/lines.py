"""Where each key of a TOML text stands: ``tomllib`` tells no lines, and who mends a form needs them.

The scanner reads every valid text as TOML 1.0 does. In an invalid one it is right up to the first mistake, which
is where ``tomllib`` stops. It also stops texts that would keep ``tomllib`` busy: its work grows with the square of
a dotted key's parts, and it calls itself for every bracket.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field

Path = tuple[str | int, ...]
"""The keys from the top of the text to a value; an array's entries are numbers from 0."""

DEEPEST = 16
LONGEST_NUMBER = 100
MOST_KEYS = 25_000
MOST_TOKENS = 400_000
"""Both are well beyond a form of 2000 fields, and keep the worst text's time below a second."""

# Every text matches whether it is closed or not, and no loop gives anything back: the time is linear.
_TOKEN = re.compile(
    r"""
      (?P<space> [ \t\r]+ | \#[^\n]* )
    | (?P<newline> \n [ \t\r\n]* )
    | (?P<text> \"\"\" (?: [^"\\]+ | \\. | "{1,2}(?!") )*+ "{0,5}
              | ''' (?: [^']+ | '{1,2}(?!') )*+ '{0,5}
              | " (?: [^"\\\n]+ | \\[^\n] )*+ "?
              | ' [^'\n]*+ '? )
    | (?P<sign> [\[\]{},=.] )
    | (?P<bare> [^\s\[\]{},=.\#"']+ )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_END = ("end", "")


class _LimitReached(Exception):  # noqa: N818 - it never leaves this module
    """The scan ends here: the text is none that a person wrote."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a text's keys, from 1.

    ``known`` has the line of each key, table and entry of an array (where it is not its array's own line);
    ``names`` the text of each table's ``name``; ``repeated`` what is given a second time, with the line; ``limit``
    the line, the path and what it has there where the text goes beyond what is worth parsing.
    """

    known: dict[Path, int] = field(default_factory=dict)
    names: dict[Path, str] = field(default_factory=dict)
    repeated: dict[int, Path] = field(default_factory=dict)
    limit: tuple[int, Path, str] | None = None

    def line(self, path: Path) -> int:
        """Give the line of a path, or that of the nearest thing around it; 1 for the text itself."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.known:
                return self.known[path[:length]]
        return 1

    def path_at(self, line: int) -> Path:
        """Give the path of the last key that stands on a line or before it; empty where there is none."""
        before = [(found, len(path), path) for path, found in self.known.items() if found <= line]
        return max(before, key=lambda item: item[:2])[2] if before else ()


def scan_lines(text: str) -> Lines:
    """Find the line of every key of a TOML text, whose lines end as on Unix or as on Windows; never raises."""
    scanner = _Scanner(text)
    limit = None
    try:
        scanner.scan()
    except _LimitReached as reached:
        limit = (scanner.line, scanner.path, str(reached))
    found = scanner.lines
    return Lines(found.known, found.names, found.repeated, limit)


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    """Give kind, spelling and line of each token; white space and comments are passed over."""
    line = 1
    for match in _TOKEN.finditer(text):
        kind, spelling = match.lastgroup or "other", match.group()
        if kind != "space":
            yield kind, spelling, line
        if kind in ("newline", "text"):
            line += spelling.count("\n")


class _Scanner:
    """A reader of statements that looks one token ahead."""

    def __init__(self, text: str) -> None:
        self.lines = Lines()
        self.line = 1
        self.path: Path = ()
        self._keys = 0
        self._left = MOST_TOKENS
        self._tokens = _tokens(text)
        self._token: tuple[str, str] = _END
        self._table: Path = ()
        self._arrays: dict[Path, int] = {}
        self._step()

    def scan(self) -> None:
        """Read all statements."""
        while self._token != _END:
            if self._is("["):
                self._header()
                self._skip_line()
            elif self._token[0] == "newline":
                self._step()
            else:
                self._pair(self._table, 0)
                self._skip_line()

    def _step(self) -> None:
        kind, spelling, self.line = next(self._tokens, (*_END, self.line))
        self._token = (kind, spelling)
        self._left -= 1
        if self._left < 0:
            raise _LimitReached(f"more than {MOST_TOKENS} words and signs")

    def _is(self, sign: str) -> bool:
        return self._token == ("sign", sign)

    def _skip_line(self) -> None:
        while self._token != _END and self._token[0] != "newline":
            self._step()

    def _skip(self, *signs: str) -> int:
        """Pass over new lines and the given signs, and count the signs."""
        count = 0
        while self._token[0] == "newline" or (self._token[0] == "sign" and self._token[1] in signs):
            count += self._token[0] == "sign"
            self._step()
        return count

    def _header(self) -> None:
        line = self.line
        self._step()
        many = self._is("[")
        if many:
            self._step()
        path: Path = ()
        self.path = path
        if not (parts := self._key()):
            return
        for number, part in enumerate(parts):
            path = (*path, part)
            if number == len(parts) - 1:
                break
            self.lines.known.setdefault(path, line)
            if path in self._arrays:
                path = (*path, self._arrays[path] - 1)
        if many:
            index = self._arrays.get(path, 0)
            self._arrays[path] = index + 1
            self.lines.known.setdefault(path, line)
            path = (*path, index)
        self._table = path
        self._note(path, line)

    def _note(self, path: Path, line: int) -> None:
        self.path = path
        self._keys += 1
        if self._keys > MOST_KEYS:
            raise _LimitReached(f"more than {MOST_KEYS} keys")
        if path in self.lines.known:
            self.lines.repeated.setdefault(line, path)
        else:
            self.lines.known[path] = line

    def _key(self) -> tuple[str, ...]:
        parts: list[str] = []
        while self._token[0] in ("text", "bare") or self._is("."):
            if not self._is("."):
                parts.append(_plain(self._token[1]) if self._token[0] == "text" else self._token[1])
            if len(parts) > DEEPEST:
                raise _LimitReached(f"a key of more than {DEEPEST} parts")
            self._step()
        return tuple(parts)

    def _pair(self, table: Path, depth: int) -> None:
        """Read ``key = value``; at least one token is consumed."""
        line, self.path = self.line, table
        parts = self._key()
        if not parts:
            self._step()
            return
        path = (*table, *parts)
        for length in range(len(table) + 1, len(path)):
            self.lines.known.setdefault(path[:length], line)
        self._note(path, line)
        if self._is("="):
            self._step()
            if parts[-1] == "name" and self._token[0] == "text":
                self.lines.names.setdefault(path[:-1], _plain(self._token[1]))
            self._value(path, depth)

    def _value(self, path: Path, depth: int) -> None:
        if not (self._is("[") or self._is("{")):
            self._scalar()
            return
        if depth >= DEEPEST:
            raise _LimitReached(f"more than {DEEPEST} brackets one in another")
        is_array, line, index = self._is("["), self.line, 0
        self._step()
        while True:
            index += self._skip(",")
            if self._token == _END:
                return
            if self._is("]" if is_array else "}"):
                self._step()
                return
            if not is_array:
                self._pair(path, depth + 1)
                continue
            entry = (*path, index)
            if self.line != line:
                self.lines.known.setdefault(entry, self.line)
            self._value(entry, depth + 1)

    def _scalar(self) -> None:
        """Read a value that is no array and no table: one token, and what follows it up to a sign that ends it."""
        while self._token != _END:
            if self._token[0] == "bare" and len(self._token[1]) > LONGEST_NUMBER:
                raise _LimitReached(f"a value of more than {LONGEST_NUMBER} digits")
            self._step()
            if self._token[0] == "newline" or (self._token[0] == "sign" and self._token[1] in ",]}"):
                return


def _plain(spelling: str) -> str:
    """Give the text that a quoted spelling stands for; a broken one as it is spelled, for it is only to be shown."""
    try:
        return str(tomllib.loads(f"text = {spelling}")["text"])
    except ValueError:
        return spelling.strip("\"'")
