from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from ocrbatch.page.normalize import normalize
from ocrbatch.page.segment import segment
from ocrbatch.records import CellImage, FieldImage, FieldPlace, Grey, Page, RegisteredPage, cell_quads, read_only
from tests.helpers.render import Grid, Hand, PageSpec, Scan, render_page

WIDTH, HEIGHT, LEFT, TOP = 50, 62, 60, 60
PEN = 45
Stroke = Sequence[tuple[float, float]]
"""Points in cells from the upper left of the first one: x in widths, y in heights."""

ONE: Stroke = [(0.5, 0.2), (0.48, 0.8)]
SEVEN: Stroke = [(0.25, 0.2), (0.75, 0.2), (0.45, 0.85)]
RING: Stroke = [(0.5 + 0.28 * np.sin(a), 0.5 - 0.33 * np.cos(a)) for a in np.linspace(0, 2 * np.pi, 40)]


INSIDE = Hand(fill=(0.5, 0.55), crossing=0.0)


def moved(stroke: Stroke, x: float, y: float = 0.0) -> Stroke:
    return [(a + x, b + y) for a, b in stroke]


def draw(pixels: Grey, strokes: Sequence[Stroke], pen: int = PEN, thick: int = 4, width: int = WIDTH) -> None:
    for stroke in strokes:
        points = np.array([(LEFT + x * width, TOP + y * HEIGHT) for x, y in stroke])
        cv2.polylines(pixels, [np.round(points * 16).astype(np.int32)], False, pen, thick, cv2.LINE_AA, 4)


def comb(
    strokes: Sequence[Stroke] = (), cells: int = 3, *, line: int = 2, ink: int = 60, width: int = WIDTH
) -> tuple[Grey, npt.NDArray[np.float32]]:
    """Draw a comb and write on it: its picture, and its cells (n, 4, 2). No lines where ``line`` is 0."""
    pixels = np.full((TOP * 2 + HEIGHT, LEFT * 2 + cells * width), 236, np.uint8)
    quads = []
    for i in range(cells):
        left, right, bottom = LEFT + i * width, LEFT + (i + 1) * width, TOP + HEIGHT
        if line:
            cv2.rectangle(pixels, (left, TOP), (right, bottom), ink, line)
        # A line drawn about a pixel has its middle in the pixel's middle.
        quads.append(np.array([(left, TOP), (right, TOP), (right, bottom), (left, bottom)], np.float32) + 0.5)
    draw(pixels, strokes, width=width)
    return pixels, cell_quads(quads)


def scanned(pixels: Grey, noise: float = 2.0) -> Grey:
    soft = cv2.GaussianBlur(pixels, (0, 0), 0.7).astype(np.float64)
    soft += np.random.default_rng(5).normal(0, noise, soft.shape)
    return np.clip(soft, 0, 255).astype(np.uint8)


def cut(pixels: Grey, quads: npt.NDArray[np.float32]) -> FieldImage:
    place = FieldPlace("r01", "boxes", quads)
    (field,) = segment(RegisteredPage(Page(1, pixels, 200.0), "auto", (place,), 1.0, 0.0))
    return field


def cells_of(strokes: Sequence[Stroke], **how: int) -> tuple[CellImage, ...]:
    pixels, quads = comb(strokes, **how)
    return cut(scanned(pixels), quads).cells


def likeness(one: CellImage, other: CellImage) -> float:
    """Give the share that the strokes of two cells have in common."""
    a, b = one.ink > 110, other.ink > 110
    return float((a & b).sum() / max((a | b).sum(), 1)) if a.shape == b.shape else 0.0


def blanks(cells: Sequence[CellImage]) -> list[bool]:
    return [cell.blank for cell in cells]


def pieces(cell: CellImage) -> int:
    return cv2.connectedComponents((cell.ink > 110).astype(np.uint8))[0] - 1


