"""A digit a cell: each cell's ink without its lines, its neighbours' strokes and specks.

A cell is cut with a margin around it, because writing crosses lines; what lies mostly outside is dropped again.
"""

from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.geometry import enclosing_box
from ocrbatch.page.cuts import MIN_PEAK, FieldCut, Pyramid, against_paper, quantile, warp
from ocrbatch.page.erase import BAND, Frame, erase_lines
from ocrbatch.records import CellImage, FieldImage, FieldPlace, Grey, read_only

CUT_HEIGHT = 64
MARGIN = 0.25
STROKE_LEVEL = 0.4
MIN_EXTENT = 0.17
MIN_PART = 0.04
MIN_INSIDE = 0.5
SEVERAL_ASPECT = 1.45
SINGLE_CELL_ASPECT = 1.25
SPILL = 0.06
TAIL_HEIGHT = 0.3
LIGATURE = 0.55
NEIGHBOUR_WIDTH = 0.4
OWN_HEIGHT = 0.5


@dataclass(frozen=True, slots=True)
class _Cut:
    """A cell's darkness (h, w) float32 against its paper, lines gone, and its place in the cut.

    ``free`` tells whether there is no neighbour on its left and on its right.
    """

    darkness: npt.NDArray[np.float32]
    frame: Frame
    free: tuple[bool, bool]
    peak: float


def cut_boxes(pyramid: Pyramid, place: FieldPlace) -> FieldCut:
    """Cut the cells of a field of boxes."""
    cuts = _cut_run(pyramid, place.cells)
    return FieldCut(tuple(cut.peak for cut in cuts), partial(_image, place, cuts))


def _image(place: FieldPlace, cuts: list[_Cut], faintest: float) -> FieldImage:
    cells = tuple(_cell(cut, max(faintest, MIN_PEAK)) for cut in cuts)
    return FieldImage(place, enclosing_box(place.cells), cells)


def _cut_run(pyramid: Pyramid, cells: npt.NDArray[np.float32]) -> list[_Cut]:
    """Cut the cells (n, 4, 2) of a run with their margins, level, at the page's own scale up to 64 pixels of height.

    Writing may leave the run at its ends, but not for a neighbour's cell.
    """
    if not len(cells):
        return []
    across = float(np.linalg.norm(cells[:, [1, 2]] - cells[:, [0, 3]], axis=2).mean())
    down = float(np.linalg.norm(cells[:, [3, 2]] - cells[:, [0, 1]], axis=2).mean())
    scale = min(1.0, CUT_HEIGHT / max(down, 1.0))
    width, height = max(int(across * scale + 0.5), 4), max(int(down * scale + 0.5), 4)
    margin = max(int(MARGIN * min(width, height)), 3)
    frame = Frame(margin, margin, width, height)
    darkness, levels = zip(*(against_paper(warp(pyramid, quad, frame, scale), frame) for quad in cells), strict=True)
    last = len(cells) - 1
    return [
        _Cut(cut, frame, (index == 0, index == last), quantile(cut[frame.inner(0.04)].ravel()[::3], 0.993))
        for index, cut in enumerate(erase_lines(np.stack(darkness), frame, np.array(levels, dtype=np.float32)))
    ]


def _cell(cut: _Cut, faintest: float) -> CellImage:
    """Keep the strokes that belong to the cell."""
    blank = CellImage(read_only(np.zeros((1, 1), np.uint8)), blank=True)
    if cut.peak < faintest:
        return blank
    mask = (cut.darkness >= STROKE_LEVEL * cut.peak).astype(np.uint8)
    kept, notes = _own_parts(_without_tails(mask, cut), cut)
    if kept is None:
        return blank
    # A pixel around each stroke keeps the grey of its edge.
    around = cv2.dilate(kept, np.ones((3, 3), np.uint8))
    ink = np.clip(cut.darkness * (255.0 / (0.9 * cut.peak)), 0, 255).astype(np.uint8) * around
    return CellImage(read_only(ink), blank=False, notes=notes)


def _without_tails(mask: Grey, cut: _Cut) -> Grey:
    """Cut off strokes where they run into a neighbour's cell, but not a digit that stands across the line.

    Hands write from left to right: a stroke that comes all the way from the digit before is followed into the cell, to
    where it meets the cell's own digit; one that leaves for the next cell belongs to this one.
    """
    if not cut.free[0]:
        _cut_left_tails(mask, cut.frame, ligatures=True)
    if not cut.free[1]:
        # The margins of a cut are alike on both sides: in a mirror the right one is the left.
        _cut_left_tails(mask[:, ::-1], cut.frame, ligatures=False)
    return mask


def _cut_left_tails(mask: Grey, frame: Frame, *, ligatures: bool) -> None:
    """Cut the tails at a cell's left side, in place, and what joins the cell's digit to the one before."""
    line = max(frame.x - max(int(SPILL * frame.width), 1), 0)
    if not mask[:, line].any():
        return
    labels = cv2.connectedComponents(np.ascontiguousarray(mask), connectivity=8)[1]
    for label in np.unique(labels[:, line]):
        rows = np.nonzero(labels[:, line] == label)[0]
        thickness = int(rows[-1] - rows[0]) + 1
        if not label or thickness >= TAIL_HEIGHT * frame.height:
            continue
        stroke = labels == label
        end = line
        if ligatures and stroke[:, 0].any():
            inner = stroke[:, line : frame.x + int(LIGATURE * frame.width)]
            heights = np.where(inner.any(axis=0), inner.shape[0] - inner.argmax(axis=0) - inner[::-1].argmax(axis=0), 0)
            wider = np.nonzero(heights > 2 * thickness + 1)[0]
            # What erasing left of the line hangs on the stroke: the cell's own digit is seen beyond it too.
            beyond = frame.x - line + max(int(BAND * frame.width), 3)
            end = line + int(wider[0]) if len(wider) and wider[-1] >= beyond else line
        mask[:, :end][stroke[:, :end]] = 0


