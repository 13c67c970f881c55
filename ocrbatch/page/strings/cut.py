"""A free run of digits: a courtesy amount with its commas, dashes and signs, cut to pieces by connected strokes.

A piece is what hangs together; touching digits stay one piece, and wait for a person.
"""

from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.geometry import enclosing_box, quad_size, transform_points
from ocrbatch.page.cuts import MIN_PEAK, FieldCut, Floats, Pyramid, local_darkness, on_page, quantile, warp
from ocrbatch.page.erase import Frame, erase_lines
from ocrbatch.page.strings.pieces import Piece, find_pieces
from ocrbatch.records import CellImage, FieldImage, FieldPlace, cell_quads, read_only

CUT_HEIGHT = 96
MOST_WIDTH = 4096
MARGIN = 0.3
LINE_REACH = 0.14
STROKE_LEVEL = 0.4


@dataclass(frozen=True, slots=True)
class _Cut:
    """A field's darkness (h, w) float32 against its paper, lines gone, and the field's place in the cut."""

    darkness: Floats
    frame: Frame
    peak: float
    page: npt.NDArray[np.bool_]


def cut_string(pyramid: Pyramid, place: FieldPlace) -> FieldCut:
    """Cut a field whole and level, with a margin, at the page's own scale up to 96 pixels of height."""
    quad = place.cells[0]
    across, down = quad_size(quad)
    scale = min(1.0, CUT_HEIGHT / max(down, 1.0), MOST_WIDTH / max(across, 1.0))
    width, height = max(int(across * scale + 0.5), 4), max(int(down * scale + 0.5), 4)
    margin = max(int(MARGIN * min(width, height)), 3)
    frame = Frame(margin, margin, width, height)
    darkness = local_darkness(warp(pyramid, quad, frame, scale), 0.5 * min(width, height))
    page = on_page(pyramid(0).shape, quad, frame)
    darkness[~page] = 0
    reach = max(int(LINE_REACH * min(width, height)), 3)
    lineless = erase_lines(darkness[None], frame, np.zeros(1, np.float32), reach)[0]
    peak = quantile(lineless[frame.inner(0.02)], 0.995)
    return FieldCut((peak,), partial(_image, place, _Cut(lineless, frame, peak, page)))


def _image(place: FieldPlace, cut: _Cut, faintest: float) -> FieldImage:
    """Give the field's pieces for cells; a field without writing has one blank cell, which is the field."""
    box = enclosing_box(place.cells)
    blank = CellImage(read_only(np.zeros((1, 1), np.uint8)), blank=True)
    if cut.peak < max(faintest, MIN_PEAK):
        return FieldImage(place, box, (blank,))
    mask = (cut.darkness >= STROKE_LEVEL * cut.peak).astype(np.uint8)
    pieces = find_pieces(mask, cut.darkness, cut.frame, cut.page)
    if not pieces:
        return FieldImage(place, box, (blank,))
    cells = tuple(CellImage(_ink(piece, cut), blank=False, notes=piece.notes) for piece in pieces)
    quads = [_on_page(piece, cut.frame, place.cells[0]) for piece in pieces]
    return FieldImage(replace(place, cells=cell_quads(quads)), box, cells)


def _ink(piece: Piece, cut: _Cut) -> npt.NDArray[np.uint8]:
    """Give a piece's ink (h, w) uint8; a pixel around each stroke keeps the grey of its edge."""
    kept = cv2.dilate(np.pad(piece.mask, 2), np.ones((3, 3), np.uint8))
    dark = np.pad(cut.darkness, 2, mode="edge")[piece.top : piece.bottom + 4, piece.left : piece.right + 4]
    return read_only((np.clip(dark * (255.0 / (0.9 * cut.peak)), 0, 255) * kept).astype(np.uint8))


def _on_page(piece: Piece, frame: Frame, quad: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Give a piece's corners (4, 2) in the page's pixels."""
    corners = np.array(
        [[piece.left, piece.top], [piece.right, piece.top], [piece.right, piece.bottom], [piece.left, piece.bottom]],
        np.float32,
    )
    return transform_points(cv2.getPerspectiveTransform(frame.corners(), quad.astype(np.float32)), corners)
