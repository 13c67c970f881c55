from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrbatch.form.acceptance import Acceptance
from ocrbatch.model.card import load_model_file
from ocrbatch.page.classify import Classifier, make_classifier
from ocrbatch.page.reader import finish, prepare, read_pages
from ocrbatch.records import (
    Page,
    PageFailure,
    PageStatus,
    Probabilities,
    ReadPage,
    Status,
    Tiles,
)
from tests.helpers.render import Grid, PageSpec, RenderedPage, Text, render_page

FAILURE = PageFailure(7, "truncated", "ends after 10 rows")


class ByInk:
    """Tells a digit by a tile's ink alone, the same wherever the tile stands, and counts the calls."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def scores(self, tiles: Tiles) -> Probabilities:
        assert tiles.dtype == np.uint8
        assert tiles.shape[1:] == (28, 28)
        self.batches.append(len(tiles))
        scores = np.full((len(tiles), 11), 0.0001, np.float32)
        scores[np.arange(len(tiles)), tiles.sum(axis=(1, 2), dtype=np.int64) % 10] = 0.999
        return scores


@lru_cache
def pages() -> tuple[Page | PageFailure, ...]:
    cards = [
        PageSpec((70, 60), (Grid(8, 20, (row, other), (8, 10)),), (Text((8, 8), "Score", 3.5),))
        for row, other in (("120 45", " 9 876"), ("333333", "      "), ("      ", "      "))
    ]
    drawn = [render_page(card, dpi=150, seed=i).page(i + 1) for i, card in enumerate(cards)]
    return (drawn[0], FAILURE, drawn[1], Page(4, np.full((300, 200), 250, np.uint8), None), drawn[2])


def plain(read: ReadPage) -> tuple[object, ...]:
    result = read.result
    fields = [
        (
            f.name,
            f.value,
            f.confidence,
            f.status,
            f.reasons,
            f.runner_up,
            f.box,
            f.cells.tolist(),
            f.cell_values,
        )
        for f in result.fields
    ]
    return result.page, result.form, result.status, result.reason, result.registration, fields


@lru_cache
def each_alone() -> tuple[tuple[object, ...], ...]:
    return tuple(plain(read) for page in pages() for read in read_pages([page], ByInk()))


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(0, 4), max_size=7), st.sets(st.integers(1, 6), max_size=3))
def test_a_page_reads_alike_however_the_pages_are_split(order: list[int], cuts: set[int]) -> None:
    got: list[tuple[object, ...]] = []
    edges = [0, *sorted(cuts), len(order)]
    for start, end in pairwise(edges):
        got += [plain(read) for read in read_pages([pages()[i] for i in order[start:end]], ByInk())]
    assert got == [each_alone()[i] for i in order]


def test_the_tiles_of_many_pages_are_classified_together() -> None:
    classifier = ByInk()
    written = [page for page in pages() if isinstance(page, Page)]
    count = sum(prepare(page).tile_count for page in written)
    list(read_pages(written, classifier))
    assert sum(classifier.batches) == count > 0
    assert len(classifier.batches) == 1


def written_on(blank: RenderedPage, number: int) -> Page:
    """Write a stroke into every cell, of another slant on every page and in every column."""
    pixels = blank.page().pixels.copy()
    for column, quad in ((column, quad) for run in blank.cells for column, quad in enumerate(run)):
        x, y = quad.mean(axis=0).round().astype(int).tolist()
        cv2.line(pixels, (x - column % 7 + 3, y - 10), (x + column % 5 - 2, y + 8 + number), 40, 3, cv2.LINE_AA)
    return Page(number, pixels, blank.dpi)


@pytest.mark.slow
def test_pages_with_more_tiles_than_fit_at_once_read_as_alone() -> None:
    table = PageSpec((180, 190), (Grid(8, 8, (" " * 16,) * 16, (10, 11)),))
    drawn = render_page(table, dpi=100, written=False)
    full = [written_on(drawn, number) for number in (1, 2)]
    classifier = ByInk()
    together = [plain(read) for read in read_pages([*full, *full, full[0]], classifier)]
    alone = [plain(read) for page in full for read in read_pages([page], ByInk())]
    assert len(classifier.batches) > 1
    assert together == [*alone, *alone, alone[0]]


def test_failures_pass_through_in_their_place_with_their_reason() -> None:
    reads = list(read_pages(pages(), ByInk()))
    assert [read.result.page for read in reads] == [1, 7, 2, 4, 3]
    failed = reads[1]
    assert failed.page is None
    assert failed.result.status is PageStatus.FAILED
    assert failed.result.reason == "truncated: ends after 10 rows"
    assert failed.result.fields == ()
    assert reads[0].page is pages()[0]


def test_a_failure_without_detail_gives_its_code_alone() -> None:
    (read,) = read_pages([PageFailure(1, "not an image")], ByInk())
    assert read.result.reason == "not an image"


def test_no_pages_give_no_results_and_ask_no_classifier() -> None:
    classifier = ByInk()
    assert list(read_pages([], classifier)) == []
    assert list(read_pages([FAILURE, FAILURE], classifier))[1].result.reason == "truncated: ends after 10 rows"
    assert classifier.batches in ([], [0])


def test_a_page_without_boxes_waits_for_a_person() -> None:
    (read,) = read_pages([Page(4, np.full((300, 200), 250, np.uint8), None)], ByInk())
    assert read.result.status is PageStatus.REVIEW
    assert read.result.reason == "no boxes found"


def test_a_page_is_read_where_all_its_fields_are_accepted_or_blank() -> None:
    first, blank = (page for page in pages() if isinstance(page, Page) and page.number in (1, 3))
    (sure,) = read_pages([first], ByInk(), accept=Acceptance(0.9))
    (unsure,) = read_pages([first], ByInk(), accept=Acceptance(0.9999))
    (empty,) = read_pages([blank], ByInk())
    assert (sure.result.status, unsure.result.status) == (PageStatus.READ, PageStatus.REVIEW)
    assert empty.result.status is PageStatus.READ
    assert {field.status for field in empty.result.fields} == {Status.BLANK}


def test_a_field_shows_a_digit_for_each_written_cell() -> None:
    (read,) = read_pages([pages()[0]], ByInk())
    assert [len(field.cell_values) for field in read.result.fields] == [6, 6]
    assert [[bool(text) for text in field.cell_values] for field in read.result.fields] == [
        [c != " " for c in row] for row in ("120 45", " 9 876")
    ]
    assert [field.value.count(" ") for field in read.result.fields] == [1, 1]


def test_finishing_deals_the_scores_to_the_cells_in_order() -> None:
    page = pages()[0]
    assert isinstance(page, Page)
    prepared = prepare(page)
    scores = np.zeros((prepared.tile_count, 11), np.float32)
    scores[np.arange(len(scores)), np.arange(len(scores)) % 10] = 1
    result = finish(prepared, scores, Acceptance(0.9))
    assert "".join("".join(field.cell_values) for field in result.fields) == "0123456789"[: len(scores)]


def test_pages_come_as_they_are_asked_for() -> None:
    def endless() -> Iterator[Page | PageFailure]:
        while True:
            yield FAILURE

    assert next(iter(read_pages(endless(), ByInk()))).result.page == 7


@pytest.fixture(scope="module")
def shipped() -> Classifier:
    return make_classifier(load_model_file())


def ruled_noise() -> Page:
    card = PageSpec((70, 60), (Grid(8, 20, ("123456", "123456"), (8, 10)),))
    drawn = render_page(card, dpi=150, written=False).page()
    noise = np.random.default_rng(3).normal(0, 40, drawn.pixels.shape)
    return Page(1, np.clip(drawn.pixels + noise, 0, 255).astype(np.uint8), 150.0)


NOTHING_TO_READ = {
    "white": np.full((700, 500), 255, np.uint8),
    "black": np.zeros((700, 500), np.uint8),
    "noise": np.random.default_rng(1).integers(0, 256, (700, 500)).astype(np.uint8),
    "bilevel noise": np.where(np.random.default_rng(2).random((700, 500)) < 0.1, 0, 255).astype(np.uint8),
    "gradient": np.tile(np.linspace(0, 255, 500).astype(np.uint8), (700, 1)),
    "boxes under noise": ruled_noise().pixels,
}


@pytest.mark.parametrize("name", NOTHING_TO_READ)
def test_a_page_without_writing_gives_no_accepted_digit(name: str, shipped: Classifier) -> None:
    (read,) = read_pages([Page(1, NOTHING_TO_READ[name], None)], shipped)
    assert not [field.value for field in read.result.fields if field.status is Status.ACCEPTED]
    assert read.result.fields or read.result.status is PageStatus.REVIEW


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_page_lying_on_its_side_or_head_gives_no_page_that_needs_no_look(turn: int, shipped: Classifier) -> None:
    page = pages()[0]
    assert isinstance(page, Page)
    turned = Page(1, np.ascontiguousarray(np.rot90(page.pixels, turn)), page.dpi)
    (read,) = read_pages([turned], shipped)
    assert read.result.status is PageStatus.REVIEW
