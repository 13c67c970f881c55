"""TIFF 6.0 and BigTIFF, streamed a page at a time by one open handle.

The directories are walked here, since only so a bomb, a loop and a cut strip are known before decoding;
Pillow decodes the pixels and turns them upright.
"""

import io
import struct
from collections.abc import Iterator

import numpy as np
from PIL import Image, UnidentifiedImageError

from ocrbatch.errors import DecodeError
from ocrbatch.page.containers.quiet import captured_standard_error, guarded
from ocrbatch.page.containers.tags import Directory, Layout, read_directory, read_layout
from ocrbatch.page.grey import brighten_high_bytes, grey_of_image, make_page, scale_samples
from ocrbatch.records import Grey, Page, PageFailure

MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
MOST_PAGES = 65_535

_KIND, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 254, 256, 257, 258, 259, 262
_STRIPS, _SAMPLES, _ROWS, _STRIP_BYTES, _PLANAR = 273, 277, 278, 279, 284
_TILE_WIDTH, _TILE_HEIGHT, _TILES, _TILE_BYTES = 322, 323, 324, 325
_THUMBNAIL_OR_MASK = 0b101
_UNPACKED, _SUBSAMPLED = 1, 6
_SEPARATE_PLANES = 2
_MIN_IS_WHITE = 0
_SAMPLE_FORMAT, _UNSIGNED = 339, 1


def read_tiff(data: bytes, max_pixels: int) -> Iterator[Page | PageFailure]:
    """Read a TIFF's pages in order; a page that cannot be read is a failure between the others.

    Raises DecodeError where not even the first directory can be read. Thumbnails and masks are no pages.
    """
    layout = read_layout(data)
    frames = _Frames(data, layout)
    number = 0
    for offset, found in _directories(data, layout):
        if isinstance(found, DecodeError):
            yield PageFailure(number + 1, found.code, found.detail)
            return
        if number and found.number(_KIND, 0) & _THUMBNAIL_OR_MASK:
            continue
        number += 1
        try:
            with guarded():
                _check(found, len(data), max_pixels)
                image = frames.open(offset, found)
                grey = _to_grey(image, found)
                # The pixels were turned upright with the decoding; the resolution was not.
                resolution = found.resolution
                if resolution is not None and found.orientation >= 5:
                    resolution = resolution.turned()
                page = make_page(number, grey, resolution, 1, max_pixels)
        except DecodeError as error:
            yield PageFailure(number, error.code, error.detail)
        else:
            yield page


def _directories(data: bytes, layout: Layout) -> Iterator[tuple[int, Directory | DecodeError]]:
    """Follow the chain of directories; where it breaks, loops or never ends, the last item is an error."""
    seen: set[int] = set()
    offset = layout.first
    if not offset:
        yield 0, DecodeError("broken", "a TIFF without a picture")
    while offset:
        if offset in seen:
            yield offset, DecodeError("broken", "the TIFF's directories form a loop")
            return
        if len(seen) == MOST_PAGES:
            yield offset, DecodeError("too large", f"more than {MOST_PAGES} pages")
            return
        seen.add(offset)
        try:
            directory = read_directory(data, layout, offset)
        except DecodeError as error:
            yield offset, error
            return
        yield offset, directory
        offset = directory.next


class _Frames:
    """The one handle on the file: each page is shown to Pillow as if it were the file's only one.

    libtiff walks all directories for every page that it is asked for, which makes a long file's time
    quadratic, and Pillow opens no file whose first page it cannot read; neither sees the other pages so.
    """

    def __init__(self, data: bytes, layout: Layout) -> None:
        self._file = io.BytesIO(data)
        self._layout = layout

    def open(self, offset: int, directory: Directory) -> Image.Image:
        """Give the image of the directory that lies at ``offset``."""
        place, code = (8, "Q") if self._layout.big else (4, "I")
        with self._file.getbuffer() as buffer:
            struct.pack_into(self._layout.order + code, buffer, place, offset)
            struct.pack_into(self._layout.order + code, buffer, directory.link, 0)
        self._file.seek(0)
        try:
            return Image.open(self._file, formats=["TIFF"])
        except UnidentifiedImageError as error:
            raise DecodeError("unsupported", "a TIFF of a kind of pixels that is not read") from error