def test_cells_come_in_order_as_read_only_ink_on_nothing() -> None:
    pixels, quads = comb([ONE, moved(RING, 2)])
    field = cut(scanned(pixels), quads)
    assert blanks(field.cells) == [False, True, False]
    assert (field.box.x, field.box.y, field.box.right, field.box.bottom) == (60, 60, 211, 123)
    for cell in field.cells:
        assert cell.ink.dtype == np.uint8
        assert not cell.ink.flags.writeable
    assert field.cells[0].ink.max() > 200
    assert np.median(field.cells[0].ink) == 0


@pytest.mark.parametrize("line", [1, 2, 4, 6])
@pytest.mark.parametrize("ink", [20, 120, 200])
def test_an_empty_comb_is_blank_whatever_its_lines(line: int, ink: int) -> None:
    assert blanks(cells_of([], line=line, ink=ink)) == [True] * 3


@pytest.mark.parametrize("line", [1, 2, 4])
@pytest.mark.parametrize(
    "stroke",
    [
        [(0.5, 0.45), (0.45, 1.3)],
        [(0.7, 0.4), (0.35, 1.25)],
        [(0.5, -0.22), (0.5, 0.7)],
        [(0.25, 0.3), (0.7, 0.3), (0.5, 1.2)],
    ],
    ids=["down", "slanted", "up", "a seven"],
)
def test_a_stroke_that_crosses_a_line_stays_whole_and_the_line_goes(stroke: Stroke, line: int) -> None:
    crossed = cells_of([stroke], cells=1, line=line)[0]
    free = cells_of([stroke], cells=1, line=0)[0]
    assert not crossed.blank
    assert pieces(crossed) == 1
    assert likeness(crossed, free) > 0.75


@pytest.mark.parametrize("foot", [0.92, 0.95, 0.98])
def test_a_stroke_that_touches_a_line_keeps_its_part(foot: float) -> None:
    touching = cells_of([[(0.3, 0.2), (0.6, 0.2), (0.5, foot)]], cells=1)[0]
    free = cells_of([[(0.3, 0.2), (0.6, 0.2), (0.5, foot)]], cells=1, line=0)[0]
    rows = [np.nonzero((cell.ink > 110).any(axis=1))[0] for cell in (touching, free)]
    assert rows[0][0] == pytest.approx(rows[1][0], abs=1)
    assert rows[0][-1] >= rows[1][-1] - 0.08 * HEIGHT
    assert pieces(touching) == 1


@pytest.mark.parametrize("reach", [0.1, 0.2])
@pytest.mark.parametrize("side", [-1, 1])
def test_a_neighbours_intruding_stroke_is_dropped(reach: float, side: int) -> None:
    edge = 2.0 if side > 0 else 1.0
    intruder = [(edge + side * 0.55, 0.3), (edge - side * reach, 0.45)]
    alone = cells_of([moved(ONE, 1)])[1]
    beside = cells_of([moved(ONE, 1), intruder])
    assert likeness(beside[1], alone) > 0.85
    assert not beside[1 + side].blank


def tapering(pixels: Grey, start: tuple[float, float], end: tuple[float, float], thick: int, pale: int) -> Grey:
    """Draw a stroke over what is there that gets thinner and paler, down to the grey ``pale`` of its end."""
    ink = np.full_like(pixels, 255)
    marks = [(float(x), float(y)) for x, y in np.linspace(start, end, 25)]
    for i, part in enumerate(pairwise(marks)):
        share = i / 24
        draw(ink, [part], int(PEN + (pale - PEN) * share**2), max(round(thick * (1 - share / 2)), 1))
    return (pixels.astype(np.float64) * ink / 255).astype(np.uint8)


