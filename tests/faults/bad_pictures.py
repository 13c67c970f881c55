"""Faulty pictures and odd ones, made of the samples: files in memory by their names."""

import struct
import zlib
from collections.abc import Mapping
from functools import cache

import cv2
import numpy as np
from PIL import Image, ImageChops

from ocrbatch.records import Grey
from tests.faults.pages import SAMPLES
from tests.helpers.pictures import (
    group4_strip,
    pdf_of,
    pdf_scan,
    pdf_stream,
    png_bomb,
    saved,
    tiff_of,
    tiff_tags,
)
from tests.helpers.render import Grid, PageSpec, drawn_digits, render_page

Files = dict[str, bytes]
SHARES = (0.01, 0.25, 0.5, 0.9, 0.99, 1.0)
JPEG_SCAN = b"/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode"
FLATE_SCAN = b"/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode"
LARGE = 30_000
SIDE = 40
TURNED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""By orientation, how a picture was turned before it was put into its file."""


@cache
def part() -> Image.Image:
    """Give a part of a sample, grey: a run of eight digits that is read at once."""
    with Image.open(SAMPLES / "card-grey.png") as image:
        return image.convert("L").crop((0, 0, image.width // 2, image.height // 3))


def pixels() -> Grey:
    """Give its pixels."""
    return np.asarray(part())


def no_pictures() -> Files:
    """Give what bears a picture's name and is none."""
    return {
        "one-byte.png": b"\x89",
        "magic.png": b"\x89PNG\r\n\x1a\n",
        "magic.jpg": b"\xff\xd8\xff",
        "magic.tif": b"II*\0",
        "magic.pdf": b"%PDF-",
        "magic.bmp": b"BM",
        "text.png": b"a few words\n",
        "page.png": b"<!DOCTYPE html><p>%PDF-1.4",
        "archive.png": b"PK\x03\x04" + bytes(40),
        "program.png": b"\x7fELF" + bytes(60),
    }


@cache
def misnamed() -> Files:
    """Give the part with the endings of other formats."""
    return {"png.jpg": saved(part(), "PNG"), "tif.pdf": saved(part(), "TIFF"), "bmp.tif": saved(part(), "BMP")}


@cache
def of_every_format() -> Files:
    """Give the part as a file of each format, by its kind."""
    grey, colour, bilevel = part(), part().convert("RGB"), part().convert("1")
    return {
        "plain.png": saved(grey, "PNG"),
        "palette.png": saved(colour.quantize(8), "PNG"),
        "plain.jpg": saved(colour, "JPEG", quality=90),
        "progressive.jpg": saved(colour, "JPEG", quality=90, progressive=True),
        "cmyk.jpg": saved(colour.convert("CMYK"), "JPEG"),
        "plain.tif": saved(grey, "TIFF"),
        "lzw.tif": saved(colour, "TIFF", compression="tiff_lzw"),
        "group4.tif": saved(bilevel, "TIFF", compression="group4"),
        "jpeg.tif": saved(colour, "TIFF", compression="jpeg"),
        "plain.bmp": saved(colour, "BMP"),
        "lossy.webp": saved(colour, "WEBP"),
        "lossless.webp": saved(colour, "WEBP", lossless=True),
        "scan.pdf": saved(colour, "PDF").rstrip(),
        "bilevel.pdf": saved(bilevel, "PDF").rstrip(),
    }


def truncated(files: Mapping[str, bytes]) -> Files:
    """Give each file cut at so many shares, and by one byte."""
    return {
        f"{share:.2f}-{name}": data[: min(int(len(data) * share), len(data) - 1)]
        for name, data in files.items()
        for share in SHARES
    }