def _check(directory: Directory, length: int, max_pixels: int) -> None:
    """Compare what a directory promises with the file's length and with ``max_pixels``."""
    width, height = directory.number(_WIDTH, 0), directory.number(_HEIGHT, 0)
    if width <= 0 or height <= 0:
        raise DecodeError("broken", "a TIFF page without a size")
    if width * height > max_pixels:
        raise DecodeError("too large", f"{width}×{height} pixels")
    tile_width, tile_height = directory.number(_TILE_WIDTH, 0), directory.number(_TILE_HEIGHT, 0)
    if tile_width * tile_height > max_pixels:
        raise DecodeError("too large", f"tiles of {tile_width}×{tile_height} pixels")
    tiled = _TILES in directory.tags
    offsets = directory.numbers(_TILES if tiled else _STRIPS)
    counts = directory.numbers(_TILE_BYTES if tiled else _STRIP_BYTES)
    if not offsets:
        raise DecodeError("broken", "a TIFF page without data")
    counts = counts or [0] * len(offsets)
    if any(offset + count > length for offset, count in zip(offsets, counts, strict=False)):
        raise DecodeError("truncated", "the page's data lies beyond the end of the file")
    if len(offsets) < _pieces(directory, width, height):
        raise DecodeError("broken", f"only {len(offsets)} pieces of the page are there")
    if directory.number(_COMPRESSION, _UNPACKED) == _UNPACKED and not tiled:
        there = sum(counts) if any(counts) else length - offsets[0]
        _check_unpacked(directory, width, height, there)


def _pieces(directory: Directory, width: int, height: int) -> int:
    """Count the strips or tiles that the page must have."""
    planes = 1
    if directory.number(_PLANAR, 1) == _SEPARATE_PLANES:
        planes = max(1, directory.number(_SAMPLES, 1))
    if _TILES in directory.tags:
        across = max(1, directory.number(_TILE_WIDTH, width))
        down = max(1, directory.number(_TILE_HEIGHT, height))
        return -(-width // across) * -(-height // down) * planes
    rows = max(1, directory.number(_ROWS, height))
    return -(-height // rows) * planes


def _check_unpacked(directory: Directory, width: int, height: int, there: int) -> None:
    """See that the bytes of unpacked pixels suffice: Pillow leaves missing rows black and says nothing."""
    if directory.number(_PHOTOMETRIC, 1) == _SUBSAMPLED:
        return
    samples = max(1, directory.number(_SAMPLES, 1))
    bits = directory.numbers(_BITS) or [1]
    bits_a_pixel = sum(bits) if len(bits) == samples else bits[0] * samples
    needed = (width * bits_a_pixel + 7) // 8 * height
    if there < needed:
        raise DecodeError("truncated", f"{there} of {needed} bytes of pixels")


def _to_grey(image: Image.Image, directory: Directory) -> Grey:
    """Decode the current frame to grey (H, W), upright."""
    said: list[bytes] = []
    try:
        with captured_standard_error() as said:
            image.load()
    except OSError as error:
        code = "truncated" if "truncated" in str(error) else "broken"
        reason = b"".join(said).decode("latin-1").strip() or str(error)
        raise DecodeError(code, f"TIFF: {reason}"[:200]) from error
    if image.mode == "I" and directory.number(_SAMPLE_FORMAT, _UNSIGNED) == _UNSIGNED:
        # Pillow has no unsigned 32 bits: paper in the upper half would come out below zero.
        grey = scale_samples(np.asarray(image).view(np.uint32))
    else:
        grey = grey_of_image(image)
    high_grey = image.mode == "F" or image.mode.startswith("I")
    if high_grey and directory.number(_PHOTOMETRIC, 1) == _MIN_IS_WHITE:
        return 255 - grey
    if max(directory.numbers(_BITS), default=1) == 16 and not high_grey:
        return brighten_high_bytes(grey)
    return grey
