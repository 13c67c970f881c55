"""PDF by PDFium: a page that is one scan comes at the scan's own pixels, any other is drawn at 300 dpi.

PDFium is not thread-safe: a process reads one document at a time. Scripts are never run: no platform for
them is given to PDFium, and fields filled in a viewer are drawn as they stand.
"""

import math
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ocrbatch.errors import DecodeError
from ocrbatch.page.containers import jpeg
from ocrbatch.page.containers.quiet import guarded
from ocrbatch.page.grey import Resolution, make_page
from ocrbatch.records import Grey, Page, PageFailure

MOST_PAGES = 65_535
MOST_OBJECTS = 200_000
_DEEPEST_FORM = 4
_POINTS_AN_INCH = 72.0
_DRAWN_DPI = 300.0
_COARSEST_DPI = 100.0
_SCAN_COVERS = 0.5
_EXACT = 0.005
_NUDGE = 0.01
_HEAD, _TAIL = 1024, 2048
_OTHER_FILES = (b"<", b"PK", b"\x7fELF", b"\x89PNG", b"\xff\xd8", b"BM", b"RIFF", b"GIF8", b"{")
_LINEARIZED_LENGTH = re.compile(rb"/Linearized\b[^>]{0,200}?/L\s+(\d+)")
_NOT_PLAIN = re.compile(rb"/(?:Decode\s*[\[\d]|SMask|Mask|ImageMask|ColorTransform)")
"""Entries that change what an embedded JPEG shows; a picture's dictionary always lies open in the file."""
_CODESTREAM = b"\xff\x4f\xff\x51"
"""How the codestream of a JPEG 2000 begins, up to its size (ISO/IEC 15444-1, A.5.1)."""


@dataclass(frozen=True, slots=True)
class _Scan:
    """The one picture of a page: ``image`` is PDFium's, ``across`` and ``down`` its pixels a point."""

    image: Any
    width: int
    height: int
    across: float
    down: float
    upright: bool
    exact: bool


def is_pdf(data: bytes) -> bool:
    """Tell a PDF; some mailers put a few lines before its header."""
    start = data.find(b"%PDF-", 0, _HEAD)
    return (start == 0 and len(data) > 5) or (start > 0 and not data.startswith(_OTHER_FILES))


def read_pdf(data: bytes, max_pixels: int) -> Iterator[Page | PageFailure]:
    """Read a PDF's pages in order; a page that cannot be read is a failure between the others.

    Raises DecodeError ``truncated``, ``encrypted`` or ``broken`` where the document cannot be opened.
    """
    _check_whole(data)
    document = _open(data)
    try:
        plain = not document.formenv and not _NOT_PLAIN.search(data)
        for index in range(min(len(document), MOST_PAGES)):
            try:
                with guarded():
                    page = _read_page(document, index, plain, max_pixels)
            except DecodeError as error:
                yield PageFailure(index + 1, error.code, error.detail)
            else:
                yield page
        if len(document) > MOST_PAGES:
            yield PageFailure(MOST_PAGES + 1, "too large", f"more than {MOST_PAGES} pages")
    finally:
        document.close()


def _check_whole(data: bytes) -> None:
    """See that the end is there: PDFium mends a cut file and would draw its lost scans as blank pages."""
    length = _LINEARIZED_LENGTH.search(data, 0, _TAIL)
    if length and int(length[1]) > len(data):
        raise DecodeError("truncated", f"{len(data)} of {int(length[1])} bytes")
    tail = data[-_TAIL:]
    if b"%%EOF" not in tail or b"startxref" not in tail:
        raise DecodeError("truncated", "the PDF's end marker is missing")


def _open(data: bytes) -> Any:
    """Open a document with its forms; DecodeError ``encrypted`` or ``broken``."""
    import pypdfium2
    import pypdfium2.raw as pdfium

    # PDFium may refuse a document without an error of its own, and then tells the last one, of whatever document.
    pdfium.FPDF_LoadMemDocument(b"-", 1, None)
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
            raise DecodeError("encrypted", "the PDF asks for a password; save it without one") from error
        raise DecodeError("broken", str(error)) from error
    if document.get_formtype() == pdfium.FORMTYPE_ACRO_FORM:
        document.init_forms()
    return document


