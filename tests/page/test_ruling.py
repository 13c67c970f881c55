"""The boxes of rendered pages, whose corners are known, found at every skew, by every kind of line."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from ocrbatch.page.ruling import find_ruling
from ocrbatch.records import Grey, Page
from tests.helpers.render import (
    BLACK,
    PALE_BLUE,
    PINK,
    Digits,
    Grid,
    Lines,
    PageSpec,
    Paper,
    RenderedPage,
    Scan,
    Text,
    drawn_digits,
    render_page,
)

Quads = npt.NDArray[np.float32]

SCRIPT = cv2.FONT_HERSHEY_SCRIPT_SIMPLEX
SIZE = (100.0, 86.0)
TITLE = Text((10, 6), "Meter card: one digit in each box", 3.2)
FORMS = {
    "boxes": (Grid(14, 22, ("40513", "27 96"), (8, 9.5), "boxes", 1.8),),
    "comb": (Grid(12, 18, ("09 731428",), (7, 9)), Grid(24, 50, ("31122024",), (7, 9))),
    "table": (Grid(14, 20, ("1234", "5 78", "9012", "34 6"), (11, 9.5)),),
    "open": (Grid(14, 30, ("27418395",), (7.5, 9), "open"),),
}
CLOSED = ("boxes", "comb", "table")
COLOURS = {"black": BLACK, "pink": PINK, "pale blue": PALE_BLUE}
PALE = ("pink", "pale blue")
SKEWS = (-15.0, -6.0, 0.0, 2.5, 15.0)
STYLES = {
    "solid": Lines(width=0.3),
    "thin": Lines(width=0.1),
    "thick": Lines(width=0.7),
    "broken": Lines("broken", 0.3),
    "dotted": Lines("dotted", 0.3),
    "dashed": Lines("dashed", 0.3),
}


@lru_cache
def hand() -> Digits:
    return drawn_digits()


def form(kind: str, style: str = "solid", colour: str = "black", **how: Any) -> RenderedPage:
    spec = PageSpec(SIZE, FORMS[kind], (TITLE,), lines=replace(STYLES[style], colour=COLOURS[colour]))
    return render_page(spec, digits=hand(), **({"dpi": 150.0, "seed": 1} | how))


def worst_corner(found: Quads, true: Quads) -> float:
    """Give how far the farthest corner of a run lies from the truth, in its cells' shorter sides."""
    sides = [np.linalg.norm(true[:, [a, b]] - true[:, [c, d]], axis=2) for a, b, c, d in ((1, 2, 0, 3), (3, 2, 0, 1))]
    shorter = np.minimum(*(side.mean(axis=1) for side in sides))
    return float((np.linalg.norm(found - true, axis=2).max(axis=1) / shorter).max())


def assert_found(drawn: RenderedPage) -> None:
    """Every run of boxes, no other, in reading order, each corner within a tenth of a cell of its place."""
    runs = find_ruling(drawn.page()).runs
    assert [len(run) for run in runs] == [len(cells) for cells in drawn.cells]
    assert max(worst_corner(run, cells) for run, cells in zip(runs, drawn.cells, strict=True)) < 0.1


WRITTEN = pytest.mark.parametrize("written", [False, True], ids=["blank", "filled"])


@WRITTEN
@pytest.mark.parametrize("skew", SKEWS)
@pytest.mark.parametrize("kind", CLOSED)
def test_boxes_are_found_at_every_skew(kind: str, skew: float, written: bool) -> None:
    assert_found(form(kind, skew=skew, written=written))


@pytest.mark.parametrize(("strength", "colour"), [*((0.4, colour) for colour in COLOURS), (1.0, "black")])
@pytest.mark.parametrize("kind", CLOSED)
def test_boxes_are_found_on_a_photograph(kind: str, strength: float, colour: str) -> None:
    assert_found(form(kind, colour=colour, perspective=strength, skew=3, dpi=200))


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("kind", CLOSED)
def test_blank_boxes_of_every_kind_of_line_are_found(kind: str, style: str, colour: str) -> None:
    assert_found(form(kind, style, colour, skew=-1.5, written=False))


@pytest.mark.parametrize(
    ("style", "colour"),
    [*((style, "black") for style in STYLES), *((style, colour) for style in ("solid", "thin") for colour in PALE)],
)
@pytest.mark.parametrize("kind", CLOSED)
def test_filled_boxes_of_every_kind_of_line_are_found(kind: str, style: str, colour: str) -> None:
    assert_found(form(kind, style, colour, skew=-1.5))


@WRITTEN
@pytest.mark.parametrize("style", ["solid", "thin", "thick", "dotted", "dashed"])
@pytest.mark.parametrize("kind", CLOSED)
def test_boxes_are_found_on_a_bilevel_page(kind: str, style: str, written: bool) -> None:
    assert_found(form(kind, style, bilevel=True, skew=1.0, dpi=200, written=written))


