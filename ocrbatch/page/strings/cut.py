"""A free run of digits: a courtesy amount with its commas, dashes and signs, cut to the candidates of its lattice."""

from dataclasses import replace
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.geometry import enclosing_box, transform_points
from ocrbatch.page.cuts import MIN_PEAK, FieldCut, Pyramid
from ocrbatch.page.strings.joins import Candidate, candidates
from ocrbatch.page.strings.level import LevelRun, cut_level
from ocrbatch.page.strings.pieces import Segments, corners, find_segments, notes_of
from ocrbatch.page.strings.slant import shifts, upright
from ocrbatch.records import CellImage, Edge, FieldImage, FieldPlace, cell_quads, read_only

MOST_ENLARGED = 2.0
MARGIN = (0.3, 3)
STROKE_LEVEL = 0.4
MOST_LEANING = 0.2


def cut_string(pyramid: Pyramid, place: FieldPlace) -> FieldCut:
    """Cut a field whole and level, with a margin, 96 pixels high, but at most twice as large as it is on the page."""
    cut = cut_level(pyramid, place.cells[0], MOST_ENLARGED, MARGIN)
    return FieldCut((cut.peak,), partial(_image, place, cut))


def _image(place: FieldPlace, cut: LevelRun, faintest: float) -> FieldImage:
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


def _ink(one: Candidate, segments: Segments, cut: LevelRun) -> npt.NDArray[np.uint8]:
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
