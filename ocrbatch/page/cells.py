"""A digit a cell: each cell's ink without its lines, its neighbours' strokes and specks.

A cell is cut with a margin around it, because writing crosses lines; what lies mostly outside is dropped again.
All cells of a page that are cut alike go through each step together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.geometry import enclosing_box
from ocrbatch.page.cell_ink import CellCuts, own_ink
from ocrbatch.page.cuts import MIN_PEAK, FieldCut, Floats, Pyramid, warp_many
from ocrbatch.page.erase import Frame, erase_lines
from ocrbatch.page.quantiles import quantiles
from ocrbatch.records import CellImage, FieldImage, FieldPlace, Grey

CUT_HEIGHT = 64
"""Of fewer pixels, a neighbour's strokes and a shadow are no longer told from a cell's own ones."""
MARGIN = 0.25
ALIKE = 2
"""Cells whose sides differ by no more pixels are cut to one size."""
AT_ONCE = 64
"""So many cuts stay near the processor through all steps."""
INKED = 3.0
"""A broad pen fills more than half of a small cell: its ink is so many times darker than print on the paper."""


@dataclass(frozen=True, slots=True)
class _Size:
    """How the cells of a field are cut: to ``width`` and ``height`` pixels, ``scale`` to the page's."""

    width: int
    height: int
    scale: float


def cut_boxes(pyramid: Pyramid, places: Sequence[FieldPlace]) -> list[FieldCut]:
    """Cut the cells of fields of boxes; the cuts are in the order of the fields."""
    cuts: list[FieldCut] = [_field_cut(place, [], 0) for place in places]
    for size, numbers in _alike([_size(place.cells) for place in places]):
        quads = np.concatenate([places[number].cells for number in numbers])
        free = np.concatenate([_ends(len(places[number].cells)) for number in numbers])
        groups = [
            _cut(pyramid, size, quads[start : start + AT_ONCE], free[start : start + AT_ONCE])
            for start in range(0, len(quads), AT_ONCE)
        ]
        first = 0
        for number in numbers:
            cuts[number] = _field_cut(places[number], groups, first)
            first += len(places[number].cells)
    return cuts


def _size(cells: Floats) -> _Size:
    """Give the size of a run's cells (n, 4, 2), at the page's own scale up to 64 pixels of height."""
    if not len(cells):
        return _Size(4, 4, 1.0)
    across = float(np.linalg.norm(cells[:, [1, 2]] - cells[:, [0, 3]], axis=2).mean())
    down = float(np.linalg.norm(cells[:, [3, 2]] - cells[:, [0, 1]], axis=2).mean())
    scale = min(1.0, CUT_HEIGHT / max(down, 1.0))
    return _Size(max(int(across * scale + 0.5), 4), max(int(down * scale + 0.5), 4), scale)


def _alike(sizes: Sequence[_Size]) -> Iterator[tuple[_Size, list[int]]]:
    """Part fields by the sizes of their cells; gives a size, and the fields' numbers, for each part."""
    waiting = sorted(range(len(sizes)), key=lambda number: (sizes[number].height, sizes[number].width))
    while waiting:
        least = sizes[waiting[0]]
        own = [
            number
            for number in waiting
            if sizes[number].height <= least.height + ALIKE and abs(sizes[number].width - least.width) <= ALIKE
        ]
        yield sizes[own[len(own) // 2]], own
        waiting = [number for number in waiting if number not in set(own)]


def _ends(count: int) -> npt.NDArray[np.bool_]:
    """Tell (n, 2) which cells of a run have no neighbour on their left and on their right."""
    free = np.zeros((count, 2), np.bool_)
    free[:1, 0] = free[-1:, 1] = True
    return free


def _field_cut(place: FieldPlace, groups: Sequence[CellCuts], first: int) -> FieldCut:
    """Give the cut of a field whose cells are in groups of cells, from number ``first`` on."""
    own = range(first, first + len(place.cells)) if groups else range(0)
    peaks = tuple(float(groups[number // AT_ONCE].peaks[number % AT_ONCE]) for number in own)
    return FieldCut(peaks, partial(_image, place, groups, own))


def _image(place: FieldPlace, groups: Sequence[CellCuts], own: range, faintest: float) -> FieldImage:
    inks = [own_ink(group, max(faintest, MIN_PEAK)) for group in groups]
    cells: tuple[CellImage, ...] = tuple(inks[number // AT_ONCE][number % AT_ONCE] for number in own)
    return FieldImage(place, enclosing_box(place.cells), cells)


def _cut(pyramid: Pyramid, size: _Size, quads: Floats, free: npt.NDArray[np.bool_]) -> CellCuts:
    """Cut cells (n, 4, 2) with their margins, level. Writing may leave a run at its ends, but not for a neighbour."""
    margin = max(int(MARGIN * min(size.width, size.height)), 3)
    frame = Frame(margin, margin, size.width, size.height)
    darkness, levels = against_paper(warp_many(pyramid, quads, frame, size.scale), frame)
    lineless = erase_lines(darkness, frame, levels)
    inner = lineless[(slice(None), *frame.inner(0.04))]
    (peaks,) = quantiles(inner.reshape(len(quads), -1)[:, ::3], 0.993)
    return CellCuts(lineless, frame, free, peaks)


def against_paper(pictures: Grey, frame: Frame) -> tuple[Grey, Grey]:
    """Give the darkness (n, h, w) uint8 of cuts against the paper around, and each paper's own unevenness (n,)."""
    side = max(int(0.5 * min(frame.width, frame.height)) | 1, 5)
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (side, side))
    papers = np.empty_like(pictures)
    for picture, paper in zip(pictures, papers, strict=True):
        cv2.morphologyEx(picture, cv2.MORPH_CLOSE, kernel, dst=paper)
    # A scribble may fill more than the closing does: the paper is never darker than most of the cell.
    (most,) = quantiles(_sampled(pictures, frame, 0.1), 0.6)
    np.maximum(papers, most[:, None, None], out=papers)
    for paper in papers:
        cv2.blur(paper, (side, side), dst=paper)
    darkness = np.maximum(papers, pictures) - pictures
    levels = _unevenness(_sampled(darkness, frame, 0.12))
    return np.maximum(darkness, levels[:, None, None]) - levels[:, None, None], levels


def _sampled(cuts: Grey, frame: Frame, inset: float) -> Grey:
    """Give a quarter of the pixels (n, k) of each cell of the cuts."""
    rows, columns = frame.inner(inset)
    return cuts[:, rows, columns][:, ::2, ::2].reshape(len(cuts), -1)


def _unevenness(darkness: Grey) -> Grey:
    """Give (n,) how dark papers (n, k) are at their median; where most of a cell is ink, where it is palest."""
    palest, half = quantiles(darkness, 0.1, 0.5)
    return np.where(half > INKED * palest + MIN_PEAK, palest, half)
