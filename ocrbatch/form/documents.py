"""Which pages of a file are one document: a form of several pages, filled in once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeVar

from ocrbatch.form.template import Form
from ocrbatch.records import PageResult, PageStatus

Item = TypeVar("Item")


def documents(
    pages: Iterable[Item], result: Callable[[Item], PageResult], forms: Sequence[Form]
) -> Iterator[list[Item]]:
    """Part one file's pages, in the file's order, into documents; ``result`` gives the result of a page.

    A document ends where all pages of its form are there, where one of them comes again, or where another form
    begins; so it may be fed in any order. Pages without a form (blank backs, failures) that stand between its pages
    are in its list, any other page without a form is a list of its own. At most one document is held back.
    """
    wanted = _numbers(forms)
    waiting: list[Item] = []
    form = ""
    numbers: set[int] = set()
    for item in pages:
        page = result(item)
        if waiting and page.form and (page.form != form or page.form_page in numbers):
            yield waiting
            waiting, numbers = [], set()
        if page.form:
            form = page.form
            numbers.add(page.form_page)
        waiting.append(item)
        if not numbers or numbers >= wanted.get(form, frozenset()):
            yield waiting
            waiting, numbers = [], set()
    if waiting:
        yield waiting


def with_missing_pages(results: Iterable[PageResult], forms: Sequence[Form]) -> Iterator[PageResult]:
    """Give one file's pages in the file's order; where pages of a document are missing, its first says which.

    That page then waits for review with the reason ``missing page 2 of claim``. Where the pages of two documents may
    have met in one, it waits as ``pages of claim out of order``: where a document is neither fed forwards nor
    backwards, or otherwise than the one before it, or where one beside it lacks what may be in it. At most two
    documents are held back.
    """
    wanted = _numbers(forms)
    usual = 0
    before: _Document | None = None
    for group in documents(results, lambda page: page, forms):
        form = next((page.form for page in group if page.form), "")
        numbers = [page.form_page for page in group if page.form]
        pages = wanted.get(form, frozenset())
        lacks = pages - set(numbers)
        direction = _direction(numbers) if len(numbers) > 1 else usual
        disordered = len(numbers) > 1 and (direction == 0 or -direction == usual)
        usual = direction or usual
        if before is not None:
            both = bool(form) and before.form == form
            first, last = min(pages, default=0), max(pages, default=0)
            first, last = (last, first) if usual < 0 else (first, last)
            # What the one before lacks at its end may be in this one, and the other way round.
            disordered |= both and not lacks and last in before.lacks
            yield from before.marked(disordered=both and not before.lacks and first in lacks)
        before = _Document(group, form, lacks, disordered)
    if before is not None:
        yield from before.marked()


@dataclass(frozen=True, slots=True)
class _Document:
    """A document's pages, the numbers of those that it lacks, and whether another's may be among them."""

    pages: list[PageResult]
    form: str
    lacks: frozenset[int]
    disordered: bool

    def marked(self, *, disordered: bool = False) -> Iterator[PageResult]:
        """Give the pages, the first of the form sent to review where there is a reason."""
        order = [f"pages of {self.form} out of order"] * (self.disordered or disordered)
        return _marked(self.pages, _missing(self.form, sorted(self.lacks)) + order)


def _numbers(forms: Sequence[Form]) -> dict[str, frozenset[int]]:
    return {form.name: frozenset(page.number for page in form.pages) for form in forms}


def _missing(form: str, numbers: Sequence[int]) -> list[str]:
    """Name the pages that a document lacks."""
    return (
        [f"missing page{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))} of {form}"] if numbers else []
    )


def _direction(numbers: Sequence[int]) -> int:
    """Tell how at least two pages were fed: 1 forwards, -1 backwards, 0 neither."""
    steps = {1 if second > first else -1 for first, second in pairwise(numbers)}
    return steps.pop() if len(steps) == 1 else 0


def _marked(group: list[PageResult], reasons: list[str]) -> Iterator[PageResult]:
    """Give a document's pages, the first of its form sent to review for these reasons."""
    for page in group:
        if reasons and page.form:
            told = [page.reason] if page.reason else []
            yield replace(page, status=PageStatus.REVIEW, reason="; ".join([*told, *reasons]))
            reasons = []
        else:
            yield page
