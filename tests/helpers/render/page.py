"""From a plan to a picture with its geometry."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.geometry import Matrix, transform_points
from ocrbatch.records import Page
from tests.helpers.render.digits import Digits, drawn_digits
from tests.helpers.render.drawing import draw
from tests.helpers.render.plan import Lines, PageSpec, Scan, runs
from tests.helpers.render.scanning import take, view


@dataclass(frozen=True, slots=True)
class RenderedPage:
    """A picture and the truth about it.

    ``pixels`` (H, W) or, in colour, (H, W, 3) RGB uint8; ``cells`` has a (n, 4, 2) float32 array a run, in
    reading order: the middle lines of the ruling in page pixels (upper left corners at whole numbers);
    ``values`` has a string a run, a character a cell, a space where it is blank.
    """

    pixels: npt.NDArray[np.uint8]
    dpi: float
    cells: tuple[npt.NDArray[np.float32], ...]
    values: tuple[str, ...]

    def page(self, number: int = 1) -> Page:
        """Give the page as decoding would: grey."""
        grey = self.pixels if self.pixels.ndim == 2 else cv2.cvtColor(self.pixels, cv2.COLOR_RGB2GRAY)
        return Page(number, np.ascontiguousarray(grey), self.dpi)

    @property
    def fields(self) -> tuple[str, ...]:
        """The values as the tables write them: blank cells at the ends are dropped."""
        return tuple(value.strip() for value in self.values)


def render_page(
    spec: PageSpec,
    *,
    dpi: float = 200,
    scan: Scan | None = None,
    skew: float | None = None,
    perspective: float | None = None,
    bilevel: bool | None = None,
    lines: Lines | None = None,
    digits: Digits | None = None,
    written: bool = True,
    seed: int = 0,
) -> RenderedPage:
    """Render a page at 100–600 dpi; arguments that are given replace those of ``scan`` and ``spec``.

    ``skew`` in degrees clockwise, up to ±15; ``perspective`` 0–1. Without ``digits`` simple drawn ones
    are used; without ``written`` all boxes stay empty (and ``values`` say so). The same arguments give the
    same pixels.
    """
    scan = scan or Scan()
    scan = replace(
        scan,
        skew=scan.skew if skew is None else skew,
        perspective=scan.perspective if perspective is None else perspective,
        bilevel=scan.bilevel if bilevel is None else bilevel,
    )
    spec = spec if lines is None else replace(spec, lines=lines)
    random = np.random.default_rng(seed)
    drawn = draw(spec, dpi, (digits or drawn_digits()) if written else None, colour=scan.colour, random=random)
    matrix, size = _view(spec, dpi, scan)
    pixels = take(drawn, scan, matrix, size, dpi=dpi, random=random)
    values = tuple(grid.rows[row] if written else " " * grid.columns for grid, row in runs(spec))
    return RenderedPage(pixels, dpi, page_cells(spec, dpi, scan), values)


def page_cells(spec: PageSpec, dpi: float, scan: Scan) -> tuple[npt.NDArray[np.float32], ...]:
    """Give where the cells of every run, (n, 4, 2), come to lie in the picture, without drawing it."""
    matrix, _ = _view(spec, dpi, scan)
    return tuple(transform_points(matrix, quads) for quads in _upright_cells(spec, dpi))


def _view(spec: PageSpec, dpi: float, scan: Scan) -> tuple[Matrix, tuple[int, int]]:
    width, height = (round(side * dpi / 25.4) for side in spec.size)
    corners = np.concatenate([quads.reshape(-1, 2) for quads in _upright_cells(spec, dpi)])
    return view(scan, width, height, corners.astype(np.float32), dpi / 25.4)


def _upright_cells(spec: PageSpec, dpi: float) -> list[npt.NDArray[np.float64]]:
    """Give the cells of every run in the pixels of the upright sheet."""
    cells = []
    for grid, row in runs(spec):
        boxes = [grid.cell_box(row, column) for column in range(grid.columns)]
        corners = [[(x0, y0), (x1, y0), (x1, y1), (x0, y1)] for x0, y0, x1, y1 in boxes]
        cells.append(np.array(corners, np.float64) * dpi / 25.4)
    return cells
