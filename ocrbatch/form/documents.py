"""Which pages of a file are one document: a form of several pages, filled in once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
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

    That page then waits for review with the reason ``missing page 2 of claim``. It does so too where a document
    is neither fed forwards nor backwards, or otherwise than the one before it in the file: then the pages of two
    documents may have met in one (``pages of claim out of order``). At most one document is held back.
    """
    wanted = _numbers(forms)
    usual = 0
    for group in documents(results, lambda page: page, forms):
        form = next((page.form for page in group if page.form), "")
        numbers = [page.form_page for page in group if page.form]
        reasons = _missing(form, sorted(wanted.get(form, frozenset()) - set(numbers)))
        if len(numbers) > 1:
            direction = _direction(numbers)
            reasons += [f"pages of {form} out of order"] if direction == 0 or -direction == usual else []
            usual = direction or usual
        yield from _marked(group, reasons)


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
