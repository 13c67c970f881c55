"""A free run of digits: a courtesy amount with its commas, dashes and signs, cut to the candidates of its lattice."""

from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.geometry import enclosing_box, quad_size, transform_points
from ocrbatch.page.cuts import MIN_PEAK, FieldCut, Floats, Pyramid, local_darkness, on_page, quantile, warp
from ocrbatch.page.erase import Frame
from ocrbatch.page.strings.joins import Candidate, candidates
from ocrbatch.page.strings.pieces import Segments, corners, find_segments, notes_of
from ocrbatch.page.strings.ruling import without_lines
from ocrbatch.page.strings.slant import shifts, upright
from ocrbatch.records import CellImage, Edge, FieldImage, FieldPlace, cell_quads, read_only

CUT_HEIGHT = 96
MOST_ENLARGED = 2.0
MOST_WIDTH = 4096
MARGIN = 0.3
INK_SHARE = 0.995
STROKE_LEVEL = 0.4
MOST_LEANING = 0.2


@dataclass(frozen=True, slots=True)
class _Cut:
    """A field's darkness (h, w) float32 against its paper, lines gone, and the field's place in the cut."""

    darkness: Floats
    frame: Frame
    peak: float
    page: npt.NDArray[np.bool_]


def cut_string(pyramid: Pyramid, place: FieldPlace) -> FieldCut:
    """Cut a field whole and level, with a margin, 96 pixels high, but at most twice as large as it is on the page."""
    quad = place.cells[0]
    across, down = quad_size(quad)
    scale = min(MOST_ENLARGED, CUT_HEIGHT / max(down, 1.0), MOST_WIDTH / max(across, 1.0))
    width, height = max(int(across * scale + 0.5), 4), max(int(down * scale + 0.5), 4)
    margin = max(int(MARGIN * min(width, height)), 3)
    frame = Frame(margin, margin, width, height)
    darkness = local_darkness(warp(pyramid, quad, frame, scale), 0.5 * min(width, height))
    page = on_page(pyramid(0).shape, quad, frame)
    darkness[~page] = 0
    lineless = without_lines(darkness, frame, quantile(darkness[frame.inner(0.02)], INK_SHARE))
    peak = quantile(lineless[frame.inner(0.02)], INK_SHARE)
    return FieldCut((peak,), partial(_image, place, _Cut(lineless, frame, peak, page)))


def _image(place: FieldPlace, cut: _Cut, faintest: float) -> FieldImage:
    """Give the field's candidates for cells; a field without writing has one blank cell, which is the field."""
    box = enclosing_box(place.cells)
    blank = CellImage(read_only(np.zeros((1, 1), np.uint8)), blank=True)
    if cut.peak < max(faintest, MIN_PEAK):
        return FieldImage(place, box, (blank,))
    mask = (cut.darkness >= STROKE_LEVEL * cut.peak).astype(np.uint8)
    segments = find_segments(mask, cut.darkness, cut.frame, cut.page)
    if segments is None:
        return FieldImage(place, box, (blank,))
    found = candidates(segments)
    cells = tuple(
        CellImage(_ink(one, segments, cut), blank=False, notes=notes_of(segments, one.start, one.end)) for one in found
    )
    to_page = cv2.getPerspectiveTransform(cut.frame.corners(), place.cells[0].astype(np.float32))
    quads = [transform_points(to_page, corners(segments, one.start, one.end)) for one in found]
    return FieldImage(replace(place, cells=cell_quads(quads)), box, cells, edges=_edges(found))


def _edges(found: tuple[Candidate, ...]) -> tuple[Edge, ...]:
    """Make edges of candidates: those that may be a digit have a tile, in their order."""
    edges = []
    tiles = 0
    for one in found:
        edges.append(Edge(one.start, one.end, None if one.sign else tiles, one.weight))
        tiles += not one.sign
    return tuple(edges)


def _ink(one: Candidate, segments: Segments, cut: _Cut) -> npt.NDArray[np.uint8]:
    """Give a candidate's ink (h, w) uint8; a pixel around each stroke keeps the grey of its edge.

    Writing that leans much is given as it would be if it leant a little, as most of it does.
    """
    own = (segments.labels > one.start) & (segments.labels <= one.end)
    rows, columns = np.flatnonzero(own.any(axis=1)), np.flatnonzero(own.any(axis=0))
    area = slice(max(rows[0] - 2, 0), rows[-1] + 3), slice(max(columns[0] - 2, 0), columns[-1] + 3)
    labels = segments.labels[area]
    mask = own[area].astype(np.uint8)
    kept = cv2.dilate(mask, np.ones((3, 3), np.uint8)) * ((labels == 0) | (mask > 0))
    ink = (np.clip(cut.darkness[area] * (255.0 / (0.9 * cut.peak)), 0, 255) * kept).astype(np.uint8)
    shear = segments.parts.shear
    extra = shear - float(np.clip(shear, -MOST_LEANING, MOST_LEANING))
    return read_only(upright(ink, shifts(extra, len(ink))) if extra else ink)
