"""From pieces of lines to lines: pieces that continue each other are chained, and each chain is followed on the page.

Everything here runs along the rows of a levelled picture: ``t`` is the place along a row, a line's *place* the one
across. A piece is a row (start, end, offset, slope, spread): the straight line ``offset + slope t``.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ocrbatch.records import Grey, read_only

MAX_GAP = 60.0
MAX_OVERLAP = 12.0
TOGETHER = 4.0  # The shortest piece less the overlap.
NEAR = 9.0
MAX_MISS = 2.0
OVERSHOOT = 12
FAINT_SHARE = 0.3
FAINTEST = 4.0
TAIL = 150.0
UNIT = 100.0
APART = 1_000_000

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

_Stretch = tuple[float, float, float, float, float]
_Tail = tuple[float, float, float, float, float, float, float]


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

    def support(self, index: int | Indices, start: float, end: float) -> float:
        """Give the share 0–1 of the stretch from ``start`` to ``end`` on which the line is seen; of several the sum."""
        low, high = (min(max(round(t), 0), self.cover.shape[1] - 1) for t in (start, end))
        seen = self.cover[index, high] - self.cover[index, low]
        return float(seen.sum() / max(high - low, 1))


def chain_pieces(pieces: Floats) -> list[Floats]:
    """Join the pieces (n, 5) that continue each other, from left to right; a chain is an array of pieces."""
    pieces = pieces[np.argsort(pieces[:, 0], kind="stable")]
    rows, stretches, starts = pieces.tolist(), _stretches(pieces), pieces[:, 0]
    places = pieces[:, 2] + pieces[:, 3] * starts
    chains: list[list[int]] = []
    lasts: list[list[_Stretch]] = []
    tails: list[_Tail] = []
    # The end, offset, slope and start of each chain's tail, for a first look at which chains come into question.
    ends, offsets, slopes, firsts = known = np.zeros((4, len(pieces)))
    begun = 0
    while begun < len(pieces):
        # Pieces that start together are too long to continue each other, so one look serves them all.
        group = np.arange(begun, np.searchsorted(starts, starts[begun] + TOGETHER))
        count, begun = len(chains), begun + len(group)
        within = starts[group[0]] - ends[:count] <= np.maximum(MAX_GAP, ends[:count] - firsts[:count])
        open_ = np.nonzero(within & (ends[:count] - MAX_OVERLAP < starts[group[-1]]))[0]
        reached = offsets[open_] + slopes[open_] * starts[group, None]
        which, near = np.nonzero(np.abs(reached - places[group, None]) < NEAR)
        candidates: dict[int, list[int]] = {index: [] for index in group.tolist()}
        for index, chain in zip(group[which].tolist(), open_[near].tolist(), strict=True):
            candidates[index].append(chain)
        for index, possible in candidates.items():
            costs = [_cost(tails[chain], rows[index]) for chain in possible]
            least = min(costs, default=np.inf)
            found = possible[costs.index(least)] if least < np.inf else len(chains)
            if found == len(chains):
                chains.append([index])
                lasts.append([stretches[index]])
                length, middle, place, slope, end = stretches[index]
                tails.append((end, rows[index][2], slope, rows[index][0], middle, place, length))
            else:
                chains[found].append(index)
                end = max(tails[found][0], rows[index][1])
                lasts[found] = [stretch for stretch in (*lasts[found], stretches[index]) if stretch[4] > end - TAIL]
                tails[found] = _tail(end, tails[found][3], lasts[found])
            known[:, found] = tails[found][:4]
    return _split([pieces[chain] for chain in chains])


def _stretches(pieces: Floats) -> list[_Stretch]:
    """Give the length, middle, place there, slope and end of every piece (n, 5)."""
    start, end, offset, slope = pieces[:, :4].T
    middle = (start + end) / 2
    columns = (end - start, middle, offset + slope * middle, slope, end)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _cost(tail: _Tail, piece: list[float]) -> float:
    """Give how badly a piece continues a chain; infinite where it does not."""
    end, offset, slope, first, middle, place, seen = tail
    gap = max(piece[0] - end, 0.0)
    if gap > max(MAX_GAP, end - first) or piece[0] <= end - MAX_OVERLAP:
        return np.inf
    # The longer of the two tells the direction: a short stroke's own is not to be trusted.
    if piece[1] - piece[0] > seen:
        miss = abs(place - (piece[2] + piece[3] * middle))
    else:
        head = (piece[0] + min(piece[1], piece[0] + 40)) / 2
        miss = abs(offset + slope * head - (piece[2] + piece[3] * head))
    return miss + 0.05 * gap if miss <= 1.8 + 0.03 * gap else np.inf


def _tail(end: float, start: float, last: list[_Stretch]) -> _Tail:
    """Give a chain's end; the offset and slope of the line through its ``last`` stretches; its start.

    Then the middle of those stretches, the line's place there, and how much of them is seen.
    """
    # This is done for every piece, and sums of generators take twice as long.
    seen = middle = place = spread = lean = 0.0
    for length, t, y, _, _ in last:
        seen, middle, place = seen + length, middle + length * t, place + length * y
    middle, place = middle / seen, place / seen
    for length, t, y, slope, _ in last:
        spread += length * ((t - middle) ** 2 + length**2 / 12)
        lean += length * ((t - middle) * (y - place) + length**2 / 12 * slope)
    slope = lean / max(spread, 1e-9)
    return end, place - slope * middle, slope, start, middle, place, seen


def _split(chains: list[Floats]) -> list[Floats]:
    """Part the chains at their widest gaps until each part lies on one curve: strokes in line may still be many."""
    whole: list[Floats] = [chain for chain in chains if len(chain) == 1]
    open_ = [chain for chain in chains if len(chain) > 1]
    while open_:
        pieces, owner = _listed(open_)
        curves, ends = _fit(open_)[owner], pieces[:, :2]
        places = (curves[:, :1] * ends + curves[:, 1:2]) * ends + curves[:, 2:]
        off = (np.abs(places - (pieces[:, 2:3] + pieces[:, 3:4] * ends)) > MAX_MISS).any(axis=1)
        bad = np.bincount(owner, weights=off).tolist()
        whole += [chain for chain, misses in zip(open_, bad, strict=True) if not misses]
        parted: list[Floats] = []
        for chain in (chain for chain, misses in zip(open_, bad, strict=True) if misses):
            cut = int((chain[1:, 0] - np.maximum.accumulate(chain[:-1, 1])).argmax()) + 1
            parted += [chain[:cut], chain[cut:]]
        whole += [chain for chain in parted if len(chain) == 1]
        open_ = [chain for chain in parted if len(chain) > 1]
    return whole


def _fit(chains: list[Floats]) -> Floats:
    """Fit each chain (n, 3): a parabola where it is long enough to show a bend, else a straight line."""
    pieces, owner = _listed(chains)
    count = np.maximum(((pieces[:, 1] - pieces[:, 0]) / 8).astype(int), 3)
    piece = np.repeat(np.arange(len(pieces)), count)
    step = np.arange(len(piece)) - np.repeat(np.cumsum(count) - count, count)
    t = pieces[piece, 0] + (pieces[piece, 1] - pieces[piece, 0]) * step / (count[piece] - 1)
    return _polynomials(owner[piece], t, pieces[piece, 2] + pieces[piece, 3] * t, _bent(pieces, owner))


def _listed(chains: list[Floats]) -> tuple[Floats, Indices]:
    """Give all chains' pieces in one array, and whose each one is."""
    return np.concatenate(chains), np.repeat(np.arange(len(chains)), [len(chain) for chain in chains])


