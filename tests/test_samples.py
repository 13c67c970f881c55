"""The committed sample pages agree with their truth, and the renderer with the geometry it tells."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from ocrbatch.form.store import load_forms
from ocrbatch.form.template import FormPage
from ocrbatch.job.sources import list_sources
from ocrbatch.page.decode import decode
from ocrbatch.page.register import register
from ocrbatch.page.registration.index import FormIndex, index_forms
from ocrbatch.records import Page
from tests.helpers.render import (
    PINK,
    Grid,
    Lines,
    PageSpec,
    RenderedPage,
    Scan,
    Text,
    drawn_digits,
    mnist_digits,
    page_cells,
    render_page,
)
from tests.helpers.render_samples import (
    AMOUNTS,
    AMOUNTS_FILE,
    FORM_FIELDS,
    SampleFile,
    amount_rows,
    blank_picture,
    blank_sheets,
    form_truth_rows,
    render_amounts,
    render_file,
    sample_files,
    truth_rows,
    truth_table,
)

SAMPLES = Path(__file__).parents[1] / "samples"
MNIST = Path(__file__).parents[1] / "../shared/data/digits/mnist.npz"
FILES = list(sample_files())
SHEET = PageSpec(
    (120, 80),
    (
        Grid(12, 20, ("12 4", "    ", "7 89")),
        Grid(60, 20, ("05678",), (7, 8), "boxes"),
        Grid(60, 45, ("13 2",)),
    ),
    (Text((12, 8), "A sheet", 4),),
)


FORMS = SAMPLES / "forms"
SHEETS = dict(blank_sheets())


@pytest.fixture(scope="module")
def index() -> FormIndex:
    return index_forms(load_forms([FORMS]))


def form_page(name: str) -> FormPage:
    (form,) = load_forms([FORMS / f"{name}.toml"])
    (page,) = form.pages
    assert form.name == name
    return page


def decoded(file: SampleFile) -> list[Page]:
    pages = list(decode((SAMPLES / file.name).read_bytes()))
    assert all(isinstance(page, Page) for page in pages)
    return [page for page in pages if isinstance(page, Page)]


def inked(page: Page, quad: np.ndarray) -> float:
    """Give the share of a cell's inner two thirds that is clearly darker than its paper."""
    corners = np.array([[0, 0], [48, 0], [48, 60], [0, 60]], np.float32)
    cell = cv2.warpPerspective(page.pixels, cv2.getPerspectiveTransform(quad, corners), (48, 60))
    paper = np.percentile(cell, 90)
    inner = cv2.medianBlur(np.ascontiguousarray(cell[10:-10, 8:-8]), 3)
    return float((inner < 0.75 * paper).mean())


def edge_contrast(rendered: RenderedPage) -> float:
    """Give how much darker the told middle lines are than what lies a seventh of a cell beside them."""
    grey = rendered.page().pixels.astype(np.float32)
    told: list[np.ndarray] = []
    beside: list[np.ndarray] = []
    for quad in np.concatenate(rendered.cells):
        middle, steps = quad.mean(axis=0), np.linspace(0.1, 0.9, 40)[:, None]
        for start, end in zip(quad, np.roll(quad, -1, axis=0), strict=True):
            points = start + steps * (end - start)
            inner = points + (middle - points) / 3.5
            for values, places in ((told, points), (beside, inner)):
                whole = np.floor(places).astype(int)
                values.append(grey[whole[:, 1], whole[:, 0]])
    return float(np.mean(beside) - np.mean(told))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_sample_file_is_small_and_has_the_pages_of_its_plan(file: SampleFile) -> None:
    assert (SAMPLES / file.name).stat().st_size <= 400 * 1024
    pages = decoded(file)
    assert [page.number for page in pages] == list(range(1, len(file.sheets) + 1))
    for page, sheet in zip(pages, file.sheets, strict=True):
        assert page.dpi == pytest.approx(sheet.dpi, abs=1)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_written_cells_of_a_sample_hold_ink_and_the_blank_ones_none(file: SampleFile) -> None:
    for page, sheet in zip(decoded(file), file.sheets, strict=True):
        cells = page_cells(sheet.spec, sheet.dpi, sheet.scan)
        assert [len(run) for run in cells] == [len(value) for value in sheet.values]
        for run, value in zip(cells, sheet.values, strict=True):
            for quad, text in zip(run, value, strict=True):
                ink = inked(page, quad)
                assert ink < 0.01 if text == " " else ink > 0.01, (page.number, value, text)


def test_the_folder_holds_the_files_of_the_plan_and_is_small() -> None:
    names = {file.name for file in FILES} | {AMOUNTS_FILE}
    assert {path.name for path in SAMPLES.iterdir()} == names | {"README.md", "truth.csv", "amounts.csv", "forms"}
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*")) <= 2 * 1024 * 1024
    readme = (SAMPLES / "README.md").read_text("utf-8")
    assert all(f"`{name}`" in readme for name in names)
    assert all(f"`forms/{path.name}`" in readme for path in FORMS.iterdir())


def test_only_the_plans_files_are_taken_for_pages(tmp_path: Path) -> None:
    read = [source.name for source in list_sources([SAMPLES], tmp_path) if not source.skipped]
    assert read == [file.name for file in sorted(FILES, key=lambda file: file.name)]


