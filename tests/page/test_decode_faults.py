"""Bad files: each gives a named failure, in bounded time and memory, and never a picture."""

import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ocrbatch.page.decode import decode
from ocrbatch.records import Page, PageFailure
from tests.helpers.pictures import (
    group4_strip,
    pdf_scan,
    png_bomb,
    png_chunk,
    png_of,
    saved,
    tiff_of,
    tiff_tags,
    written_page,
)

PAGE = written_page()
HEIGHT, WIDTH = PAGE.shape
BILEVEL = Image.fromarray(PAGE).convert("1")
COLOUR = Image.fromarray(PAGE).convert("RGB")

WHOLE = {
    "png": saved(PAGE, "PNG"),
    "png-palette": saved(COLOUR.quantize(8), "PNG"),
    "jpeg": saved(COLOUR, "JPEG", quality=90),
    "jpeg-progressive": saved(COLOUR, "JPEG", quality=90, progressive=True),
    "jpeg-cmyk": saved(COLOUR.convert("CMYK"), "JPEG"),
    "tiff": saved(PAGE, "TIFF"),
    "tiff-lzw": saved(COLOUR, "TIFF", compression="tiff_lzw"),
    "tiff-group4": saved(BILEVEL, "TIFF", compression="group4"),
    "tiff-jpeg": saved(COLOUR, "TIFF", compression="jpeg"),
    "tiff-pages": tiff_of([(tiff_tags(WIDTH, HEIGHT, (282, "R", [300])), PAGE.tobytes())] * 2),
    "bmp": saved(COLOUR, "BMP"),
    "bmp-bilevel": saved(BILEVEL, "BMP"),
    "webp": saved(COLOUR, "WEBP"),
    "webp-lossless": saved(COLOUR, "WEBP", lossless=True),
    "pdf": saved(COLOUR, "PDF").rstrip(),
    "pdf-group4": saved(BILEVEL, "PDF").rstrip(),
}


def only_code(data: bytes, **options: int) -> str:
    [failure] = decode(data, **options)
    assert isinstance(failure, PageFailure), failure
    assert failure.number == 1
    return failure.code


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("share", [0.01, 0.25, 0.5, 0.9, 0.99, 1.0])
def test_a_truncated_file_gives_no_picture(name: str, share: float) -> None:
    data = WHOLE[name]
    assert all(isinstance(item, Page) for item in decode(data))
    cut = data[: min(int(len(data) * share), len(data) - 1)]
    items = list(decode(cut))
    pages = [item for item in items if isinstance(item, Page)]
    assert len(pages) == (1 if name == "tiff-pages" and share > 0.5 else 0)
    assert isinstance(items[-1], PageFailure)
    assert items[-1].code == "truncated"


def test_no_bytes_are_an_empty_file() -> None:
    assert only_code(b"") == "empty file"


@pytest.mark.parametrize(
    "data",
    [
        b"\x89",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"II*\0",
        b"BM",
        b"BMW is a maker of cars and this is no picture",
        b"RIFF\x24\0\0\0WAVEfmt ",
        b"%PDF-",
        b"a few words\n",
        b"<!DOCTYPE html><p>%PDF-1.4",
        b"PK\x03\x04" + bytes(40) + b"%PDF-1.4",
        b"\x7fELF" + bytes(60),
        bytes(1000),
    ],
)
def test_what_is_no_picture_is_said_so(data: bytes) -> None:
    assert only_code(data) == "not an image"


@pytest.mark.parametrize("kind", ["GIF", "PPM", "JPEG2000", "ICO", "EPS", "AVIF"])
def test_other_formats_are_refused_by_name(kind: str) -> None:
    assert only_code(saved(COLOUR, kind)) == "unsupported"


def test_an_animated_webp_is_refused() -> None:
    data = saved(COLOUR, "WEBP", save_all=True, append_images=[Image.new("RGB", COLOUR.size)])
    assert only_code(data) == "unsupported"


