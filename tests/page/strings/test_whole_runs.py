"""Runs of digits that are read whole too: on their way through the pages, with a stand-in for the network."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest

from ocrbatch.page import reader
from ocrbatch.page.cuts import Pyramid
from ocrbatch.page.reader import read_pages
from ocrbatch.page.segment import segment
from ocrbatch.page.strings.looks import Looks
from ocrbatch.page.whole import Whole
from ocrbatch.records import FieldImage, Grey, Page, PageFailure, Probabilities, RegisteredPage, Tiles, read_only
from tests.page.strings.test_beam import spell


class Unsure:
    """Finds every tile a 3 or an 8."""

    def scores(self, tiles: Tiles) -> Probabilities:
        scores = np.full((len(tiles), 11), 0.01, np.float32)
        scores[:, 3], scores[:, 8] = 0.46, 0.45
        return scores


class Spelt:
    """Reads a strip as its width, in as many frames as a strip of that width has."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def looks(self, strips: Sequence[Grey]) -> list[Looks]:
        self.calls.append(len(strips))
        assert all(strip.dtype == np.uint8 and strip.shape[0] == 32 for strip in strips)
        return [(spell("_".join(str(strip.shape[1])).center(strip.shape[1] // 4, "_")),) for strip in strips]


def stripped(registered: RegisteredPage, pyramid: Pyramid) -> tuple[FieldImage, ...]:
    """Give every run that has writing a strip, wider with every page."""
    width = 100 + registered.page.number
    return tuple(
        replace(
            image,
            strip=read_only(np.zeros((32, width), np.uint8)) if not image.cells[0].blank else None,
            strip_quad=registered.places[0].cells[0],
        )
        for image in segment(registered)
    )


@pytest.fixture(autouse=True)
def _with_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "segment", stripped)


def pages() -> list[Page | PageFailure]:
    blank = np.full((80, 300), 235, np.uint8)
    written = blank.copy()
    for left in (40, 120, 200):
        cv2.ellipse(written, (left + 15, 40), (13, 22), 10, 0, 360, 50, 4, cv2.LINE_AA)
    drawn: list[Page | PageFailure] = [Page(i, blank if i == 2 else written, 200.0) for i in (1, 2, 3)]
    return [*drawn[:1], PageFailure(9, "broken"), *drawn[1:]]


def values(given: Sequence[Page | PageFailure], strings: Spelt | None) -> list[str]:
    read = read_pages(given, Unsure(), strings=strings, index=Whole.STRING)
    return [page.result.fields[0].value if page.result.fields else page.result.reason for page in read]


def test_the_strips_of_many_pages_are_read_at_once_each_for_its_own_page() -> None:
    strings = Spelt()
    assert values(pages(), strings) == ["101", "broken", "", "103"]
    assert strings.calls == [2]


def test_a_page_reads_alike_alone() -> None:
    assert [values([page], Spelt())[0] for page in pages()] == values(pages(), Spelt())


def test_without_the_network_the_pieces_are_read_alone() -> None:
    assert [set(value) <= {"3", "8"} for value in values(pages(), None)] == [True, False, True, True]


def test_what_the_strip_alone_tells_has_its_place_on_the_page() -> None:
    (page,) = read_pages(pages()[:1], Unsure(), strings=Spelt(), index=Whole.STRING)
    assert page.page is not None
    (found,) = page.result.fields
    assert found.cells.shape == (3, 4, 2)
    lefts = found.cells[:, 0, 0].tolist()
    assert lefts == sorted(lefts)
    height, width = page.page.pixels.shape
    assert found.cells.min() >= 0
    assert found.cells[..., 0].max() <= width
    assert found.cells[..., 1].max() <= height