@pytest.mark.parametrize("scale", [0.6, 0.75, 1.0])
@pytest.mark.parametrize("aside", [-1.5, -1.0, 0.0, 1.0])
@pytest.mark.parametrize("rise", [0.1, 0.5])
def test_the_pale_end_of_a_neighbours_tail_is_no_writing(rise: float, aside: float, scale: float) -> None:
    two = [(0.2, 0.3), (0.3, 0.2), (0.42, 0.3), (0.4, 0.5), (0.28, 0.78)]
    pixels, quads = comb([two], line=4, ink=150)
    tailed = tapering(pixels, (0.28, 0.78), (1.15, 0.78 - rise), 3, 120)
    small = cv2.resize(tailed, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    cells = cut(scanned(small, 1.5), quads * np.float32(scale) + np.array([aside, 0], np.float32)).cells
    assert blanks(cells) == [False, True, True]


@pytest.mark.parametrize(
    "stroke",
    [
        [(1.8, 0.2), (1.78, 0.8), (2.15, 0.78)],
        [(0.5, 0.8), (1.25, 0.5), (1.28, 0.2), (1.25, 0.85)],
    ],
    ids=["leaves to the right", "comes from the left"],
)
def test_a_one_whose_stroke_runs_on_into_a_neighbours_cell_is_kept(stroke: Stroke) -> None:
    _, one, after = cells_of([moved(RING, -0.1), stroke])
    assert blanks([one, after]) == [False, True]


@pytest.mark.parametrize("shift", [0.2, 0.25, -0.2, -0.25])
def test_a_digit_that_stands_across_the_divider_is_kept_whole_in_its_cell_alone(shift: float) -> None:
    crossing = cells_of([moved(RING, 1 + shift)])
    free = cells_of([moved(RING, 1 + shift)], line=0)
    assert blanks(crossing) == [True, False, True]
    assert likeness(crossing[1], free[1]) > 0.7
    columns = np.nonzero((crossing[1].ink > 110).any(axis=0))[0]
    assert len(columns) > 0.5 * WIDTH


def test_specks_are_no_writing() -> None:
    pixels, quads = comb([ONE])
    random = np.random.default_rng(2)
    for x, y in random.integers((LEFT + WIDTH + 8, TOP + 8), (LEFT + 3 * WIDTH - 8, TOP + HEIGHT - 8), (9, 2)).tolist():
        cv2.circle(pixels, (x, y), int(random.integers(0, 3)), 50, -1)
    assert blanks(cut(scanned(pixels), quads).cells) == [False, True, True]


@pytest.mark.parametrize("written", [False, True])
def test_a_shadow_is_no_writing_and_hides_none(written: bool) -> None:
    pixels, quads = comb([ONE, moved(SEVEN, 1), moved(RING, 2)] if written else [])
    light = 1 - 0.35 / (1 + np.exp(-(np.arange(pixels.shape[1]) - LEFT - 1.4 * WIDTH) / 14))
    shaded = (pixels * light[None]).astype(np.uint8)
    assert blanks(cut(scanned(shaded), quads).cells) == [not written] * 3


def test_the_hard_edge_of_a_shadow_is_no_writing() -> None:
    pixels, quads = comb()
    shaded = pixels.copy()
    cv2.fillPoly(shaded, [np.array([[90, 0], [400, 0], [400, 200], [150, 200]])], 1)
    shaded = np.where(shaded == 1, (pixels * 0.75).astype(np.uint8), pixels)
    assert blanks(cut(scanned(cv2.GaussianBlur(shaded, (0, 0), 3)), quads).cells) == [True] * 3


def test_what_shines_through_from_the_back_is_no_writing_beside_a_pens() -> None:
    pixels, quads = comb([ONE, moved(SEVEN, 2), moved(RING, 3)], cells=5)
    draw(pixels, [moved(RING, 1), moved(SEVEN, 4)], pen=205)
    assert blanks(cut(scanned(pixels), quads).cells) == [False, True, False, False, True]


def test_faint_writing_is_writing_where_the_page_has_no_other() -> None:
    pixels, quads = comb()
    draw(pixels, [ONE, moved(RING, 1), moved(SEVEN, 2)], pen=180)
    assert blanks(cut(scanned(pixels), quads).cells) == [False] * 3


def dotted_guides(pixels: Grey, dark: int) -> None:
    for y in (0.33, 0.66):
        for x in np.arange(0.08, 2.95, 0.08):
            cv2.circle(pixels, (int(LEFT + x * WIDTH), int(TOP + y * HEIGHT)), 0, dark, -1)


@pytest.mark.parametrize("dark", [70, 150])
def test_dotted_guide_lines_are_no_writing(dark: int) -> None:
    pixels, quads = comb([ONE])
    dotted_guides(pixels, dark)
    assert blanks(cut(scanned(pixels), quads).cells) == [False, True, True]


def test_the_paper_s_pattern_is_no_writing() -> None:
    pixels, quads = comb()
    y, x = np.indices(pixels.shape)
    waves = 8 * np.sin(x / 3 + np.sin(y / 5) * 2)
    assert blanks(cut(scanned(np.clip(pixels + waves, 0, 255).astype(np.uint8)), quads).cells) == [True] * 3


def test_a_scribble_is_not_blank() -> None:
    turns = [(0.15 + 0.7 * (i % 2), 0.12 + 0.76 * i / 16) for i in range(17)]
    back = [(0.12 + 0.76 * i / 16, 0.15 + 0.7 * (i % 2)) for i in range(17)]
    assert blanks(cells_of([moved(turns, 1), moved(back, 1)])) == [True, False, True]


def test_a_cell_that_is_all_ink_is_not_blank() -> None:
    pixels, quads = comb()
    cv2.rectangle(pixels, (LEFT + 6, TOP + 6), (LEFT + WIDTH - 6, TOP + HEIGHT - 6), 40, -1)
    assert blanks(cut(scanned(pixels), quads).cells) == [False, True, True]


@pytest.mark.parametrize("thick", [4, 8, 12, 14, 16])
@pytest.mark.parametrize("stroke", [RING, SEVEN, ONE], ids=["ring", "seven", "one"])
def test_however_broad_the_pen_a_digit_is_writing(stroke: Stroke, thick: int) -> None:
    pixels, quads = comb([moved(RING, 0), moved(RING, 2)])
    draw(pixels, [moved(stroke, 1)], thick=thick)
    cells = cut(scanned(pixels), quads).cells
    assert blanks(cells) == [False, False, False]
    assert cells[1].ink.max() > 200


@pytest.mark.parametrize("width", [100, 140])
def test_two_digits_in_one_wide_box_are_noted(width: int) -> None:
    pair = [[(x * WIDTH / width, y) for x, y in moved(stroke, by)] for stroke, by in ((SEVEN, 0.1), (RING, 0.9))]
    (cell,) = cells_of(pair, cells=1, width=width)
    assert cell.notes == ("several digits",)


@pytest.mark.parametrize("stroke", [ONE, SEVEN, RING], ids=["one", "seven", "ring"])
def test_one_digit_is_noted_as_nothing_in_a_wide_box_or_a_narrow(stroke: Stroke) -> None:
    wide = [[(x * WIDTH / 110 + 0.25, y) for x, y in stroke]]
    assert cells_of(wide, cells=1, width=110)[0].notes == ()
    assert cells_of([stroke], cells=1)[0].notes == ()


def tiles_of(pixels: Grey, quads: npt.NDArray[np.float32]) -> list[Grey]:
    return [normalize(cell.ink) for cell in cut(pixels, quads).cells]


def difference(one: Grey, other: Grey) -> float:
    """Give the mean difference of two tiles in grey levels; a pixel's shift of the whole counts for nothing."""
    shifts = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]
    moves = [np.roll(other, shift, axis=(0, 1)).astype(int) for shift in shifts]
    return float(min(np.abs(one.astype(int) - move).mean() for move in moves))