def _spans(pieces: Floats, owner: Indices) -> tuple[Floats, Floats]:
    """Give where each owner's pieces start and end; ``owner`` ascends."""
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    return np.minimum.reduceat(pieces[:, 0], first), np.maximum.reduceat(pieces[:, 1], first)


def _bent(pieces: Floats, owner: Indices) -> npt.NDArray[np.bool_]:
    """Tell which chains are seen on enough of their length to show a bend."""
    start, end = _spans(pieces, owner)
    seen = np.bincount(owner, weights=pieces[:, 1] - pieces[:, 0])
    return np.asarray((np.bincount(owner) > 1) & (seen > np.maximum(150.0, 0.5 * (end - start))))


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
    pieces, of_chain = _listed(chains)
    start, end = _spans(pieces, of_chain)
    owner, t = ranges(np.maximum(start.astype(int) - OVERSHOOT, 0), np.minimum(end.astype(int) + OVERSHOOT, width))
    place = _places(curves[owner], t + 0.5).astype(int)
    rows = np.clip(place[None] + [[-1], [0], [1]], 0, height - 1)
    contrast = depth.ravel().take(rows * width + t).max(axis=0) * ((place >= 0) & (place < height))
    sure = np.zeros((len(chains), width), np.bool_)
    piece, seen_t = ranges(pieces[:, 0].astype(int), pieces[:, 1].astype(int))
    sure[of_chain[piece], seen_t] = True
    known = sure[owner, t]
    usual = _quantiles(owner[known], contrast[known].astype(np.int64), len(chains), 0.5)
    seen = np.zeros((len(chains), width + 2), np.bool_)
    seen[owner, t + 1] = contrast >= np.maximum(FAINTEST, FAINT_SHARE * usual)[owner]
    # The averaging along the row has drawn each end out a little.
    seen[:, 1:-1] = seen[:, 2:] & seen[:, 1:-1] & seen[:, :-2]
    cover = np.zeros((len(chains), width + 1), np.int32)
    np.cumsum(seen[:, 1:-1], axis=1, out=cover[:, 1:])
    return Lines(read_only(curves), read_only(cover), read_only(usual))


def _sharpened(curves: Floats, chains: list[Floats], depth: Grey) -> Floats:
    """Fit the curves (n, 3) to the ridge's own middle, leaving out where writing draws it aside."""
    height, width = depth.shape
    pieces, of_chain = _listed(chains)
    bent = _bent(pieces, of_chain)
    piece, t = ranges(pieces[:, 0].astype(int), pieces[:, 1].astype(int), 2)
    owner = of_chain[piece]
    for reach in (4, 2):
        place = _places(curves[owner], t + 0.5)
        row, steps = place.astype(np.int32), np.arange(-reach, reach + 1, dtype=np.int32)[:, None]
        rows = np.minimum(np.maximum(row + steps, 0), height - 1)
        weights = depth.ravel().take(rows * width + t).astype(np.int32) ** 2
        total, moment = weights.sum(axis=0), (weights * steps).sum(axis=0)
        centre = row + 0.5 + moment / np.maximum(total, 1e-9)
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


def _quantiles(owner: Indices, values: Floats | Indices, size: int, share: float) -> Floats:
    """Give a quantile of each owner's values (size,), which lie between -500,000 and 500,000; 0 where it has none."""
    if not len(values):
        return np.zeros(size)
    # One sort of keys that rise by owner and then by value is quicker than one by two columns.
    keys = np.sort(owner * APART + values)
    count = np.bincount(owner, minlength=size)
    first = np.cumsum(count) - count
    chosen = np.minimum(first + (share * count).astype(int), len(values) - 1)
    return np.where(count > 0, keys[chosen] - np.arange(size) * APART, 0.0)
