"""A bank of drawn digits for the tests of composed runs."""

from functools import cache

from ocrbatch.model.strings.glyphs import GlyphBank, glyphs_of
from tests.helpers.render import drawn_digits


@cache
def drawn_bank() -> GlyphBank:
    """Give a bank of two sets, each of four hands."""
    sets = [drawn_digits(4, seed) for seed in (1, 2)]
    return GlyphBank(tuple(glyphs_of(one.pictures, one.labels.tolist()) for one in sets), (3.0, 1.0))
