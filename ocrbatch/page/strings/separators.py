"""Where separators stand between the digits of an amount: by thousands, by thousands and lakhs, before cents.

A comma drawn long looks like a 1, and only its place tells: 74,030 is parted as amounts are, 741030 is not parted at
all. Groups of three digits are those of ISO 80000-1 (7.3.1); lakhs are usual in India.
"""

from collections.abc import Sequence

import numpy as np

from ocrbatch.page.strings.beam import Floats, FrameLogs, digit_frames, spellings, sum_of_spellings
from ocrbatch.records import LABELS

SIGN, BLANK, NONE = len(LABELS), len(LABELS) + 1, len(LABELS) + 2
"""The columns of a sign, of CTC's blank, and of either."""
GROUPINGS = ((3, 6, 9), (3, 5, 7, 9), (2, 5, 8), (2, 5, 7, 9), (2,))
"""How many digits stand to the right of each separator."""
UNPARTED, ELSEWHERE = 0.3, 0.1
"""How likely an amount is written without separators, and with some elsewhere, beside one that is grouped."""


def grouped_log_probabilities(looks: Sequence[FrameLogs], texts: Sequence[str], told: Floats) -> Floats:
    """Give the log-probabilities (k, n) of n texts of digits in k looks once the places of their separators count.

    ``looks`` are frames (t, 12) with signs, ``told`` (k, n) the log-probabilities of the texts wherever signs stand:
    what the texts have in all in a look is shared out anew. Signs before the first and behind the last digit say
    nothing.
    """
    layouts = [(index, layout) for index, text in enumerate(texts) for layout in _layouts(len(text))]
    if not layouts:
        return told
    spelt = spellings([_spelt(texts[index], layout) for index, layout in layouts], BLANK)
    rows, groups = np.array([(index, bool(layout)) for index, layout in layouts]).T
    shared = []
    for logs, own in zip(looks, told, strict=True):
        found = np.exp(sum_of_spellings(np.concatenate([logs, digit_frames(logs)[:, -1:]], axis=1), *spelt))
        shares = np.zeros((len(texts), 2))
        np.add.at(shares, (rows, groups), found)
        shared.append(_shared_out(own, *shares.T))
    return np.array(shared)


def _shared_out(told: Floats, unparted: Floats, grouped: Floats) -> Floats:
    """Give log-probabilities (n,) that are together what ``told`` (n,) are; the others are those of texts so spelt."""
    elsewhere = np.maximum(np.exp(told) - unparted - grouped, 0.0)
    likely = grouped + UNPARTED * unparted + ELSEWHERE * elsewhere
    if not likely.any():
        return told
    with np.errstate(divide="ignore"):
        return np.asarray(np.minimum(np.log(likely * (np.exp(told).sum() / likely.sum())), 0.0), np.float64)


def _layouts(digits: int) -> set[frozenset[int]]:
    """Give where separators may stand among so many digits: how many stand to the right of each."""
    return {frozenset[int]()} | {frozenset(right for right in own if right < digits) for own in GROUPINGS}


def _spelt(text: str, layout: frozenset[int]) -> list[int]:
    """Give the columns of a text with separators just so."""
    row = [NONE]
    for right, label in zip(range(len(text) - 1, -1, -1), text, strict=True):
        between = [BLANK, SIGN, BLANK] if right in layout else [BLANK]
        row += [LABELS.index(label), *(between if right else [NONE])]
    return row
