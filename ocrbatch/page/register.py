"""Where a page's fields lie. With no form given, its own ruling tells: each run of boxes becomes a field."""

from ocrbatch.page.registration.index import FormIndex
from ocrbatch.page.ruling import find_ruling
from ocrbatch.records import FieldPlace, Page, RegisteredPage

AUTO = "auto"


def register(page: Page, index: FormIndex | None = None) -> RegisteredPage:
    """Find the fields of a page: those of the form it is, or, with no forms given, its runs of boxes.

    Those are named ``r01``, ``r02`` … from the top, left to right.
    """
    if index is not None:
        return RegisteredPage(page, "", (), 0.0, 0.0, problem="unknown form")
    ruling = find_ruling(page)
    digits = max(2, len(str(len(ruling.runs))))
    places = tuple(
        FieldPlace(f"r{number:0{digits}d}", "boxes", cells) for number, cells in enumerate(ruling.runs, start=1)
    )
    return RegisteredPage(
        page,
        AUTO,
        places,
        1.0 if places else 0.0,
        ruling.skew_degrees,
        problem="" if places else "no boxes found",
    )
