"""A page's two main directions, from its straight lines."""

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.records import Grey

MAX_SKEW_DEGREES = 20.0
PROPOSALS = 3
SIDE = 1000
THIN = 7


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
    gx = cv2.Scharr(small, cv2.CV_32F, 1, 0, scale=0.25)
    gy = cv2.Scharr(small, cv2.CV_32F, 0, 1, scale=0.25)
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
    column = cv2.getStructuringElement(cv2.MORPH_RECT, (1, THIN))
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
