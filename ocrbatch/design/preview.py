"""A form's fields drawn where they are, on its reference picture or on a scan of it."""

from collections.abc import Sequence

import numpy as np

from ocrbatch.errors import FormError
from ocrbatch.form.template import FormPage, Kind
from ocrbatch.output.overlay import Colour, Entry, Outline, draw_outlines
from ocrbatch.page.registration.reference import reference_picture
from ocrbatch.records import FieldPlace, Grey, Page, RegisteredPage

COLOURS: dict[str, Colour] = {
    Kind.BOXES: (115, 158, 0),
    Kind.STRING: (178, 114, 0),
    Kind.MARK: (0, 94, 213),
}
"""Green, blue, red; after M. Okabe and K. Ito's palette."""


def reference_page(page: FormPage) -> Page:
    """Decode a form page's reference picture, or give white paper of its size where it has none.

    The page's frame is the form's, so a picture of another size is refused, as one that is broken: FormError.
    """
    if page.reference is None:
        return Page(page.number, np.full((page.height, page.width), 255, np.uint8), page.dpi)
    found = reference_picture(page)
    if isinstance(found, str):
        mend = "put the right one beside the form, or draft it anew from this picture"
        raise FormError(f"the reference picture of page {page.number} {found}; {mend}")
    return Page(page.number, found.pixels, page.dpi)


def draw_form_page(page: FormPage) -> bytes:
    """Draw a form page's fields on its reference picture: a JPEG of at most 1600 pixels a side. Raises FormError."""
    places = [FieldPlace(field.name, field.kind.value, field.cells) for field in page.fields]
    return _draw(reference_page(page).pixels, places, "on the form")


def draw_registered(registered: RegisteredPage) -> bytes:
    """Draw the fields that were found on a scan: a JPEG of at most 1600 pixels a side."""
    found = f"{registered.form} page {registered.form_page}, registration {shown_score(registered.registration)}"
    return _draw(registered.page.pixels, registered.places, found)


def shown_score(score: float) -> str:
    """Write a score 0–1 with two digits, never rounded up to a certainty that it is not."""
    return f"{np.floor(score * 100) / 100:.2f}"


def _draw(pixels: Grey, places: Sequence[FieldPlace], found: str) -> bytes:
    outlines = [Outline(place.cells, place.name, COLOURS[place.kind]) for place in places]
    count = {kind: sum(place.kind == kind for place in places) for kind in COLOURS}
    legend = [Entry(f"{kind} {count[kind]}", colour) for kind, colour in COLOURS.items()]
    return draw_outlines(pixels, outlines, [*legend, Entry(found)])