def _read_page(document: Any, index: int, plain: bool, max_pixels: int) -> Page:
    """Read one page; ``plain`` says that nothing in the file changes how an embedded JPEG looks."""
    import pypdfium2.raw as pdfium

    page = document[index]
    try:
        images, others = _survey(page, max_pixels)
        scan = _lone_scan(page, images) if not others else None
        if scan and plain and not pdfium.FPDFPage_GetAnnotCount(page):
            grey = _embedded_jpeg(page, scan, max_pixels)
            if grey is not None:
                dpi = scan.across * _POINTS_AN_INCH
                return make_page(index + 1, grey, Resolution(dpi, dpi), 1, max_pixels)
        width, height, dpi = _size(page, scan, max_pixels)
        grey = _draw(document, page, width, height)
        if images and grey.min() == grey.max():
            _check_pictures(images)
        return make_page(index + 1, grey, Resolution(dpi, dpi), 1, max_pixels)
    finally:
        page.close()


def _survey(page: Any, max_pixels: int) -> tuple[list[Any], bool]:
    """List a page's pictures, and say whether anything else would show; invisible text (of OCR) does not.

    Raises DecodeError ``too large`` for too many objects or a picture of too many pixels.
    """
    import pypdfium2.raw as pdfium

    images: list[Any] = []
    others = False
    for count, (raw, level) in enumerate(_objects(page)):
        if count >= MOST_OBJECTS:
            raise DecodeError("too large", f"more than {MOST_OBJECTS} objects on a page")
        kind = pdfium.FPDFPageObj_GetType(raw)
        if kind == pdfium.FPDF_PAGEOBJ_IMAGE:
            width, height = max(_picture_sizes(page, raw), key=math.prod)
            if width * height > max_pixels:
                raise DecodeError("too large", f"a picture of {width}×{height} pixels")
            images.append(raw)
            others = others or level > 0
        elif kind == pdfium.FPDF_PAGEOBJ_TEXT:
            mode = pdfium.FPDFTextObj_GetTextRenderMode(raw)
            others = others or mode != pdfium.FPDF_TEXTRENDERMODE_INVISIBLE
        else:
            others = True
    return images, others


def _picture_sizes(page: Any, raw: Any) -> Iterator[tuple[int, int]]:
    """Give a picture's width and height; a JPEG 2000 has its own too, and they need not be what the document says."""
    import ctypes

    import pypdfium2
    import pypdfium2.raw as pdfium

    width, height = ctypes.c_uint(), ctypes.c_uint()
    pdfium.FPDFImageObj_GetImagePixelSize(raw, width, height)
    yield width.value, height.value
    image = pypdfium2.PdfImage(raw, page=page, pdf=page.pdf)
    if "JPXDecode" in image.get_filters():
        for found in re.finditer(_CODESTREAM, data := bytes(image.get_data(decode_simple=True))):
            if len(data) >= found.end() + 20:
                right, bottom, left, top = struct.unpack_from(">4I", data, found.end() + 4)
                yield right - left, bottom - top


def _objects(page: Any) -> Iterator[tuple[Any, int]]:
    """Walk a page's objects and those of the forms on it, with the depth at which they lie."""
    import pypdfium2.raw as pdfium

    def walk(parent: Any, level: int) -> Iterator[tuple[Any, int]]:
        count_of = pdfium.FPDFFormObj_CountObjects if level else pdfium.FPDFPage_CountObjects
        get = pdfium.FPDFFormObj_GetObject if level else pdfium.FPDFPage_GetObject
        for position in range(max(0, count_of(parent))):
            raw = get(parent, position)
            yield raw, level
            if level < _DEEPEST_FORM and pdfium.FPDFPageObj_GetType(raw) == pdfium.FPDF_PAGEOBJ_FORM:
                yield from walk(raw, level + 1)

    yield from walk(page, 0)


def _lone_scan(page: Any, images: list[Any]) -> _Scan | None:
    """Give the page's one picture, if there is one and it fills most of the page."""
    import pypdfium2

    if len(images) != 1:
        return None
    image = pypdfium2.PdfImage(images[0], page=page, pdf=page.pdf)
    width, height = image.get_px_size()
    a, b, c, d, _, _ = image.get_matrix().get()
    length, breadth = math.hypot(a, b), math.hypot(c, d)
    left, bottom, right, top = page.get_bbox()
    if min(length, breadth, right - left, top - bottom) <= 0 or not width or not height:
        return None
    bounds = image.get_bounds()
    inside_x = min(bounds[2], right) - max(bounds[0], left)
    inside_y = min(bounds[3], top) - max(bounds[1], bottom)
    if min(inside_x, inside_y) <= 0 or inside_x * inside_y < _SCAN_COVERS * (right - left) * (top - bottom):
        return None
    edges = zip(bounds, (left, bottom, right, top), strict=True)
    tolerance = _EXACT * min(right - left, top - bottom)
    aligned = min(abs(a) + abs(d), abs(b) + abs(c)) < _NUDGE
    return _Scan(
        image=image,
        width=width,
        height=height,
        across=width / length,
        down=height / breadth,
        upright=aligned and a > 0 and d > 0,
        exact=aligned and all(abs(one - other) < tolerance for one, other in edges),
    )


