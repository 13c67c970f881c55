import io
from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ocrbatch.design.print import print_form
from ocrbatch.errors import FormError
from ocrbatch.form.marks import MARKER_DICTIONARY, marker_ids, marker_quads
from ocrbatch.form.printed import as_printed
from ocrbatch.form.template import Field, Form, FormPage, Kind
from ocrbatch.geometry import Box
from ocrbatch.page.segment import segment
from ocrbatch.records import FieldPlace, Page, RegisteredPage, cell_quads

Grey = npt.NDArray[np.uint8]
Millimetres = tuple[float, float, float, float]


def field(name: str, kind: Kind, place: Millimetres, columns: int = 1, rows: int = 1, dpi: float = 300.0) -> Field:
    """Give a field of equal cells that touch; its place is in millimetres."""
    box = Box(*(round(side * dpi / 25.4) for side in place))
    xs = np.linspace(box.x, box.right, columns + 1)
    ys = np.linspace(box.y, box.bottom, rows + 1)
    cells = [
        np.array([[xs[c], ys[r]], [xs[c + 1], ys[r]], [xs[c + 1], ys[r + 1]], [xs[c], ys[r + 1]]], np.float32)
        for r in range(rows)
        for c in range(columns)
    ]
    return Field(name, kind, box, cell_quads(cells))


def form_of(*pages: tuple[Field, ...], name: str = "delivery_note", dpi: float | None = 300.0) -> Form:
    """Give a form of landscape A5 pages."""
    made = (FormPage(number, 2480, 1748, dpi, None, fields) for number, fields in enumerate(pages, 1))
    return Form(name, tuple(made), "0" * 64)


DEMO = form_of(
    (
        field("date", Kind.BOXES, (20, 30, 48, 7), 8),
        field("customer_number", Kind.BOXES, (90, 30, 60, 7), 10),
        field("amount", Kind.STRING, (20, 48, 50, 10)),
        field("paid", Kind.MARK, (90, 50, 5, 5)),
        field("gift", Kind.MARK, (105, 50, 5, 5)),
        field("items", Kind.BOXES, (20, 70, 35, 16), 5, 2),
    )
)


def rendered(pdf: bytes, dpi: float) -> list[Grey]:
    """Draw a PDF as any viewer would."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [np.asarray(page.render(scale=dpi / 72).to_pil().convert("L")) for page in document]
    finally:
        document.close()


def texts(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        found = []
        for page in document:
            text = page.get_textpage()
            found.append(text.get_text_bounded())
            text.close()
        return found
    finally:
        document.close()


def markers(picture: Grey) -> dict[int, npt.NDArray[np.float32]]:
    detector = cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(MARKER_DICTIONARY))
    corners, ids, _ = detector.detectMarkers(picture)
    return {int(number): quad.reshape(4, 2) for number, quad in zip(np.ravel(ids), corners, strict=True)}


def decoded(png: bytes) -> Grey:
    return np.asarray(Image.open(io.BytesIO(png)))


def assert_cells_are_drawn(picture: Grey, page: FormPage, dpi: float) -> None:
    """See that each cell has its four lines within 0.3 mm of their place, and white inside."""
    assert page.dpi is not None
    scale, near = dpi / page.dpi, 0.3 * dpi / 25.4
    for cell in (cell * scale for made in as_printed(page).fields for cell in made.cells):
        left, top, right, bottom = *cell.min(axis=0), *cell.max(axis=0)
        inside = picture[
            round(top + 2 * near) : round(bottom - 2 * near), round(left + 2 * near) : round(right - 2 * near)
        ]
        assert inside.size
        assert inside.min() >= 240
        for strip in _strips(picture, (left, top, right, bottom), near):
            assert strip.min(axis=0).max() < 200


def _strips(picture: Grey, sides: tuple[float, ...], near: float) -> Iterator[Grey]:
    """Give the surroundings of a cell's four lines, each (across, along)."""
    left, top, right, bottom = sides
    along, down = (slice(round(a + 2 * near), round(b - 2 * near)) for a, b in ((left, right), (top, bottom)))
    for y in (top, bottom):
        yield picture[round(y - near) : round(y + near) + 1, along]
    for x in (left, right):
        yield picture[down, round(x - near) : round(x + near) + 1].T


