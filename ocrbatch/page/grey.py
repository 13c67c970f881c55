"""From any kind of pixels to the one kind of page: grey, upright, square pixels.

Luma is that of ITU-R BT.601 everywhere, as in JPEG's own Y, so that all routes to grey agree.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from ocrbatch.errors import DecodeError
from ocrbatch.records import Grey, Page, read_only

_PLAUSIBLE_DPI = (50.0, 4800.0)
_DEFAULT_DPI = (72.0, 96.0)
"""Written by software that knows nothing of the paper; no scanner of forms works at these."""
_STRONGEST_STRETCH = 4.0
_TOLERATED_STRETCH = 1.01
_DARKEST_HIGH_BYTE = 16
_MIRRORED = (2, 4, 5, 7)
_QUARTER_TURNS = {3: 2, 4: 2, 5: 1, 6: -1, 7: -1, 8: 1}
"""Orientations as a mirroring of left and right, then quarter turns against the clock."""

_BAND = 1 << 22
"""Pixels that are worked on at a time where each takes several bytes on its way: a page may have 100 million."""

Samples = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Resolution:
    """Dots per inch across and down as the file says; only their ratio counts when not ``absolute``."""

    x: float
    y: float
    absolute: bool = True

    def turned(self) -> "Resolution":
        """Exchange across and down."""
        return Resolution(self.y, self.x, self.absolute)


def make_page(number: int, grey: Grey, resolution: Resolution | None, orientation: int, max_pixels: int) -> Page:
    """Make a page of a grey picture (H, W) as it lies in its file, by its orientation 1–8 and resolution.

    Raises DecodeError ``too large`` where square pixels would be more than ``max_pixels``.
    """
    grey = orient(grey, orientation)
    if resolution is not None and orientation >= 5:
        resolution = resolution.turned()
    grey, dpi = make_square(grey, resolution, max_pixels)
    return Page(number, read_only(np.ascontiguousarray(grey)), dpi)


def orient(grey: Grey, orientation: int) -> Grey:
    """Set a picture upright by its EXIF or TIFF orientation 1–8 (TIFF 6.0, tag 274)."""
    if orientation in _MIRRORED:
        grey = np.fliplr(grey)
    return np.rot90(grey, _QUARTER_TURNS.get(orientation, 0))


def make_square(grey: Grey, resolution: Resolution | None, max_pixels: int) -> tuple[Grey, float | None]:
    """Stretch the coarser axis until pixels are square (a fax has 204×98 dpi), and give the dpi.

    It is None where it is unknown, absurd, or only what software writes for want of knowledge.
    """
    if resolution is None or not (np.isfinite(resolution.x) and np.isfinite(resolution.y)):
        return grey, None
    x, y = resolution.x, resolution.y
    if min(x, y) <= 0 or max(x, y) > _STRONGEST_STRETCH * min(x, y):
        return grey, None
    if max(x, y) > _TOLERATED_STRETCH * min(x, y):
        fine = max(x, y)
        height, width = grey.shape
        width, height = round(width * fine / x), round(height * fine / y)
        if width * height > max_pixels:
            raise DecodeError("too large", f"{width}×{height} pixels once they are square")
        grey = cv2.resize(np.ascontiguousarray(grey), (width, height), interpolation=cv2.INTER_LINEAR)
        x = fine
    known = resolution.absolute and _PLAUSIBLE_DPI[0] <= x <= _PLAUSIBLE_DPI[1]
    if not known or any(abs(x - default) < 0.5 for default in _DEFAULT_DPI):
        return grey, None
    # Whatever the units were turned through on their way leaves noise in the last digits.
    return grey, round(float(x), 2)


def grey_of_image(image: Image.Image) -> Grey:
    """Turn a Pillow image of any mode to grey (H, W): its transparent parts are paper.

    Raises DecodeError ``unsupported`` for pixels that cannot be told from a blank page.
    """
    if image.mode in ("1", "L") and "transparency" not in image.info:
        return np.asarray(image.convert("L"))
    if image.mode == "F" or image.mode.startswith("I"):
        return scale_samples(np.asarray(image))
    if image.mode == "LAB":
        return np.asarray(image.getchannel("L"))
    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        colours = np.asarray(
            image if image.mode == "RGBA" and "transparency" not in image.info else image.convert("RGBA")
        )
        return flatten(cv2.cvtColor(colours, cv2.COLOR_RGBA2GRAY), colours[:, :, 3])
    if image.mode == "CMYK":
        image = image.convert("RGB")
    return np.asarray(image.convert("L"))


def grey_of_array(samples: Samples) -> Grey:
    """Turn OpenCV's array of 8 or 16 bits to grey; (H, W), or (H, W, 3 or 4) in the order blue to alpha."""
    if samples.ndim == 2:
        return scale_samples(samples)
    with_alpha = samples.shape[2] == 4
    luma = cv2.cvtColor(samples, cv2.COLOR_BGRA2GRAY if with_alpha else cv2.COLOR_BGR2GRAY)
    grey = scale_samples(luma, whole_range_of=samples[:, :, :3])
    if not with_alpha:
        return grey
    alpha = samples[:, :, 3]
    if alpha.dtype != np.uint8:
        most = max(int(alpha.max()), 1)
        alpha = _by_bands(lambda band: band.astype(np.uint32) * 255 // most, alpha)
    return flatten(grey, np.asarray(alpha, dtype=np.uint8))


def flatten(grey: Grey, alpha: Grey) -> Grey:
    """Lay a picture on white paper by its alpha (H, W) uint8, 0 for transparent.

    An alpha that is nowhere set was never meant, and where the ink is as white as the paper, it is the
    alpha that draws: neither may end as a blank page.
    """
    low, high = int(alpha.min()), int(alpha.max())
    if high == 0 or low == 255:
        return grey
    laid = _by_bands(_lay, grey, alpha)
    if low < high and laid.min() == laid.max():
        return np.asarray(255 - alpha, np.uint8)
    return laid


def _lay(grey: Grey, alpha: Grey) -> Samples:
    weight = alpha.astype(np.uint16)
    return np.asarray((grey * weight + 255 * (255 - weight) + 127) // 255)


def scale_samples(samples: Samples, whole_range_of: Samples | None = None) -> Grey:
    """Bring samples of any type to 0–255 by the range that they use: 8, 10, 12, 14 or 16 bits, or 0–1.

    16-bit files hold 0–255, 0–4095 or 0–65535 and do not say which; the largest value tells. It is taken
    from ``whole_range_of`` where the samples themselves come from others.
    """
    if samples.dtype == np.uint8:
        return np.asarray(samples, np.uint8)
    if samples.dtype == np.bool_:
        return np.where(samples, 255, 0).astype(np.uint8)
    witness = samples if whole_range_of is None else whole_range_of
    low, high = float(witness.min()), float(witness.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise DecodeError("unsupported", "the pixels hold values that are no numbers")
    if low < 0:
        return _stretch(samples, low, high)
    if samples.dtype.kind == "f" and high <= 1.0:
        return _stretch(samples, 0.0, 1.0)
    for bits in (8, 10, 12, 14, 16):
        if high < 1 << bits:
            return _stretch(samples, 0.0, float((1 << bits) - 1))
    return _stretch(samples, low, high)


def _stretch(samples: Samples, low: float, high: float) -> Grey:
    """Map ``low``…``high`` to 0…255."""
    if high <= low:
        raise DecodeError("unsupported", "all pixels have one value and their range is unknown")

    def scaled(band: Samples) -> Samples:
        levels = (band.astype(np.float32) - np.float32(low)) * np.float32(255.0 / (high - low))
        return np.asarray(np.clip(np.rint(levels), 0, 255))

    return _by_bands(scaled, samples)


def _by_bands(make: Callable[..., Samples], *pictures: Samples) -> Grey:
    """Make a grey picture (H, W) of one or several pixel by pixel, some rows at a time."""
    height, width = pictures[0].shape[:2]
    made = np.empty((height, width), np.uint8)
    rows = max(1, _BAND // width)
    for start in range(0, height, rows):
        made[start : start + rows] = make(*(picture[start : start + rows] for picture in pictures))
    return made


def brighten_high_bytes(grey: Grey) -> Grey:
    """Undo the loss where a library kept only the high bytes of 16-bit colours of a smaller range.

    Raises DecodeError ``unsupported`` where too few levels are left.
    """
    most = int(grey.max())
    if most < _DARKEST_HIGH_BYTE:
        raise DecodeError("unsupported", "16-bit colours that use only the lowest values; save as 8 bits")
    for bits in (5, 6, 7):
        if most < 1 << bits:
            return np.asarray(grey << (8 - bits), np.uint8)
    return grey
