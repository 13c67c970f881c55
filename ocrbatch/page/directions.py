"""A page's two main directions, from its straight lines."""

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.records import Grey

MAX_SKEW_DEGREES = 20.0
PROPOSALS = 3
SIDE = 1000
THIN = 7
STRONG = 80
MAX_SMEAR = 0.3
MIN_STRIPS = 16
CLOSE = 0.8

Strips = npt.NDArray[np.uint8 | np.float32]


def main_directions(picture: Grey) -> tuple[float, float]:
    """Give the page's two main directions in degrees clockwise: of its rows, and of its columns.

    A histogram of gradient directions proposes (straight lines make its sharpest peaks: writing spreads), and the
    sharpness of the projection along each proposal decides, as dots and hatching have gradients of their own.
    ``picture`` (H, W) uint8. Both are 0 where nothing stands out.
    """
    small = picture
    while max(small.shape) > SIDE:
        # Halving by area is many times quicker than any other reduction.
        small = cv2.resize(small, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (0, 0), 0.8)
    gx, gy = cv2.Scharr(small, cv2.CV_16S, 1, 0), cv2.Scharr(small, cv2.CV_16S, 0, 1)
    across = _sharpest(cv2.transpose(small), [0.0, *_peak_directions(gy, -gx)])
    # In the transposed picture a clockwise tilt is an anticlockwise one.
    down = -_sharpest(small, [0.0, *(-tilt for tilt in _peak_directions(gx, gy))])
    return across, down


def _peak_directions(main: npt.NDArray[np.int16], other: npt.NDArray[np.int16]) -> list[float]:
    """Find the sharpest tilts among edges whose gradient points mostly along ``main``."""
    strength = np.abs(main)
    strong = np.flatnonzero(strength > max(STRONG, int(np.percentile(strength[::4, ::4], 90))))
    along, aside = (gradient.ravel()[strong].astype(np.float32) for gradient in (main, other))
    steep = np.abs(aside) < np.abs(along) * float(np.tan(np.radians(MAX_SKEW_DEGREES)))
    along, aside = along[steep], aside[steep]
    tilt = np.degrees(np.arctan(aside / along))
    # Weighing by the root keeps pale ruling from drowning beside bold print.
    bins = np.histogram(tilt, bins=161, range=(-20.125, 20.125), weights=np.sqrt(np.abs(along)))[0]
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
    """Choose the tilt along which the page's thin rows project most sharply; ``picture`` has them as columns."""
    row = cv2.getStructuringElement(cv2.MORPH_RECT, (THIN, 1))
    ridges = _halved(cv2.morphologyEx(picture, cv2.MORPH_BLACKHAT, row))
    slopes = [2 * float(np.tan(np.radians(tilt))) for tilt in tilts]
    strips: list[Strips] = [ridges.astype(np.float32)]
    rough: list[float] = []
    for slope in slopes:
        # The smaller the tilt, the wider the strips that can be moved as one.
        level = 0
        while 2 ** (level + 1) * abs(slope) <= MAX_SMEAR and len(strips[level]) >= 2 * MIN_STRIPS:
            level += 1
            if level == len(strips):
                strips.append(_halved(strips[-1]))
        rough.append(_sharpness(strips[level], 2**level * slope))
    close = [i for i, value in enumerate(rough) if value > CLOSE * max(rough)]
    best, sharpest = 0.0, 0.0
    for i in close:
        # Averages in whole numbers leave out what is faint everywhere.
        sharpness = _sharpness(ridges, slopes[i])
        if sharpness > 1.02 * sharpest:
            best, sharpest = tilts[i], sharpness
    return best


def _sharpness(strips: Strips, slope: float) -> float:
    """Give how sharply strips (n, length) project onto their length when each lies ``slope`` beyond the last."""
    count, length = strips.shape
    shear = np.array([[1, -slope, slope * count / 2], [0, 1, 0]])
    levelled = cv2.warpAffine(strips, shear, (length, count), flags=cv2.INTER_LINEAR)
    return float((cv2.reduce(levelled, 0, cv2.REDUCE_AVG, dtype=cv2.CV_32F) ** 2).sum())


def _halved(rows: Strips) -> Strips:
    """Join every two rows to their mean."""
    count = len(rows) // 2 * 2
    return np.asarray(cv2.addWeighted(rows[0:count:2], 0.5, rows[1:count:2], 0.5, 0))
