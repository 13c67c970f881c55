"""From pieces of lines to lines: pieces that continue each other are chained, and each chain is followed on the page.

Everything here runs along the rows of a levelled picture: ``t`` is the place along a row, a line's *place* the one
across. A piece is a row (start, end, offset, slope, spread): the straight line ``offset + slope t``.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.records import Grey, read_only

MAX_GAP = 60.0
MAX_MISS = 2.0
OVERSHOOT = 12
FAINT_SHARE = 0.3
FAINTEST = 4.0
TAIL = 150.0
UNIT = 100.0
APART = 1e6

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines along one axis of the levelled frame: along ``t``, the line lies at ``polyval(curve, t)``.

    ``curves`` (n, 3) float64, highest power first; ``cover`` (n, size + 1) int32 counts, for every t, how many
    of the pixels before t bear the line, so that a difference of two gives the support of a stretch;
    ``contrast`` (n,) is the line's usual darkness against the paper, in grey levels.
    """

    curves: Floats
    cover: npt.NDArray[np.int32]
    contrast: Floats

    def at(self, index: int, t: float) -> float:
        """Give the line's place across its axis at ``t``."""
        return float(np.polyval(self.curves[index], t))

    def support(self, index: int, start: float, end: float) -> float:
        """Give the share 0–1 of the stretch from ``start`` to ``end`` on which the line is seen."""
        row = self.cover[index]
        low, high = (min(max(round(t), 0), len(row) - 1) for t in (start, end))
        return float(row[high] - row[low]) / max(high - low, 1)


def chain_pieces(pieces: Floats) -> list[Floats]:
    """Join the pieces (n, 5) that continue each other, from left to right; a chain is an array of pieces."""
    order = np.argsort(pieces[:, 0], kind="stable")
    chains: list[list[int]] = []
    tails: list[tuple[float, ...]] = []
    # The line through each chain's last stretch, for a first look at which chains come into question.
    offsets, slopes = np.empty(len(pieces)), np.empty(len(pieces))
    rows = pieces.tolist()
    for index in order.tolist():
        piece = rows[index]
        count = len(chains)
        place = piece[2] + piece[3] * piece[0]
        near = np.abs(offsets[:count] + slopes[:count] * piece[0] - place) < 0.15 * MAX_GAP
        found, least = count, np.inf
        for candidate in np.flatnonzero(near).tolist():
            cost = _cost(tails[candidate], piece)
            if cost < least:
                found, least = candidate, cost
        if found == count:
            chains.append([])
            tails.append(())
        chains[found].append(index)
        tails[found] = _tail([rows[i] for i in chains[found]])
        offsets[found], slopes[found] = tails[found][1:3]
    return _split([pieces[chain] for chain in chains])


def _cost(tail: tuple[float, ...], piece: list[float]) -> float:
    """Give how badly a piece continues a chain; infinite where it does not."""
    end, offset, slope, first, middle, place, seen = tail
    gap = max(piece[0] - end, 0.0)
    if gap > max(MAX_GAP, end - first) or piece[0] <= end - 12:
        return np.inf
    # The longer of the two tells the direction: a short stroke's own is not to be trusted.
    if piece[1] - piece[0] > seen:
        miss = abs(place - (piece[2] + piece[3] * middle))
    else:
        head = (piece[0] + min(piece[1], piece[0] + 40)) / 2
        miss = abs(offset + slope * head - (piece[2] + piece[3] * head))
    return miss + 0.05 * gap if miss <= 1.8 + 0.03 * gap else np.inf


def _tail(chain: list[list[float]]) -> tuple[float, ...]:
    """Give a chain's end; the offset and slope of the line through its last stretch; its start.

    Then the middle of that stretch, the line's place there, and how much of the stretch is seen.
    """
    end = max(piece[1] for piece in chain)
    last = [(p[1] - p[0], (p[0] + p[1]) / 2, p[2] + p[3] * (p[0] + p[1]) / 2, p[3]) for p in chain if p[1] > end - TAIL]
    seen = sum(length for length, _, _, _ in last)
    middle = sum(length * t for length, t, _, _ in last) / seen
    place = sum(length * y for length, _, y, _ in last) / seen
    spread = sum(length * ((t - middle) ** 2 + length**2 / 12) for length, t, _, _ in last)
    lean = sum(length * ((t - middle) * (y - place) + length**2 / 12 * slope) for length, t, y, slope in last)
    slope = lean / max(spread, 1e-9)
    return end, place - slope * middle, slope, min(piece[0] for piece in chain), middle, place, seen


