"""Render the folder of sample pages with its truth, and the blank sheets that its forms are made of.

``python -m tests.helpers.render_samples --digits mnist.npz -o samples``
"""

import argparse
import csv
import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from tests.helpers.render import Digits, PageSpec, RenderedPage, Scan, mnist_digits, render_page
from tests.helpers.render.amounts import Amount, render_amount
from tests.helpers.render.plan import Paper, runs
from tests.helpers.render.sample_pages import card, mark_sheet, slip

BLUE = (32, 44, 128)
WRITTEN_AT = time.struct_time((2025, 1, 1, 0, 0, 0, 2, 1, 0))
"""PDFs carry a date: always this one, so that the same pages give the same bytes."""
FORM_FIELDS = {
    "card": ("member_number", "joined", "telephone", "post_code", "electricity", "water", "locker", "key_tag"),
    "slip": ("date", "amount"),
}
"""The fields of the samples' forms, in reading order. The files of a form's pages begin with its name."""
FORM_DPI = 200
AMOUNTS = (
    Amount("1,250/-"),
    Amount("96120", lean=0.2, gap=-3),
    Amount("482.50", lean=0.05),
    Amount("7,305/-", lean=0.15, gap=2),
    Amount("64.00", lean=0.25, gap=1),
    Amount("2,05,800/-", gap=3),
)
AMOUNTS_FILE = "amounts.whole"
"""A TIFF with an amount a page, for ``--whole string``; so named that it is no page of the folder."""
AMOUNTS_DPI, AMOUNTS_SEED = 300, 40


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page of a sample file and the way it is scanned."""

    spec: PageSpec
    scan: Scan
    dpi: float
    seed: int

    @property
    def values(self) -> tuple[str, ...]:
        """What stands in the runs of boxes, a character a cell."""
        return tuple(grid.rows[row] for grid, row in runs(self.spec))

    def render(self, digits: Digits) -> RenderedPage:
        """Render the page."""
        return render_page(self.spec, dpi=self.dpi, scan=self.scan, digits=digits, seed=self.seed)


@dataclass(frozen=True, slots=True)
class SampleFile:
    """A file of the folder: its pages, and how their pictures become bytes."""

    name: str
    sheets: tuple[Sheet, ...]
    encode: Callable[[list[Image.Image], float], bytes]


def sample_files() -> Iterator[SampleFile]:
    """Give every file of the folder, in the order of their names."""
    flat = Scan(skew=0.6, noise=0.6, light=0.05, levels=30)
    yield SampleFile("card-grey.png", (Sheet(card(1), flat, 300, 11),), _png)
    pink = Scan(skew=-1.1, noise=2.5, colour=True, light=0.07)
    yield SampleFile("card-pink.jpg", (Sheet(card(2, pink=True, pen=BLUE), pink, 200, 12),), _jpeg(72))
    fax = Scan(bilevel=True, noise=4, light=0.05)
    cards = (_turned(card(3), fax, 1.6, 200, 13), _turned(card(4, pen=(70, 70, 78)), fax, -0.4, 200, 14))
    yield SampleFile("cards.tif", cards, _tiff)
    photo = Scan(skew=-3.0, perspective=0.55, blur=1.6, noise=3.5, light=0.22, colour=True)
    yield SampleFile("marks-photo.jpg", (Sheet(mark_sheet(5, pen=BLUE), photo, 200, 15),), _jpeg(70))
    sheets = tuple(
        _turned(mark_sheet(number), fax, skew, 240, number + 20) for number, skew in ((6, -0.7), (7, 0.3), (8, 2.4))
    )
    yield SampleFile("marks.tif", sheets, _tiff)
    green = Scan(skew=0.9, noise=2.2, colour=True, light=0.06)
    yield SampleFile("slip-green.jpg", (Sheet(slip(9, green=True, pen=BLUE), green, 300, 16),), _jpeg(58))
    grey = Scan(skew=-1.4, noise=2.0, light=0.1)
    slips = (
        _turned(slip(10), grey, -1.4, 200, 17),
        _turned(slip(11, pen=(80, 80, 86)), grey, 0.5, 200, 18),
        _turned(slip(12), grey, 2.9, 200, 19),
    )
    yield SampleFile("slips.pdf", slips, _pdf)
    tally = Scan(skew=-0.5, noise=0.8, light=0.05, levels=36)
    yield SampleFile("tally-dotted.png", (Sheet(mark_sheet(13, dotted=True), tally, 200, 24),), _png)


def _turned(spec: PageSpec, scan: Scan, skew: float, dpi: float, seed: int) -> Sheet:
    return Sheet(spec, replace(scan, skew=skew), dpi, seed)


def truth_rows() -> list[tuple[str, int, str, str]]:
    """Give file, page, field and value of every run of boxes, blank cells at a value's ends dropped."""
    return [
        (file.name, page, f"r{run:02}", value.strip())
        for file in sample_files()
        for page, sheet in enumerate(file.sheets, 1)
        for run, value in enumerate(sheet.values, 1)
    ]


