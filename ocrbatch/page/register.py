"""Where a page's fields lie. With no form given, its own ruling tells: each run of boxes becomes a field."""

from ocrbatch.page.ruling import find_ruling
from ocrbatch.records import FieldPlace, Page, RegisteredPage

AUTO = "auto"


def register(page: Page) -> RegisteredPage:
    """Find the fields of a page; they are named ``r01``, ``r02`` … from the top, left to right."""
    ruling = find_ruling(page)
    digits = max(2, len(str(len(ruling.runs))))
    places = tuple(
        FieldPlace(f"r{number:0{digits}d}", "boxes", cells) for number, cells in enumerate(ruling.runs, start=1)
    )
    return RegisteredPage(page, AUTO, places, 1.0 if places else 0.0, ruling.skew_degrees)