@pytest.mark.parametrize("name", list(FORM_FIELDS))
def test_a_form_of_the_samples_has_the_boxes_and_the_picture_of_its_blank_sheet(name: str) -> None:
    page, sheet = form_page(name), SHEETS[name]
    assert tuple(field.name for field in page.fields) == FORM_FIELDS[name]
    for field, cells in zip(page.fields, sheet.cells, strict=True):
        assert field.cells == pytest.approx(cells, abs=2), field.name
    assert page.reference == (FORMS / f"{name}.blank").read_bytes()
    assert (page.height, page.width) == sheet.pixels.shape
    assert len(page.reference) < 100 * 1024
    drawn, kept = (np.asarray(Image.open(io.BytesIO(data))) for data in (blank_picture(sheet), page.reference))
    assert np.abs(drawn.astype(int) - kept).max() <= 16


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_samples_are_known_by_their_forms_and_their_fields_found(file: SampleFile, index: FormIndex) -> None:
    for page, sheet in zip(decoded(file), file.sheets, strict=True):
        found = register(page, index)
        name = file.name[:4]
        if name not in FORM_FIELDS:
            assert (found.form, found.places, found.problem) == ("", (), "unknown form")
            continue
        assert (found.form, found.problem) == (name, "")
        assert tuple(place.name for place in found.places) == FORM_FIELDS[name]
        for place, cells in zip(found.places, page_cells(sheet.spec, sheet.dpi, sheet.scan), strict=True):
            height = np.linalg.norm(cells[0, 3] - cells[0, 0])
            assert np.abs(place.cells - cells).max() < 0.15 * height, (page.number, place.name)


def test_the_amounts_are_a_page_each() -> None:
    pages = list(decode((SAMPLES / AMOUNTS_FILE).read_bytes()))
    assert len(pages) == len(AMOUNTS)
    assert all(isinstance(page, Page) and page.dpi == pytest.approx(300, abs=1) for page in pages)


def test_the_group_4_and_photographic_kinds_are_what_their_names_say() -> None:
    with Image.open(SAMPLES / "marks.tif") as image:
        assert (image.mode, image.info["compression"]) == ("1", "group4")
    for name in ("card-pink.jpg", "marks-photo.jpg", "slip-green.jpg"):
        with Image.open(SAMPLES / name) as image:
            assert image.mode == "RGB"


def test_the_truth_table_is_the_plans_and_tells_of_every_page() -> None:
    text = (SAMPLES / "truth.csv").read_bytes().decode("utf-8")
    assert text == truth_table(truth_rows())
    assert (FORMS / "truth.csv").read_bytes().decode("utf-8") == truth_table(form_truth_rows())
    assert (SAMPLES / "amounts.csv").read_bytes().decode("utf-8") == truth_table(amount_rows())
    rows = list(csv.DictReader(text.splitlines()))
    told = {(row["file"], int(row["page"])) for row in rows}
    assert told == {(file.name, page) for file in FILES for page in range(1, len(file.sheets) + 1)}
    assert any(row["value"] == "" for row in rows)
    assert any(" " in row["value"] for row in rows)


@pytest.mark.parametrize("dpi", [100, 300])
@pytest.mark.parametrize(
    "scan",
    [Scan(), Scan(skew=15), Scan(skew=-7, bilevel=True), Scan(perspective=0.8), Scan(skew=3, colour=True)],
    ids=["flat", "turned", "bilevel", "tilted", "colour"],
)
def test_lines_lie_where_the_told_cells_have_their_edges(scan: Scan, dpi: int) -> None:
    rendered = render_page(SHEET, dpi=dpi, scan=scan, written=False)
    assert rendered.pixels.ndim == (3 if scan.colour else 2)
    assert edge_contrast(rendered) > 60


@pytest.mark.parametrize(
    ("lines", "least"),
    [
        (Lines("dotted"), 40),
        (Lines("broken"), 40),
        (Lines("dashed"), 40),
        (Lines(width=0.0), 40),
        (Lines(width=1.2), 120),
        (Lines(colour=PINK), 25),
    ],
    ids=["dotted", "broken", "dashed", "thin", "thick", "pink"],
)
def test_every_kind_of_line_is_drawn(lines: Lines, least: float) -> None:
    solid = render_page(SHEET, dpi=200, written=False)
    other = render_page(SHEET, dpi=200, lines=lines, written=False)
    assert edge_contrast(other) > least
    assert not np.array_equal(solid.pixels, other.pixels)


def test_runs_are_told_from_the_top_and_left_to_right() -> None:
    assert render_page(SHEET, dpi=100).values == ("12 4", "05678", "    ", "7 89", "13 2")
    assert render_page(SHEET, dpi=100, skew=14).fields == ("12 4", "05678", "", "7 89", "13 2")


def test_only_written_cells_hold_ink() -> None:
    rendered = render_page(replace(SHEET, hand=replace(SHEET.hand, crossing=0)), dpi=200, skew=4)
    for run, value in zip(rendered.cells, rendered.values, strict=True):
        assert [inked(rendered.page(), quad) > 0.01 for quad in run] == [text != " " for text in value]


def test_the_same_arguments_give_the_same_picture_and_another_seed_another() -> None:
    first, second, other = (render_page(SHEET, dpi=150, skew=1, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.pixels, second.pixels)
    assert not np.array_equal(first.pixels, other.pixels)


def test_drawn_digits_are_of_mnists_form() -> None:
    digits = drawn_digits(copies=2)
    assert digits.pictures.shape == (20, 28, 28)
    assert digits.pictures.dtype == np.uint8
    assert (digits.pictures.reshape(20, -1).max(axis=1) > 200).all()
    assert digits.pictures[:, [0, -1]].max() == 0


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.skipif(not MNIST.exists(), reason="MNIST is not here")
def test_rendering_a_file_twice_gives_the_same_bytes() -> None:
    digits = mnist_digits(MNIST)
    for file in FILES:
        assert render_file(file, digits) == render_file(file, digits), file.name
    assert render_amounts(digits) == render_amounts(digits)