def _own_parts(mask: Grey, cut: _Cut) -> tuple[Grey | None, tuple[str, ...]]:
    """Keep the connected parts that lie in the cell and are no specks; None where nothing is left."""
    frame = cut.frame
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count < 2:
        return None, ()
    inner = frame.inner(0.0)
    inside = np.bincount(labels[inner].ravel(), minlength=count)
    area = stats[:, cv2.CC_STAT_AREA]
    short = min(frame.width, frame.height)
    extent = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    # Label 0 is the paper.
    inside[0] = 0
    own = (inside >= MIN_INSIDE * area) & ~_of_neighbours(stats, cut)
    own[0] = False
    large = own & (extent >= MIN_EXTENT * frame.height) & (area >= 0.004 * short * frame.height)
    large &= ~_line_remains(stats, frame)
    if not large.any():
        return None, ()
    main = int(np.where(large, area, 0).max())
    keep = own & (area >= max(MIN_PART * main, 3)) & ((extent >= 0.5 * MIN_EXTENT * frame.height) | large)
    keep &= ~_line_remains(stats, frame) & ~_intruders(stats, inside, frame, main)
    notes = []
    if _several(stats[keep], frame):
        notes.append("several digits")
    return keep[labels].astype(np.uint8), tuple(notes)


def _line_remains(stats: npt.NDArray[np.int32], frame: Frame) -> npt.NDArray[np.bool_]:
    """Tell which parts (n, 5) are thin and lie along a side of the cell: what is left of its line."""
    left, top = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_TOP]
    width, height = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    near_x, near_y = 0.1 * frame.width, 0.1 * frame.height
    flat = (height <= max(0.09 * frame.height, 2)) & (
        (top + height <= frame.y + near_y) | (top >= frame.y + frame.height - near_y)
    )
    upright = (width <= max(0.09 * frame.width, 2)) & (
        (left + width <= frame.x + near_x) | (left >= frame.x + frame.width - near_x)
    )
    return np.asarray(flat | upright)


def _of_neighbours(stats: npt.NDArray[np.int32], cut: _Cut) -> npt.NDArray[np.bool_]:
    """Tell which parts (n, 5) are a neighbour's: a tail's end within this cell, or a digit that reaches far beyond."""
    frame = cut.frame
    left, right = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_LEFT] + stats[:, cv2.CC_STAT_WIDTH]
    spill = max(int(SPILL * frame.width), 1)
    narrow = stats[:, cv2.CC_STAT_WIDTH] < NEIGHBOUR_WIDTH * frame.width
    narrow &= stats[:, cv2.CC_STAT_HEIGHT] < OWN_HEIGHT * frame.height
    neighbours = np.zeros(len(stats), np.bool_)
    if not cut.free[0]:
        # Tails were cut off right here, so what begins here is what is left of one.
        neighbours |= (left == max(frame.x - spill, 0)) & narrow
        neighbours |= (left == 0) & (right < frame.x + 0.5 * frame.width)
    if not cut.free[1]:
        neighbours |= (right == frame.x + frame.width + spill) & narrow
        neighbours |= (right == frame.width + 2 * frame.x) & (left > frame.x + 0.5 * frame.width)
    return np.asarray(neighbours)


def _intruders(
    stats: npt.NDArray[np.int32], inside: npt.NDArray[np.intp], frame: Frame, main: int
) -> npt.NDArray[np.bool_]:
    """Tell which parts (n, 5) are the ends of a neighbour's strokes: small, and at the cell's left or right side."""
    left, right = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_LEFT] + stats[:, cv2.CC_STAT_WIDTH]
    at_side = (left <= frame.x + 0.03 * frame.width) | (right >= frame.x + 0.97 * frame.width)
    return np.asarray(at_side & (inside < 0.4 * main) & (stats[:, cv2.CC_STAT_WIDTH] < 0.4 * frame.width))


def _several(stats: npt.NDArray[np.int32], frame: Frame) -> bool:
    """Tell whether the kept parts (n, 5) look like more than one digit: much wider than high, or side by side."""
    left, right = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_LEFT] + stats[:, cv2.CC_STAT_WIDTH]
    top, bottom = stats[:, cv2.CC_STAT_TOP], stats[:, cv2.CC_STAT_TOP] + stats[:, cv2.CC_STAT_HEIGHT]
    high = int(bottom.max() - top.min())
    wide = int(right.max() - left.min())
    roomy = frame.width > SINGLE_CELL_ASPECT * frame.height
    if roomy and high >= 0.25 * frame.height and wide > SEVERAL_ASPECT * high:
        return True
    tall = (bottom - top) >= 0.6 * high
    order = np.argsort(left[tall])
    starts, ends = left[tall][order], right[tall][order]
    return bool((starts[1:] >= ends[:-1] - 1).any() and wide > 0.7 * high)