def test_jpeg_data_that_ends_before_its_picture_is_refused() -> None:
    for name in ("jpeg", "jpeg-cmyk"):
        data = WHOLE[name]
        assert only_code(data[: len(data) // 2] + b"\xff\xd9") == "truncated"


def test_a_jpeg_thumbnails_end_is_not_the_pictures() -> None:
    thumbnail = saved(np.full((16, 16), 200, np.uint8), "JPEG")
    segment = b"\xff\xe2" + struct.pack(">H", 2 + len(thumbnail)) + thumbnail
    data = WHOLE["jpeg"]
    data = data[:2] + segment + data[2:]
    assert all(isinstance(item, Page) for item in decode(data))
    assert only_code(data[:-2]) == "truncated"


def test_bytes_behind_the_picture_do_no_harm() -> None:
    for name in ("png", "jpeg", "bmp", "webp", "tiff"):
        [page] = decode(WHOLE[name] + bytes(100))
        assert isinstance(page, Page)


def test_png_damage_is_told() -> None:
    data = bytearray(WHOLE["png"])
    data[len(data) // 2] ^= 0x10
    assert only_code(bytes(data)) == "broken"
    short = zlib.compress(bytes(101 * 50))
    assert only_code(png_of(png_chunk(b"IDAT", short), width=100, height=100)) == "truncated"
    assert only_code(png_of(png_chunk(b"IDAT", short), width=100, height=100, kind=4)) == "truncated"


def test_damage_beside_the_pixels_of_a_png_is_told() -> None:
    data = saved(PAGE, "PNG", dpi=(300, 300))
    assert only_code(data.replace(b"pHYs\0\0", b"pHYs\0\1")) == "broken"


def test_unpacked_tiff_pixels_that_are_missing_are_told() -> None:
    tags = tiff_tags(WIDTH, HEIGHT)
    first, second = decode(tiff_of([(tags, PAGE.tobytes()[:-400]), (tags, PAGE.tobytes())]))
    assert isinstance(first, PageFailure)
    assert first.code == "truncated"
    assert isinstance(second, Page)


def test_a_strip_beyond_the_end_is_truncation() -> None:
    strip = group4_strip(PAGE)
    data = tiff_of([(tiff_tags(WIDTH, HEIGHT, (259, "H", [4]), bits=1), strip)])
    assert [type(item) for item in decode(data)] == [Page]
    entry = struct.pack("<HHI", 279, 4, 1)
    promised = data.replace(entry + struct.pack("<I", len(strip)), entry + struct.pack("<I", 1_000_000))
    assert only_code(promised) == "truncated"


def test_a_run_length_bmp_is_read_and_its_cut_is_told() -> None:
    row = bytes([160, 20, 160, 235, 0, 0])
    body = row * 100 + b"\0\1"
    header = struct.pack("<IiiHHIIiiII", 40, 320, 100, 1, 8, 1, len(body), 0, 0, 256, 0)
    start = 14 + len(header) + 1024
    palette = b"".join(bytes([level, level, level, 0]) for level in range(256))
    data = b"BM" + struct.pack("<III", start + len(body), 0, start) + header + palette + body
    [page] = decode(data)
    assert isinstance(page, Page)
    assert page.pixels[50, [10, 300]].tolist() == [20, 235]
    assert only_code(data[:-3]) == "truncated"


def test_pillows_own_limit_is_lifted_and_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    [page] = decode(WHOLE["tiff"])
    assert isinstance(page, Page)
    assert Image.MAX_IMAGE_PIXELS == 10


def test_a_librarys_warning_is_no_obstacle() -> None:
    [page] = decode(tiff_of([(tiff_tags(WIDTH, HEIGHT, (296, "H", [2, 2])), PAGE.tobytes())]))
    assert isinstance(page, Page)


def _bomb(kind: str) -> bytes:
    if kind == "tiff":
        return tiff_of([(tiff_tags(32_000, 32_000, (259, "H", [4]), bits=1), bytes(4000))])
    if kind == "png":
        return png_bomb(32_000)
    if kind == "jpeg":
        data = bytearray(WHOLE["jpeg"])
        frame = data.index(b"\xff\xc0")
        data[frame + 5 : frame + 9] = struct.pack(">HH", 65_000, 65_000)
        return bytes(data)
    if kind == "bmp":
        data = bytearray(WHOLE["bmp"])
        data[18:26] = struct.pack("<ii", 60_000, -60_000)
        return bytes(data)
    if kind == "webp":
        data = bytearray(saved(COLOUR.convert("RGBA"), "WEBP", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0"))
        data[24:30] = b"\xff\x3f\0\xff\x3f\0"
        return bytes(data)
    return pdf_scan(zlib.compress(bytes(1000)), 32_000, 32_000,
                    entries=b"/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode")  # fmt: skip


@pytest.mark.parametrize("kind", ["tiff", "png", "jpeg", "bmp", "webp", "pdf"])
def test_a_bomb_is_refused_at_once(kind: str) -> None:
    data = _bomb(kind)
    list(decode(WHOLE["pdf"]))  # loads the libraries outside the measured time
    start = time.process_time()
    assert only_code(data) == "too large"
    assert time.process_time() - start < 0.5


@pytest.mark.skipif(sys.platform != "linux", reason="memory limits are the kernel's")
def test_bombs_take_no_memory() -> None:
    script = (
        "import resource, sys\n"
        "from ocrbatch.page.decode import decode\n"
        "list(decode(b'%PDF-1.4 startxref %%EOF'))\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "sizes = [int(size) for size in sys.argv[1:]]\n"
        "for size in sizes:\n"
        "    [failure] = decode(sys.stdin.buffer.read(size))\n"
        "    assert failure.code == 'too large', failure\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)\n"
    )
    bombs = [_bomb(kind) for kind in ("tiff", "png", "jpeg", "bmp", "webp", "pdf")]
    command = [sys.executable, "-c", script, *(str(len(bomb)) for bomb in bombs)]
    ended = subprocess.run(command, input=b"".join(bombs), capture_output=True, check=True)
    assert int(ended.stdout) < 100


def test_the_limit_is_an_option() -> None:
    data = WHOLE["png"]
    assert only_code(data, max_pixels=HEIGHT * WIDTH - 1) == "too large"
    [page] = decode(data, max_pixels=HEIGHT * WIDTH)
    assert isinstance(page, Page)


def test_nothing_is_said_on_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    for data in WHOLE.values():
        damaged = bytearray(data)
        damaged[len(data) // 2 : len(data) // 2 + 40] = bytes(40)
        list(decode(bytes(damaged)))
        list(decode(data[: len(data) // 2] + b"\xff\xd9"))
    assert capfd.readouterr().err == ""


def test_a_closed_standard_error_is_no_obstacle() -> None:
    script = (
        "import sys, os; os.close(2)\nfrom ocrbatch.page.decode import decode\n"
        "print(len(list(decode(sys.stdin.buffer.read()))))"
    )
    command = [sys.executable, "-c", script]
    ended = subprocess.run(command, input=WHOLE["jpeg"], stdout=subprocess.PIPE, check=True)
    assert ended.stdout.split() == [b"1"]


def _open_descriptors() -> int:
    table = Path("/proc/self/fd")
    return len(list(table.iterdir())) if table.is_dir() else 0


def test_no_file_descriptor_is_left_open() -> None:
    list(decode(WHOLE["jpeg"]))
    before = _open_descriptors()
    for name in ("jpeg", "png", "tiff", "pdf"):
        list(decode(WHOLE[name]))
    assert _open_descriptors() == before


def _tiff_pages(count: int, bad: int | None = None) -> bytes:
    small = written_page(120, 160)
    strip = group4_strip(small)
    good = tiff_tags(160, 120, (259, "H", [4]), (254, "I", [2]), bits=1)
    pages = [(good, strip)] * count
    if bad is not None:
        pages[bad] = (tiff_tags(160, 120, (259, "H", [4]), (258, "H", [7])), strip)
    return tiff_of(pages)


@pytest.mark.parametrize("bad", [0, 7, 19])
def test_one_bad_page_costs_that_page_alone(bad: int) -> None:
    items = list(decode(_tiff_pages(20, bad)))
    assert [item.number for item in items] == list(range(1, 21))
    assert [index for index, item in enumerate(items) if isinstance(item, PageFailure)] == [bad]


@pytest.mark.slow
def test_ten_thousand_pages_take_time_in_line() -> None:
    def seconds(count: int) -> float:
        data = _tiff_pages(count, count // 2)
        start = time.process_time()
        items = list(decode(data))
        assert sum(isinstance(item, Page) for item in items) == count - 1
        return time.process_time() - start

    assert seconds(10_000) < 10 * seconds(2000)


def test_thumbnails_and_masks_are_no_pages() -> None:
    page = (tiff_tags(WIDTH, HEIGHT), PAGE.tobytes())
    thumbnail = (tiff_tags(8, 8, (254, "I", [1])), bytes(64))
    items = list(decode(tiff_of([page, thumbnail, page])))
    assert [(item.number, type(item)) for item in items] == [(1, Page), (2, Page)]


def test_a_loop_of_directories_ends() -> None:
    pages = [(tiff_tags(WIDTH, HEIGHT), PAGE.tobytes())] * 2
    first = struct.unpack_from("<I", tiff_of(pages), 4)[0]
    items = list(decode(tiff_of(pages, last=first)))
    assert [type(item) for item in items] == [Page, Page, PageFailure]
    assert getattr(items[-1], "code", None) == "broken"


def test_a_directory_beyond_the_end_is_truncation() -> None:
    pages = [(tiff_tags(WIDTH, HEIGHT), PAGE.tobytes())]
    items = list(decode(tiff_of(pages, last=10_000_000)))
    assert [type(item) for item in items] == [Page, PageFailure]
    assert getattr(items[-1], "code", None) == "truncated"


SMALL = written_page(64, 80)
SEEDS = [
    saved(SMALL, "PNG"),
    saved(Image.fromarray(SMALL).convert("RGB"), "JPEG"),
    saved(SMALL, "TIFF", compression="tiff_lzw"),
    saved(Image.fromarray(SMALL).convert("1"), "TIFF", compression="group4"),
    saved(SMALL, "BMP"),
    saved(Image.fromarray(SMALL).convert("RGB"), "WEBP"),
    saved(SMALL, "PDF"),
]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.sampled_from(SEEDS),
    changes=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=12
    ),
    cut=st.one_of(st.just(1.0), st.floats(0, 1)),
)
def test_changed_bytes_never_raise(seed: bytes, changes: list[tuple[float, int]], cut: float) -> None:
    data = bytearray(seed)
    for place, value in changes:
        # Headers decide most, so half of the changes fall into the first bytes.
        reach = len(data) if value % 2 else min(len(data), 200)
        data[int(place * reach)] = value
    items = list(decode(bytes(data[: int(len(data) * cut)]), max_pixels=1_000_000))
    assert items
    for number, item in enumerate(items, 1):
        assert item.number == number
        assert isinstance(item, Page | PageFailure)


@given(st.binary(max_size=300))
def test_any_bytes_never_raise(data: bytes) -> None:
    for magic in (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0+", b"BM", b"%PDF-1.4\n"):
        assert list(decode(magic + data))


def test_memory_that_opencv_does_not_get_is_no_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        error = cv2.error("Insufficient memory")
        error.code = -4
        raise error

    monkeypatch.setattr(cv2, "imdecode", refuse)
    assert only_code(WHOLE["png"]) == "too large"
