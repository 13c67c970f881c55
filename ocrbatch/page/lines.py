"""Finding the printed lines of a page: thin, long, nearly horizontal or vertical in a levelled frame.

The page is reduced to about 150 dpi and sheared so that its two main directions run along the axes (the
*levelled frame*). There a line is a ridge: dark against the paper on both of its sides. Verticals are found as
horizontals of the transposed picture, so one function does both. Broken, dotted and crossed lines come in
pieces, which are chained where they continue each other.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.geometry import Matrix
from ocrbatch.records import Grey, Page, read_only

WORK_DPI = 150.0
WORK_SIDE = 1800
MAX_THICKNESS = 9
MIN_RUN = 9
MIN_LENGTH = 16
MAX_SKEW_DEGREES = 20.0
MAX_SLOPE = 0.16
MAX_GAP = 60.0
MAX_MISS = 2.0
STRETCH = 96
OVERSHOOT = 12
FAINT_SHARE = 0.3
RIDGE_FLOOR = 6.0
PROPOSALS = 3

Floats = npt.NDArray[np.float64]


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


@dataclass(frozen=True, slots=True)
class LineMap:
    """A page's lines: ``to_levelled`` (3, 3) maps the page's pixels to the levelled frame's."""

    to_levelled: Matrix
    width: int
    height: int
    horizontals: Lines
    verticals: Lines


def find_lines(page: Page) -> LineMap:
    """Find the printed lines of a page that is skewed by at most 20 degrees."""
    reduced, scale = _reduce(page)
    across, down = main_directions(reduced)
    levelled, matrix = _level(reduced, across, down)
    height, width = levelled.shape
    return LineMap(
        to_levelled=matrix @ np.diag([scale, scale, 1.0]),
        width=width,
        height=height,
        horizontals=_lines_along_rows(levelled),
        verticals=_lines_along_rows(cv2.transpose(levelled)),
    )


def _reduce(page: Page) -> tuple[Grey, float]:
    """Bring the page to the working size, never enlarging; gives the picture and the factor."""
    longest = max(page.pixels.shape)
    scale = min(1.0, WORK_SIDE / longest)
    if page.dpi is not None and page.dpi * longest > 0:
        # A dpi that makes the page absurdly small is a scanner's default, not a measure.
        scale = min(1.0, max(WORK_DPI / page.dpi, min(scale, 1000 / longest)), 2400 / longest)
    if scale > 0.9:
        return page.pixels, 1.0
    if scale > 0.4:
        scale = 0.5 if scale < 0.7 else scale
    size = (round(page.pixels.shape[1] * scale), round(page.pixels.shape[0] * scale))
    return cv2.resize(page.pixels, size, interpolation=cv2.INTER_AREA), scale


def main_directions(picture: Grey) -> tuple[float, float]:
    """Give the page's two main directions in degrees clockwise: of its rows, and of its columns.

    A histogram of gradient directions proposes (straight lines make its sharpest peaks: writing spreads), and the
    sharpness of the projection along each proposal decides, as dots and hatching have gradients of their own.
    ``picture`` (H, W) uint8. Both are 0 where nothing stands out.
    """
    shrink = min(1.0, 1000 / max(picture.shape))
    small = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA) if shrink < 1 else picture
    small = cv2.GaussianBlur(small, (0, 0), 0.8)
    gx = cv2.Sobel(small, cv2.CV_32F, 1, 0)
    gy = cv2.Sobel(small, cv2.CV_32F, 0, 1)
    across = _sharpest(small, [0.0, *_peak_directions(gy, -gx)])
    # In the transposed picture a clockwise tilt is an anticlockwise one.
    down = -_sharpest(cv2.transpose(small), [0.0, *(-tilt for tilt in _peak_directions(gx, gy))])
    return across, down


