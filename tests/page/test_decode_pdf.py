"""PDF: drawn pages, embedded scans at their own pixels, forms, and everything that goes wrong."""

import time
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from ocrbatch.page.decode import decode
from ocrbatch.records import Page, PageFailure
from tests.helpers.pictures import pdf_of, pdf_page, pdf_scan, pdf_stream, saved, written_page

PAGE = written_page()
HEIGHT, WIDTH = PAGE.shape
RAW = b"/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode"
JPEG = b"/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode"
PACKED = zlib.compress(PAGE.tobytes())
COMPRESSED = saved(PAGE, "JPEG", quality=95)


def only(data: bytes, **options: int) -> Page:
    [page] = decode(data, **options)
    assert isinstance(page, Page), page
    return page


def only_code(data: bytes, **options: int) -> str:
    [failure] = decode(data, **options)
    assert isinstance(failure, PageFailure), failure
    return failure.code


def difference(one: np.ndarray, other: np.ndarray) -> float:
    assert one.shape == other.shape
    return float(np.abs(one.astype(int) - other).mean())


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("dpi", [150.0, 203.7, 300.0])
def test_an_embedded_scan_comes_with_its_own_pixels(rotate: int, dpi: float) -> None:
    expected = np.rot90(PAGE, -rotate // 90)
    drawn = only(pdf_scan(PACKED, WIDTH, HEIGHT, entries=RAW, rotate=rotate, dpi=dpi))
    assert np.array_equal(drawn.pixels, expected)
    copied = only(pdf_scan(COMPRESSED, WIDTH, HEIGHT, entries=JPEG, rotate=rotate, dpi=dpi))
    assert difference(copied.pixels, expected) < 2
    assert drawn.dpi == copied.dpi == pytest.approx(dpi, rel=0.001)


@pytest.mark.parametrize(("body", "entries"), [(PACKED, RAW), (COMPRESSED, JPEG)])
def test_the_pictures_matrix_counts(body: bytes, entries: bytes) -> None:
    wide, high = WIDTH * 0.36, HEIGHT * 0.36
    flipped = f"{wide} 0 0 {-high} 0 {high}"
    assert (
        difference(only(pdf_scan(body, WIDTH, HEIGHT, entries=entries, matrix=flipped)).pixels, PAGE[::-1]) < 2
    )
    mirrored = f"{-wide} 0 0 {high} {wide} 0"
    assert (
        difference(only(pdf_scan(body, WIDTH, HEIGHT, entries=entries, matrix=mirrored)).pixels, PAGE[:, ::-1])
        < 2
    )
    square = PAGE[:, :HEIGHT]
    turned = pdf_scan(
        zlib.compress(square.tobytes()), HEIGHT, HEIGHT, entries=RAW, matrix=f"0 {high} {-high} 0 {high} 0"
    )
    assert difference(only(turned).pixels, np.rot90(square)) < 2


@pytest.mark.parametrize(
    "entries",
    [JPEG + b" /Decode [1 0]", JPEG + b" /Decode 6 0 R"],
)
def test_an_inverted_scan_is_set_right(entries: bytes) -> None:
    data = saved(255 - PAGE, "JPEG", quality=95)
    wide, high = WIDTH * 0.36, HEIGHT * 0.36
    pdf = pdf_page(
        f"q {wide} 0 0 {high} 0 0 cm /Im Do Q".encode(),
        size=(wide, high),
        entries=b"/Resources << /XObject << /Im 5 0 R >> >>",
        more=[
            pdf_stream(
                data, b"/Type /XObject /Subtype /Image /Width %d /Height %d " % (WIDTH, HEIGHT) + entries
            ),
            b"[1 0]",
        ],
    )
    assert difference(only(pdf).pixels, PAGE) < 2


def test_a_cmyk_scan_is_read() -> None:
    data = saved(Image.fromarray(PAGE).convert("CMYK"), "JPEG", quality=95)
    entries = b"/ColorSpace /DeviceCMYK /BitsPerComponent 8 /Filter /DCTDecode /Decode [1 0 1 0 1 0 1 0]"
    assert difference(only(pdf_scan(data, WIDTH, HEIGHT, entries=entries)).pixels, PAGE) < 12


def test_a_fax_in_a_pdf_gets_square_pixels() -> None:
    squashed = cv2.resize(PAGE, (WIDTH, HEIGHT // 2), interpolation=cv2.INTER_AREA)
    wide, high = WIDTH * 72 / 204, HEIGHT * 72 / 204
    page = b"/Resources << /XObject << /Im 5 0 R >> >>"
    picture = pdf_stream(
        zlib.compress(squashed.tobytes()),
        b"/Type /XObject /Subtype /Image /Width %d /Height %d " % (WIDTH, HEIGHT // 2) + RAW,
    )
    content = f"q {wide} 0 0 {high} 0 0 cm /Im Do Q".encode()
    read = only(pdf_page(content, size=(wide, high), entries=page, more=[picture]))
    assert read.dpi == pytest.approx(204, rel=0.001)
    assert difference(read.pixels, PAGE) < 8


def test_a_scan_with_writing_over_it_is_drawn_with_it() -> None:
    wide, high = WIDTH * 0.36, HEIGHT * 0.36
    content = f"q {wide} 0 0 {high} 0 0 cm /Im Do Q 0 g 0 0 30 30 re f".encode()
    picture = pdf_stream(COMPRESSED, b"/Type /XObject /Subtype /Image /Width 320 /Height 240 " + JPEG)
    entries = b"/Resources << /XObject << /Im 5 0 R >> >>"
    page = only(pdf_page(content, size=(wide, high), entries=entries, more=[picture]))
    assert page.dpi == pytest.approx(300)
    assert page.pixels[-60:, :60].max() == 0


def test_a_drawn_page_has_300_dpi() -> None:
    page = only(pdf_page(b"0 g 20 20 40 30 re f", size=(200, 100)))
    assert page.dpi == pytest.approx(300)
    assert page.pixels.shape == (417, 833)
    black = np.argwhere(page.pixels < 128)
    assert black.min(axis=0) == pytest.approx([(100 - 50) / 0.24, 20 / 0.24], abs=2)
    assert black.max(axis=0) == pytest.approx([(100 - 20) / 0.24, 60 / 0.24], abs=2)


def _form_field(script: bytes = b"") -> bytes:
    look = pdf_stream(b"0 g 2 2 26 16 re f", b"/Type /XObject /Subtype /Form /BBox [0 0 30 20]")
    return pdf_of(
        [
            b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [5 0 R] >> %s >>" % script,
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Contents 4 0 R /Annots [5 0 R] >>",
            pdf_stream(b"0.5 g 150 80 20 10 re f"),
            b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /V (7) /F 4 /Rect [20 20 50 40]"
            b" /AP << /N 6 0 R >> >>",
            look,
        ]
    )


def test_a_filled_field_is_drawn() -> None:
    pixels = only(_form_field()).pixels
    assert pixels[int(70 / 0.24), int(35 / 0.24)] < 60


def test_a_script_is_not_run() -> None:
    script = b"/OpenAction << /S /JavaScript /JS (this.getField('a').value = 1; while (true) {}) >>"
    assert np.array_equal(only(_form_field(script)).pixels, only(_form_field()).pixels)


def test_pages_come_in_order_and_a_bad_one_costs_itself_alone() -> None:
    kids = [b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d 100] >>" % side for side in (100, 60_000, 200)]
    kids[1] = kids[1].replace(b"100]", b"60000]")
    catalogue = b"<< /Type /Catalog /Pages 2 0 R >>"
    data = pdf_of([catalogue, b"<< /Type /Pages /Kids [3 0 R 4 0 R 5 0 R] /Count 3 >>", *kids])
    first, second, third = decode(data)
    assert isinstance(first, Page)
    assert isinstance(third, Page)
    assert (first.pixels.shape[1], third.pixels.shape[1]) == (417, 833)
    assert isinstance(second, PageFailure)
    assert (second.number, second.code) == (2, "too large")


def test_a_large_page_is_drawn_coarser() -> None:
    page = only(pdf_page(b"0 g 20 20 40 30 re f", size=(600, 800)), max_pixels=2_000_000)
    assert page.pixels.size <= 2_000_000
    assert page.dpi == pytest.approx(page.pixels.shape[0] / 800 * 72, rel=0.01)


def test_an_encrypted_document_is_named() -> None:
    encrypt = b"/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >> /ID [<00> <00>]" % (
        b"41" * 32,
        b"42" * 32,
    )
    data = pdf_of(
        [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [] /Count 0 >>"], trailer=encrypt
    )
    assert only_code(data) == "encrypted"


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.4\nnothing at all\nstartxref\n0\n%%EOF",
        pdf_of([b"<< /Type /Catalog >>"]),
        pdf_of([b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [2 0 R] /Count 1 >>"]),
    ],
)
def test_a_broken_document_is_named(data: bytes) -> None:
    assert only_code(data) == "broken"


def test_a_scan_that_cannot_be_decoded_is_no_blank_page() -> None:
    assert only_code(pdf_scan(b"no jpeg at all", WIDTH, HEIGHT, entries=JPEG)) in ("broken", "not an image")
    cut = COMPRESSED[: len(COMPRESSED) // 2]
    assert only_code(pdf_scan(cut, WIDTH, HEIGHT, entries=JPEG)) == "truncated"
    assert only_code(pdf_scan(cut + b"\xff\xd9", WIDTH, HEIGHT, entries=JPEG)) == "truncated"
    assert only_code(pdf_scan(b"\xff\xd8\xff junk", WIDTH, HEIGHT, entries=JPEG + b" /Decode [0 1]")) in (
        "broken", "truncated",
    )  # fmt: skip


def test_a_linearized_document_that_was_cut_is_truncated() -> None:
    whole = pdf_page(b"0 g 20 20 40 30 re f")
    hint = b"1 0 obj << /Linearized 1 /L %d >> endobj\n" % (len(whole) + 5000)
    assert only_code(whole[:9] + hint + whole[9:]) == "truncated"


def test_objects_without_number_are_bounded() -> None:
    many = zlib.compress(b"0 0 1 1 re f\n" * 1_000_000, 1)
    data = pdf_of(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Contents 4 0 R >>",
            pdf_stream(many, b"/Filter /FlateDecode"),
        ]
    )
    start = time.process_time()
    assert only_code(data) == "too large"
    assert time.process_time() - start < 20