def _embedded_jpeg(page: Any, scan: _Scan, max_pixels: int) -> Grey | None:
    """Give the scan's own JPEG pixels, turned as the page is; None where the page must be drawn instead."""
    import pypdfium2.raw as pdfium

    square = abs(scan.across - scan.down) <= _NUDGE * scan.across
    if not (scan.upright and scan.exact and square) or scan.image.get_filters() != ["DCTDecode"]:
        return None
    colours = (
        pdfium.FPDF_COLORSPACE_DEVICEGRAY,
        pdfium.FPDF_COLORSPACE_DEVICERGB,
        pdfium.FPDF_COLORSPACE_CALGRAY,
        pdfium.FPDF_COLORSPACE_CALRGB,
        pdfium.FPDF_COLORSPACE_ICCBASED,
    )
    if scan.image.get_metadata().colorspace not in colours:
        return None
    grey = jpeg.read_embedded_jpeg(bytes(scan.image.get_data()), max_pixels)
    return None if grey is None else np.rot90(grey, -page.get_rotation() // 90)


def _size(page: Any, scan: _Scan | None, max_pixels: int) -> tuple[int, int, float]:
    """Choose the pixels to draw a page in: width, height and dpi; DecodeError ``too large``."""
    wide, high = page.get_size()
    scale = max(scan.across, scan.down) if scan else _DRAWN_DPI / _POINTS_AN_INCH
    if scan and scan.exact and abs(scan.across - scan.down) <= _NUDGE * scan.across:
        landscape = wide > high
        sides = sorted((scan.width, scan.height), reverse=landscape)
        return sides[0], sides[1], scale * _POINTS_AN_INCH
    if wide * high * scale * scale > max_pixels:
        scale = math.sqrt(max_pixels / (wide * high)) * (1 - _EXACT)
        if scale * _POINTS_AN_INCH < _COARSEST_DPI:
            raise DecodeError("too large", f"a page of {wide / 72:.0f}×{high / 72:.0f} inches")
    return max(1, round(wide * scale)), max(1, round(high * scale)), scale * _POINTS_AN_INCH


def _draw(document: Any, page: Any, width: int, height: int) -> Grey:
    """Draw a page with its annotations and filled fields to grey (H, W)."""
    import pypdfium2
    import pypdfium2.raw as pdfium

    wide, high = page.get_size()
    flags = pdfium.FPDF_GRAYSCALE | pdfium.FPDF_ANNOT
    bitmap = pypdfium2.PdfBitmap.new_native(width, height, pdfium.FPDFBitmap_Gray)
    try:
        bitmap.fill_rect((255, 255, 255, 255), 0, 0, width, height)
        # A hair smaller than the bitmap: rounding would else make a scan one pixel larger and blur it all.
        across, down = (width - 2 * _NUDGE) / wide, (height - 2 * _NUDGE) / high
        matrix = pdfium.FS_MATRIX(across, 0, 0, down, _NUDGE, _NUDGE)
        clip = pdfium.FS_RECTF(0, 0, width, height)
        pdfium.FPDF_RenderPageBitmapWithMatrix(bitmap, page, matrix, clip, flags)
        if document.formenv:
            pdfium.FPDF_FFLDraw(document.formenv, bitmap, page, 0, 0, width, height, 0, flags)
        return np.array(bitmap.to_numpy(), np.uint8)
    finally:
        bitmap.close()


def _check_pictures(images: list[Any]) -> None:
    """See that a page without a mark is so by itself and not because its pictures cannot be decoded."""
    import pypdfium2.raw as pdfium

    for raw in images[:16]:
        bitmap = pdfium.FPDFImageObj_GetBitmap(raw)
        if not bitmap:
            raise DecodeError("broken", "a picture of the page cannot be decoded")
        pdfium.FPDFBitmap_Destroy(bitmap)
