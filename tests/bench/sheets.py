"""The pages that are timed: A4 sheets of combs as each kind of file, their forms, and folders of distinct copies.

A file whose content was read before is not read again, so that each copy of a page gets bytes that no decoder heeds.
"""

import struct
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from ocrbatch.form.template import Field, Form, FormPage, Kind
from ocrbatch.form.write import form_toml
from ocrbatch.geometry import enclosing_box
from ocrbatch.records import Grey, cell_quads
from tests.helpers.pictures import pdf_scan, png_chunk, saved
from tests.helpers.render import Grid, PageSpec, Scan, Text, page_cells, render_page

SAMPLES = Path(__file__).parents[2] / "samples"
A4 = (210.0, 297.0)
DPI, FORM_DPI = 300.0, 200.0
WRITERS = 3
"""So many different sheets; the others of a folder are copies of these under another content."""
FEW, MANY = 64, 400
SCAN = Scan(skew=0.8)
PRESS = Scan(blur=0.6, noise=0, light=0, levels=20)
QUALITY = 85
LINES = 6.0
"""Pixels that a peer's cells are cut within their lines, which it is thus spared."""
GREY, COLOUR, PNG, GROUP4, PDF = "grey JPEG", "colour JPEG", "PNG", "Group 4 TIFF", "PDF of a grey JPEG"
KINDS = (GREY, COLOUR, PNG, GROUP4, PDF)
SAMPLE_JPEG, SAMPLE_TIFF = "sample slip-green.jpg", "sample cards.tif"
SAMPLE_KINDS = {SAMPLE_JPEG: ("slip.toml", 1, 14), SAMPLE_TIFF: ("card.toml", 2, 102)}
"""Their form, and how many pages and cells a file has."""


@dataclass(frozen=True, slots=True)
class Sheets:
    """Pages of one kind: the ``contents`` of files of so many ``pages`` with ``cells`` cells in all, and their form."""

    kind: str
    cells: int
    contents: tuple[bytes, ...]
    suffix: str
    form: Path
    pages: int = 1

    @property
    def name(self) -> str:
        """What the tables call them."""
        return self.kind if self.kind in SAMPLE_KINDS else f"{self.kind}, {self.cells} cells"

    def write(self, folder: Path, files: int) -> Path:
        """Fill a folder with so many files, no two of the same bytes."""
        folder.mkdir(parents=True)
        for number in range(files):
            content = self.contents[number % len(self.contents)]
            (folder / f"{number:06}{self.suffix}").write_bytes(distinct(content, self.suffix, number))
        return folder


def sheet(cells: int, writer: int) -> PageSpec:
    """Lay out an A4 sheet: eight combs of eight cells, or twenty of twenty, each under its words."""
    rows, columns, cell, step = {FEW: (8, 8, (9.0, 11.0), 30.0), MANY: (20, 20, (7.6, 9.0), 13.2)}[cells]
    random = np.random.default_rng((cells, writer))
    values = ["".join(map(str, random.integers(0, 10, columns))) for _ in range(rows)]
    left, top = 40.0 if cells == FEW else 29.0, 40.0 if cells == FEW else 24.0
    grids = tuple(Grid(left, top + step * i, (value,), cell) for i, value in enumerate(values))
    words = 3.6 if cells == FEW else 2.2
    texts = [Text((left, grid.y - 1.9 * words), f"Number {i + 1}", words) for i, grid in enumerate(grids)]
    return PageSpec(A4, grids, (Text((20, 8), "Report of the harbour's tide gauges", 5.2), *texts))


def write_form(cells: int, folder: Path) -> Path:
    """Write the form of the sheets of so many cells, with its reference picture beside it."""
    blank = sheet(cells, 0)
    picture = render_page(blank, dpi=FORM_DPI, scan=PRESS, written=False).pixels
    fields = []
    for number, quads in enumerate(page_cells(blank, FORM_DPI, PRESS), 1):
        whole = np.rint(quads)
        fields.append(Field(f"number_{number}", Kind.BOXES, enclosing_box(whole), cell_quads(list(whole))))
    height, width = picture.shape
    page = FormPage(1, width, height, FORM_DPI, None, tuple(fields))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"tides{cells}.blank").write_bytes(saved(picture, "PNG"))
    path = folder / f"tides{cells}.toml"
    path.write_text(form_toml(Form(f"tides{cells}", (page,), ""), {1: f"tides{cells}.blank"}), "utf-8")
    return path


def drawn_sheets(kind: str, cells: int, forms: Path) -> Sheets:
    """Draw the sheets of a kind; their form is written to a folder."""
    contents = tuple(packed(kind, _drawn(kind, cells, writer)) for writer in range(WRITERS))
    return Sheets(kind, cells, contents, SUFFIXES[kind], write_form(cells, forms))


def sample_sheets(kind: str) -> Sheets:
    """Take a page, or a file of several, from the sample pages."""
    path = SAMPLES / kind.removeprefix("sample ")
    form, pages, cells = SAMPLE_KINDS[kind]
    return Sheets(kind, cells, (path.read_bytes(),), path.suffix, SAMPLES / "forms" / form, pages)


def cells_of(cells: int, writer: int) -> list[tuple[int, int, int, int]]:
    """Give where the cells of a sheet lie in its picture: x, y, width and height within their lines."""
    corners = np.concatenate(page_cells(sheet(cells, writer), DPI, SCAN))
    low, high = corners.min(axis=1) + LINES, corners.max(axis=1) - LINES
    return [(int(x0), int(y0), int(x1 - x0), int(y1 - y0)) for (x0, y0), (x1, y1) in zip(low, high, strict=True)]


SUFFIXES = {GREY: ".jpg", COLOUR: ".jpg", PNG: ".png", GROUP4: ".tif", PDF: ".pdf"}


def _drawn(kind: str, cells: int, writer: int) -> Grey:
    scan = replace(SCAN, colour=kind == COLOUR, bilevel=kind == GROUP4)
    return render_page(sheet(cells, writer), dpi=DPI, scan=scan, seed=writer).pixels


def packed(kind: str, pixels: Grey) -> bytes:
    """Pack pixels, (h, w) or in colour (h, w, 3), as a file of a kind."""
    if kind == PNG:
        return saved(pixels, "PNG", dpi=(DPI, DPI), compress_level=3)
    if kind == GROUP4:
        return saved(Image.fromarray(pixels).convert("1"), "TIFF", compression="group4", dpi=(DPI, DPI))
    picture = saved(pixels, "JPEG", quality=QUALITY, dpi=(DPI, DPI))
    if kind != PDF:
        return picture
    entries = b"/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode"
    return pdf_scan(picture, pixels.shape[1], pixels.shape[0], entries=entries, dpi=DPI)


def distinct(content: bytes, suffix: str, number: int) -> bytes:
    """Give a file's bytes with a number in them that changes nothing of its picture."""
    words = b"copy %09d" % number
    if suffix == ".jpg":
        # Behind the first segment, which says what kind of JPEG this is.
        place = 4 + struct.unpack(">H", content[4:6])[0]
        return content[:place] + b"\xff\xfe" + struct.pack(">H", 2 + len(words)) + words + content[place:]
    if suffix == ".png":
        end_of_header = 33
        return content[:end_of_header] + png_chunk(b"tEXt", b"Comment\0" + words) + content[end_of_header:]
    if suffix == ".pdf":
        return content + b"\n%" + words + b"\n"
    return content + words
