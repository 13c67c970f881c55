"""BMP and WebP: rare among scans, so their size and length are checked here and Pillow decodes them."""

import io
import struct

from PIL import Image, UnidentifiedImageError

from ocrbatch.errors import DecodeError
from ocrbatch.page.containers.tags import read_exif
from ocrbatch.page.grey import Resolution, grey_of_image, make_page
from ocrbatch.records import Page

_INCHES_A_METRE = 39.3701
_BMP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})
_BMP_UNPACKED = frozenset({0, 3, 6})
_ANIMATED = 0x02


def is_bmp(data: bytes) -> bool:
    """Tell a BMP from a text that begins with BM."""
    if data[:2] != b"BM" or len(data) < 10 or data[6:10] != bytes(4):
        return False
    return len(data) < 18 or int.from_bytes(data[14:18], "little") in _BMP_HEADERS


def read_bmp(data: bytes, max_pixels: int) -> Page:
    """Read a BMP as page 1; DecodeError ``truncated``, ``too large``, ``broken`` or ``unsupported``."""
    try:
        size, _, offset, kind = struct.unpack_from("<IIII", data, 2)
        x = y = compression = 0
        if kind == 12:
            width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        else:
            width, height, _, bits, compression, _, x, y = struct.unpack_from("<iiHHIIii", data, 18)
    except struct.error as error:
        raise DecodeError("truncated", "the BMP ends within its header") from error
    height = abs(height)
    if width <= 0 or height == 0:
        raise DecodeError("broken", "a BMP without a size")
    if width * height > max_pixels:
        raise DecodeError("too large", f"{width}×{height} pixels")
    needed = offset + (width * bits + 31) // 32 * 4 * height if compression in _BMP_UNPACKED else size
    if needed > len(data):
        raise DecodeError("truncated", f"{len(data)} of {needed} bytes")
    grey = grey_of_image(_open(data, "BMP"))
    resolution = Resolution(x / _INCHES_A_METRE, y / _INCHES_A_METRE) if x > 0 and y > 0 else None
    return make_page(1, grey, resolution, 1, max_pixels)


def is_webp(data: bytes) -> bool:
    """Tell a WebP, also one that was cut within its header, from other RIFF files."""
    return data[:4] == b"RIFF" and len(data) >= 12 and data[8:12] == b"WEBP"


def read_webp(data: bytes, max_pixels: int) -> Page:
    """Read a still WebP as page 1; DecodeError ``truncated``, ``too large``, ``broken`` or ``unsupported``."""
    if 8 + int.from_bytes(data[4:8], "little") > len(data):
        raise DecodeError("truncated", "the WebP is shorter than its header says")
    width, height = _webp_size(data)
    if width * height > max_pixels:
        raise DecodeError("too large", f"{width}×{height} pixels")
    image = _open(data, "WEBP")
    block = image.info.get("exif", b"")
    exif = read_exif(block.removeprefix(b"Exif\0\0"))
    orientation, resolution = (exif.orientation, exif.resolution) if exif is not None else (1, None)
    return make_page(1, grey_of_image(image), resolution, orientation, max_pixels)


def _webp_size(data: bytes) -> tuple[int, int]:
    """Read the size from the first chunk (RFC 9649): the decoder would make room for it at once."""
    name, body = data[12:16], data[20:30]
    if len(body) < 10:
        raise DecodeError("broken", "a WebP without a picture")
    if name == b"VP8X":
        if body[0] & _ANIMATED:
            raise DecodeError("unsupported", "an animated WebP")
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if name == b"VP8L":
        packed = int.from_bytes(body[1:5], "little")
        return 1 + (packed & 0x3FFF), 1 + (packed >> 14 & 0x3FFF)
    if name == b"VP8 ":
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    raise DecodeError("broken", "a WebP without a picture")


def _open(data: bytes, kind: str) -> Image.Image:
    """Open by Pillow with one plugin alone."""
    try:
        return Image.open(io.BytesIO(data), formats=[kind])
    except UnidentifiedImageError as error:
        raise DecodeError("broken", f"the {kind} header makes no sense") from error
    except OSError as error:
        if "nsupported" in str(error):
            raise DecodeError("unsupported", str(error)) from error
        raise
