"""A run's strokes to segments: the smallest pieces that a digit may be made of, from left to right.

A segment is a connected stroke, or what lies between two cuts through one.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.page.erase import Frame
from ocrbatch.page.strings.cutting import find_seams
from ocrbatch.page.strings.parts import Parts, find_parts
from ocrbatch.page.strings.slant import Ints, shifts, upright
from ocrbatch.records import Grey

LEAVES = "writing leaves the field"
CUT_OFF = "cut off by the page's edge"
AT_EDGE = 1.5
"""Of the pen's width."""
MOST_PARTS = 40
MOST_SEGMENTS = 60
MOST_CUTS = 24
NARROW_DIGIT = 0.3
"""Of a digit's height: a part is no more digits than fit with this width."""


@dataclass(frozen=True, slots=True)
class Segments:
    """The n segments of a run, in reading order, in a frame where the writing stands upright.

    ``labels`` (h, w) int32 has each pixel's segment from 1, in the cut's own frame; ``shift`` (h,) is how far each row
    is moved to the right in the upright one. ``boxes`` (n, 4) are left, top, right and bottom there. ``part`` (n,)
    numbers the connected stroke a segment is of, ``cut`` (n,) what the cut before it costs in pixels of ink,
    0 where it begins a stroke. ``stroke`` is the pen's width, ``high`` a digit's height, both in pixels; ``middle``
    (n,) is the row of the digits' middle, ``at_edge`` (n,) how many pixels lie at the page's edge. ``notes`` are
    reasons for a person's look at the whole.
    """

    labels: Ints
    shift: Ints
    boxes: Ints
    part: Ints
    cut: npt.NDArray[np.float64]
    stroke: float
    high: float
    middle: npt.NDArray[np.float64]
    parts: Parts
    at_edge: npt.NDArray[np.intp]
    notes: tuple[str, ...]

    def __len__(self) -> int:
        """How many there are."""
        return len(self.boxes)


def find_segments(
    mask: Grey, darkness: npt.NDArray[np.float32], frame: Frame, page: npt.NDArray[np.bool_]
) -> Segments | None:
    """Give the segments of a run; None where there is no writing.

    ``mask`` (h, w) uint8 is 1 where ink is, ``darkness`` (h, w) its strength, ``frame`` the field's place in both;
    ``page`` (h, w) is where the page is.
    """
    parts = find_parts(mask, darkness, frame)
    if parts is None:
        return None
    shift = shifts(parts.shear, mask.shape[0])
    own = np.isin(parts.labels, parts.numbers)
    stroke = pen_width(own)
    standing = upright(np.where(own, parts.labels, 0), shift)
    standing, part, cut = _divided(standing, parts, stroke)
    order, boxes = _ordered(standing, len(part))
    rank = np.zeros(len(part) + 1, np.int32)
    rank[order + 1] = np.arange(1, len(part) + 1)
    labels = upright(rank[standing], -shift)[:, : mask.shape[1]]
    edge = page & (cv2.erode(page.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1) == 0)
    at_edge = np.bincount(labels[edge], minlength=len(part) + 1)[1:]
    return Segments(
        labels=labels,
        shift=shift,
        boxes=boxes[order],
        part=part[order],
        cut=cut[order],
        stroke=stroke,
        high=parts.high,
        middle=parts.middle[part[order]],
        parts=parts,
        at_edge=at_edge,
        notes=(LEAVES,) if _others_reach_in(mask, parts, frame) else (),
    )


def corners(segments: Segments, start: int, end: int) -> npt.NDArray[np.float32]:
    """Give the corners (4, 2) of segments ``start`` … ``end`` − 1 in the cut, leaning as the writing does."""
    left, top = segments.boxes[start:end, :2].min(axis=0)
    right, bottom = segments.boxes[start:end, 2:].max(axis=0)
    above, below = int(segments.shift[top]), int(segments.shift[bottom - 1])
    places = [[left - above, top], [right - above, top], [right - below, bottom], [left - below, bottom]]
    return np.array(places, np.float32)


