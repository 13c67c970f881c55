"""Ordinary files of every format, and every odd kind of pixels, give the one kind of page."""

import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from ocrbatch.page.decode import decode
from ocrbatch.records import Grey, Page
from tests.helpers.pictures import png_chunk, png_of, saved, tiff_of, tiff_tags, written_page

PAGE = written_page()
HEIGHT, WIDTH = PAGE.shape


def only(data: bytes) -> Page:
    [page] = decode(data)
    assert isinstance(page, Page), page
    return page


def assert_like(pixels: Grey, expected: Grey = PAGE, *, mean: float = 1.0) -> None:
    assert pixels.shape == expected.shape
    assert np.abs(pixels.astype(int) - expected).mean() < mean


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {"dpi": (300, 300)}),
        ("BMP", {"dpi": (300, 300)}),
        ("TIFF", {"dpi": (300, 300)}),
        ("TIFF", {"dpi": (300, 300), "compression": "tiff_lzw"}),
        ("TIFF", {"dpi": (300, 300), "compression": "tiff_deflate"}),
        ("TIFF", {"dpi": (300, 300), "compression": "packbits"}),
        ("WEBP", {"lossless": True}),
    ],
)
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_lossless_file_gives_its_own_pixels_and_dpi(kind: str, options: dict[str, object], mode: str) -> None:
    page = only(saved(Image.fromarray(PAGE).convert(mode), kind, **options))
    assert np.array_equal(page.pixels, PAGE)
    assert page.dpi == (None if kind == "WEBP" else pytest.approx(300, abs=0.1))
    assert page.number == 1


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}])
def test_a_jpeg_is_read(mode: str, options: dict[str, object]) -> None:
    page = only(saved(Image.fromarray(PAGE).convert(mode), "JPEG", quality=95, dpi=(300, 300), **options))
    assert_like(page.pixels, mean=2.0)
    assert page.dpi == 300


def test_colours_become_the_luma_that_jpeg_has() -> None:
    colours = np.zeros((64, 96, 3), np.uint8)
    colours[:, :32, 0] = colours[:, 32:64, 1] = colours[:, 64:, 2] = 255
    for kind, options in (("PNG", {}), ("TIFF", {}), ("JPEG", {"quality": 95, "subsampling": 0})):
        pixels = only(saved(colours, kind, **options)).pixels
        assert pixels[32, [16, 48, 80]] == pytest.approx([76, 150, 29], abs=2)


def test_bilevel_files_of_every_kind_are_black_on_white() -> None:
    bilevel = Image.fromarray(PAGE).convert("1", dither=Image.Dither.NONE)
    expected = np.asarray(bilevel.convert("L"))
    files = [saved(bilevel, "TIFF", compression=name) for name in ("raw", "group3", "group4")]
    files += [saved(bilevel, "PNG"), saved(bilevel, "BMP"), saved(bilevel.convert("P"), "PNG")]
    files += [saved(bilevel, "TIFF", compression="group4", tiffinfo={262: 0})]
    for data in files:
        assert np.array_equal(only(data).pixels, expected)


def test_pixels_are_read_only_and_contiguous() -> None:
    for kind in ("PNG", "JPEG", "TIFF", "BMP", "WEBP", "PDF"):
        pixels = only(saved(PAGE, kind)).pixels
        assert pixels.dtype == np.uint8
        assert pixels.flags.c_contiguous
        assert not pixels.flags.writeable


@pytest.mark.parametrize("top", [255, 1023, 4095, 65535])
def test_sixteen_bits_of_any_range_give_the_eight_bit_picture(top: int) -> None:
    deep = np.round(PAGE / 235 * top).astype(np.uint16)
    expected = np.round(PAGE / 235 * 255).astype(np.uint8)
    opaque = cv2.merge([deep, deep, deep, np.full_like(deep, 65535)])
    swapped = tiff_of([(tiff_tags(WIDTH, HEIGHT, bits=16), deep.astype(">u2").tobytes())], order=">")
    inverted = tiff_of([(tiff_tags(WIDTH, HEIGHT, bits=16, photometric=0), (top - deep).tobytes())])
    files = [
        saved(Image.fromarray(deep), "PNG"),
        saved(Image.fromarray(deep), "TIFF"),
        swapped,
        cv2.imencode(".png", cv2.merge([deep, deep, deep]))[1].tobytes(),
        cv2.imencode(".png", opaque)[1].tobytes(),
    ]
    if top in (1023, 4095, 65535):
        files.append(inverted)
    for data in files:
        assert_like(only(data).pixels, expected, mean=1.5)


def test_sixteen_bit_colour_tiff_of_a_small_range_is_refused_by_name() -> None:
    deep = np.repeat(PAGE.astype("<u2")[:, :, None], 3, axis=2)
    tags = tiff_tags(WIDTH, HEIGHT, (258, "H", [16, 16, 16]), (277, "H", [3]), photometric=2)
    [failure] = decode(tiff_of([(tags, deep.tobytes())]))
    assert (failure.number, getattr(failure, "code", None)) == (1, "unsupported")
    assert_like(only(tiff_of([(tags, (deep * 257).tobytes())])).pixels)


def test_unsigned_32_bits_are_read() -> None:
    deep = PAGE.astype("<u4") * 18_000_000
    data = tiff_of([(tiff_tags(WIDTH, HEIGHT, bits=32), deep.tobytes())])
    assert_like(only(data).pixels, np.round((PAGE - 20.0) / 215 * 255).astype(np.uint8))


