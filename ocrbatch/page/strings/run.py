"""A run of digits cut twice: to the candidates of its lattice, and whole to a strip."""

from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt

from ocrbatch.page.cuts import FieldCut, Pyramid
from ocrbatch.page.strings.cut import cut_string
from ocrbatch.page.strings.strip import cut_strip
from ocrbatch.records import FieldImage, FieldPlace


def cut_run(pyramid: Pyramid, place: FieldPlace) -> FieldCut:
    """Cut a field to its candidates, and where there is writing to its strip."""
    pieces = cut_string(pyramid, place)
    return FieldCut(pieces.peaks, partial(_with_strip, pieces, pyramid, place.cells[0]))


def _with_strip(pieces: FieldCut, pyramid: Pyramid, quad: npt.NDArray[np.float32], faintest: float) -> FieldImage:
    field = pieces.image(faintest)
    if all(cell.blank for cell in field.cells):
        return field
    strip = cut_strip(pyramid, quad)
    return replace(field, strip=strip.ink, strip_quad=strip.quad)