def notes_of(segments: Segments, start: int, end: int) -> tuple[str, ...]:
    """Give the reasons for a person's look at segments ``start`` … ``end`` − 1.

    A stroke that ends at the page's edge may end there; what meets it with more than that goes on beyond.
    """
    off = segments.at_edge[start:end].sum() > AT_EDGE * segments.stroke
    return segments.notes + ((CUT_OFF,) if off else ())


def pen_width(own: npt.NDArray[np.bool_]) -> float:
    """Give the usual width of the strokes in pixels: the ink's area beside the length of its middle lines."""
    distance = cv2.distanceTransform(np.pad(own.astype(np.uint8), 1), cv2.DIST_L2, 3)
    ridge = (distance > 0) & (distance >= cv2.dilate(distance, np.ones((3, 3), np.uint8)))
    return max(2.0 * float(np.median(distance[ridge])) - 0.5, 1.0) if ridge.any() else 1.0


def _divided(standing: Ints, parts: Parts, stroke: float) -> tuple[Ints, Ints, npt.NDArray[np.float64]]:
    """Cut the parts: gives labels (h, w) from 1, and of each its part's place in ``parts`` and its cut's cost."""
    result = np.zeros_like(standing)
    part: list[int] = []
    cuts: list[float] = []
    largest = _largest(parts)
    room = MOST_SEGMENTS - len(largest)
    for place, number in largest:
        rows, columns = np.nonzero(standing == number)
        top, left = int(rows.min()), int(columns.min())
        mask = np.zeros((int(rows.max()) + 1 - top, int(columns.max()) + 1 - left), np.uint8)
        mask[rows - top, columns - left] = 1
        most = min(int(mask.shape[1] / (NARROW_DIGIT * parts.high)) - 1, MOST_CUTS, room)
        seams = find_seams(mask, parts.high, stroke, most) if most > 0 and not parts.straight[place] else ()
        room -= len(seams)
        slab = np.zeros(len(rows), np.int32)
        if seams:
            borders = np.sort(np.stack([seam.columns for seam in seams]), axis=0)
            slab = (columns - left >= borders[:, rows - top]).sum(axis=0).astype(np.int32)
        # Between seams that cross there may be nothing.
        present, places = np.unique(slab, return_inverse=True)
        result[rows, columns] = len(part) + 1 + places
        part += [place] * len(present)
        cuts += [0.0, *(seams[before - 1].cost for before in present[1:])]
    return result, np.array(part, np.int32), np.array(cuts)


def _largest(parts: Parts) -> list[tuple[int, int]]:
    """Give place and number of each part, the largest first; of very many only those."""
    places = np.argsort(-parts.width * parts.height, kind="stable")[:MOST_PARTS]
    return [(int(place), int(parts.numbers[place])) for place in places]


def _ordered(standing: Ints, count: int) -> tuple[npt.NDArray[np.intp], Ints]:
    """Give the labels' order from left to right, and the box (n, 4) of each."""
    rows, columns = np.nonzero(standing)
    own = standing[rows, columns] - 1
    boxes = np.empty((count, 4), np.int32)
    boxes[:, :2], boxes[:, 2:] = np.iinfo(np.int32).max, -1
    np.minimum.at(boxes[:, 0], own, columns)
    np.minimum.at(boxes[:, 1], own, rows)
    np.maximum.at(boxes[:, 2], own, columns + 1)
    np.maximum.at(boxes[:, 3], own, rows + 1)
    centre = np.bincount(own, columns, minlength=count) / np.maximum(np.bincount(own, minlength=count), 1)
    middle = 0.5 * centre + 0.25 * (boxes[:, 0] + boxes[:, 2])
    return np.argsort(middle, kind="stable"), boxes


def _others_reach_in(mask: Grey, parts: Parts, frame: Frame) -> bool:
    """Tell whether something as high as a digit lies across the field's left or right side, most of it outside."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    rows, columns = frame.inner(0.0)
    inside = np.bincount(labels[rows, columns].ravel(), minlength=count)
    beside = np.bincount(labels[rows].ravel(), minlength=count) - inside
    area, height = stats[:, cv2.CC_STAT_AREA], stats[:, cv2.CC_STAT_HEIGHT]
    across = (inside >= 0.08 * area) & (inside < 0.5 * area) & (beside >= 0.4 * area) & (height >= 0.5 * parts.high)
    return bool(across[1:].any())
