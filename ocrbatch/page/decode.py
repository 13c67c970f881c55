"""The first stage: a file's bytes to grey pages, or to the reason why not.

The kind of file is told by its content. What cannot be read becomes a ``PageFailure`` whose code is one of:

==================  ====================================================================================
``empty file``      no bytes
``not an image``    no picture format is known by these bytes (text, HTML, an archive, a program)
``unsupported``     a picture, but of a format or a kind of pixels that is not read (GIF, 12-bit JPEG)
``truncated``       the file ends before its picture does
``too large``       more pixels than ``max_pixels``, or more pages or objects than any real document
``encrypted``       a PDF that asks for a password
``broken``          damaged in any other way; the detail says what was found
==================  ====================================================================================

Nothing else comes out: no exception for bad bytes, no blank page in place of a lost one.
"""

from collections.abc import Callable, Iterator

from ocrbatch.errors import DecodeError
from ocrbatch.page.containers import bitmaps, jpeg, pdf, png, tiff
from ocrbatch.page.containers.quiet import guarded
from ocrbatch.records import Page, PageFailure

Reader = Callable[[bytes, int], Page]

_UNSUPPORTED: tuple[tuple[bytes, str], ...] = (
    (b"GIF8", "GIF"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"8BPS", "Photoshop"),
    (b"%!PS", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "PostScript"),
    (b"AT&TFORM", "DjVu"),
    (b"\0\0\1\0", "an icon"),
    (b"II\xbc", "JPEG XR"),
    (b"\x97JB2", "JBIG2"),
)
_BRANDS = (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis")
_PORTABLE_MAPS = tuple(b"P%d" % kind for kind in range(1, 8))


def decode(data: bytes, *, max_pixels: int = 100_000_000) -> Iterator[Page | PageFailure]:
    """Read a file's bytes to its pages, numbered from 1, one at a time.

    A page's pixels are (H, W) uint8, C-contiguous and read-only, 0 ink to 255 paper, upright and square;
    its dpi is None where the file does not say or says a default such as 72. Sizes are compared with
    ``max_pixels`` before anything is decoded. Never raises for bad bytes: see the module's table of codes.
    """
    data = bytes(data)
    number = 0
    pages = _pages(data, max_pixels)
    while True:
        try:
            with guarded():
                page = next(pages, None)
        except DecodeError as error:
            yield PageFailure(number + 1, error.code, error.detail)
            return
        if page is None:
            return
        number = page.number
        yield page


def _pages(data: bytes, max_pixels: int) -> Iterator[Page | PageFailure]:
    """Choose the reader by the first bytes; DecodeError where there is none."""
    if not data:
        raise DecodeError("empty file")
    if any(data.startswith(magic) and len(data) > len(magic) for magic in tiff.MAGICS):
        yield from tiff.read_tiff(data, max_pixels)
    elif pdf.is_pdf(data):
        yield from pdf.read_pdf(data, max_pixels)
    else:
        yield _single_page_reader(data)(data, max_pixels)


def _single_page_reader(data: bytes) -> Reader:
    """Find the reader of a format that holds one picture."""
    if data.startswith(jpeg.MAGIC) and len(data) > len(jpeg.MAGIC):
        return jpeg.read_jpeg
    if data.startswith(png.MAGIC) and len(data) > len(png.MAGIC):
        return png.read_png
    if bitmaps.is_bmp(data):
        return bitmaps.read_bmp
    if bitmaps.is_webp(data):
        return bitmaps.read_webp
    for magic, name in _UNSUPPORTED:
        if data.startswith(magic) and len(data) > len(magic):
            raise DecodeError("unsupported", f"{name}; save it as PNG, TIFF, JPEG or PDF")
    if data[4:8] == b"ftyp" and data[8:12] in _BRANDS:
        raise DecodeError("unsupported", "HEIC or AVIF; save it as JPEG")
    if data[:2] in _PORTABLE_MAPS and data[2:3].isspace():
        raise DecodeError("unsupported", "a portable map; save it as PNG")
    raise DecodeError("not an image", "neither PNG, JPEG, TIFF, BMP, WebP nor PDF")