def _peak_directions(main: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> list[float]:
    """Find the sharpest tilts among edges whose gradient points mostly along ``main``."""
    strength = np.abs(main)
    strong = strength > max(20.0, float(np.percentile(strength[::4, ::4], 90)))
    strong &= np.abs(other) < strength * np.tan(np.radians(MAX_SKEW_DEGREES))
    tilt = np.degrees(np.arctan(other[strong] / main[strong]))
    # Weighing by the root keeps pale ruling from drowning beside bold print.
    bins = np.histogram(tilt, bins=161, range=(-20.125, 20.125), weights=np.sqrt(strength[strong]))[0]
    # Exactly level edges gather in one bin by the pixel grid; spreading them shows the true peak.
    smooth = np.convolve(bins, np.array([1, 2, 3, 4, 3, 2, 1]) / 16, mode="same")
    smooth = np.maximum(smooth - np.median(smooth), 0)
    centres = np.linspace(-20, 20, 161)
    peaks: list[float] = []
    for _ in range(PROPOSALS):
        peak = int(smooth.argmax())
        near = slice(max(peak - 4, 0), peak + 5)
        if smooth[near].sum() <= 0:
            break
        peaks.append(float((centres[near] * smooth[near]).sum() / smooth[near].sum()))
        smooth[max(peak - 8, 0) : peak + 9] = 0
    return peaks


def _sharpest(picture: Grey, tilts: list[float]) -> float:
    """Choose the tilt along which the picture's thin rows project most sharply."""
    column = cv2.getStructuringElement(cv2.MORPH_RECT, (1, MAX_THICKNESS))
    ridges = cv2.morphologyEx(picture, cv2.MORPH_BLACKHAT, column)
    ridges = cv2.resize(ridges, (picture.shape[1] // 2, picture.shape[0]), interpolation=cv2.INTER_AREA)
    height, width = ridges.shape
    best, sharpest = 0.0, 0.0
    for tilt in tilts:
        slope = 2 * float(np.tan(np.radians(tilt)))
        shear = np.array([[1, 0, 0], [-slope, 1, slope * width / 2]])
        levelled = cv2.warpAffine(ridges, shear, (width, height), flags=cv2.INTER_LINEAR)
        sharpness = float((levelled.mean(axis=1) ** 2).sum())
        if sharpness > 1.02 * sharpest:
            best, sharpest = tilt, sharpness
    return best


def _level(picture: Grey, across: float, down: float) -> tuple[Grey, Matrix]:
    """Shear the picture so that both main directions run along the axes; gives it and the matrix to it."""
    if abs(across) < 0.4 and abs(down) < 0.4:
        return picture, np.eye(3)
    height, width = picture.shape
    axis_x = np.array([np.cos(np.radians(across)), np.sin(np.radians(across))])
    axis_y = np.array([-np.sin(np.radians(down)), np.cos(np.radians(down))])
    matrix = np.eye(3)
    matrix[:2, :2] = np.linalg.inv(np.column_stack([axis_x, axis_y]))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]]) @ matrix[:2, :2].T
    low = corners.min(axis=0)
    matrix[:2, 2] = -low
    size = np.ceil(corners.max(axis=0) - low).astype(int)
    warped = cv2.warpAffine(
        picture,
        matrix[:2],
        (int(size[0]), int(size[1])),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return warped, matrix


def _lines_along_rows(picture: Grey) -> Lines:
    depth = ridge_depth(picture)
    floor = max(RIDGE_FLOOR, 2.5 * float(np.median(depth[::4, ::4])) + 3)
    mask = cv2.threshold(depth, floor, 255, cv2.THRESH_BINARY)[1]
    # A blurred line is thin at half its depth; writing that touches a line would be one piece with it, and bend it.
    column = cv2.getStructuringElement(cv2.MORPH_RECT, (1, MAX_THICKNESS))
    mask = cv2.bitwise_and(mask, cv2.compare(depth, cv2.dilate(depth, column) // 2, cv2.CMP_GE))
    tall = cv2.morphologyEx(mask, cv2.MORPH_OPEN, column)
    mask = cv2.subtract(mask, tall)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_RECT, (MIN_RUN, 1)))
    # Cut into stretches, a line of bent paper is straight in each of them.
    mask[:, STRETCH::STRETCH] = 0
    return _measure(_chain(_pieces(mask)), depth)


def ridge_depth(picture: Grey) -> Grey:
    """Give how much darker (H, W) than above and below each pixel is, where something thin runs along its row."""
    # What a vertical closing fills is thin from top to bottom; its depth is the line's contrast.
    column = cv2.getStructuringElement(cv2.MORPH_RECT, (1, MAX_THICKNESS + 2))
    depth = cv2.morphologyEx(picture, cv2.MORPH_BLACKHAT, column)
    # Averaging along the row lifts pale lines out of the noise and bridges dots.
    smooth: Grey = cv2.blur(depth, (7, 1))
    return smooth


def _pieces(mask: Grey) -> Floats:
    """Fit a straight line to every connected piece: rows of (start, end, offset, slope, thickness)."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=cv2.CV_32S)
    long_enough = stats[:, cv2.CC_STAT_WIDTH] >= MIN_LENGTH
    long_enough[0] = False
    if not long_enough.any():
        return np.empty((0, 5))
    ys, xs = np.nonzero(mask)
    owner = labels[ys, xs]
    keep = long_enough[owner]
    owner, x, y = owner[keep], xs[keep].astype(np.float64), ys[keep].astype(np.float64)
    n = np.maximum(np.bincount(owner, minlength=count), 1).astype(np.float64)

    def mean(values: Floats) -> Floats:
        return np.bincount(owner, weights=values, minlength=count) / n

    mx, my = mean(x), mean(y)
    dx, dy = x - mx[owner], y - my[owner]
    slope = mean(dx * dy) / np.maximum(mean(dx * dx), 1e-9)
    spread = np.sqrt(np.maximum(mean((dy - slope[owner] * dx) ** 2), 0))
    start = stats[:, cv2.CC_STAT_LEFT].astype(np.float64)
    end = start + stats[:, cv2.CC_STAT_WIDTH]
    straight = (spread <= np.minimum(3.0, 0.08 * (end - start) + 0.5)) & (np.abs(slope) <= MAX_SLOPE)
    rows = np.column_stack([start, end, my + 0.5 - slope * (mx + 0.5), slope, spread])
    return np.asarray(rows[long_enough & straight])


def _chain(pieces: Floats) -> list[Floats]:
    """Join the pieces that continue each other, from left to right; a chain is an array of pieces (n, 5)."""
    order = np.argsort(pieces[:, 0], kind="stable")
    chains: list[list[int]] = []
    tails = np.empty((len(pieces), 7))
    for index in order:
        start, end, offset, slope, _ = pieces[index]
        t = tails[: len(chains)]
        gap = np.maximum(start - t[:, 0], 0)
        # The longer of the two tells the direction: a short stroke's own is not to be trusted.
        head = (start + np.minimum(end, start + 40)) / 2
        miss = np.abs(t[:, 1] + t[:, 2] * head - (offset + slope * head))
        back_miss = np.abs(t[:, 5] - (offset + slope * t[:, 4]))
        miss = np.where(end - start > t[:, 6], back_miss, miss)
        fits = (gap <= np.maximum(MAX_GAP, t[:, 0] - t[:, 3])) & (start > t[:, 0] - 12) & (miss <= 1.8 + 0.03 * gap)
        if fits.any():
            found = int(np.where(fits, miss + 0.05 * gap, np.inf).argmin())
        else:
            found = len(chains)
            chains.append([])
        chains[found].append(int(index))
        tails[found] = _tail(pieces[chains[found]])
    return [part for chain in chains for part in _split(pieces[chain])]


def _split(chain: Floats) -> list[Floats]:
    """Part a chain at its widest gap until each part lies on one curve: strokes in line may still be many."""
    if len(chain) == 1:
        return [chain]
    curve = _fit(chain)
    ends = np.stack([chain[:, 0], chain[:, 1]])
    miss = np.abs(np.polyval(curve, ends) - (chain[:, 2] + chain[:, 3] * ends)).max(axis=0)
    if (miss <= MAX_MISS).all():
        return [chain]
    place = int((chain[1:, 0] - np.maximum.accumulate(chain[:-1, 1])).argmax()) + 1
    return _split(chain[:place]) + _split(chain[place:])


def _tail(chain: Floats) -> tuple[float, ...]:
    """Give a chain's end; the offset and slope of the line through its last stretch; its start.

    Then the middle of that stretch, the line's place there, and how much of the stretch is seen.
    """
    end = float(chain[:, 1].max())
    last = chain[chain[:, 1] > end - 150]
    length = last[:, 1] - last[:, 0]
    seen = float(length.sum())
    middle = (last[:, 0] + last[:, 1]) / 2
    place = last[:, 2] + last[:, 3] * middle
    mean_t, mean_p = float(length @ middle) / seen, float(length @ place) / seen
    within = length**2 / 12
    covariance = length @ ((middle - mean_t) * (place - mean_p) + within * last[:, 3])
    slope = float(covariance / max(length @ ((middle - mean_t) ** 2 + within), 1e-9))
    return end, mean_p - slope * mean_t, slope, float(chain[:, 0].min()), mean_t, mean_p, seen


def _measure(chains: list[Floats], depth: Grey) -> Lines:
    """Fit every chain, and look along each fitted line for all that is seen of it, faint stretches too."""
    height, width = depth.shape
    curves = np.array([_sharpen(_fit(chain), chain, depth) for chain in chains]).reshape(-1, 3)
    seen = np.zeros((len(chains), width), np.bool_)
    usual = np.zeros(len(chains))
    tall = cv2.dilate(depth, np.ones((3, 1), np.uint8))
    for index, chain in enumerate(chains):
        start = max(int(chain[:, 0].min()) - OVERSHOOT, 0)
        end = min(int(chain[:, 1].max()) + OVERSHOOT, width)
        t = np.arange(start, end)
        place = np.polyval(curves[index], t + 0.5).astype(int)
        inside = (place >= 0) & (place < height)
        contrast = np.where(inside, tall[np.clip(place, 0, height - 1), t], 0)
        sure = np.zeros(end - start, np.bool_)
        for piece in chain:
            sure[int(piece[0]) - start : int(piece[1]) - start] = True
        usual[index] = float(np.median(contrast[sure]))
        faint = max(4.0, FAINT_SHARE * usual[index])
        visible = contrast >= faint
        # The averaging along the row has drawn each end out a little.
        seen[index, start + 1 : end - 1] = visible[2:] & visible[1:-1] & visible[:-2]
    cover = np.zeros((len(chains), width + 1), np.int32)
    np.cumsum(seen, axis=1, out=cover[:, 1:])
    return Lines(read_only(curves), read_only(cover), read_only(usual))


def _sharpen(curve: Floats, chain: Floats, depth: Grey) -> Floats:
    """Fit a chain's curve again to the ridge itself, leaving out where writing draws it aside."""
    height = len(depth)
    t = np.concatenate([np.arange(int(piece[0]), int(piece[1]), 2) for piece in chain])
    for reach in (4, 2):
        place = np.polyval(curve, t + 0.5)
        rows = place.astype(int)[None] + np.arange(-reach, reach + 1)[:, None]
        weights = depth[np.clip(rows, 0, height - 1), t[None]].astype(np.float64) ** 2
        total = weights.sum(axis=0)
        seen = total > 0
        centre = ((rows + 0.5) * weights).sum(axis=0)[seen] / total[seen]
        miss = np.abs(centre - np.median(centre - place[seen]) - place[seen])
        good = miss <= max(float(np.percentile(miss, 60)), 0.7)
        where = t[seen][good] + 0.5
        if len(where) < 8:
            return curve
        degree = 2 if curve[0] else 1
        middle = where.mean()
        shifted = np.zeros(3)
        shifted[2 - degree :] = np.polyfit(where - middle, centre[good], degree)
        a, b, c = shifted
        curve = np.array([a, b - 2 * a * middle, c - b * middle + a * middle**2])
    return curve


def _fit(chain: Floats) -> Floats:
    """Fit a chain by a parabola where it is long enough to show a bend, else by a straight line."""
    t = np.concatenate([np.linspace(p[0], p[1], max(3, int((p[1] - p[0]) / 8))) for p in chain])
    owner = np.concatenate([np.full(max(3, int((p[1] - p[0]) / 8)), i) for i, p in enumerate(chain)])
    place = chain[owner, 2] + chain[owner, 3] * t
    seen = float((chain[:, 1] - chain[:, 0]).sum())
    degree = 2 if len(chain) > 1 and seen > max(150.0, 0.5 * (t.max() - t.min())) else 1
    centre = t.mean()
    curve = np.zeros(3)
    curve[2 - degree :] = np.polyfit(t - centre, place, degree)
    a, b, c = curve
    return np.array([a, b - 2 * a * centre, c - b * centre + a * centre**2])
