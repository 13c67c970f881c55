"""The rule that a value is one of those in a file."""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
import numpy.typing as npt

from ocrbatch.form.faults import quoted
from ocrbatch.form.rules.rule import Load, RuleError, Worded, is_number
from ocrbatch.records import read_only

LONGEST_VALUE = 64
_PARSED: WeakValueDictionary[bytes, npt.NDArray[Any]] = WeakValueDictionary()
"""The values of the lists that rules hold, by the hashes of their files; gone with the last rule."""
_ALL_VALUES = re.compile(rb"[ \t\r\n]*(?:[0-9]{1,64}[ \t]*[\r\n][ \t\r\n]*)*")


@dataclass(frozen=True, slots=True)
class OneOf(Worded):
    """``one-of numbers.txt``: ``values`` (n,) bytes, sorted and each once, of the file with this ``sha256``.

    A sorted array takes a tenth of a set's memory, in every process of a job.
    """

    sha256: bytes = field(repr=False)
    values: npt.NDArray[Any] = field(repr=False, compare=False)

    def allows(self, value: str) -> bool:
        """Tell whether a value is one of them, or empty."""
        if not value:
            return True
        # A longer one would make searchsorted widen the whole array first.
        if not is_number(value) or len(value) > self.values.dtype.itemsize:
            return False
        wanted = np.array(value.encode(), self.values.dtype)
        at = int(self.values.searchsorted(wanted))
        return at < len(self.values) and bool(self.values[at] == wanted)


def parse_one_of(text: str, arguments: tuple[str, ...], load: Load) -> OneOf:
    """Make a rule of ``one-of FILE``: a text file beside the form, or below it, with a value a line."""
    if not arguments:
        raise RuleError("give the file with the values, as in one-of numbers.txt")
    name = " ".join(arguments)
    try:
        content = load(name)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise RuleError(f"{name} cannot be used ({reason}); put the list beside this file") from error
    sha256 = hashlib.sha256(content).digest()
    # Parsing a million lines takes a second, and as an array 10 MB: not for each field, nor each form, that names them.
    values = _PARSED.get(sha256)
    if values is None:
        _PARSED[sha256] = values = _values(name, content)
    return OneOf(text, sha256, values)


def _values(name: str, content: bytes) -> npt.NDArray[Any]:
    """Give the values of a file (n,), sorted. Raises RuleError where a line is something else, or there is none."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    if not _ALL_VALUES.fullmatch(content + b"\n"):
        _find_fault(name, content)
    found = content.split()
    if not found:
        raise RuleError(f"{name} is empty; give a value a line")
    return read_only(np.unique(np.array(found)))


def _find_fault(name: str, content: bytes) -> None:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RuleError(f"{name}, line {line}: is not UTF-8; save the file as UTF-8") from error
    for number, row in enumerate(text.split("\n"), 1):
        value = row.strip(" \t\r")
        if value and not (is_number(value) and len(value) <= LONGEST_VALUE):
            problem = f"{quoted(value[:30])} is no value; give up to {LONGEST_VALUE} digits a line"
            raise RuleError(f"{name}, line {number}: {problem}")
