"""What is printed on a form: points along the edges of its lines and letters, each with the direction of its edge.

They are taken from the reference picture, spread over the page, and denser near fields. What lies within a field's
cells is left out: the reference may be filled in, and every page is.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.form.template import Field
from ocrbatch.records import Grey

Floats = npt.NDArray[np.float32]

SMOOTH = 0.8
TILE = 36
PER_TILE = 3
PER_FIELD = 80
INSET = 0.15
REACH = 0.8
MIN_REACH = 12.0
MIN_STRENGTH = 4.0
FIRM = 0.3
OUTLINE = 5


@dataclass(frozen=True, slots=True)
class PrintPoints:
    """Points on edges: ``places`` (n, 2) float32 in the working picture's pixels, ``normals`` (n, 2) towards bright.

    ``strength`` (n,) is the gradient there, in grey levels a pixel. ``near`` (fields, n) bool tells the points near
    each field, and ``ruled`` (fields, n) those of them that lie on its own outline: its lines, where it has any.
    """

    places: Floats
    normals: Floats
    strength: Floats
    near: npt.NDArray[np.bool_]
    ruled: npt.NDArray[np.bool_]

    def thinned(self, count: int) -> "PrintPoints":
        """Give at most so many of the points, from all over the page."""
        step = max(-(-len(self.places) // count), 1)
        return PrintPoints(
            self.places[::step],
            self.normals[::step],
            self.strength[::step],
            self.near[:, ::step],
            self.ruled[:, ::step],
        )


def gradients(picture: Grey) -> tuple[Floats, Floats]:
    """Give the gradient (H, W) float32 to the right and down, in grey levels a pixel, of a smoothed picture."""
    smooth = cv2.GaussianBlur(picture, (0, 0), SMOOTH)
    return cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=1 / 8)


def print_points(picture: Grey, fields: tuple[Field, ...], scale: float) -> PrintPoints:
    """Learn the print of a reference picture (H, W) uint8 of the working size, ``scale`` times the form's pixels."""
    gx, gy = gradients(picture)
    size = np.hypot(gx, gy)
    rows, columns = _edges(gx, gy, size, _writing(picture.shape, fields, scale))
    places = np.column_stack([columns, rows]).astype(np.float32) + np.float32(0.5)
    near = np.array([_near(places, one, scale) for one in fields], dtype=bool).reshape(len(fields), len(places))
    ruled = _outlines(picture.shape, fields, scale)[rows, columns] == np.arange(1, len(fields) + 1)[:, None]
    kept = _spread(places, near, picture.shape[1])
    rows, columns = rows[kept], columns[kept]
    strength = size[rows, columns]
    normals = np.column_stack([gx[rows, columns], gy[rows, columns]]) / np.maximum(strength, 1e-6)[:, None]
    return PrintPoints(places[kept], normals.astype(np.float32), strength, near[:, kept], ruled[:, kept])


def _writing(shape: tuple[int, ...], fields: tuple[Field, ...], scale: float) -> Grey:
    """Mark (H, W) the inside of all cells, where people write."""
    mask = np.zeros(shape[:2], np.uint8)
    for one in fields:
        for cell in one.cells * scale:
            inset = INSET * float(min(np.ptp(cell[:, 0]), np.ptp(cell[:, 1])))
            low, high = cell.min(axis=0) + inset, cell.max(axis=0) - inset
            mask[int(np.ceil(low[1])) : int(high[1]), int(np.ceil(low[0])) : int(high[0])] = 1
    return mask


def _edges(gx: Floats, gy: Floats, size: Floats, writing: Grey) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Give rows and columns where the gradient is highest across its edge, and stands out of the paper's noise."""
    horizontal = np.abs(gx) >= np.abs(gy)
    padded = np.pad(size, 1)
    sides = np.where(
        horizontal,
        np.maximum(padded[1:-1, :-2], padded[1:-1, 2:]),
        np.maximum(padded[:-2, 1:-1], padded[2:, 1:-1]),
    )
    floor = max(MIN_STRENGTH, 3.0 * float(np.median(size)))
    rows, columns = np.nonzero((size >= sides) & (size > floor) & (writing == 0))
    # Tints and watermarks are printed in another pass than the lines, and lie elsewhere on every sheet.
    strength = size[rows, columns]
    firm = strength >= FIRM * float(np.percentile(strength, 90)) if len(rows) else np.empty(0, bool)
    return rows[firm], columns[firm]


def _near(places: Floats, one: Field, scale: float) -> npt.NDArray[np.bool_]:
    """Tell the points on a field's own lines and around them."""
    box = one.box
    reach = max(REACH * box.height * scale, MIN_REACH)
    x, y = places[:, 0], places[:, 1]
    inside_x = (x >= box.x * scale - reach) & (x <= box.right * scale + reach)
    return np.asarray(inside_x & (y >= box.y * scale - reach) & (y <= box.bottom * scale + reach))


def _outlines(shape: tuple[int, ...], fields: tuple[Field, ...], scale: float) -> npt.NDArray[np.int32]:
    """Mark (H, W) the outlines of all cells with their field's number, from 1; 0 is none's."""
    drawn = np.zeros(shape[:2], np.int32)
    for number, one in enumerate(fields, start=1):
        cells = [np.rint(cell * scale - 0.5).astype(np.int32) for cell in one.cells]
        cv2.polylines(drawn, cells, True, (number,), OUTLINE)
    return drawn


def _spread(places: Floats, near: npt.NDArray[np.bool_], width: int) -> npt.NDArray[np.intp]:
    """Choose points: as many from every tile of the page that has any, more around each field."""
    order = np.random.default_rng(1).permutation(len(places))
    tiles = (places[:, 1] // TILE).astype(int) * (width // TILE + 1) + (places[:, 0] // TILE).astype(int)
    chosen = np.zeros(len(places), bool)
    ranked = order[np.argsort(tiles[order], kind="stable")]
    starts = np.r_[0, np.flatnonzero(np.diff(tiles[ranked])) + 1] if len(ranked) else np.empty(0, int)
    position = np.arange(len(ranked)) - np.repeat(starts, np.diff(np.r_[starts, len(ranked)]))
    chosen[ranked[position < PER_TILE]] = True
    for mask in near:
        chosen[order[mask[order]][:PER_FIELD]] = True
    return np.flatnonzero(chosen)