@cache
def bombs() -> Files:
    """Give small files that ask for nearly a gigapixel."""
    jpeg = bytearray(saved(part(), "JPEG"))
    frame = jpeg.index(b"\xff\xc0")
    jpeg[frame + 5 : frame + 9] = struct.pack(">HH", 65_000, 65_000)
    bmp = bytearray(saved(part(), "BMP"))
    bmp[18:26] = struct.pack("<ii", LARGE, -LARGE)
    webp = bytearray(saved(part().convert("RGBA"), "WEBP", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"))
    webp[24:30] = b"\xff\x3f\0\xff\x3f\0"
    return {
        "bomb.tif": tiff_of([(tiff_tags(LARGE, LARGE, (259, "H", [4]), bits=1), bytes(4000))]),
        "bomb.png": png_bomb(LARGE),
        "bomb.jpg": bytes(jpeg),
        "bomb.bmp": bytes(bmp),
        "bomb.webp": bytes(webp),
        "bomb.pdf": pdf_scan(zlib.compress(bytes(1000)), LARGE, LARGE, entries=FLATE_SCAN),
        "bomb-jpx.pdf": _understated_scan(),
    }


def _understated_scan() -> bytes:
    """Give a PDF of a JPEG 2000 that is far larger than the document says."""
    picture = bytearray(saved(part(), "JPEG2000"))
    size = picture.index(b"\xff\x4f\xff\x51") + 8
    picture[size : size + 8] = struct.pack(">2I", LARGE, LARGE)
    return pdf_scan(bytes(picture), *part().size, entries=b"/Filter /JPXDecode")


def largest(megapixels: float = 99.8) -> Files:
    """Give pictures that are just not too large, of pixels that take four bytes each, with some ink."""
    side = int(1000 * megapixels**0.5)
    page = Image.new("L", (side, side), 230)
    page.paste(20, (100, 100, 900, 900))
    clear = page.convert("RGBA")
    clear.putpixel((0, 0), (0, 0, 0, 0))
    return {
        "float.tif": saved(page.convert("F"), "TIFF", compression="tiff_lzw"),
        "clear.tif": saved(clear, "TIFF", compression="tiff_lzw"),
        "cmyk.tif": saved(page.convert("CMYK"), "TIFF", compression="tiff_lzw"),
    }


@cache
def of_every_kind_of_pixels() -> Files:
    """Give the part with every kind of pixels: all are to read as it does."""
    grey, colour = pixels(), part().convert("RGB")
    clear = np.zeros((*grey.shape, 4), np.uint8)
    clear[:, :, 3] = 255 - grey
    transparent = Image.fromarray(clear, "RGBA")
    deep = {top: np.round(grey / 255 * top).astype(np.uint16) for top in (255, 4095, 65_535)}
    tags = tiff_tags(grey.shape[1], grey.shape[0], photometric=0)
    return {
        **{f"deep-{top}.png": saved(Image.fromarray(samples), "PNG") for top, samples in deep.items()},
        **{f"deep-{top}.tif": saved(Image.fromarray(samples), "TIFF") for top, samples in deep.items()},
        "float.tif": saved(Image.fromarray((grey / 255).astype(np.float32)), "TIFF"),
        "rgba.png": saved(transparent, "PNG"),
        "la.png": saved(transparent.convert("LA"), "PNG"),
        "rgba.tif": saved(transparent, "TIFF"),
        "adobe.jpg": saved(colour.convert("CMYK"), "JPEG", quality=95),
        "cmyk.jpg": _plain_cmyk(colour),
        "cmyk.tif": saved(colour.convert("CMYK"), "TIFF"),
        "palette.png": saved(colour.quantize(16, dither=Image.Dither.NONE), "PNG"),
        "bilevel.png": saved(part().convert("1", dither=Image.Dither.NONE), "PNG"),
        "white-is-zero.tif": tiff_of([(tags, (255 - grey).tobytes())]),
    }


def _plain_cmyk(colour: Image.Image) -> bytes:
    """Save inks as they are: Pillow inverts them as Adobe does, and says so in a marker."""
    adobe = saved(ImageChops.invert(colour.convert("CMYK")), "JPEG", quality=95)
    marker = adobe.index(b"\xff\xee\x00\x0eAdobe")
    return adobe[:marker] + adobe[marker + 16 :]


@cache
def of_unknown_range() -> Files:
    """Give pictures that may be anything: colours of 16 bits that use a few, one value alone, and no numbers."""
    grey = pixels()
    height, width = grey.shape
    tags = tiff_tags(width, height, (258, "H", [16, 16, 16]), (277, "H", [3]), photometric=2)
    few = np.repeat(grey.astype("<u2")[:, :, None], 3, axis=2).tobytes()
    return {
        "few-levels.tif": tiff_of([(tags, few)]),
        "one-value.tif": saved(Image.fromarray(np.full(grey.shape, -3.0, np.float32)), "TIFF"),
        "no-numbers.tif": saved(Image.fromarray(np.full(grey.shape, np.nan, np.float32)), "TIFF"),
    }


@cache
def turned() -> Files:
    """Give the part lying in its file in every way, with the orientation that says so, and a fax of it."""
    files: Files = {}
    for orientation in range(1, 9):
        stored = part().transpose(TURNED[orientation]) if orientation in TURNED else part()
        exif = Image.Exif()
        exif[274] = orientation
        files[f"turned-{orientation}.jpg"] = saved(stored, "JPEG", quality=95, exif=exif)
        files[f"turned-{orientation}.tif"] = saved(stored, "TIFF", tiffinfo={274: orientation})
    squashed = part().resize((part().width, part().height * 98 // 196), Image.Resampling.BOX)
    return files | {"fax.tif": saved(squashed, "TIFF", dpi=(196, 98))}


def pages_of_digits(count: int, bad: int | None = None, *, last: int = 0) -> bytes:
    """Give a TIFF of so many pages, each a written digit; page ``bad``, from 0, is of pixels that nobody knows.

    ``last`` is where the last directory says that the next one lies.
    """
    known = tiff_tags(SIDE, SIDE, (259, "H", [4]), (254, "I", [2]), bits=1)
    wrong = tiff_tags(SIDE, SIDE, (259, "H", [4]), (254, "I", [2]), bits=7)
    pages = [(wrong if number == bad else known, _strip(number % 10)) for number in range(count)]
    return tiff_of(pages, last=last)


@cache
def _strip(digit: int) -> bytes:
    page = np.full((SIDE, SIDE), 255, np.uint8)
    cv2.putText(page, str(digit), (8, 32), cv2.FONT_HERSHEY_SIMPLEX, 1.1, 0, 3)
    return group4_strip(page)


def tags_as_large_as_the_file(tags: int = 4000) -> bytes:
    """Give a TIFF of which each of many tags says that its values are the whole file."""
    body = bytes(1_000_000)
    known = [(256, 4, 1, 100), (257, 4, 1, 100), (258, 3, 1, 8), (262, 3, 1, 1), (273, 4, 1, 8), (279, 4, 1, 10_000)]
    entries = known + [(1000 + number, 5, len(body) // 8, 8) for number in range(tags)]
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<I", 8 + len(body)) + body + directory + bytes(4)


@cache
def documents() -> Files:
    """Give PDFs that cannot be read, by what becomes of them.

    The one without pages comes behind the encrypted one, of which PDFium still speaks then.
    """
    encrypt = b"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >> /ID [<00> <00>]"
    catalogue = b"<< /Type /Catalog /Pages 2 0 R >>"
    none = b"<< /Type /Pages /Kids [] /Count 0 >>"
    cut = saved(part(), "JPEG", quality=90)
    return {
        "encrypted.pdf": pdf_of([catalogue, none], trailer=encrypt % (b"41" * 32, b"42" * 32)),
        "broken.pdf": b"%PDF-1.4\nnothing at all\nstartxref\n0\n%%EOF",
        "loop.pdf": pdf_of([catalogue, b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"]),
        "no-pages.pdf": pdf_of([catalogue, none]),
        "truncated.pdf": pdf_scan(cut[: len(cut) // 2], *part().size, entries=JPEG_SCAN),
        "too-large.pdf": crowded(250_000),
    }


def crowded(objects: int) -> bytes:
    """Give a PDF of a page with so many objects."""
    content = pdf_stream(zlib.compress(b"0 0 1 1 re f\n" * objects, 1), b"/Filter /FlateDecode")
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Contents 4 0 R >>"
    kids = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
    return pdf_of([b"<< /Type /Catalog /Pages 2 0 R >>", kids, page, content])


@cache
def scripted() -> Files:
    """Give two PDFs of the part, of which one has a script that never ends."""
    plain = pdf_scan(zlib.compress(part().tobytes()), *part().size, entries=FLATE_SCAN, dpi=300)
    script = b"/Type /Catalog /OpenAction << /S /JavaScript /JS (while (true) {}) >>"
    return {"plain.pdf": plain, "scripted.pdf": plain.replace(b"/Type /Catalog", script, 1)}


@cache
def unreadable_pages() -> Files:
    """Give pages without anything to read."""
    random, size = np.random.default_rng(20), part().size[::-1]
    pages = {
        "blank.png": np.full(size, 255),
        "black.png": np.zeros(size),
        "noise.png": random.integers(0, 256, size),
        "specks.png": np.where(random.random(size) < 0.1, 0, 255),
    }
    return {name: saved(page.astype(np.uint8), "PNG") for name, page in pages.items()}


def picture_of_digit(digit: int) -> bytes:
    """Give a picture of a written digit."""
    drawn = drawn_digits(1)
    return saved(drawn.pictures[int(drawn.of(digit)[0])], "PNG")


def picture_of_number(number: str) -> bytes:
    """Give a picture of a comb with a digit a cell."""
    spec = PageSpec((8 * len(number) + 12, 16), (Grid(4, 3, (number,), (8, 10)),))
    return saved(render_page(spec, dpi=150).page().pixels, "PNG")
