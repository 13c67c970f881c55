"""Pictures in memory, good and bad: nothing here touches a disk."""

import io
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from ocrbatch.records import Grey

Tag = tuple[int, str, Sequence[float]]
"""A TIFF tag: number, type (H short, I long, R rational), values."""


def written_page(height: int = 240, width: int = 320, seed: int = 0) -> Grey:
    """Draw a page (height, width) with a box and digits, different in every corner: paper 235, ink 20."""
    random = np.random.default_rng(seed)
    page = np.full((height, width), 235, np.uint8)
    cv2.rectangle(page, (10, 10), (width - 60, height - 30), 120, 2)
    for index in range(8):
        place = (20 + index % 4 * (width - 80) // 4, 60 + index // 4 * (height - 120))
        cv2.putText(page, str(random.integers(10)), place, cv2.FONT_HERSHEY_SIMPLEX, 1.4, 20, 3)
    cv2.circle(page, (width - 25, 25), 12, 60, -1)
    return page


def saved(picture: npt.NDArray[Any] | Image.Image, kind: str, **options: Any) -> bytes:
    """Save an array or image by Pillow."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png_chunk(name: bytes, body: bytes) -> bytes:
    """Make one chunk with its right checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_of(*chunks: bytes, width: int, height: int, depth: int = 8, kind: int = 0) -> bytes:
    """Make a PNG of the chunks between its header and its end."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + png_chunk(b"IEND", b"")


def png_bomb(side: int) -> bytes:
    """Make a bilevel PNG of side×side pixels whose rows are all zero."""
    row = bytes(1 + (side + 7) // 8)
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    return png_of(png_chunk(b"IDAT", packed), width=side, height=side, depth=1)


def tiff_tags(width: int, height: int, *more: Tag, bits: int = 8, photometric: int = 1) -> list[Tag]:
    """List the tags of an unpacked page; later ones take the place of earlier ones."""
    tags: list[Tag] = [
        (256, "I", [width]),
        (257, "I", [height]),
        (258, "H", [bits]),
        (259, "H", [1]),
        (262, "H", [photometric]),
        (277, "H", [1]),
        (278, "I", [height]),
        *more,
    ]
    return sorted({tag[0]: tag for tag in tags}.values())


def tiff_of(pages: Sequence[tuple[list[Tag], bytes]], *, order: str = "<", last: int = 0) -> bytes:
    """Write a TIFF of pages, each its tags and its one strip; ``last`` is the final directory's next offset."""
    out = bytearray((b"II*\0" if order == "<" else b"MM\0*") + bytes(4))
    link = 4
    for tags, strip in pages:
        place = len(out)
        out += strip + bytes(len(strip) % 2)
        complete = sorted([*tags, (273, "I", [place]), (279, "I", [len(strip)])])
        struct.pack_into(order + "I", out, link, len(out))
        directory = len(out)
        link = directory + 2 + 12 * len(complete)
        values = link + 4
        entries, beyond = b"", b""
        for number, kind, numbers in complete:
            code, packed = _tag_values(order, kind, numbers)
            inline = packed.ljust(4, b"\0")
            if len(packed) > 4:
                inline = struct.pack(order + "I", values + len(beyond))
                beyond += packed
            entries += struct.pack(order + "HHI", number, code, len(numbers)) + inline
        out += struct.pack(order + "H", len(complete)) + entries + struct.pack(order + "I", last) + beyond
    return bytes(out)


def _tag_values(order: str, kind: str, numbers: Sequence[float]) -> tuple[int, bytes]:
    if kind == "R":
        pairs = [part for number in numbers for part in (round(number * 100), 100)]
        return 5, struct.pack(f"{order}{len(pairs)}I", *pairs)
    whole = [int(number) for number in numbers]
    return {"H": 3, "I": 4}[kind], struct.pack(f"{order}{len(whole)}{kind}", *whole)


def group4_strip(page: Grey) -> bytes:
    """Pack a page as one strip of CCITT Group 4, black below 128."""
    packed = saved(
        Image.fromarray(page).convert("1"), "TIFF", compression="group4", tiffinfo={278: page.shape[0]}
    )
    with Image.open(io.BytesIO(packed)) as image:
        tags: Any = image.tag_v2  # type: ignore[attr-defined]
        (offset,), (length,) = tags[273], tags[279]
    return packed[offset : offset + length]


def pdf_of(objects: Sequence[bytes], *, trailer: bytes = b"") -> bytes:
    """Write a PDF of numbered objects, the first its catalogue."""
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R %s >>\n" % (len(objects) + 1, trailer)
    return bytes(out + b"startxref\n%d\n%%%%EOF" % start)


def pdf_stream(body: bytes, entries: bytes = b"") -> bytes:
    """Make a stream object."""
    return b"<< /Length %d %s >>\nstream\n" % (len(body), entries) + body + b"\nendstream"


def pdf_page(
    content: bytes, *, size: tuple[float, float] = (200, 100), entries: bytes = b"", more: Sequence[bytes] = ()
) -> bytes:
    """Write a PDF of one page; ``more`` are objects from number 5 on, for ``entries`` to name."""
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %g %g] /Contents 4 0 R %s >>" % (*size, entries)
    return pdf_of(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            page,
            pdf_stream(content),
            *more,
        ]
    )


def pdf_scan(
    body: bytes,
    width: int,
    height: int,
    *,
    entries: bytes,
    rotate: int = 0,
    dpi: float = 200.0,
    matrix: str = "",
) -> bytes:
    """Write a PDF of one page that an embedded picture covers; ``matrix`` places it otherwise."""
    wide, high = width * 72 / dpi, height * 72 / dpi
    content = f"q {matrix or f'{wide} 0 0 {high} 0 0'} cm /Im Do Q".encode()
    picture = pdf_stream(
        body, b"/Type /XObject /Subtype /Image /Width %d /Height %d " % (width, height) + entries
    )
    page = b"/Rotate %d /Resources << /XObject << /Im 5 0 R >> >>" % rotate
    return pdf_page(content, size=(wide, high), entries=page, more=[picture])
