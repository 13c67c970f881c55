"""A box that is ticked, crossed, struck out or empty: the ink in it, without its lines.

The box is looked for with half of its size around it, because a mark leaves its box.
"""

from functools import partial

import cv2
import numpy as np

from ocrbatch.geometry import enclosing_box, quad_size
from ocrbatch.page.choose import Choice
from ocrbatch.page.confidence import judge
from ocrbatch.page.cuts import MIN_PEAK, FieldCut, Floats, Pyramid, local_darkness, on_page, warp
from ocrbatch.page.erase import Frame
from ocrbatch.page.lattice import Step
from ocrbatch.page.quantiles import quantile
from ocrbatch.page.strokes import DOUBTFUL, tell_mark
from ocrbatch.records import CellImage, FieldImage, FieldPlace, FieldReading, Grey, Status, read_only

CUT_HEIGHT = 64
LEAST_HEIGHT = 48
MARGIN = 0.5
"""Of the box's sides, around it in a mark's ink: so the box is its middle half."""
LINE_REACH = 0.15
LINE_SHARE = 0.35
"""Of a line's length, what may be paler than the line: it bends, and a frayed pen or a fold hides parts."""
MIN_LINE = 12.0
FILLED = 1.25
"""A box may be dark all over, with its lines."""
STROKE_LEVEL = 0.4
SPECK = 0.015
"""Ink of a smaller share of the box is no mark."""
SHAPELESS = 22.0
"""In a box of fewer pixels of height on the page a mark is seen, but its shape is guessed."""
GUESSED = 0.85
REACH = 0.12


def cut_mark(pyramid: Pyramid, place: FieldPlace) -> FieldCut:
    """Cut a box level with half of its size around it, to between 48 and 64 pixels of height."""
    quad = place.cells[0]
    across, down = quad_size(quad)
    scale = min(max(LEAST_HEIGHT / max(down, 1.0), 1.0), 4.0) * min(1.0, CUT_HEIGHT / max(down, 1.0))
    width, height = max(round(across * scale), 4), max(round(down * scale), 4)
    frame = Frame(round(MARGIN * width), round(MARGIN * height), width, height)
    darkness = local_darkness(warp(pyramid, quad, frame, scale), FILLED * max(width, height))
    darkness[~on_page(pyramid(0).shape, quad, frame)] = 0
    lineless = _without_box(darkness, frame)
    peak = quantile(lineless[frame.inner(0.08)], 0.99)
    return FieldCut((peak,), partial(_image, place, lineless, frame, peak))


def _without_box(darkness: Floats, frame: Frame) -> Floats:
    """Take the box's lines out of a cut (h, w) float32; only strokes that run on at both of a line's sides stay.

    A box is small and its lines are thick, so a stroke that only touches one is cut: its shape is told by the rest.
    """
    result = darkness.copy()
    for cut, place in ((result, frame), (result.T, frame.turned())):
        reach = max(int(LINE_REACH * place.height), 3)
        for row in (place.y, place.y + place.height):
            low = max(row - reach, 2)
            along = cut[low : row + reach + 1, place.x : place.x + place.width]
            profile = np.quantile(along, LINE_SHARE, axis=1)
            middle, line = int(profile.argmax()), float(profile.max())
            if line < MIN_LINE:
                continue
            pale = np.nonzero(profile < 0.2 * line)[0]
            first = low + int(pale[pale < middle].max(initial=-1)) + 1 - 1
            last = low + int(pale[pale > middle].min(initial=len(profile))) - 1 + 1
            before, after = cut[max(first - 2, 0) : first].max(axis=0), cut[last + 1 : last + 3].max(axis=0)
            aside = np.ones((1, 2 * ((last - first) // 2) + 1), np.uint8)
            through = np.minimum(cv2.dilate(before[None], aside), cv2.dilate(after[None], aside))[0]
            band = cut[first : last + 1]
            band[:] = np.where(through > 0.5 * line, np.minimum(band, through), 0)
    return result


def _image(place: FieldPlace, darkness: Floats, frame: Frame, peak: float, faintest: float) -> FieldImage:
    """Keep the ink in the box and what is connected to it."""
    box = enclosing_box(place.cells)
    mask = (darkness >= STROKE_LEVEL * peak).astype(np.uint8)
    kept = _marks(mask, frame) if peak >= max(faintest, MIN_PEAK) else None
    if kept is None:
        return FieldImage(place, box, (CellImage(read_only(np.zeros((1, 1), np.uint8)), blank=True),))
    around = cv2.dilate(kept, np.ones((3, 3), np.uint8))
    ink = np.clip(darkness * (255.0 / (0.9 * peak)), 0, 255).astype(np.uint8) * around
    notes = (DOUBTFUL,) if quad_size(place.cells[0])[1] < SHAPELESS else ()
    return FieldImage(place, box, (CellImage(read_only(ink), blank=False, notes=notes),))


def _marks(mask: Grey, frame: Frame) -> Grey | None:
    """Keep the parts that reach well into the box and are no remains of its lines; None where nothing is left."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    inside = np.bincount(labels[frame.inner(REACH)].ravel(), minlength=count)
    extent = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    short = min(frame.width, frame.height)
    keep = (inside >= max(SPECK * frame.width * frame.height, 4)) & (extent >= 0.22 * short)
    keep[0] = False
    return keep[labels].astype(np.uint8) if keep.any() else None


def read_mark(field: FieldImage, choice: Choice, accept: float) -> FieldReading:
    """Give a mark's reading from its shape; ``choice`` is not looked at, the classifier knows digits only."""
    (cell,) = field.cells
    told = Step("", 1.0, "", 0.0) if cell.blank else tell_mark(cell.ink)
    sure = field.place.placed * told.confidence * (GUESSED if cell.notes else 1.0)
    reading = FieldReading(
        name=field.place.name,
        kind=field.place.kind,
        value=told.text,
        confidence=sure,
        status=Status.ACCEPTED,
        reasons=cell.notes or (("low confidence in mark",) if sure < accept else ()),
        raw=told.text,
        runner_up=told.second,
        digit_confidence=(),
        box=field.box,
        cells=field.place.cells,
        cell_values=(told.text,),
    )
    return judge(reading, field.place.blank)
