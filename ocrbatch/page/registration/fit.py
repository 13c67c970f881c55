"""From a rough homography to each field's own place: the print's edges, looked for along their normals.

The page is seen in the reference's frame, where every edge of the print should lie at its point. How far off it is
can only be told across the edge; many edges together give the movement (as in C. Harris' RAPID tracker, 1990).
First a homography is fitted, then a smooth bend of the whole page (feeder skew, paper, lenses), then each field on
the edges around it. All are robust least squares: writing, stamps and another bank's logo do not pull.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.geometry import Matrix, transform_points
from ocrbatch.page.registration.prints import Floats, PrintPoints, gradients
from ocrbatch.page.registration.view import PageView, rectified

Doubles = npt.NDArray[np.float64]

WIDE, NARROW, CLOSE = 12.0, 5.0, 3.0
STEP = 0.5
MIN_CONTRAST = 0.3
PALE = 0.4
NOISE = 3.0
MOST_LOCAL = 120
COARSE, FINE = 600, 1200
SMALL_STEP = 8.0
AGREE = 1.5
MIN_AGREE = (0.15, 0.25, 0.3, 0.3, 0.3)
"""The share of edges that must agree at each step: another form's come to 0.3 by chance, the form's own to 0.6."""
ROUNDS = 4
FINEST = 0.5
LOCAL_PRIOR = np.tile([6.0, 6.0, 2.0], 2)
"""In edges, as below: for stretching and turning a field about its middle, and for moving it."""


@dataclass(frozen=True, slots=True)
class Offsets:
    """How far the page's edges lie from where they are looked for: ``along`` (n,) in pixels along each normal.

    ``seen`` (n,) bool tells where one was found at all, and ``contrast`` (n,) how strong it is beside the print's own.
    """

    along: Floats
    seen: npt.NDArray[np.bool_]
    contrast: Floats


@dataclass(frozen=True, slots=True)
class Fit:
    """Where the print lies on a page.

    A point of the working frame is moved by the ``bend`` (2, 10), a cubic in unit coordinates that gives pixels, and
    by its field's ``local`` (fields, 2, 3) affine correction; then ``to_page`` (3, 3) leads to the page's pixels.
    ``residual`` (n,) is how far each edge of the print is off at the end, infinite where it is not seen; ``elsewhere``
    (n,) the same where nothing of it should be: what a busy page gives by chance.
    """

    to_page: Matrix
    size: tuple[int, int]
    bend: Doubles
    local: Doubles
    residual: Floats
    elsewhere: Floats


def look(
    edges: tuple[Floats, Floats], prints: PrintPoints, places: Floats, reach: float, contrast: float = 1.0
) -> Offsets:
    """Look for each edge of the print along its normal, up to ``reach`` pixels from ``places`` (n, 2).

    ``contrast`` is how strong the page's print is beside the reference's.
    """
    step = STEP if reach < NARROW else 2 * STEP
    steps = np.arange(-reach, reach + step / 2, step, dtype=np.float32)
    maps = places[:, None, :] - np.float32(0.5) + steps[None, :, None] * prints.normals[:, None, :]
    gx, gy = (
        cv2.remap(edge, maps[..., 0], maps[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT) for edge in edges
    )
    response = gx * prints.normals[:, :1] + gy * prints.normals[:, 1:]
    # An edge further off needs to be stronger to be taken for the one that is looked for.
    weighed = response * (1 - 0.5 * (steps / reach) ** 2)
    best = weighed[:, 1:-1].argmax(axis=1) + 1
    row = np.arange(len(best))
    before, peak, after = weighed[row, best - 1], weighed[row, best], weighed[row, best + 1]
    curve = before - 2 * peak + after
    finer = np.where(curve < -1e-6, 0.5 * (before - after) / np.minimum(curve, -1e-6), 0)
    found = response[row, best]
    seen = found > np.maximum(NOISE, MIN_CONTRAST * contrast * prints.strength)
    # At the end of the reach it only rises towards something else.
    seen &= (peak >= before) & (peak >= after)
    along = (steps[best] + step * np.clip(finer, -1, 1)).astype(np.float32)
    return Offsets(along, seen, found / np.maximum(prints.strength, 1e-6))


def fit(view: PageView, proposal: Matrix, prints: PrintPoints, size: tuple[int, int], boxes: Floats) -> Fit | None:
    """Fit the print to a page. ``proposal`` (3, 3) leads from the working frame, ``size`` wide and high, to the page.

    ``boxes`` (fields, 4) are the fields' x, y, width and height in the working frame. Gives None where the proposal
    finds nothing of the print.
    """
    rough = _approach(view, proposal, prints.thinned(COARSE), size)
    if rough is None:
        return None
    to_page, edges, bend, contrast = rough
    bend = _bend(edges, prints.thinned(FINE), size, bend, contrast)
    moved = _bent(prints.places, _cubic(_unit(prints.places, size)), bend)
    offsets = look(edges, prints, moved, CLOSE, contrast)
    local = _local(prints, offsets, boxes)
    elsewhere = look(edges, prints, moved + _aside(len(moved)), CLOSE, contrast)
    return Fit(to_page, size, bend.reshape(2, 10), local, _residual(offsets), _residual(elsewhere))


def _approach(
    view: PageView, to_page: Matrix, prints: PrintPoints, size: tuple[int, int]
) -> tuple[Matrix, tuple[Floats, Floats], Doubles, float] | None:
    """Better a homography until little is left to move; gives it, the page's edges as it shows them, and that little.

    Last comes how strong the page's print is beside the reference's. None where too few edges agree for it to be it.
    """
    unit = _unit(prints.places, size)
    rows = _projective(unit, prints.normals)
    for least in MIN_AGREE:
        edges = gradients(rectified(view, to_page, *size))
        offsets = look(edges, prints, prints.places, WIDE, PALE)
        step = _solve(rows, offsets.along, offsets.seen, WIDE / 2, np.full(8, 0.01))
        agree = offsets.seen & (np.abs(offsets.along - rows @ step) <= AGREE)
        if agree.mean() < least:
            return None
        if np.abs(step).sum() < SMALL_STEP:
            break
        to_page = to_page @ _homography(step, size)
    else:
        edges, step = gradients(rectified(view, to_page, *size)), np.zeros(8)
    contrast = float(np.clip(np.median(offsets.contrast[agree]), PALE, 1.0))
    return to_page, edges, _as_bend(step), contrast


def _bend(
    edges: tuple[Floats, Floats], prints: PrintPoints, size: tuple[int, int], bend: Doubles, contrast: float
) -> Doubles:
    """Better the bend (20,) of the whole page."""
    monomials = _cubic(_unit(prints.places, size))
    rows = _across(monomials, prints.normals)
    for reach in (NARROW, CLOSE):
        offsets = look(edges, prints, _bent(prints.places, monomials, bend), reach, contrast)
        bend = _solve(rows, offsets.along + rows @ bend, offsets.seen, reach / 2, BEND_PRIOR)
    return bend


def _as_bend(step: Doubles) -> Doubles:
    """Write a small homography (8,) as the coefficients (20,) of a cubic."""
    bend = np.zeros((2, 10))
    bend[0, :5] = step[[0, 1, 2, 6, 7]]
    bend[1, [0, 1, 2, 4, 5]] = step[[3, 4, 5, 6, 7]]
    return bend.ravel()


def place_cells(found: Fit, cells: Sequence[Floats]) -> list[Floats]:
    """Lead each field's cells (n, 4, 2) from the working frame to the page's pixels."""
    if not cells:
        return []
    flat = np.concatenate(cells).reshape(-1, 2).astype(np.float64)
    owner = np.repeat(np.arange(len(cells)), [4 * len(one) for one in cells])
    linear, shift = found.local[owner, :, :2], found.local[owner, :, 2]
    moved = flat + _cubic(_unit(flat, found.size)) @ found.bend.T + np.einsum("nij,nj->ni", linear, flat) + shift
    placed = transform_points(found.to_page, moved).reshape(-1, 4, 2)
    return np.split(placed, np.cumsum([len(one) for one in cells])[:-1])


def place_points(found: Fit, points: Floats | Doubles) -> Floats:
    """Lead points (n, 2) of no field from the working frame to the page's pixels."""
    return transform_points(found.to_page, points + _cubic(_unit(points, found.size)) @ found.bend.T)