def _split(chains: list[Floats]) -> list[Floats]:
    """Part the chains at their widest gaps until each part lies on one curve: strokes in line may still be many."""
    whole: list[Floats] = [chain for chain in chains if len(chain) == 1]
    open_ = [chain for chain in chains if len(chain) > 1]
    while open_:
        curves = _fit(open_)
        parted: list[Floats] = []
        for chain, curve in zip(open_, curves, strict=True):
            ends = chain[:, :2]
            places = (curve[0] * ends + curve[1]) * ends + curve[2]
            if (np.abs(places - (chain[:, 2:3] + chain[:, 3:4] * ends)) <= MAX_MISS).all():
                whole.append(chain)
                continue
            cut = int((chain[1:, 0] - np.maximum.accumulate(chain[:-1, 1])).argmax()) + 1
            parted += [chain[:cut], chain[cut:]]
        whole += [chain for chain in parted if len(chain) == 1]
        open_ = [chain for chain in parted if len(chain) > 1]
    return whole


def _fit(chains: list[Floats]) -> Floats:
    """Fit each chain (n, 3): a parabola where it is long enough to show a bend, else a straight line."""
    pieces = np.concatenate(chains)
    owner = np.repeat(np.arange(len(chains)), [len(chain) for chain in chains])
    count = np.maximum(((pieces[:, 1] - pieces[:, 0]) / 8).astype(int), 3)
    piece = np.repeat(np.arange(len(pieces)), count)
    step = np.arange(len(piece)) - np.repeat(np.cumsum(count) - count, count)
    t = pieces[piece, 0] + (pieces[piece, 1] - pieces[piece, 0]) * step / (count[piece] - 1)
    return _polynomials(owner[piece], t, pieces[piece, 2] + pieces[piece, 3] * t, _bent(chains))


def _bent(chains: list[Floats]) -> npt.NDArray[np.bool_]:
    """Tell which chains are seen on enough of their length to show a bend."""
    seen: Floats = np.array([float((chain[:, 1] - chain[:, 0]).sum()) for chain in chains])
    span: Floats = np.array([float(chain[:, 1].max() - chain[:, 0].min()) for chain in chains])
    joined = np.array([len(chain) > 1 for chain in chains], dtype=np.bool_)
    return joined & (seen > np.maximum(150.0, 0.5 * span))


def _polynomials(owner: Indices, t: Floats, place: Floats, bent: npt.NDArray[np.bool_]) -> Floats:
    """Fit many curves at once by least squares: sample ``i`` belongs to curve ``owner[i]``; gives (n, 3)."""
    size = len(bent)

    def total(values: npt.NDArray[np.floating[Any]]) -> Floats:
        return np.asarray(np.bincount(owner, weights=values, minlength=size), dtype=np.float64)

    n = np.maximum(np.bincount(owner, minlength=size), 1)
    centre, mean = total(t) / n, total(place) / n
    u, v = (t - centre[owner]) / UNIT, place - mean[owner]
    uu = u * u
    powers = [n.astype(np.float64), total(u), total(uu), total(uu * u), total(uu * uu)]
    matrix = np.empty((size, 3, 3))
    for row in range(3):
        for column in range(3):
            matrix[:, row, column] = powers[4 - row - column]
    matrix[:, [0, 1, 2], [0, 1, 2]] += 1e-9
    # A straight line has no square term: a great weight on its own smallness keeps it away.
    matrix[~bent, 0, 0] += 1e12
    right = np.stack([total(uu * v), total(u * v), total(v)], axis=1)
    a, b, c = np.linalg.solve(matrix, right[..., None])[..., 0].T
    a, b, c = np.where(bent, a, 0.0) / UNIT**2, b / UNIT, c + mean
    return np.stack([a, b - 2 * a * centre, c - b * centre + a * centre**2], axis=1)


def no_lines(size: int) -> Lines:
    """Give the lines of a picture without any; ``size`` is its length along them."""
    return Lines(read_only(np.empty((0, 3))), read_only(np.empty((0, size + 1), np.int32)), read_only(np.empty(0)))


