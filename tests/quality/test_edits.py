from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.quality.edits import edits, signs

WORDS = st.text("0123", max_size=6)


@given(WORDS, WORDS)
def test_edits_lead_from_the_truth_to_the_reading_by_the_fewest_steps(true: str, read: str) -> None:
    found = edits(tuple(true), tuple(read))
    assert all(one != other for one, other in found)
    assert sum(bool(other) - bool(one) for one, other in found) == len(read) - len(true)
    lost, added = [one for one, _ in found if one], [other for _, other in found if other]
    assert sorted([*true, *added]) == sorted([*read, *lost])
    assert len(found) == distance(true, read)


def distance(a: str, b: str) -> int:
    """As it is defined."""
    if not a or not b:
        return len(a) + len(b)
    return min(distance(a[1:], b) + 1, distance(a, b[1:]) + 1, distance(a[1:], b[1:]) + (a[0] != b[0]))


def test_a_lost_digit_does_not_shift_the_others() -> None:
    assert edits(tuple("24681"), tuple("2681")) == (("4", ""),)
    assert edits(tuple("2681"), tuple("24689")) == (("", "4"), ("1", "9"))
    assert edits(tuple("12"), tuple("13")) == (("2", "3"),)


def test_digits_are_compared_one_by_one_and_words_whole() -> None:
    assert signs("1 ?3") == ("1", "?", "3")
    assert signs("struck out") == ("struck out",)
    assert signs("") == ()