@pytest.mark.parametrize("top", [1.0, 255.0, 65535.0])
def test_floats_are_read_by_their_range(top: float) -> None:
    floats = (PAGE / 235 * top).astype(np.float32)
    assert_like(
        only(saved(Image.fromarray(floats), "TIFF")).pixels, np.round(PAGE / 235 * 255).astype(np.uint8)
    )


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_transparent_paper_is_white(kind: str) -> None:
    ink = np.zeros((*PAGE.shape, 4), np.uint8)
    ink[:, :, 3] = 255 - PAGE
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    assert_like(only(saved(Image.fromarray(ink, "RGBA"), kind, **options)).pixels)
    if kind != "WEBP":
        assert_like(only(saved(Image.fromarray(ink, "RGBA").convert("LA"), kind)).pixels)


def test_white_ink_on_transparent_paper_is_not_a_blank_page() -> None:
    ink = np.full((*PAGE.shape, 4), 255, np.uint8)
    ink[:, :, 3] = 255 - PAGE
    assert_like(only(saved(Image.fromarray(ink, "RGBA"), "PNG")).pixels)


def test_an_alpha_that_was_never_set_is_passed_over() -> None:
    unset = np.dstack([PAGE, PAGE, PAGE, np.zeros_like(PAGE)])
    assert np.array_equal(only(saved(Image.fromarray(unset, "RGBA"), "PNG")).pixels, PAGE)


def test_palettes_and_their_transparent_entries_are_read() -> None:
    palette = Image.fromarray(PAGE).convert("RGB").quantize(16, dither=Image.Dither.NONE)
    for kind in ("PNG", "TIFF", "BMP"):
        assert_like(only(saved(palette, kind)).pixels, mean=3.0)
    paper = int(np.bincount(np.asarray(palette).ravel()).argmax())
    pixels = only(saved(palette, "PNG", transparency=paper)).pixels
    assert pixels.max() == 255
    assert (pixels == 255).mean() > 0.5
    assert pixels.min() < 40


def test_white_is_zero_where_the_tiff_says_so() -> None:
    data = tiff_of([(tiff_tags(WIDTH, HEIGHT, photometric=0), (255 - PAGE).tobytes())])
    assert np.array_equal(only(data).pixels, PAGE)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "LZW"])
def test_every_orientation_is_applied_once(kind: str, orientation: int) -> None:
    undo = {
        1: PAGE, 2: np.fliplr(PAGE), 3: np.rot90(PAGE, 2), 4: np.flipud(PAGE),
        5: PAGE.T, 6: np.rot90(PAGE), 7: np.rot90(PAGE, 2).T, 8: np.rot90(PAGE, -1),
    }[orientation]  # fmt: skip
    stored = Image.fromarray(np.ascontiguousarray(undo))
    if kind in ("TIFF", "LZW"):
        packing = "tiff_lzw" if kind == "LZW" else "raw"
        data = saved(stored, "TIFF", tiffinfo={274: orientation}, compression=packing)
    else:
        exif = Image.Exif()
        exif[274] = orientation
        options = {"PNG": {}, "JPEG": {"quality": 95}, "WEBP": {"lossless": True}}[kind]
        data = saved(stored, kind, exif=exif, **options)
    assert_like(only(data).pixels, mean=2.0)


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_fax_gets_square_pixels(orientation: int) -> None:
    squashed = cv2.resize(PAGE, (WIDTH, HEIGHT * 98 // 204), interpolation=cv2.INTER_AREA)
    stored, dpi = squashed, (204, 98)
    if orientation == 6:
        stored, dpi = np.ascontiguousarray(np.rot90(squashed)), (98, 204)
    data = saved(stored, "TIFF", dpi=dpi, tiffinfo={274: orientation})
    page = only(data)
    assert page.pixels.shape == pytest.approx(PAGE.shape, abs=2)
    assert_like(cv2.resize(page.pixels, (WIDTH, HEIGHT)), mean=8.0)
    assert page.dpi == pytest.approx(204)


@pytest.mark.parametrize(("written", "read"), [(1, None), (72, None), (96, None), (200, 200), (20000, None)])
def test_defaults_and_absurd_dpi_are_unknown(written: int, read: float | None) -> None:
    for kind in ("PNG", "JPEG", "TIFF"):
        dpi = only(saved(PAGE, kind, dpi=(written, written))).dpi
        assert dpi == (read if read is None else pytest.approx(read, abs=0.1))


def test_dpi_is_taken_from_exif_where_jfif_has_none() -> None:
    exif = Image.Exif()
    exif[282] = exif[283] = 300.0
    exif[296] = 2
    assert only(saved(PAGE, "JPEG", exif=exif)).dpi == 300


def test_dots_per_centimetre_are_understood() -> None:
    assert only(saved(PAGE, "TIFF", resolution_unit=3, x_resolution=100, y_resolution=100)).dpi == 254


def test_a_tiff_jpeg_page_is_read() -> None:
    for mode in ("L", "RGB"):
        data = saved(Image.fromarray(PAGE).convert(mode), "TIFF", compression="jpeg", quality=95)
        assert_like(only(data).pixels, mean=2.0)


def test_a_png_in_pieces_with_notes_is_read() -> None:
    note = png_chunk(b"tEXt", b"Comment\0" + bytes(range(32, 127)))
    rows = zlib.compress(b"".join(b"\0" + row.tobytes() for row in PAGE))
    halves = png_chunk(b"IDAT", rows[:100]) + png_chunk(b"IDAT", rows[100:])
    assert np.array_equal(only(png_of(note, halves, width=WIDTH, height=HEIGHT)).pixels, PAGE)