def test_the_paper_has_the_forms_size() -> None:
    document = pypdfium2.PdfDocument(print_form(DEMO).pdf)
    assert len(document) == 1
    assert document.get_page_size(0) == pytest.approx((2480 / 300 * 72, 1748 / 300 * 72), abs=0.01)
    document.close()


def test_every_cell_has_its_lines() -> None:
    printed = print_form(DEMO)
    for dpi in (200, 300, 600):
        assert_cells_are_drawn(rendered(printed.pdf, dpi)[0], DEMO.pages[0], dpi)
    assert_cells_are_drawn(decoded(printed.references[0]), DEMO.pages[0], 300)


def test_boxes_stand_a_millimetre_apart() -> None:
    middle = rendered(print_form(DEMO).pdf, 1270)[0][round(33.5 * 50), 19 * 50 : 69 * 50]
    edges = np.flatnonzero(np.diff((middle > 192).astype(int)))
    white = np.diff(edges)[1::2] / 50
    gaps, boxes = white[1::2], white[::2]
    assert len(gaps) == 7
    assert gaps == pytest.approx(1.0, abs=0.05)
    assert boxes == pytest.approx(6 - 1.3 - 0.3, abs=0.06)


def test_each_field_is_labelled_and_the_sheet_says_what_it_is() -> None:
    printed = print_form(DEMO)
    told = texts(printed.pdf)[0]
    for name in ("delivery note", "date", "customer number", "amount", "paid", "gift", "items", "page 1 of 1"):
        assert name in told
    assert printed.unlabelled == ()


def test_signs_that_the_font_lacks_become_question_marks() -> None:
    form = form_of((field("größe_数", Kind.BOXES, (20, 30, 48, 7), 8),), name="Prüfung\t\U0001f600")
    told = texts(print_form(form).pdf)[0]
    assert "größe ?" in told
    assert "Prüfung??" in told


def test_a_label_without_room_is_named_and_covers_nothing() -> None:
    rows = tuple(
        field(f"a_long_name_{column}_{row}", Kind.BOXES, (20 + 8 * column, 30 + 6 * row, 8, 6))
        for column in range(5)
        for row in range(5)
    )
    form = form_of(rows)
    printed = print_form(form)
    assert "a_long_name_2_2" in printed.unlabelled
    assert "a_long_name_0_2" not in printed.unlabelled
    assert_cells_are_drawn(decoded(printed.references[0]), form.pages[0], 300)


@pytest.mark.parametrize("turn", [0, 5, 90, 180, -5])
@pytest.mark.parametrize("quality", [95, 30])
def test_the_markers_are_found_on_a_scan(turn: int, quality: int) -> None:
    upright = rendered(print_form(DEMO).pdf, 200)[0]
    height, width = upright.shape
    centre = cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1.0)
    size = max(width, height) + 200
    centre[:, 2] += (size - width) / 2, (size - height) / 2
    scan = cv2.GaussianBlur(cv2.warpAffine(upright, centre, (size, size), borderValue=(255,)), (0, 0), 0.8)
    scan = cv2.imdecode(cv2.imencode(".jpg", scan, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_GRAYSCALE)
    found = markers(scan)
    ids = marker_ids("delivery_note", 1)
    assert set(found) == set(ids)
    for number, quad in zip(ids, marker_quads(2480, 1748, 300.0) * (2 / 3), strict=True):
        assert found[number] == pytest.approx(quad @ centre[:, :2].T + centre[:, 2], abs=2.0)


def test_a_form_of_several_pages_prints_them_all() -> None:
    form = form_of(DEMO.pages[0].fields, (field("total", Kind.STRING, (20, 40, 50, 10)),))
    printed = print_form(form)
    pages = rendered(printed.pdf, 300)
    assert len(pages) == len(printed.references) == 2
    for number, picture in enumerate(pages, 1):
        assert set(markers(picture)) == set(marker_ids("delivery_note", number))
    assert "page 2 of 2" in texts(printed.pdf)[1]
    assert "total" in texts(printed.pdf)[1]


def test_the_same_form_prints_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    first = print_form(DEMO)
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    assert print_form(DEMO) == first
    assert b"CreationDate(D:19700101000000" in first.pdf


def test_the_reference_says_its_dpi() -> None:
    picture = Image.open(io.BytesIO(print_form(DEMO).references[0]))
    assert picture.size == (2480, 1748)
    assert picture.mode == "L"
    assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.01)


