"""A free run of digits: a courtesy amount with its commas, dashes and signs, cut to pieces by connected strokes.

A piece is what hangs together; touching digits stay one piece, and wait for a person.
"""

from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.geometry import enclosing_box, quad_size, transform_points
from ocrbatch.page.confidence import all_right, cell_reasons, judge, unsure_cells
from ocrbatch.page.cuts import MIN_PEAK, FieldCut, Floats, Pyramid, local_darkness, on_page, quantile, warp
from ocrbatch.page.erase import Frame, erase_lines
from ocrbatch.page.lattice import UNREAD, Step
from ocrbatch.page.pieces import SIGN, TOUCHING, Piece, find_pieces
from ocrbatch.records import CellImage, FieldImage, FieldPlace, FieldReading, Status, cell_quads, read_only

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


def read_string(field: FieldImage, steps: tuple[Step, ...], accept: float) -> FieldReading:
    """Give the reading of a run: its digits, without the signs at its ends, which keep it from being accepted.

    What cannot be read between digits stays in the value as ``?``.
    """
    first, last = _without_signs(field, steps)
    own = steps[first:last]
    signs = len(own) < sum(bool(step.text) for step in steps)
    reasons = _reasons(field, steps, (first, last))
    confidence = 0.0 if signs and not own else all_right(own)
    if not reasons and confidence < accept:
        reasons = (unsure_cells(steps, accept),)
    value = "".join(step.text for step in own)
    reading = FieldReading(
        name=field.place.name,
        kind=field.place.kind,
        value=value,
        confidence=confidence,
        status=Status.ACCEPTED,
        reasons=reasons,
        raw=value,
        runner_up=_runner_up(own),
        digit_confidence=tuple(step.confidence for step in own if step.text),
        box=field.box,
        cells=field.place.cells,
        cell_values=tuple(step.text for step in steps),
    )
    return judge(reading, field.place.blank)


def _without_signs(field: FieldImage, steps: tuple[Step, ...]) -> tuple[int, int]:
    """Give the first and the last but one of the steps between the signs; all, where there would be none."""
    sign = [
        SIGN in cell.notes or (step.text == UNREAD and TOUCHING not in cell.notes)
        for cell, step in zip(field.cells, steps, strict=True)
    ]
    digits = [index for index, is_sign in enumerate(sign) if not is_sign]
    return (digits[0], digits[-1] + 1) if digits else (0, len(steps))


def _reasons(field: FieldImage, steps: tuple[Step, ...], between: tuple[int, int]) -> tuple[str, ...]:
    """Say what speaks for a person's look, each once."""
    first, last = between
    found = [note for cell in field.cells for note in cell.notes]
    if (first, last) != (0, len(steps)):
        found.append(SIGN)
    inner = replace(field, cells=tuple(replace(cell, notes=()) for cell in field.cells))
    masked = tuple(step if first <= i < last else Step("", 1.0, "", 0.0) for i, step in enumerate(steps))
    untouched = tuple(
        step if TOUCHING not in cell.notes else Step("", 1.0, "", 0.0)
        for cell, step in zip(field.cells, masked, strict=True)
    )
    return (*dict.fromkeys(found), *cell_reasons(inner, untouched))


def _runner_up(steps: tuple[Step, ...]) -> str:
    """Give the next best value: the least sure digit read as its second best."""
    if not any(step.text for step in steps):
        return ""
    weakest = min(range(len(steps)), key=lambda i: steps[i].confidence)
    return "".join(step.second if i == weakest else step.text for i, step in enumerate(steps))