def follow(chains: list[Floats], depth: Grey) -> Lines:
    """Fit every chain to the ridge itself, and look along it for all that is seen of it, faint stretches too."""
    height, width = depth.shape
    if not chains:
        return no_lines(width)
    curves = _sharpened(_fit(chains), chains, depth)
    start = np.array([max(int(chain[:, 0].min()) - OVERSHOOT, 0) for chain in chains])
    end = np.array([min(int(chain[:, 1].max()) + OVERSHOOT, width) for chain in chains])
    owner, t = ranges(start, end)
    place = _places(curves[owner], t + 0.5).astype(int)
    tall = cv2.dilate(depth, np.ones((3, 1), np.uint8))
    contrast = np.where((place >= 0) & (place < height), tall[np.clip(place, 0, height - 1), t], 0)
    sure = np.zeros((len(chains), width), np.bool_)
    for index, chain in enumerate(chains):
        for piece in chain:
            sure[index, int(piece[0]) : int(piece[1])] = True
    known = sure[owner, t]
    usual = _quantiles(owner[known], contrast[known].astype(np.float64), len(chains), 0.5)
    seen = np.zeros((len(chains), width + 2), np.bool_)
    seen[owner, t + 1] = contrast >= np.maximum(FAINTEST, FAINT_SHARE * usual)[owner]
    # The averaging along the row has drawn each end out a little.
    seen[:, 1:-1] = seen[:, 2:] & seen[:, 1:-1] & seen[:, :-2]
    cover = np.zeros((len(chains), width + 1), np.int32)
    np.cumsum(seen[:, 1:-1], axis=1, out=cover[:, 1:])
    return Lines(read_only(curves), read_only(cover), read_only(usual))


def _sharpened(curves: Floats, chains: list[Floats], depth: Grey) -> Floats:
    """Fit the curves (n, 3) to the ridge's own middle, leaving out where writing draws it aside."""
    height, bent = len(depth), _bent(chains)
    pieces = np.concatenate(chains)
    of_chain = np.repeat(np.arange(len(chains)), [len(chain) for chain in chains])
    piece, t = ranges(pieces[:, 0].astype(int), pieces[:, 1].astype(int), 2)
    owner = of_chain[piece]
    for reach in (4, 2):
        place = _places(curves[owner], t + 0.5)
        rows = place.astype(int)[None] + np.arange(-reach, reach + 1)[:, None]
        weights = depth[np.clip(rows, 0, height - 1), t[None]].astype(np.float64) ** 2
        total = weights.sum(axis=0)
        centre = ((rows + 0.5) * weights).sum(axis=0) / np.maximum(total, 1e-9)
        seen = total > 0
        drift = _quantiles(owner[seen], (centre - place)[seen], len(chains), 0.5)
        miss = np.abs(centre - place - drift[owner])
        usual = np.maximum(_quantiles(owner[seen], miss[seen], len(chains), 0.6), 0.7)
        good = seen & (miss <= usual[owner])
        enough = np.bincount(owner[good], minlength=len(chains)) >= 8
        fitted = _polynomials(owner[good], t[good] + 0.5, centre[good], bent)
        curves = np.where(enough[:, None], fitted, curves)
    return curves


def _places(curves: Floats, t: npt.NDArray[np.floating[Any]]) -> Floats:
    return np.asarray((curves[:, 0] * t + curves[:, 1]) * t + curves[:, 2])


def ranges(start: Indices, end: Indices, step: int = 1) -> tuple[Indices, Indices]:
    """Give the numbers from each start to its end in one array, and before it whose each one is."""
    count = np.maximum(-((start - end) // step), 0)
    owner = np.repeat(np.arange(len(start)), count)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    return owner, start[owner] + step * within


def _quantiles(owner: Indices, values: Floats, size: int, share: float) -> Floats:
    """Give a quantile of each owner's values (size,), which lie between -500,000 and 500,000; 0 where it has none."""
    if not len(values):
        return np.zeros(size)
    # One sort of keys that rise by owner and then by value is quicker than one by two columns.
    keys = np.sort(owner * APART + values)
    count = np.bincount(owner, minlength=size)
    first = np.cumsum(count) - count
    chosen = np.minimum(first + (share * count).astype(int), len(values) - 1)
    return np.where(count > 0, keys[chosen] - np.arange(size) * APART, 0.0)
