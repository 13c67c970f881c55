"""Directories of tags, as TIFF files and EXIF blocks hold them (TIFF 6.0, section 2; BigTIFF; Exif 2.32)."""

import struct
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ocrbatch.errors import DecodeError
from ocrbatch.page.grey import Resolution

ORIENTATION = 274
_X_RESOLUTION, _Y_RESOLUTION, _RESOLUTION_UNIT = 282, 283, 296
_CENTIMETRE, _NO_UNIT = 3, 1
_MOST_TAGS = 4096
_LAST_TAG = 339
"""Beyond it lie notes, profiles and private data, as large as one likes: their values are passed over."""

# Type → bytes a value, numpy's code; texts and opaque bytes have no code, rationals are two numbers.
_TYPES: dict[int, tuple[int, str]] = {
    1: (1, "u1"), 2: (1, ""), 3: (2, "u2"), 4: (4, "u4"), 5: (8, "u4"), 6: (1, "i1"), 7: (1, ""),
    8: (2, "i2"), 9: (4, "i4"), 10: (8, "i4"), 11: (4, "f4"), 12: (8, "f8"), 13: (4, "u4"),
    16: (8, "u8"), 17: (8, "i8"), 18: (8, "u8"),
}  # fmt: skip
_RATIONALS = (5, 10)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file writes numbers: ``order`` is ``<`` or ``>``; ``big`` is BigTIFF; ``first`` is an offset."""

    order: str
    big: bool
    first: int


@dataclass(frozen=True, slots=True)
class Directory:
    """The numeric tags of one directory; at ``link`` lies the offset of the next one, which is 0 for none."""

    tags: dict[int, tuple[float, ...]]
    next: int
    link: int

    def number(self, tag: int, default: int) -> int:
        """Give a tag's first value as a whole number."""
        values = self.tags.get(tag)
        return int(values[0]) if values else default

    def numbers(self, tag: int) -> list[int]:
        """Give all values of a tag as whole numbers; none where it is absent."""
        return [int(value) for value in self.tags.get(tag, ())]

    @property
    def orientation(self) -> int:
        """How the picture lies, 1–8; 1 where it is absent or absurd."""
        value = self.number(ORIENTATION, 1)
        return value if 1 <= value <= 8 else 1

    @property
    def resolution(self) -> Resolution | None:
        """Dots per inch across and down, or their ratio alone where no unit is named."""
        x, y = self.tags.get(_X_RESOLUTION), self.tags.get(_Y_RESOLUTION)
        if not x or not y:
            return None
        unit = self.number(_RESOLUTION_UNIT, 2)
        factor = 2.54 if unit == _CENTIMETRE else 1.0
        return Resolution(x[0] * factor, y[0] * factor, absolute=unit != _NO_UNIT)


def read_layout(data: bytes) -> Layout:
    """Read a TIFF's first bytes; DecodeError ``truncated`` or ``broken``."""
    order = "<" if data[:2] == b"II" else ">"
    try:
        big = struct.unpack_from(order + "H", data, 2)[0] == 43
        first = struct.unpack_from(order + "Q", data, 8) if big else struct.unpack_from(order + "I", data, 4)
    except struct.error as error:
        raise DecodeError("truncated", "the file ends within its header") from error
    return Layout(order, big, first[0])


def read_directory(data: bytes, layout: Layout, offset: int, *, strict: bool = True) -> Directory:
    """Read the directory at ``offset``.

    A value that lies beyond the end of the file makes it ``truncated`` (DecodeError), or is passed over
    when not ``strict``: EXIF blocks with a lost maker's note are common and their pictures are whole.
    """
    count_code, size, next_code = ("Q", 20, "Q") if layout.big else ("H", 12, "I")
    try:
        count = struct.unpack_from(layout.order + count_code, data, offset)[0]
        start = offset + struct.calcsize(count_code)
        if count > _MOST_TAGS:
            raise DecodeError("broken", f"a directory of {count} tags")
        link = start + size * count
        following = struct.unpack_from(layout.order + next_code, data, link)[0]
        entries = [_entry(data, layout, start + size * index) for index in range(count)]
    except (struct.error, OverflowError) as error:
        raise DecodeError("truncated", "the file ends within a directory of tags") from error
    there = [entry for entry in entries if entry.place + entry.length <= len(data)]
    if strict and len(there) < len(entries):
        raise DecodeError("truncated", "a tag lies beyond the end of the file")
    if sum(entry.length for entry in there) > len(data):
        # A few bytes may be shared; thousands of tags that each are the whole file would fill the memory.
        raise DecodeError("broken", "the tags are larger than the file")
    tags = {entry.tag: _values(data, layout, entry) for entry in there if entry.tag <= _LAST_TAG}
    return Directory({tag: values for tag, values in tags.items() if values}, following, link)


class _Entry(NamedTuple):
    """A tag whose values, of a type of TIFF's, lie at ``place`` and take ``length`` bytes: none of an unknown type."""

    tag: int
    kind: int
    place: int
    length: int


def _entry(data: bytes, layout: Layout, start: int) -> _Entry:
    tag, kind, count = struct.unpack_from(layout.order + ("HHQ" if layout.big else "HHI"), data, start)
    place, length = start + (12 if layout.big else 8), count * _TYPES[kind][0] if kind in _TYPES else 0
    if length > (8 if layout.big else 4):
        place = struct.unpack_from(layout.order + ("Q" if layout.big else "I"), data, place)[0]
    return _Entry(tag, kind, place, length)


def _values(data: bytes, layout: Layout, entry: _Entry) -> tuple[float, ...]:
    """Read a tag's values; none where they are no numbers."""
    _, code = _TYPES.get(entry.kind, (0, ""))
    if not code:
        return ()
    values = np.frombuffer(data, layout.order + code, entry.length // np.dtype(code).itemsize, entry.place).tolist()
    if entry.kind in _RATIONALS:
        pairs = zip(values[::2], values[1::2], strict=True)
        values = [top / bottom if bottom else 0.0 for top, bottom in pairs]
    return tuple(values)


def read_exif(block: bytes) -> Directory | None:
    """Read the first directory of an EXIF block (without its ``Exif`` prefix); None where it makes no sense."""
    if block[:4] not in (b"II*\0", b"MM\0*"):
        return None
    try:
        layout = read_layout(block)
        return read_directory(block, layout, layout.first, strict=False)
    except DecodeError:
        return None