def _residual(offsets: Offsets) -> Floats:
    return np.where(offsets.seen, np.abs(offsets.along), np.inf).astype(np.float32)


def _unit(places: Floats | Doubles, size: tuple[int, int]) -> Doubles:
    """Give points (n, 2) with the frame's middle at 0 and its longer side from -1 to 1."""
    return np.asarray((places - np.array(size) / 2) / (max(size) / 2), dtype=np.float64)


def _projective(unit: Doubles, normals: Floats) -> Doubles:
    """Give the rows (n, 8) by which a small homography moves points along their normals."""
    x, y = unit.T
    nx, ny = normals.T
    swing = x * nx + y * ny
    return np.column_stack([nx, nx * x, nx * y, ny, ny * x, ny * y, x * swing, y * swing])


def _homography(step: Doubles, size: tuple[int, int]) -> Matrix:
    """Give the homography (3, 3) of the working frame that is ``step`` (8,), in pixels, to the first order."""
    half = max(size) / 2
    a = step / half
    small = np.array([[1 + a[1], a[2], a[0]], [a[4], 1 + a[5], a[3]], [-a[6], -a[7], 1.0]])
    to_unit = np.array([[1 / half, 0, -size[0] / 2 / half], [0, 1 / half, -size[1] / 2 / half], [0, 0, 1]])
    return np.asarray(np.linalg.inv(to_unit) @ small @ to_unit)