@pytest.mark.parametrize(
    ("dpi", "colour"), [(100, "black"), *((dpi, colour) for dpi in (150, 200, 300, 600) for colour in COLOURS)]
)
@pytest.mark.parametrize("kind", CLOSED)
def test_boxes_are_found_at_every_resolution(kind: str, dpi: float, colour: str) -> None:
    assert_found(form(kind, colour=colour, dpi=dpi, skew=0.7))


@pytest.mark.parametrize("skew", SKEWS)
@pytest.mark.parametrize("style", ["solid", "thin", "thick", "dotted", "dashed"])
def test_blank_combs_that_are_open_at_the_top_are_found(style: str, skew: float) -> None:
    assert_found(form("open", style, skew=skew, written=False))


@pytest.mark.parametrize("seed", [42, 93, 170, 211, 255])
def test_no_two_cells_of_a_comb_are_taken_for_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    combs = tuple(Grid(6, 8 + 24.4 * i, ("".join(map(str, rng.integers(0, 10, 12))),), (14, 17.1)) for i in range(3))
    assert_found(render_page(PageSpec((180, 84), combs), digits=hand(), dpi=200.0, seed=seed, skew=-0.64))


@pytest.mark.parametrize(("kind", "gap"), [("comb", 0), ("boxes", 1.5)])
def test_hundreds_of_boxes_are_found(kind: str, gap: float) -> None:
    rng = np.random.default_rng(3)
    rows = ["".join(map(str, rng.integers(0, 10, 20))) for _ in range(22)]
    size = (7.0, 9.0)
    grids = tuple(Grid(15, 12 + 12 * i, (row,), size, kind, gap) for i, row in enumerate(rows))
    assert_found(render_page(PageSpec((210, 297), grids), digits=hand(), dpi=150.0, seed=1, skew=0.8))


@pytest.mark.slow
@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("dpi", [200, 300])
@pytest.mark.parametrize("skew", SKEWS)
@pytest.mark.parametrize("kind", CLOSED)
def test_boxes_of_every_colour_are_found_at_every_skew(kind: str, skew: float, dpi: float, colour: str) -> None:
    assert_found(form(kind, colour=colour, skew=skew, dpi=dpi, seed=2))


def blank_page(height: int = 900, width: int = 640) -> Grey:
    return np.full((height, width), 238, np.uint8)


