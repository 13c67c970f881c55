import json
from dataclasses import asdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.geometry import Box
from ocrbatch.job.stored import from_json, to_json
from ocrbatch.records import FieldReading, FilePage, PageResult, PageStatus, Status
from tests.output.values import a_page

numbers = st.floats(0, 1)
texts = st.text(max_size=8)
fields = st.builds(
    FieldReading,
    name=texts,
    kind=texts,
    value=texts,
    confidence=numbers,
    status=st.sampled_from(Status),
    reasons=st.lists(texts, max_size=2).map(tuple),
    raw=texts,
    runner_up=texts,
    digit_confidence=st.lists(numbers, max_size=3).map(tuple),
    box=st.builds(Box, *[st.integers(-9, 9999)] * 4),
    cells=st.integers(0, 3).map(lambda n: np.arange(8 * n, dtype=np.float32).reshape(n, 4, 2) / 3),
    cell_values=st.lists(texts, max_size=3).map(tuple),
)
results = st.builds(
    PageResult,
    page=st.integers(1, 10_000),
    form=texts,
    status=st.sampled_from(PageStatus),
    reason=texts,
    registration=numbers,
    skew_degrees=st.floats(-90, 90),
    fields=st.lists(fields, max_size=2).map(tuple),
    form_page=st.integers(1, 99),
)


def plain(page: FilePage) -> object:
    """Give a page as values that can be compared: arrays as lists."""
    return asdict(
        page,
        dict_factory=lambda items: {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in items},
    )


@given(results, st.lists(texts, max_size=2).map(tuple))
def test_a_page_reads_back_as_it_was_written(result: PageResult, crops: tuple[str, ...]) -> None:
    page = FilePage("a.png", "ab", result, crops)
    assert plain(from_json("a.png", "ab", to_json(page))) == plain(page)


def test_a_page_of_an_older_ledger_is_its_forms_first() -> None:
    content = json.loads(to_json(a_page()))
    del content["form_page"]
    assert from_json("a.png", "ab", json.dumps(content)).result.form_page == 1