def blank_sheets() -> Iterator[tuple[str, RenderedPage]]:
    """Give each form's name and its blank sheet, straight from the press: of the card the edition in pink.

    Of a form that is printed in several strengths, the palest finds the others too.
    """
    press = Scan(blur=0.6, noise=0, light=0, levels=20)
    for name, spec in (("card", card(0, pink=True)), ("slip", slip(0))):
        blank = replace(spec, flourishes=(), paper=Paper((243, 242, 236)))
        yield name, render_page(blank, dpi=FORM_DPI, scan=press, written=False)


def form_truth_rows() -> list[tuple[str, int, str, str]]:
    """Give file, page, field and value of every field of the pages that have a form."""
    names = {file.name: FORM_FIELDS.get(file.name[:4], ()) for file in sample_files()}
    return [
        (file, page, names[file][int(field[1:]) - 1], value) for file, page, field, value in truth_rows() if names[file]
    ]


def amount_rows() -> list[tuple[str, int, str, str]]:
    """Give file, page, field and value of every amount."""
    return [(AMOUNTS_FILE, page, "whole", amount.value) for page, amount in enumerate(AMOUNTS, 1)]


def render_amounts(digits: Digits) -> bytes:
    """Render the amounts and encode them."""
    drawn = [render_amount(amount, digits, AMOUNTS_SEED + i) for i, amount in enumerate(AMOUNTS)]
    first, *rest = map(Image.fromarray, drawn)
    dpi = (AMOUNTS_DPI, AMOUNTS_DPI)
    return _saved(first, "TIFF", compression="tiff_adobe_deflate", save_all=True, append_images=rest, dpi=dpi)


def render_file(file: SampleFile, digits: Digits) -> bytes:
    """Render a file's pages and encode them."""
    images = [Image.fromarray(sheet.render(digits).pixels) for sheet in file.sheets]
    return file.encode(images, file.sheets[0].dpi)


def truth_table(rows: list[tuple[str, int, str, str]]) -> str:
    """Write a table of truth: UTF-8, comma, CRLF."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("file", "page", "field", "value"), *rows])
    return text.getvalue()


def blank_picture(sheet: RenderedPage) -> bytes:
    """Encode a blank sheet as a grey PNG."""
    return _png([Image.fromarray(sheet.page().pixels)], sheet.dpi)


def _png(images: list[Image.Image], dpi: float) -> bytes:
    return _saved(images[0], "PNG", dpi=(dpi, dpi), optimize=True)


def _jpeg(quality: int) -> Callable[[list[Image.Image], float], bytes]:
    return lambda images, dpi: _saved(images[0], "JPEG", dpi=(dpi, dpi), quality=quality)


def _tiff(images: list[Image.Image], dpi: float) -> bytes:
    first, *rest = (image.convert("1", dither=Image.Dither.NONE) for image in images)
    return _saved(first, "TIFF", compression="group4", save_all=True, append_images=rest, dpi=(dpi, dpi))


def _pdf(images: list[Image.Image], dpi: float) -> bytes:
    first, *rest = images
    return _saved(
        first, "PDF", save_all=True, append_images=rest, resolution=dpi, quality=70,
        creationDate=WRITTEN_AT, modDate=WRITTEN_AT,
    )  # fmt: skip


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--digits", type=Path, required=True, help="mnist.npz, as Keras gives it out")
    parser.add_argument("-o", "--out", type=Path, required=True, help="the folder to write to")
    parser.add_argument("--only", default="", help="write only the file of this name")
    arguments = parser.parse_args()
    digits = mnist_digits(arguments.digits)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for file in sample_files():
        if arguments.only in ("", file.name):
            content = render_file(file, digits)
            (arguments.out / file.name).write_bytes(content)
            print(f"{file.name}: {len(file.sheets)} pages, {len(content) / 1024:.0f} KB")
    if arguments.only in ("", AMOUNTS_FILE):
        (arguments.out / AMOUNTS_FILE).write_bytes(render_amounts(digits))
    forms = arguments.out / "forms"
    forms.mkdir(exist_ok=True)
    for name, sheet in blank_sheets():
        (forms / f"{name}.blank").write_bytes(blank_picture(sheet))
    tables = {"truth.csv": truth_rows(), "amounts.csv": amount_rows(), "forms/truth.csv": form_truth_rows()}
    for name, rows in tables.items():
        (arguments.out / name).write_text(truth_table(rows), encoding="utf-8", newline="")


if __name__ == "__main__":
    main()