def letter() -> Grey:
    """A page of print in several sizes with handwriting, a signature and rules to write on, but no boxes."""
    words = (
        "The undersigned declares that all the figures given",
        "above are true: 1,024.50 of 7,300 on 11/11/2011 [x]",
        "IIII HHHH EEEE TTTT LLLL 1111 0000 |||| ==== ####",
        "Please return it within 14 days to Hill House (H.)",
    )
    texts = [Text((10, 8 + 9 * i), words[i % 4], (2.6, 3.4, 4.4)[i % 3]) for i in range(9)]
    # A page without any boxes cannot be drawn: this one's is as pale as the paper.
    unseen = Grid(40, 60, (" ",), (1, 1), "open", tick=0.0)
    spec = PageSpec((104.0, 150.0), (unseen,), tuple(texts), lines=Lines(colour=(246, 246, 242)))
    pixels = render_page(spec, dpi=150, skew=1.0, written=False).page().pixels.copy()
    for y, end in ((590, 560), (650, 560), (710, 330)):
        cv2.line(pixels, (60, y), (end, y + (end - 60) // 57), 70, 2, cv2.LINE_AA)
    for line in range(2):
        for i, text in enumerate("7149803"):
            cv2.putText(pixels, text, (70 + 55 * i, 582 + 60 * line), cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, 1.6, 50, 3)
    t = np.arange(0, 60, 0.3)
    signature = np.column_stack([90 + 4 * t, 780 + 30 * np.sin(0.9 * t) * np.cos(0.23 * t)])
    cv2.polylines(pixels, [signature.astype(np.int32)], False, 50, 3, cv2.LINE_AA)
    return pixels


def with_circles() -> Grey:
    pixels = blank_page()
    for i in range(12):
        cv2.circle(pixels, (80 + i % 4 * 110, 120 + i // 4 * 110), 34, 60, 2, cv2.LINE_AA)
    return pixels


def with_hatching() -> Grey:
    pixels = blank_page()
    for i in range(0, 400, 9):
        cv2.line(pixels, (100 + i, 200), (60 + i, 420), 70, 1, cv2.LINE_AA)
    return pixels


def with_line(axis: int) -> Grey:
    pixels = blank_page()
    pixels[(slice(440, 446), slice(0, None))[:: 1 if axis == 0 else -1]] = 30
    return pixels


RANDOM = np.random.default_rng(6)
WITHOUT_BOXES = {
    "print and handwriting": letter(),
    "blank": blank_page(),
    "white": np.full((900, 640), 255, np.uint8),
    "black": np.zeros((900, 640), np.uint8),
    "noise": RANDOM.integers(0, 256, (900, 640)).astype(np.uint8),
    "faint noise": RANDOM.normal(235, 6, (900, 640)).clip(0, 255).astype(np.uint8),
    "bilevel noise": np.where(RANDOM.random((900, 640)) < 0.15, 0, 255).astype(np.uint8),
    "a gradient": np.tile(np.linspace(0, 255, 640).astype(np.uint8), (900, 1)),
    "one line across": with_line(0),
    "one line down": with_line(1),
    "circles": with_circles(),
    "hatching": with_hatching(),
}
SMALL = ((5, 400), (400, 5), (12, 12), (30, 40))


@pytest.mark.parametrize("dpi", [None, 150.0, 300.0])
@pytest.mark.parametrize("name", WITHOUT_BOXES)
def test_nothing_is_invented_where_there_are_no_boxes(name: str, dpi: float | None) -> None:
    assert find_ruling(Page(1, WITHOUT_BOXES[name], dpi)).runs == ()


@pytest.mark.parametrize("grey", [0, 130, 255])
@pytest.mark.parametrize("shape", SMALL)
def test_a_tiny_page_has_no_boxes(shape: tuple[int, int], grey: int) -> None:
    for dpi in (None, 72.0, 1200.0):
        ruling = find_ruling(Page(1, np.full(shape, grey, np.uint8), dpi))
        assert ruling.runs == ()
        assert np.isfinite(ruling.skew_degrees)


def test_runs_are_read_only_float32_in_the_pages_pixels() -> None:
    for run in find_ruling(form("comb", dpi=300, written=False).page()).runs:
        assert run.dtype == np.float32
        assert run.shape[1:] == (4, 2)
        assert not run.flags.writeable


@pytest.mark.parametrize("skew", [0.0, -9.0, 9.0])
def test_runs_that_share_a_line_of_the_page_go_from_left_to_right(skew: float) -> None:
    grids = (
        Grid(60, 20, ("123",), (7, 9)),
        Grid(10, 21.5, ("4567",), (7, 9)),
        Grid(10, 44, ("89",), (9, 9)),
        Grid(64, 46, ("012",), (7, 9), "boxes", 2.0),
        Grid(38, 42, ("55",), (8, 12)),
        Grid(30, 66, ("123456",), (8, 9)),
    )
    drawn = render_page(PageSpec(SIZE, grids), dpi=150, skew=skew, written=False)
    assert [len(cells) for cells in drawn.cells] == [4, 3, 2, 2, 3, 6]
    assert_found(drawn)


def test_a_gap_between_boxes_parts_runs_and_a_narrow_one_does_not() -> None:
    pair = Grid(8, 20, ("12",), (8, 9), "boxes", 2.0)
    specs = (PageSpec(SIZE, (pair, replace(pair, x=x, rows=("3456",)))) for x in (28.0, 44.0))
    runs = [find_ruling(render_page(spec, dpi=150, written=False).page()).runs for spec in specs]
    assert [[len(run) for run in found] for found in runs] == [[6], [2, 4]]


def test_combs_of_different_heights_side_by_side_stay_two_runs() -> None:
    grids = (Grid(10, 20, ("123",), (8, 8)), Grid(48, 17, ("4567",), (9, 14)))
    drawn = render_page(PageSpec(SIZE, grids), dpi=150, written=False)
    assert_found(drawn)


@pytest.mark.parametrize("dpi", [None, 72.0, 1.0, 4000.0])
def test_a_wrong_or_missing_dpi_does_not_hide_the_boxes(dpi: float | None) -> None:
    drawn = form("comb", dpi=200, written=False)
    runs = find_ruling(Page(1, drawn.page().pixels, dpi)).runs
    assert [len(run) for run in runs] == [9, 8]


@pytest.mark.parametrize("kind", CLOSED)
def test_uneven_light_hides_no_box(kind: str) -> None:
    drawn = form(kind, colour="pale blue", scan=Scan(light=0.45), written=False)
    assert_found(drawn)


def test_a_strong_security_print_hides_no_comb() -> None:
    paper = Paper((240, 244, 238), "waves")
    drawn = render_page(PageSpec(SIZE, FORMS["comb"], (TITLE,), paper=paper), dpi=200, skew=1.0, digits=hand())
    assert_found(drawn)


@pytest.mark.parametrize("shape", [(1, 5000), (5000, 1), (3, 9000)])
def test_a_sliver_of_a_page_has_no_runs(shape: tuple[int, int]) -> None:
    assert find_ruling(Page(1, np.full(shape, 255, np.uint8), None)).runs == ()
