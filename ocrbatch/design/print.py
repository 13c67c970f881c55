"""A form to print, drawn from its form file alone: a PDF of the exact size, and the reference pictures it gives."""

import ctypes
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from PIL import Image

from ocrbatch.design.sheet import Line, Outline, Patch, Shape, Sheet, lay_out
from ocrbatch.form.template import Form
from ocrbatch.records import Grey

_FONT = b"Helvetica"
_EPOCH = b"19700101000000"
_WRITTEN = re.compile(rb"(/CreationDate\(D:)\d{14}")
_IDENTITY = re.compile(rb"(/ID\[<)[0-9A-F]{32}(><)[0-9A-F]{32}(>\])")


@dataclass(frozen=True, slots=True)
class PrintedForm:
    """A form as a PDF, and its pages' pictures (PNG) at the form's own pixels, in their order.

    ``unlabelled`` names the fields whose label found no room.
    """

    pdf: bytes
    references: tuple[bytes, ...]
    unlabelled: tuple[str, ...]


def print_form(form: Form) -> PrintedForm:
    """Draw a form: a PDF with a page each, and each page's picture as a scan without a fault would show it.

    The same form gives the same bytes. Raises FormError where a page has no dpi, is too small for its markers, or a
    field lies under one.
    """
    with _font() as (document, font):
        sheets = lay_out(form, lambda text: sum(_glyph_width(font, sign) for sign in text))
        for sheet in sheets:
            _add_page(document, font, sheet)
        pdf = _saved(document)
        pictures = [_drawn(document, number, sheet) for number, sheet in enumerate(sheets)]
    references = tuple(_png(picture, sheet.dpi) for picture, sheet in zip(pictures, sheets, strict=True))
    return PrintedForm(pdf, references, tuple(name for sheet in sheets for name in sheet.unlabelled))


@contextmanager
def _font() -> Iterator[tuple[Any, Any]]:
    """Give an empty document and a font in it, which PDFium wants closed in their turn."""
    import pypdfium2
    import pypdfium2.raw as pdfium

    document = pypdfium2.PdfDocument.new()
    font = pdfium.FPDFText_LoadStandardFont(document, _FONT)
    try:
        yield document, font
    finally:
        pdfium.FPDFFont_Close(font)
        document.close()


def _glyph_width(font: Any, sign: str) -> float:
    import pypdfium2.raw as pdfium

    width = ctypes.c_float()
    pdfium.FPDFFont_GetGlyphWidth(font, ord(sign), 1.0, width)
    return width.value


def _add_page(document: Any, font: Any, sheet: Sheet) -> None:
    import pypdfium2.raw as pdfium

    points = 72 / sheet.dpi
    page = document.new_page(sheet.width * points, sheet.height * points)
    for shape in sheet.shapes:
        drawn = _object(document, font, shape)
        # From pixels, y down, to points, y up.
        pdfium.FPDFPageObj_Transform(drawn, points, 0, 0, -points, 0, sheet.height * points)
        pdfium.FPDFPage_InsertObject(page, drawn)
    pdfium.FPDFPage_GenerateContent(page)
    page.close()


def _object(document: Any, font: Any, shape: Shape) -> Any:
    """Make PDFium's object of a shape, in the sheet's pixels."""
    match shape:
        case Outline():
            return _outline(shape)
        case Patch():
            return _patch(shape)
        case Line():
            return _line(document, font, shape)


def _outline(shape: Outline) -> Any:
    import pypdfium2.raw as pdfium

    box = shape.box
    drawn = pdfium.FPDFPageObj_CreateNewRect(box.left, box.top, box.right - box.left, box.bottom - box.top)
    pdfium.FPDFPageObj_SetStrokeColor(drawn, shape.grey, shape.grey, shape.grey, 255)
    pdfium.FPDFPageObj_SetStrokeWidth(drawn, shape.line)
    pdfium.FPDFPath_SetDrawMode(drawn, pdfium.FPDF_FILLMODE_NONE, True)
    return drawn


def _patch(shape: Patch) -> Any:
    """Make one path of all boxes: apart, those that touch would show a seam on the screen."""
    import pypdfium2.raw as pdfium

    first = shape.boxes[0]
    drawn = pdfium.FPDFPageObj_CreateNewPath(first.left, first.top)
    for box in shape.boxes:
        pdfium.FPDFPath_MoveTo(drawn, box.left, box.top)
        for x, y in ((box.right, box.top), (box.right, box.bottom), (box.left, box.bottom)):
            pdfium.FPDFPath_LineTo(drawn, x, y)
        pdfium.FPDFPath_Close(drawn)
    pdfium.FPDFPageObj_SetFillColor(drawn, shape.grey, shape.grey, shape.grey, 255)
    pdfium.FPDFPath_SetDrawMode(drawn, pdfium.FPDF_FILLMODE_WINDING, False)
    return drawn


def _line(document: Any, font: Any, shape: Line) -> Any:
    import pypdfium2.raw as pdfium

    drawn = pdfium.FPDFPageObj_CreateTextObj(document, font, shape.size)
    text = ctypes.create_string_buffer(f"{shape.text}\0".encode("utf-16-le"))
    pdfium.FPDFText_SetText(drawn, ctypes.cast(text, pdfium.FPDF_WIDESTRING))
    pdfium.FPDFPageObj_SetFillColor(drawn, shape.grey, shape.grey, shape.grey, 255)
    # Letters stand upright in a frame whose y runs up.
    pdfium.FPDFPageObj_Transform(drawn, 1, 0, 0, -1, shape.left, shape.baseline)
    return drawn


def _saved(document: Any) -> bytes:
    """Give the document's bytes, without the hour and the random number that PDFium writes into them."""
    buffer = io.BytesIO()
    document.save(buffer)
    timeless = _WRITTEN.sub(rb"\g<1>" + _EPOCH, buffer.getvalue())
    bare = _IDENTITY.sub(b"", timeless)
    identity = sha256(bare).hexdigest()[:32].upper().encode()
    return _IDENTITY.sub(rb"\g<1>" + identity + rb"\g<2>" + identity + rb"\g<3>", timeless)


def _drawn(document: Any, number: int, sheet: Sheet) -> Grey:
    """Draw a page to grey (H, W) at the sheet's pixels."""
    import pypdfium2
    import pypdfium2.raw as pdfium

    page = document[number]
    wide, high = page.get_size()
    bitmap = pypdfium2.PdfBitmap.new_native(sheet.width, sheet.height, pdfium.FPDFBitmap_Gray)
    try:
        bitmap.fill_rect((255, 255, 255, 255), 0, 0, sheet.width, sheet.height)
        matrix = pdfium.FS_MATRIX(sheet.width / wide, 0, 0, sheet.height / high, 0, 0)
        clip = pdfium.FS_RECTF(0, 0, sheet.width, sheet.height)
        pdfium.FPDF_RenderPageBitmapWithMatrix(bitmap, page, matrix, clip, pdfium.FPDF_GRAYSCALE)
        return np.array(bitmap.to_numpy(), np.uint8).reshape(sheet.height, sheet.width)
    finally:
        bitmap.close()
        page.close()


def _png(picture: Grey, dpi: float) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", dpi=(dpi, dpi))
    return buffer.getvalue()
