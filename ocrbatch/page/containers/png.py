"""PNG (ISO/IEC 15948): chunks and their checksums first, then OpenCV, whose libpng misses no lost row."""

import io
import struct
import zlib
from dataclasses import dataclass

import cv2
from PIL import Image

from ocrbatch.errors import DecodeError
from ocrbatch.page.containers.quiet import grey_of, imdecode
from ocrbatch.page.containers.tags import read_exif
from ocrbatch.page.grey import Resolution, grey_of_array, grey_of_image, make_page
from ocrbatch.records import Grey, Page

MAGIC = b"\x89PNG\r\n\x1a\n"
_INCHES_A_METRE = 39.3701
_WITH_ALPHA = (4, 6)
_MOST_CHUNKS = 1_000_000


@dataclass(slots=True)
class _Header:
    """What the chunks say; ``kind`` is PNG's colour type."""

    width: int = 0
    height: int = 0
    depth: int = 0
    kind: int = 0
    transparency: bool = False
    resolution: Resolution | None = None
    exif: bytes = b""


def read_png(data: bytes, max_pixels: int) -> Page:
    """Read a PNG as page 1; DecodeError ``truncated``, ``too large`` or ``broken``."""
    header = _read_header(data, max_pixels)
    exif = read_exif(header.exif)
    orientation = exif.orientation if exif is not None else 1
    return make_page(1, _decode(data, header), header.resolution, orientation, max_pixels)


def _read_header(data: bytes, max_pixels: int) -> _Header:
    """Walk the chunks to IEND; a chunk that is cut or missing is ``truncated``, a wrong checksum ``broken``."""
    header = _Header()
    view = memoryview(data)
    position = len(MAGIC)
    for _ in range(_MOST_CHUNKS):
        if position + 12 > len(data):
            raise DecodeError("truncated", "the PNG's last chunk is missing")
        length, name = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if not header.width and name != b"IHDR":
            raise DecodeError("broken", "a PNG that does not begin with its header")
        if end > len(data):
            raise DecodeError("truncated", "the PNG ends within a chunk")
        if zlib.crc32(view[position + 4 : end - 4]) != int.from_bytes(data[end - 4 : end]):
            raise DecodeError("broken", f"wrong checksum in chunk {name.decode('latin-1')!r}")
        if name == b"IEND":
            return header
        _read_chunk(header, name, data[position + 8 : end - 4] if name != b"IDAT" else b"", max_pixels)
        position = end
    raise DecodeError("broken", "a PNG of a million chunks")


def _read_chunk(header: _Header, name: bytes, body: bytes, max_pixels: int) -> None:
    """Take from one chunk what the header needs."""
    if name == b"IHDR" and len(body) == 13:
        header.width, header.height, header.depth, header.kind = struct.unpack_from(">IIBB", body)
        if not header.width or not header.height:
            raise DecodeError("broken", "a PNG without a size")
        if header.width * header.height > max_pixels:
            raise DecodeError("too large", f"{header.width}×{header.height} pixels")
    elif name == b"tRNS":
        header.transparency = True
    elif name == b"eXIf":
        header.exif = body
    elif name == b"pHYs" and len(body) == 9:
        x, y, unit = struct.unpack(">IIB", body)
        header.resolution = Resolution(x / _INCHES_A_METRE, y / _INCHES_A_METRE, absolute=unit == 1)


def _decode(data: bytes, header: _Header) -> Grey:
    """Decode to grey (H, W); OpenCV's own grey mode only where there is neither alpha nor a 16-bit range."""
    plain = header.depth <= 8 and header.kind not in _WITH_ALPHA and not header.transparency
    picture, said = imdecode(data, cv2.IMREAD_GRAYSCALE if plain else cv2.IMREAD_UNCHANGED)
    if picture is None:
        code = "truncated" if "Not enough" in said or "EOF" in said else "broken"
        raise DecodeError(code, said.strip().splitlines()[0][:200] if said.strip() else "libpng refuses it")
    if plain:
        return grey_of(picture)
    if header.transparency and header.depth <= 8:
        # A transparent palette entry or grey level: Pillow alone knows it. OpenCV has proved the file whole.
        return grey_of_image(Image.open(io.BytesIO(data), formats=["PNG"]))
    return grey_of_array(picture)
