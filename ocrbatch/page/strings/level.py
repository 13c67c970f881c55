"""What both cuts of a run begin with: the field level, taken against its paper, without its lines."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ocrbatch.geometry import quad_size
from ocrbatch.page.cuts import Floats, Pyramid, local_darkness, on_page, warp
from ocrbatch.page.erase import Frame
from ocrbatch.page.quantiles import quantile
from ocrbatch.page.strings.ruling import without_lines

CUT_HEIGHT = 96
MOST_WIDTH = 4096
INK_SHARE = 0.995


@dataclass(frozen=True, slots=True)
class LevelRun:
    """A field's ``darkness`` (h, w) float32, lines gone, its place in the cut, its ink's ``peak``, and its paper."""

    darkness: Floats
    frame: Frame
    peak: float
    page: npt.NDArray[np.bool_]


def cut_level(pyramid: Pyramid, quad: npt.NDArray[np.float32], enlarged: float, margin: tuple[float, int]) -> LevelRun:
    """Cut a field ``quad`` (4, 2) level, 96 pixels high, but at most ``enlarged`` times as large as it is on the page.

    ``margin`` is what is cut around it: a share of its shorter side, and so many pixels at least.
    """
    across, down = quad_size(quad)
    scale = min(enlarged, CUT_HEIGHT / max(down, 1.0), MOST_WIDTH / max(across, 1.0))
    width, height = max(int(across * scale + 0.5), 4), max(int(down * scale + 0.5), 4)
    around = max(int(margin[0] * min(width, height)), margin[1])
    frame = Frame(around, around, width, height)
    darkness = local_darkness(warp(pyramid, quad, frame, scale), 0.5 * min(width, height))
    page = on_page(pyramid(0).shape, quad, frame)
    darkness[~page] = 0
    lineless = without_lines(darkness, frame, quantile(darkness[frame.inner(0.02)], INK_SHARE))
    return LevelRun(lineless, frame, quantile(lineless[frame.inner(0.02)], INK_SHARE), page)
