"""Where a page's fields lie: those of the form it is, its own runs of boxes, or all of it."""

import numpy as np

from ocrbatch.geometry import quad_size, transform_points
from ocrbatch.page.cuts import Pyramid
from ocrbatch.page.registration.fit import place_cells, place_points
from ocrbatch.page.registration.index import FormIndex
from ocrbatch.page.registration.locate import Located, locate
from ocrbatch.page.registration.view import PageView
from ocrbatch.page.ruling import find_ruling
from ocrbatch.page.whole import NO_BOXES, Whole, whole_page
from ocrbatch.records import FieldPlace, Page, RegisteredPage, read_only

AUTO = "auto"
MIN_SCORE = 0.8
MIN_HINT = 0.2
MOST_CUT = 0.25
DOUBT = 0.05
"""How much of what a score lacks is a field's doubt: of 185 pages at 0.8 or more, of which some had been pushed aside
on purpose, one was placed wrongly, where the scores spoke of twenty."""
NOT_REGISTERED = "not registered"
UNKNOWN_FORM = "unknown form"


def register(
    page: Page, index: FormIndex | Whole | None = None, *, guess: bool = False, pyramid: Pyramid | None = None
) -> RegisteredPage:
    """Find the fields of a page: those of the form it is, or, with no forms given, its runs of boxes.

    Those are named ``r01``, ``r02`` … from the top, left to right. A page that is none of the forms, or whose fields
    are not surely found, has no places, and its ``problem`` says so; with ``guess`` it has the likeliest ones.
    With a ``Whole`` for an index, each page is one field. ``pyramid`` is the page's own, where it is halved elsewhere
    too.
    """
    if isinstance(index, Whole):
        return whole_page(page, index)
    return _by_ruling(page) if index is None else _by_forms(PageView(page, pyramid), index, guess)


def _by_ruling(page: Page) -> RegisteredPage:
    ruling = find_ruling(page)
    digits = max(2, len(str(len(ruling.runs))))
    places = tuple(
        FieldPlace(f"r{number:0{digits}d}", "boxes", cells) for number, cells in enumerate(ruling.runs, start=1)
    )
    problem = "" if places else NO_BOXES
    return RegisteredPage(page, AUTO, places, 1.0 if places else 0.0, ruling.skew_degrees, problem=problem)


def _by_forms(view: PageView, index: FormIndex, guess: bool) -> RegisteredPage:
    page = view.page
    found = locate(view, index)
    if found is None or found.score < MIN_HINT:
        return RegisteredPage(page, "", (), 0.0 if found is None else found.score, 0.0, problem=UNKNOWN_FORM)
    places = _places(found)
    problem = _problem(found, places, page)
    return RegisteredPage(
        page,
        found.reference.form.name,
        places if guess or not problem else (),
        found.score,
        _skew(found),
        form_page=found.reference.page.number,
        problem=problem,
    )


def _problem(found: Located, places: tuple[FieldPlace, ...], page: Page) -> str:
    """Say why a form's places are of no use, if so."""
    if found.score < MIN_SCORE:
        return NOT_REGISTERED
    if found.twin and found.twin != found.reference.form.name:
        return f"{NOT_REGISTERED}: could be {found.reference.form.name} or {found.twin}"
    cut = [place.name for place in places if _is_cut(place, page)]
    return f"{NOT_REGISTERED}: {cut[0]} lies off the page" if cut else ""


def _is_cut(place: FieldPlace, page: Page) -> bool:
    """Tell whether more than a quarter of a field's height lies beyond the page."""
    height, width = page.pixels.shape
    _, high = quad_size(place.cells[0])
    beyond = np.maximum(-place.cells, place.cells - np.array([width, height], np.float32)).max()
    return bool(beyond > MOST_CUT * high)


def _places(found: Located) -> tuple[FieldPlace, ...]:
    """Lead every field's cells from the form to the page."""
    fields = found.reference.page.fields
    to_work = np.linalg.inv(found.reference.to_form)
    cells = place_cells(found.fit, [transform_points(to_work, one.cells) for one in fields])
    placed = 1 - DOUBT * (1 - found.score)
    return tuple(
        FieldPlace(one.name, one.kind.value, read_only(own), one.blank.value, one.rules, placed)
        for one, own in zip(fields, cells, strict=True)
    )


def _skew(found: Located) -> float:
    """Give the turn of the form's rows on the page in degrees, clockwise."""
    width, height = found.reference.size
    start, end = place_points(found.fit, np.array([[width / 4, height / 2], [3 * width / 4, height / 2]]))
    return float(np.degrees(np.arctan2(end[1] - start[1], end[0] - start[0])))
