"""The strokes in a cell's cut that belong to it: no neighbour's, no remains of its lines, no specks."""

from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.page.erase import BAND, Frame
from ocrbatch.records import CellImage, Grey, read_only

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
SEVERAL = "several digits"
MOST_LABELS = 65000

Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class CellCuts:
    """Cells' ``darkness`` (n, h, w) uint8 against their paper, lines gone, and their place in their cuts.

    ``free`` (n, 2) tells whether there is no neighbour on a cell's left and on its right; ``peaks`` (n,) uint8 are the
    darkest ink of each. ``inks`` keeps what was found in them.
    """

    darkness: Grey
    frame: Frame
    free: Flags
    peaks: Grey
    inks: dict[float, list[CellImage]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Parts:
    """Connected parts of ink (p,), of ``cell`` number each: where each lies in its cut, and how much of it there is.

    ``inside`` are those of its ``area`` pixels that lie in the cell.
    """

    cell: Integers
    left: Integers
    top: Integers
    width: Integers
    height: Integers
    area: Integers
    inside: Integers

    @property
    def right(self) -> Integers:
        return self.left + self.width

    @property
    def bottom(self) -> Integers:
        return self.top + self.height


def own_ink(cuts: CellCuts, faintest: float) -> list[CellImage]:
    """Give each cell's own ink; what is fainter than ``faintest``, in grey levels, is no writing."""
    if faintest not in cuts.inks:
        cuts.inks.clear()
        cuts.inks[faintest] = _own_ink(cuts, faintest)
    return cuts.inks[faintest]


def _own_ink(cuts: CellCuts, faintest: float) -> list[CellImage]:
    blank = CellImage(read_only(np.zeros((1, 1), np.uint8)), blank=True)
    cells = [blank] * len(cuts.peaks)
    written = np.flatnonzero(cuts.peaks >= faintest)
    if not len(written):
        return cells
    darkness, peaks, free = cuts.darkness[written], cuts.peaks[written].astype(np.float64), cuts.free[written]
    kept, found, several = _own_parts(_mask(darkness, peaks, free, cuts.frame), free, cuts.frame)
    # A pixel around each stroke keeps the grey of its edge.
    around = cv2.dilate(kept.reshape(-1, kept.shape[2]), np.ones((3, 3), np.uint8)).reshape(kept.shape)
    levels = np.clip(np.arange(256) * (255.0 / (0.9 * peaks[:, None])), 0, 255).astype(np.uint8)
    for place, number in enumerate(written):
        if found[place]:
            ink = cv2.LUT(darkness[place], levels[place]) * around[place, :-1]
            cells[number] = CellImage(read_only(ink), blank=False, notes=(SEVERAL,) if several[place] else ())
    return cells


def _mask(darkness: Grey, peaks: npt.NDArray[np.float64], free: Flags, frame: Frame) -> Grey:
    """Give the strokes (n, h + 1, w) of cuts (n, h, w), without tails; the last row parts each from the next one."""
    count, height, width = darkness.shape
    mask = np.zeros((count, height + 1, width), np.uint8)
    np.greater_equal(darkness, np.ceil(STROKE_LEVEL * peaks)[:, None, None], out=mask[:, :-1], casting="unsafe")
    line = _tail_line(frame)
    for side, column in enumerate((line, width - 1 - line)):
        for number in np.flatnonzero(mask[:, :-1, column].any(axis=1) & ~free[:, side]):
            # Hands write from left to right: a stroke that comes all the way from the digit before is followed into
            # the cell, to where it meets the cell's own digit; one that leaves for the next cell belongs to this one.
            # The margins of a cut are alike on both sides: in a mirror the right one is the left.
            own = mask[number, :-1, :: -1 if side else 1]
            _cut_left_tails(own, frame, ligatures=not side)
    return mask


def _tail_line(frame: Frame) -> int:
    """Give the column before a cell's left side that is still its own."""
    return max(frame.x - max(int(SPILL * frame.width), 1), 0)


def _cut_left_tails(mask: Grey, frame: Frame, *, ligatures: bool) -> None:
    """Cut off strokes where they run into a neighbour's cell, in place, but not a digit that stands across the line.

    With ``ligatures``, what joins the cell's digit to the one before is cut off too.
    """
    line = _tail_line(frame)
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


def _own_parts(mask: Grey, free: Flags, frame: Frame) -> tuple[Grey, Flags, Flags]:
    """Keep the connected parts of strokes (n, h + 1, w) that lie in their cell and are no specks, in place.

    Gives what is kept, and tells (n,) in which cells there is anything, and in which more than one digit.
    """
    # No part has less than a pixel; where 16 bits hold all labels, they are given much quicker.
    kind = cv2.CV_16U if np.count_nonzero(mask) < MOST_LABELS else cv2.CV_32S
    _, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(
        mask.reshape(-1, mask.shape[2]), 8, kind, cv2.CCL_SPAGHETTI
    )
    labels = labels.reshape(mask.shape)
    # Label 0 is the paper.
    left, top, width, height, area = stats[1:].T
    cell, top = np.divmod(top, mask.shape[1])
    parts = _Parts(cell, left, top, width, height, area, area.copy())
    _count_inside(parts, labels, frame)
    short = min(frame.width, frame.height)
    extent = np.maximum(width, height)
    own = (parts.inside >= MIN_INSIDE * area) & ~_of_neighbours(parts, free[cell], frame)
    remains = _line_remains(parts, frame)
    large = own & (extent >= MIN_EXTENT * frame.height) & (area >= 0.004 * short * frame.height) & ~remains
    main = np.zeros(len(mask), np.int32)
    np.maximum.at(main, cell, np.where(large, area, 0))
    keep = own & (area >= np.maximum(MIN_PART * main[cell], 3)) & (main[cell] > 0)
    keep &= ((extent >= 0.5 * MIN_EXTENT * frame.height) | large) & ~remains & ~_intruders(parts, main[cell], frame)
    several = np.zeros(len(mask), np.bool_)
    for number in _worth_a_look(parts, keep, frame, len(mask)):
        several[number] = _several(parts, keep & (cell == number), frame)
    # Of most cells all is kept: a look at every pixel costs more than all of the above.
    rest = np.unique(cell[~keep])
    mask[rest] = np.concatenate([[False], keep]).view(np.uint8)[labels[rest]]
    return mask, main > 0, several


def _count_inside(parts: _Parts, labels: npt.NDArray[np.integer[Any]], frame: Frame) -> None:
    """Correct the pixels inside of those parts that do not lie in their cell with all of theirs, in place."""
    beyond = (parts.left < frame.x) | (parts.right > frame.x + frame.width)
    beyond |= (parts.top < frame.y) | (parts.bottom > frame.y + frame.height)
    crossed = np.unique(parts.cell[beyond])
    inner = labels[crossed][(slice(None), *frame.inner(0.0))]
    parts.inside[beyond] = np.bincount(inner.ravel(), minlength=len(parts.cell) + 1)[1:][beyond]


def _line_remains(parts: _Parts, frame: Frame) -> Flags:
    """Tell which parts are thin and lie along a side of the cell: what is left of its line."""
    near_x, near_y = 0.1 * frame.width, 0.1 * frame.height
    flat = (parts.height <= max(0.09 * frame.height, 2)) & (
        (parts.bottom <= frame.y + near_y) | (parts.top >= frame.y + frame.height - near_y)
    )
    upright = (parts.width <= max(0.09 * frame.width, 2)) & (
        (parts.right <= frame.x + near_x) | (parts.left >= frame.x + frame.width - near_x)
    )
    return np.asarray(flat | upright)


def _of_neighbours(parts: _Parts, free: Flags, frame: Frame) -> Flags:
    """Tell which parts are a neighbour's: a tail's end within this cell, or a digit that reaches far beyond.

    ``free`` (p, 2) is that of each part's cell.
    """
    spill = max(int(SPILL * frame.width), 1)
    narrow = (parts.width < NEIGHBOUR_WIDTH * frame.width) & (parts.height < OWN_HEIGHT * frame.height)
    middle = frame.x + 0.5 * frame.width
    # Tails were cut off right here, so what begins here is what is left of one.
    before = ((parts.left == max(frame.x - spill, 0)) & narrow) | ((parts.left == 0) & (parts.right < middle))
    after = (parts.right == frame.x + frame.width + spill) & narrow
    after |= (parts.right == frame.width + 2 * frame.x) & (parts.left > middle)
    return np.asarray((before & ~free[:, 0]) | (after & ~free[:, 1]))


def _intruders(parts: _Parts, main: Integers, frame: Frame) -> Flags:
    """Tell which parts are the ends of a neighbour's strokes: small, and at the cell's left or right side.

    ``main`` (p,) is the area of the largest part of each part's cell.
    """
    at_side = (parts.left <= frame.x + 0.03 * frame.width) | (parts.right >= frame.x + 0.97 * frame.width)
    return np.asarray(at_side & (parts.inside < 0.4 * main) & (parts.width < 0.4 * frame.width))


def _worth_a_look(parts: _Parts, keep: Flags, frame: Frame, cells: int) -> npt.NDArray[np.intp]:
    """Give the numbers of the cells that may hold more than one digit."""
    found = np.bincount(parts.cell[keep], minlength=cells)
    return np.flatnonzero(found > (0 if _is_roomy(frame) else 1))


def _is_roomy(frame: Frame) -> bool:
    return frame.width > SINGLE_CELL_ASPECT * frame.height


def _several(parts: _Parts, own: Flags, frame: Frame) -> bool:
    """Tell whether a cell's own parts look like more than one digit: much wider than high, or side by side."""
    left, right, top, bottom = parts.left[own], parts.right[own], parts.top[own], parts.bottom[own]
    high = int(bottom.max() - top.min())
    wide = int(right.max() - left.min())
    if _is_roomy(frame) and high >= 0.25 * frame.height and wide > SEVERAL_ASPECT * high:
        return True
    tall = (bottom - top) >= 0.6 * high
    order = np.argsort(left[tall])
    starts, ends = left[tall][order], right[tall][order]
    return bool((starts[1:] >= ends[:-1] - 1).any() and wide > 0.7 * high)
