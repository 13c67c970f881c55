r"""One reversible spelling for every text that goes into a table.

``\xNN`` is a byte of a file name that is no UTF-8, ``\uNNNN`` a character that would break a line, a cell or
a spreadsheet, and ``\\`` a backslash. All else stays as it is. A text that begins as a formula does has its
first character spelled so too: no cell of a table begins with ``= + - @``, a tab, a return or the full-width
forms of those signs.
"""

import re
import unicodedata

FORMULA_STARTS = "=+-@＝＋－＠"
_STARTS = tuple(FORMULA_STARTS)
_SPELLED = re.compile(r"\\(?:\\|x([0-9a-f]{2})|u([0-9a-f]{4}))")
_LINE_ENDS = "\u2028\u2029"
_STRAY_BYTES = range(0xDC80, 0xDD00)
"""How Python holds a file name's bytes 0x80–0xFF that are no UTF-8 (PEP 383)."""


def escape_name(text: str) -> str:
    """Spell a text so that it is safe in every table; ``unescape_name`` gives back exactly the text."""
    if text.isprintable() and "\\" not in text and not text.startswith(_STARTS):
        return text  # Nearly all are: a job has millions of cells.
    first = _spelled(text[0]) if text[0] in FORMULA_STARTS else _escaped(text[0])
    return first + "".join(map(_escaped, text[1:]))


def unescape_name(spelling: str) -> str:
    """Give the text of a spelling; what is no spelling of ours stays as it is."""
    return _SPELLED.sub(_meant, spelling)


def _escaped(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if unicodedata.category(character) in ("Cc", "Cs") or character in _LINE_ENDS:
        return _spelled(character)
    return character


def _spelled(character: str) -> str:
    code = ord(character)
    return f"\\x{code - 0xDC00:02x}" if code in _STRAY_BYTES else f"\\u{code:04x}"


def _meant(match: re.Match[str]) -> str:
    byte, character = match.groups()
    if byte is not None:
        # A byte below 0x80 is never spelled so: it was written by hand, and means its character.
        value = int(byte, 16)
        return chr(0xDC00 + value) if value >= 0x80 else chr(value)
    return chr(int(character, 16)) if character is not None else "\\"
