"""Bad pictures made of good ones: bits turned, pieces cut, exchanged and repeated, numbers made huge."""

import hashlib
import itertools
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from tests.faults.seeds import made_files, sample_files

PIECES = 16
MOST_AT_ONCE = 3
HEAD = 256
LEAST = 32
"""Bytes: what has less is not changed further."""
PNG, JPEG, RIFF, BMP, PDF = b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"RIFF", b"BM", b"%PDF"
TIFFS = (b"II*\0", b"MM\0*")
_PDF_NUMBER = re.compile(rb"/(?:Length|Width|Height|Count|Size|Columns|Rows|K|N|First|Predictor|Colors|BitsPerComponent|MediaBox \[ ?\d+ \d+)\s+(\d+)|startxref\s+(\d+)|\n(\d{10}) ")  # fmt: skip  # noqa: E501
_BMP_NUMBERS = ((2, 4), (10, 4), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2), (30, 4), (34, 4), (38, 4), (46, 4))
_GIF_NUMBERS = ((6, 2), (8, 2), (10, 1), (11, 1))

Place = tuple[int, int, str]
"""A number in a file: where it begins, how many bytes it has, and their order as ``struct`` writes it."""


def bad_files(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Give ``count`` bad files with their names, which tell how each was made; the same for the same seed.

    No two have the same content, and none is as good as it was.
    """
    good = sample_files() | made_files()
    known = {_sum(data) for data in good.values()}
    number = 0
    for attempt in itertools.count():
        if number == count:
            return
        name, how, data = _bad_file(good, Random(f"{seed} {attempt}"))
        if (content := _sum(data)) not in known:
            known.add(content)
            number += 1
            yield f"{number:05}-{how}-{Path(name).stem}{_ending(name)}", data


def _bad_file(good: dict[str, bytes], random: Random) -> tuple[str, str, bytes]:
    """Give the name of a good file, how it was made bad, and what came of it."""
    name = random.choice(list(good))
    data, made = good[name], random.choices(MUTATIONS, k=random.choice((1, 1, 1, 2, MOST_AT_ONCE)))
    for mutation in made:
        data = mutation(data, random) if len(data) >= LEAST else data
    if data.startswith(PNG) and random.random() < 0.6:
        data = with_checksums(data)
    return name, "-".join(mutation.__name__ for mutation in made), data


def _sum(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _ending(name: str) -> str:
    """Give an ending by which a job takes a file: what is left out by its name is never opened."""
    return {".gif": ".gif.png", ".whole": ".tif", ".blank": ".png"}.get(Path(name).suffix, Path(name).suffix)


def flip(data: bytes, random: Random) -> bytes:
    """Turn some bits, half of the time near the beginning or the end, where formats keep what they are."""
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 8, 64))):
        reach = random.choice((len(changed), len(changed), min(HEAD, len(changed)), -min(HEAD, len(changed))))
        place = random.randrange(reach) if reach > 0 else len(changed) + random.randrange(reach, 0)
        changed[place] ^= 1 << random.randrange(8)
    return bytes(changed)


def truncate(data: bytes, random: Random) -> bytes:
    """Cut the end off."""
    return data[: random.choice((1, 16, len(data) // 2, len(data) - 1, random.randrange(1, len(data))))]


def lose(data: bytes, random: Random) -> bytes:
    """Take a part out of the middle."""
    start = random.randrange(len(data))
    return data[:start] + data[start + random.choice((1, 7, 512, len(data) // 3)) :] or data[:1]


def fill(data: bytes, random: Random) -> bytes:
    """Overwrite a part with zeros, ones or noise, as a bad disk does."""
    start, length = random.randrange(len(data)), random.choice((1, 4, 64, 512, 4096))
    part = data[start : start + length]
    stuff = random.choice((bytes(len(part)), b"\xff" * len(part), random.randbytes(len(part))))
    return data[:start] + stuff + data[start + len(part) :]


def repeat(data: bytes, random: Random) -> bytes:
    """Have a piece of the format many times, or behind another."""
    pieces = _pieces(data)
    piece = random.choice(pieces)
    place = random.randrange(len(pieces))
    copies = random.choice((1, 1, 2, 100)) if len(piece) < 10_000 else 1
    return b"".join([*pieces[:place], *[piece] * copies, *pieces[place:]])


def swap(data: bytes, random: Random) -> bytes:
    """Exchange two pieces of the format."""
    pieces = _pieces(data)
    one, other = random.randrange(len(pieces)), random.randrange(len(pieces))
    pieces[one], pieces[other] = pieces[other], pieces[one]
    return b"".join(pieces)


def drop(data: bytes, random: Random) -> bytes:
    """Leave out a piece of the format."""
    pieces = _pieces(data)
    place = random.randrange(len(pieces))
    return b"".join([*pieces[:place], *pieces[place + 1 :]]) or data[:1]


def number(data: bytes, random: Random) -> bytes:
    """Make a length, a size, a count or an offset of the format huge, nothing, or slightly wrong."""
    if data.startswith(PDF):
        return _pdf_number(data, random)
    places = [place for place in _numbers(data) if place[0] + place[1] <= len(data)]
    if not places:
        return flip(data, random)
    changed = bytearray(data)
    for start, width, order in random.sample(places, min(len(places), random.choice((1, 1, 2)))):
        value = int.from_bytes(data[start : start + width], "little" if order == "<" else "big")
        wanted = _extreme(value, width, random)
        changed[start : start + width] = wanted.to_bytes(width, "little" if order == "<" else "big")
    return bytes(changed)


MUTATIONS: tuple[Callable[[bytes, Random], bytes], ...] = (flip, truncate, lose, fill, repeat, swap, drop, number, number)  # fmt: skip  # noqa: E501


def _extreme(value: int, width: int, random: Random) -> int:
    most = (1 << 8 * width) - 1
    wanted = (0, 1, 3, most, most // 2, most // 2 + 1, most // 16, value + 1, value - 1, 2 * value, 9 * value, 30_000)
    return random.choice((*wanted, random.randrange(most))) & most


def _pdf_number(data: bytes, random: Random) -> bytes:
    found = random.choice(list(_PDF_NUMBER.finditer(data)) or [None])
    if found is None:
        return flip(data, random)
    place = next(group for group in (1, 2, 3) if found[group] is not None)
    wanted = _extreme(int(found[place]), random.choice((1, 2, 4, 8)), random)
    sign = random.choice((b"", b"", b"-"))
    return data[: found.start(place)] + sign + b"%d" % wanted + data[found.end(place) :]


def with_checksums(data: bytes) -> bytes:
    """Give a PNG the checksums of its changed chunks, so that the change is met behind them."""
    changed = bytearray(data)
    for start, end in _png_chunks(data):
        changed[end - 4 : end] = zlib.crc32(changed[start + 4 : end - 4]).to_bytes(4)
    return bytes(changed)


def _pieces(data: bytes) -> list[bytes]:
    """Take a file to the pieces of its format, or to equal ones."""
    cuts = {0, len(data), *_cuts(data)}
    if len(cuts) < 4:
        cuts |= {len(data) * share // PIECES for share in range(PIECES)}
    order = sorted(cut for cut in cuts if cut <= len(data))
    return [data[start:end] for start, end in itertools.pairwise(order)] or [data]


def _cuts(data: bytes) -> Iterator[int]:
    """Give where the pieces of a format begin."""
    if data.startswith(PNG):
        yield from (start for start, _ in _png_chunks(data))
    elif data.startswith(JPEG):
        yield from (start for start, _, _ in _segments(data))
    elif data.startswith(RIFF):
        yield from (start for start, _ in _riff_chunks(data))
    elif data.startswith(TIFFS):
        yield from _tiff_entries(data)
    elif data.startswith(PDF):
        yield from (found.end() for found in re.finditer(rb"endobj\s|stream\r?\n", data))


def _numbers(data: bytes) -> Iterator[Place]:
    """Give where a format keeps its lengths, sizes, counts and offsets."""
    if data.startswith(PNG):
        yield from ((16, 4, ">"), (20, 4, ">"), (24, 1, ">"), (25, 1, ">"), (28, 1, ">"))
        yield from ((start, 4, ">") for start, _ in _png_chunks(data))
    elif data.startswith(JPEG):
        for start, marker, end in _segments(data):
            yield start + 2, 2, ">"
            sizes = ((4, 1), (5, 2), (7, 2), (9, 1), (11, 1), (12, 1)) if 0xC0 <= marker < 0xCF else ((4, 1), (end - start - 2, 2))  # fmt: skip  # noqa: E501
            yield from ((start + place, width, ">") for place, width in sizes if start + place + width <= end)
    elif data.startswith(RIFF):
        yield from ((start + 4, 4, "<") for start, _ in _riff_chunks(data))
        yield from ((24, 3, "<"), (27, 3, "<"), (26, 2, "<"), (28, 2, "<"), (21, 4, "<"))
    elif data.startswith(TIFFS):
        order = "<" if data[:2] == b"II" else ">"
        yield 4, 4, order
        for start in _tiff_entries(data):
            yield from ((start + 2, 2, order), (start + 4, 4, order), (start + 8, 4, order), (start + 8, 4, order))
    elif data.startswith(BMP):
        yield from ((place, width, "<") for place, width in _BMP_NUMBERS)
    elif data.startswith(b"GIF8"):
        yield from ((place, width, "<") for place, width in _GIF_NUMBERS)


def _png_chunks(data: bytes) -> Iterator[tuple[int, int]]:
    position = len(PNG)
    while position + 12 <= len(data):
        end = position + 12 + int.from_bytes(data[position : position + 4])
        if end > len(data):
            return
        yield position, end
        position = end


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Give a JPEG's segments: where each begins, its marker, and where it ends; the last is that of the scan."""
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker, length = data[position + 1], int.from_bytes(data[position + 2 : position + 4])
        yield position, marker, position + 2 + length
        position += 2 + length
        if marker == 0xDA:
            return


def _riff_chunks(data: bytes) -> Iterator[tuple[int, int]]:
    yield 0, 12
    position = 12
    while position + 8 <= len(data):
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        yield position, position + 8 + length
        position += 8 + length + length % 2


def _tiff_entries(data: bytes) -> Iterator[int]:
    """Give where the entries of a TIFF's directories begin, those of the first few."""
    order = "<" if data[:2] == b"II" else ">"
    offset, seen = struct.unpack_from(order + "I", data, 4)[0] if len(data) >= 8 else 0, set[int]()
    while offset and offset not in seen and offset + 2 <= len(data) and len(seen) < 16:
        seen.add(offset)
        (count,) = struct.unpack_from(order + "H", data, offset)
        end = offset + 2 + 12 * count
        if end + 4 > len(data):
            return
        yield from range(offset + 2, end, 12)
        (offset,) = struct.unpack_from(order + "I", data, end)
