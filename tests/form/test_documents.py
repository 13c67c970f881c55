from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.form.documents import documents, with_missing_pages
from ocrbatch.records import PageResult, PageStatus
from tests.form.values import a_form

CLAIM = a_form("claim", ("name",), ("date",), ("total",))
LETTER = a_form("letter", ("name",), ("date",))
SLIP = a_form("slip")
FORMS = (CLAIM, LETTER, SLIP)
SIZES = {"claim": 3, "letter": 2, "slip": 1}
BLANK = ("", 1)

Kind = tuple[str, int]
kinds = st.one_of(
    st.just(BLANK),
    st.sampled_from([("auto", 1), *((form, page) for form, size in SIZES.items() for page in range(1, size + 1))]),
)


def result(number: int, form: str, form_page: int, reason: str = "") -> PageResult:
    status = PageStatus.READ if form and not reason else PageStatus.REVIEW
    return PageResult(number, form, status, reason or ("" if form else "unknown form"), 0.9, 0.0, (), form_page)


def pages(*kinds: Kind) -> list[PageResult]:
    return [result(number, form, form_page) for number, (form, form_page) in enumerate(kinds, 1)]


def claims(*numbers: int) -> list[PageResult]:
    """Pages of claims by their numbers; 0 is a page that is no known form."""
    return pages(*(("claim", number) if number else BLANK for number in numbers))


def groups(results: Sequence[PageResult]) -> list[list[int]]:
    return [[page.page for page in group] for group in documents(results, lambda page: page, FORMS)]


def told(results: Sequence[PageResult]) -> dict[int, str]:
    """Give the reasons of the pages of a form, by the page's number in the file."""
    return {page.page: page.reason for page in with_missing_pages(results, FORMS) if page.form and page.reason}


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([1, 2, 3, 1, 2, 3], [[1, 2, 3], [4, 5, 6]]),
        ([3, 2, 1, 3, 2, 1], [[1, 2, 3], [4, 5, 6]]),
        ([1, 3, 1, 2, 3], [[1, 2], [3, 4, 5]]),
        ([1, 0, 2, 0, 3, 0], [[1, 2, 3, 4, 5], [6]]),
        ([0, 1, 2, 0, 2], [[1], [2, 3, 4], [5]]),
        ([], []),
    ],
)
def test_a_document_ends_where_it_is_whole_or_a_page_comes_again(numbers: list[int], expected: list[list[int]]) -> None:
    assert groups(claims(*numbers)) == expected


def test_another_form_ends_a_document() -> None:
    file = pages(("claim", 1), ("slip", 1), ("claim", 2), ("letter", 2), ("letter", 1), ("auto", 1), ("auto", 1))
    assert groups(file) == [[1], [2], [3], [4, 5], [6], [7]]


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([1, 2, 3], {}),
        ([3, 2, 1], {}),
        ([1, 0, 2, 0, 3], {}),
        ([1, 3], {1: "missing page 2 of claim"}),
        ([0, 2], {2: "missing pages 1, 3 of claim"}),
        ([1, 2, 3, 1], {4: "missing pages 2, 3 of claim"}),
        (
            [1, 1, 2, 3, 3],
            {1: "missing pages 2, 3 of claim", 2: "pages of claim out of order", 5: "missing pages 1, 2 of claim"},
        ),
    ],
)
def test_what_a_document_lacks_is_said_of_its_first_page(numbers: list[int], expected: dict[int, str]) -> None:
    assert told(claims(*numbers)) == expected
    statuses = {page.page: page.status for page in with_missing_pages(claims(*numbers), FORMS) if page.form}
    assert {number for number, status in statuses.items() if status is PageStatus.REVIEW} == expected.keys()


def test_a_reason_of_its_own_is_kept_before_it() -> None:
    assert told([result(1, "letter", 1, "not registered")]) == {1: "not registered; missing page 2 of letter"}


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([1, 3, 2], [1]),
        ([1, 2, 3, 3, 2, 1], [4]),
        ([3, 2, 1, 1, 2, 3], [4]),
        # One claim has lost its first page, and takes that of the next.
        ([1, 2, 3, 2, 1, 3], [4]),
        ([3, 2, 1, 3, 2, 1, 3, 2, 1], []),
    ],
)
def test_a_document_fed_otherwise_than_its_neighbours_waits_for_a_look(numbers: list[int], expected: list[int]) -> None:
    assert told(claims(*numbers)) == dict.fromkeys(expected, "pages of claim out of order")


@given(st.lists(kinds, max_size=12))
def test_every_page_comes_out_once_and_in_the_files_order(kinds: list[Kind]) -> None:
    file = pages(*kinds)
    marked = list(with_missing_pages(file, FORMS))
    assert [page for group in documents(file, lambda page: page, FORMS) for page in group] == file
    assert [(page.page, page.form, page.form_page) for page in marked] == [
        (page.page, page.form, page.form_page) for page in file
    ]
    assert all(before == after for before, after in zip(file, marked, strict=True) if not before.form)
    assert not [page for page in marked if page.form in ("slip", "auto") and page.reason]


@given(st.lists(kinds, max_size=12))
def test_no_document_has_a_page_twice_or_two_forms_and_names_what_it_lacks(kinds: list[Kind]) -> None:
    reasons = told(pages(*kinds))
    for group in documents(pages(*kinds), lambda page: page, FORMS):
        own = [page for page in group if page.form]
        if not own:
            assert len(group) == 1
            continue
        assert len({page.form_page for page in own}) == len(own)
        (form,) = {page.form for page in own}
        assert own[0] is group[0]
        missing = [n for n in range(1, SIZES.get(form, 1) + 1) if n not in {page.form_page for page in own}]
        said = [part for part in reasons.get(own[0].page, "").split("; ") if part.startswith("missing")]
        plural = "s" if len(missing) > 1 else ""
        assert said == ([f"missing page{plural} {', '.join(map(str, missing))} of {form}"] if missing else [])
        assert not [page for page in own[1:] if page.page in reasons]


@given(st.lists(st.permutations([1, 2, 3]).map(tuple), min_size=1, max_size=4), st.data())
def test_whole_documents_are_found_again_with_blank_pages_anywhere(
    orders: list[tuple[int, ...]], data: st.DataObject
) -> None:
    numbers = [number for order in orders for number in order]
    for place in data.draw(st.lists(st.integers(0, len(numbers)), max_size=4)):
        numbers.insert(place, 0)
    found = [
        tuple(page.form_page for page in group if page.form)
        for group in documents(claims(*numbers), lambda page: page, FORMS)
    ]
    assert [group for group in found if group] == orders


def test_no_more_than_two_documents_are_held_back() -> None:
    taken = 0

    def feed() -> Iterator[PageResult]:
        nonlocal taken
        for taken, page in enumerate(claims(0, 1, 2, 3, 0, 1, 0), 1):  # noqa: B007 - the count is what is looked at
            yield page

    seen = [(page.page, taken) for page in with_missing_pages(feed(), FORMS)]
    assert seen == [(1, 4), (2, 5), (3, 5), (4, 5), (5, 7), (6, 7), (7, 7)]