def _cubic(unit: Doubles) -> Doubles:
    """Give the ten monomials (n, 10) of a cubic in x and y."""
    x, y = unit.T
    return np.column_stack([np.ones_like(x), x, y, x * x, x * y, y * y, x**3, x * x * y, x * y * y, y**3])


BEND_PRIOR = np.tile([0.01, 0.1, 0.1, 2, 2, 2, 8, 8, 8, 8], 2)
"""In edges: so many would be needed to bend as far as half a pixel's error asks for."""


def _across(monomials: Doubles, normals: Floats) -> Doubles:
    """Give the rows (…, n, 2k) by which coefficients for x and then for y move points along their normals."""
    return np.concatenate([monomials * normals[..., :1], monomials * normals[..., 1:]], axis=-1)


def _bent(places: Floats, monomials: Doubles, bend: Doubles) -> Floats:
    return (places + monomials @ bend.reshape(2, 10).T).astype(np.float32)


def _aside(count: int) -> Floats:
    """Give shifts (n, 2) of a dozen pixels or more in all directions, always the same ones."""
    random = np.random.default_rng(7)
    angle, far = random.uniform(0, 2 * np.pi, count), random.uniform(12, 24, count)
    return np.column_stack([far * np.cos(angle), far * np.sin(angle)]).astype(np.float32)


def _local(prints: PrintPoints, offsets: Offsets, boxes: Floats) -> Doubles:
    """Fit each field's own affine correction (fields, 2, 3) on the edges around it; all fields at once."""
    own = [np.flatnonzero(near & offsets.seen)[:MOST_LOCAL] for near in prints.near]
    if not own or max(map(len, own)) == 0:
        return np.zeros((len(boxes), 2, 3))
    points = np.array([np.pad(one, (0, max(map(len, own)) - len(one))) for one in own])
    counted = np.arange(points.shape[1]) < np.array([[len(one)] for one in own])
    middle, half = boxes[:, :2] + boxes[:, 2:] / 2, np.maximum(boxes[:, 2:] / 2, 8)
    at = (prints.places[points] - middle[:, None]) / half[:, None]
    rows = _across(np.concatenate([at, np.ones_like(at[..., :1])], axis=2), prints.normals[points])
    step = _solve(rows, offsets.along[points], counted, 1.0, LOCAL_PRIOR).reshape(-1, 2, 3)
    linear = step[:, :, :2] / half[:, None, :]
    return np.concatenate([linear, step[:, :, 2:] - linear @ middle[:, :, None]], axis=2)


def _solve(
    rows: Doubles, target: Floats | Doubles, seen: npt.NDArray[np.bool_], scale: float, prior: Doubles
) -> Doubles:
    """Solve robustly for what moves most edges: Geman and McClure's weights, narrowing to the edges that agree.

    ``rows`` (…, n, k), ``target`` and ``seen`` (…, n); gives (…, k).
    """
    across = np.swapaxes(rows, -1, -2)
    left: Doubles = np.asarray(target, dtype=np.float64)
    solution: Doubles = np.zeros(rows.shape[:-2] + rows.shape[-1:])
    for _ in range(ROUNDS):
        weight = seen / (1 + (left / scale) ** 2) ** 2
        weighed = across * weight[..., None, :]
        solution = np.asarray(np.linalg.solve(weighed @ rows + np.diag(prior), weighed @ target[..., None])[..., 0])
        left = np.asarray(target - (rows @ solution[..., None])[..., 0])
        scale = max(scale / 1.5, FINEST)
    return solution
