import math
from collections import defaultdict
from itertools import groupby, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.page.strings.beam import FrameLogs, digit_frames, text_log_probabilities
from ocrbatch.page.strings.separators import BLANK, ELSEWHERE, SIGN, UNPARTED, grouped_log_probabilities
from tests.page.strings.test_beam import logs_of, spell

SOME = (7, 8, SIGN, BLANK)
"""The only likely columns of the frames that all spellings are tried on."""


def scores(logs: FrameLogs, *texts: str) -> list[float]:
    told = text_log_probabilities(digit_frames(logs), texts)
    return np.exp(grouped_log_probabilities([logs], texts, told[None])[0]).tolist()


@st.composite
def tiny(draw: st.DrawFn) -> FrameLogs:
    """Give up to six frames of two digits, a sign and the blank."""
    frames = draw(st.lists(st.tuples(*[st.integers(0, 9)] * 4).filter(any), min_size=1, max_size=6))
    shares = np.zeros((len(frames), 12))
    shares[:, SOME] = frames
    return logs_of(shares)


def by_hand(spelling: tuple[int, ...]) -> tuple[str, float]:
    """Give a spelling's digits, and how its separators count."""
    signs = [sign for sign, _ in groupby(spelling) if sign != BLANK]
    inner = "".join("," if sign == SIGN else str(sign) for sign in signs).strip(",")
    digits = inner.replace(",", "")
    if "," not in inner:
        return digits, UNPARTED
    head, *groups = inner.split(",")
    sizes = [len(group) for group in groups]
    by_thousands = set(sizes) == {3} and len(head) <= 3
    cents = sizes in ([2], [3, 2])
    lakhs = sizes == [2, 3]
    return digits, 1.0 if by_thousands or cents or lakhs else ELSEWHERE


@given(tiny())
def test_a_text_counts_as_the_sum_of_its_spellings_each_by_its_separators(logs: FrameLogs) -> None:
    shares = np.exp(logs.astype(np.float64))
    truth: dict[str, float] = defaultdict(float)
    for spelling in product(SOME, repeat=len(logs)):
        digits, weight = by_hand(spelling)
        truth[digits] += weight * math.prod(shares[i, sign] for i, sign in enumerate(spelling))
    total = sum(truth.values())
    assert scores(logs, *truth) == pytest.approx([share / total for share in truth.values()], abs=1e-6)


def doubtful(before: str, behind: str) -> FrameLogs:
    """Give frames that find a 1 likelier than a sign between two runs of digits."""
    logs = spell("".join(f"{sign}_" for sign in f"{before},{behind}"), 0.999)
    row = 2 * len(before)
    logs[row] = spell("1", 0.6)[0]
    logs[row, SIGN] = math.log(0.37)
    return logs


@pytest.mark.parametrize(
    ("before", "behind"), [("74", "030"), ("5,74", "030"), ("5", "74,030"), ("5", "574,030"), ("1", "25,00,000")]
)
def test_a_doubtful_1_in_the_place_of_a_separator_is_one(before: str, behind: str) -> None:
    plain = (before + behind).replace(",", "")
    parted, run = scores(doubtful(before, behind), plain, (before + "1" + behind).replace(",", ""))
    assert parted > run


@pytest.mark.parametrize(("before", "behind"), [("74", "0304"), ("3", "0"), ("12,3", "4,567")])
def test_elsewhere_a_doubtful_1_stays_one(before: str, behind: str) -> None:
    plain = (before + behind).replace(",", "")
    parted, run = scores(doubtful(before, behind), plain, (before + "1" + behind).replace(",", ""))
    assert parted < run


@pytest.mark.parametrize("text", ["", "5", "12345678901234567890"])
def test_what_is_sure_stays_so_at_any_length_without_separators_too(text: str) -> None:
    logs = spell("".join(f"{digit}_" for digit in text) + "__", 0.999)
    assert scores(logs, text, "1000")[0] == pytest.approx(1, abs=0.05)


def test_what_nothing_speaks_for_stays_impossible() -> None:
    assert scores(spell("_1_"), "123456", "7777777") == [0.0, 0.0]


def test_looks_are_counted_each_by_itself() -> None:
    texts = ["74030", "741030"]
    looks = [doubtful("74", "030"), spell("7_4_1_0_3_0", 0.999)]
    told = np.array([text_log_probabilities(digit_frames(logs), texts) for logs in looks])
    both = np.exp(grouped_log_probabilities(looks, texts, told)).tolist()
    assert both == [scores(logs, *texts) for logs in looks]


def test_no_texts_give_nothing() -> None:
    assert scores(spell("_1_")) == []
