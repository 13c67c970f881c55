"""Fields to ink: each field's picture, free of its lines, in the way of its kind."""

import numpy as np

from ocrbatch.page.cuts import MIN_PEAK, halved
from ocrbatch.page.kinds import KINDS
from ocrbatch.records import FieldImage, RegisteredPage

FAINT_SHARE = 0.25


def segment(registered: RegisteredPage) -> tuple[FieldImage, ...]:
    """Cut every field of a page to its ink; a field of a free run of digits gets its pieces for cells."""
    pyramid = halved(registered.page.pixels)
    cuts = [KINDS[place.kind].cut(pyramid, place) for place in registered.places]
    peaks = [peak for cut in cuts for peak in cut.peaks if peak >= MIN_PEAK]
    # Print that shines through from the back is much fainter than the page's own writing.
    faintest = FAINT_SHARE * float(np.percentile(peaks, 75)) if peaks else 0.0
    return tuple(cut.image(faintest) for cut in cuts)