def test_an_empty_print_reads_as_blank() -> None:
    page = Page(1, decoded(print_form(DEMO).references[0]), 300.0)
    boxes = [made for made in as_printed(DEMO.pages[0]).fields if made.kind is Kind.BOXES]
    places = tuple(FieldPlace(made.name, made.kind.value, made.cells) for made in boxes)
    images = segment(RegisteredPage(page, DEMO.name, places, 1.0, 0.0))
    assert [cell.blank for image in images for cell in image.cells] == [True] * 28


def test_a_page_of_unknown_size_is_refused() -> None:
    with pytest.raises(FormError, match="dpi = 300"):
        print_form(form_of((), dpi=None))


def test_a_field_under_a_marker_is_named() -> None:
    under = field("total", Kind.STRING, (150, 125, 45, 10))
    with pytest.raises(FormError, match=r"page 2.*field total.*lower right corner.*205 pixels"):
        print_form(form_of(DEMO.pages[0].fields, (under,)))


def test_a_page_too_small_for_its_markers_is_refused() -> None:
    slip = FormPage(1, 1200, 300, 300.0, None, ())
    with pytest.raises(FormError, match="102×25 mm"):
        print_form(Form("slip", (slip,), ""))


@st.composite
def small_forms(draw: st.DrawFn) -> Form:
    """Give forms of up to six fields in rows below the upper markers, and above the lower ones."""
    dpi = draw(st.sampled_from([120.0, 150.0, 200.0, 300.0]))
    fields, y = [], 20.0
    for number in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(list(Kind)))
        columns, rows = draw(st.tuples(st.integers(1, 6), st.integers(1, 2))) if kind is Kind.BOXES else (1, 1)
        width, height = draw(st.tuples(st.floats(4, 9), st.floats(4, 9)))
        x = draw(st.floats(0.5, 84 - columns * width))
        y += draw(st.floats(0, 6))
        fields.append(field(f"field_{number}", kind, (x, y, columns * width, rows * height), columns, rows, dpi))
        y += rows * height
    size = (round(85 * dpi / 25.4), round((y + 20) * dpi / 25.4))
    return Form(draw(st.text(max_size=20)), (FormPage(1, *size, dpi, None, tuple(fields)),), "")


@settings(deadline=None, max_examples=20)
@given(small_forms())
def test_any_small_form_is_drawn_as_its_file_says(form: Form) -> None:
    printed = print_form(form)
    page = form.pages[0]
    assert page.dpi is not None
    reference = decoded(printed.references[0])
    assert reference.shape == (page.height, page.width)
    fine = rendered(printed.pdf, 4 * page.dpi)[0][: 4 * page.height, : 4 * page.width]
    drawn = cv2.resize(fine, (page.width, page.height), interpolation=cv2.INTER_AREA)
    assert cv2.absdiff(drawn, reference).mean() < 2.0
    assert_cells_are_drawn(rendered(printed.pdf, 300)[0], page, 300)
    assert_cells_are_drawn(reference, page, page.dpi)
    assert set(markers(reference)) == set(marker_ids(form.name, 1))
