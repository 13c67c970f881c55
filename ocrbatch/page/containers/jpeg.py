"""JPEG (ITU-T T.81, JFIF 1.02, Exif 2.32): the fast way from bytes to grey is the Y plane itself."""

import io
import re
import struct
from dataclasses import dataclass

import cv2
from PIL import Image, ImageChops

from ocrbatch.errors import DecodeError
from ocrbatch.page.containers.quiet import grey_of, imdecode
from ocrbatch.page.containers.tags import read_exif
from ocrbatch.page.grey import Resolution, grey_of_image, make_page
from ocrbatch.records import Grey, Page

MAGIC = b"\xff\xd8\xff"
_EXIF_PREFIX = b"Exif\0\0"
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_READABLE_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})
_START_OF_SCAN, _END = 0xDA, 0xD9
_APP0, _APP1 = 0xE0, 0xE1
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})
_MOST_SCANS = 500
_MARKER_AFTER_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_HARMLESS_SURPLUS = re.compile(r"extraneous bytes before marker 0xd9")


@dataclass(slots=True)
class _Header:
    """What the markers say; ``components`` is 1 for grey, 3 for colour, 4 for CMYK."""

    width: int = 0
    height: int = 0
    components: int = 0
    density: Resolution | None = None
    exif: bytes = b""


def read_jpeg(data: bytes, max_pixels: int) -> Page:
    """Read a JPEG as page 1; DecodeError ``truncated``, ``too large``, ``broken`` or ``unsupported``."""
    header = _read_header(data, max_pixels)
    grey = _decode(data, header)
    orientation, resolution = 1, header.density
    exif = read_exif(header.exif)
    if exif is not None:
        orientation = exif.orientation
        # JFIF's density is the one that editors keep up to date; EXIF's counts where there is no JFIF.
        if resolution is None or not resolution.absolute:
            resolution = exif.resolution or resolution
    return make_page(1, grey, resolution, orientation, max_pixels)


def read_embedded_jpeg(data: bytes, max_pixels: int) -> Grey | None:
    """Read the grey pixels (H, W) of a JPEG within another file, as they lie; None for CMYK.

    Its own orientation and density do not count there. Raises DecodeError as ``read_jpeg`` does.
    """
    header = _read_header(data, max_pixels)
    return _decode(data, header) if header.components != 4 else None


def _read_header(data: bytes, max_pixels: int) -> _Header:
    """Follow the markers to the end of the image, so that a file without its end is known before decoding."""
    header = _Header()
    position, scans = 2, 0
    while True:
        marker, position = _next_marker(data, position)
        if marker == _END:
            if not scans:
                raise DecodeError("broken", "a JPEG without a picture")
            return header
        if marker in _BARE:
            continue
        length = int.from_bytes(data[position : position + 2])
        body = data[position + 2 : position + length]
        if length < 2 or len(body) < length - 2:
            raise DecodeError("truncated", "the JPEG ends within its header")
        position += length
        if marker in _START_OF_FRAME and not header.width:
            _read_frame(header, marker, body, max_pixels)
        elif marker == _APP0 and body.startswith(b"JFIF\0") and len(body) >= 12:
            header.density = _read_density(body)
        elif marker == _APP1 and body.startswith(_EXIF_PREFIX) and not header.exif:
            header.exif = body[len(_EXIF_PREFIX) :]
        elif marker == _START_OF_SCAN:
            scans += 1
            if not header.width or scans > _MOST_SCANS:
                raise DecodeError("broken", "a JPEG with no frame, or with too many scans")
            after = _MARKER_AFTER_SCAN.search(data, position)
            if after is None:
                raise DecodeError("truncated", "the JPEG's end marker is missing")
            position = after.start()


def _next_marker(data: bytes, position: int) -> tuple[int, int]:
    """Give the marker at or after ``position`` and the place behind it; stray bytes are passed over."""
    position = data.find(b"\xff", position)
    while position >= 0 and data[position : position + 1] == b"\xff":
        position += 1
    if position < 0 or position >= len(data):
        raise DecodeError("truncated", "the JPEG's end marker is missing")
    return data[position], position + 1


def _read_frame(header: _Header, marker: int, body: bytes, max_pixels: int) -> None:
    """Take the size from a frame header, before a byte is decoded."""
    if marker not in _READABLE_FRAMES:
        raise DecodeError("unsupported", "lossless or hierarchical JPEG")
    if len(body) < 6:
        raise DecodeError("broken", "a JPEG with a damaged frame header")
    precision, header.height, header.width, header.components = struct.unpack_from(">BHHB", body)
    if precision != 8:
        raise DecodeError("unsupported", f"JPEG with {precision} bits a sample; save it with 8")
    if not header.width or not header.height:
        raise DecodeError("unsupported", "a JPEG that names no size")
    if header.width * header.height > max_pixels:
        raise DecodeError("too large", f"{header.width}×{header.height} pixels")
    if header.components not in (1, 3, 4):
        raise DecodeError("unsupported", f"JPEG of {header.components} components")


def _read_density(body: bytes) -> Resolution:
    """Read JFIF's density: unit 0 is a bare ratio, 1 dots per inch, 2 dots per centimetre."""
    unit, x, y = struct.unpack_from(">BHH", body, 7)
    factor = 2.54 if unit == 2 else 1.0
    return Resolution(x * factor, y * factor, absolute=unit in (1, 2))


def _decode(data: bytes, header: _Header) -> Grey:
    """Decode to grey (H, W) as it lies in the file; missing data is refused, not filled with grey."""
    picture, said = imdecode(data, cv2.IMREAD_GRAYSCALE)
    if "remature end" in said:
        raise DecodeError("truncated", "the JPEG's data ends before its picture")
    if "Corrupt JPEG data" in said and not _HARMLESS_SURPLUS.search(said):
        raise DecodeError("broken", said.strip().splitlines()[0][:200])
    if header.components == 4:
        # Adobe writes its inks inverted and says so in a marker; Pillow takes those of all files for Adobe's.
        inks = Image.open(io.BytesIO(data), formats=["JPEG"])
        return grey_of_image(inks if "adobe" in inks.info else ImageChops.invert(inks))
    if picture is None:
        raise DecodeError("broken", said.strip()[:200])
    return grey_of(picture)