@pytest.mark.parametrize("dpi", [100, 150, 300, 600])
def test_a_digit_gives_nearly_the_same_tile_at_every_resolution(dpi: int) -> None:
    spec = PageSpec((40, 24), (Grid(8, 7, ("438",), (8, 9.5)),), hand=INSIDE)
    drawn = render_page(spec, dpi=600, scan=Scan(blur=0.5, noise=1.0), seed=4)
    tiles = []
    for scale in (dpi / 600, 200 / 600):
        small = cv2.resize(drawn.page().pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        tiles.append(tiles_of(small, drawn.cells[0] * np.float32(scale)))
    assert max(difference(one, other) for one, other in zip(*tiles, strict=True)) < 12


@pytest.mark.parametrize("skew", [-14.0, 8.0])
def test_a_skewed_cell_is_cut_level(skew: float) -> None:
    spec = PageSpec((50, 26), (Grid(8, 7, ("472",), (9, 10)),), hand=INSIDE)
    pages = [render_page(spec, dpi=200, skew=turn, scan=Scan(noise=1.0), seed=2) for turn in (skew, 0.0)]
    tiles = [tiles_of(drawn.page().pixels, drawn.cells[0]) for drawn in pages]
    assert max(difference(one, other) for one, other in zip(*tiles, strict=True)) < 12


def test_cells_partly_or_wholly_off_the_page_do_not_stop_the_others() -> None:
    pixels, quads = comb([ONE])
    outside = np.stack([quads[0], quads[0] - [90, 0], quads[0] + [0, 100], quads[0] + [5000, 0]])
    field = cut(scanned(pixels), cell_quads(list(outside)))
    assert len(field.cells) == 4
    assert not field.cells[0].blank
    assert field.cells[3].blank


def test_a_page_without_fields_has_none_to_cut() -> None:
    assert segment(RegisteredPage(Page(1, np.zeros((5, 5), np.uint8), None), "auto", (), 0.0, 0.0)) == ()


def test_fields_of_every_kind_on_one_page_come_in_its_order() -> None:
    pixels, quads = comb([ONE, moved(RING, 1), moved(SEVEN, 2)])
    whole = cell_quads([np.array([quads[0][0], quads[2][1], quads[2][2], quads[0][3]])])
    places = (
        FieldPlace("run", "string", whole),
        FieldPlace("digits", "boxes", quads),
        FieldPlace("mark", "mark", quads[:1]),
    )
    fields = segment(RegisteredPage(Page(1, scanned(pixels), 200.0), "form", places, 1.0, 0.0))
    assert [field.place.name for field in fields] == ["run", "digits", "mark"]
    assert [len(field.cells) for field in fields[1:]] == [3, 1]
    assert not any(cell.blank for field in fields for cell in field.cells)
    assert fields[0].box == fields[1].box


def test_cells_are_cut_alike_whatever_other_fields_are_cut_with_them() -> None:
    pixels, quads = comb([moved(SEVEN, 0), moved(RING, 1), moved(ONE, 2)], 3)
    pixels = scanned(np.hstack([pixels, pixels]))
    other = quads + np.float32([pixels.shape[1] / 2, 0])
    places = [FieldPlace("r01", "boxes", quads), FieldPlace("r02", "boxes", read_only(other))]
    page = Page(1, pixels, 200.0)
    together = segment(RegisteredPage(page, "auto", tuple(places), 1.0, 0.0))
    for field, place in zip(together, places, strict=True):
        (alone,) = segment(RegisteredPage(page, "auto", (place,), 1.0, 0.0))
        for one, same in zip(field.cells, alone.cells, strict=True):
            assert np.array_equal(one.ink, same.ink)


def test_more_cells_than_go_together_are_all_cut() -> None:
    pixels, quads = comb([moved(SEVEN, 0)], 1)
    page = RegisteredPage(
        Page(1, scanned(pixels), 200.0),
        "auto",
        tuple(FieldPlace(f"r{number}", "boxes", quads) for number in range(150)),
        1.0,
        0.0,
    )
    fields = segment(page)
    assert all(np.array_equal(field.cells[0].ink, fields[0].cells[0].ink) for field in fields)
    assert not fields[0].cells[0].blank
