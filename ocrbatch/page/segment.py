"""Fields to ink: each field's picture, free of its lines, in the way of its kind."""

from collections.abc import Sequence

import numpy as np

from ocrbatch.page.cuts import MIN_PEAK, FieldCut, Pyramid, halved
from ocrbatch.page.kinds import KINDS
from ocrbatch.records import FieldImage, FieldPlace, RegisteredPage

FAINT_SHARE = 0.25


def segment(registered: RegisteredPage, pyramid: Pyramid | None = None) -> tuple[FieldImage, ...]:
    """Cut every field of a page to its ink; a field of a free run of digits gets its pieces for cells.

    ``pyramid`` is the page's own, where it was halved before.
    """
    cuts = _cut(halved(registered.page.pixels) if pyramid is None else pyramid, registered.places)
    peaks = [peak for cut in cuts for peak in cut.peaks if peak >= MIN_PEAK]
    # Print that shines through from the back is much fainter than the page's own writing.
    faintest = FAINT_SHARE * float(np.percentile(peaks, 75)) if peaks else 0.0
    return tuple(cut.image(faintest) for cut in cuts)


def _cut(pyramid: Pyramid, places: Sequence[FieldPlace]) -> list[FieldCut]:
    """Cut fields, those of one kind together; gives their cuts in the fields' order."""
    cuts: dict[int, FieldCut] = {}
    for kind in {place.kind for place in places}:
        own = [number for number, place in enumerate(places) if place.kind == kind]
        cuts.update(zip(own, KINDS[kind].cut(pyramid, [places[number] for number in own]), strict=True))
    return [cuts[number] for number in range(len(places))]
