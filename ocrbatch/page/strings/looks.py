"""Several looks at one strip, and what all of them together say of its texts.

A strip is read as it stands, leaning to either side, smaller, narrower and wider: what a network misreads in one look
it often reads rightly in another (D. Ciresan, U. Meier, J. Schmidhuber, "Multi-column deep neural networks for image
classification", 2012). A text's probability is the mean over the looks of what each gives it. So no frame of one look
need stand for the same place as one of another, and the looks may differ much.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ocrbatch.page.strings.beam import Floats, FrameLogs, best_texts, digit_frames, text_log_probabilities
from ocrbatch.page.strings.separators import grouped_log_probabilities
from ocrbatch.records import Grey

Looks = tuple[FrameLogs, ...]
"""What each look at a strip says, (t, 12) log-probabilities; the first look is at the strip as it stands."""

TEXTS, OTHERS = 32, 8
"""So many texts of the strip as it stands take part, and of each other look."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a strip is looked at: by how many columns a row ``lean``s, how ``high`` and how ``wide`` it is drawn."""

    lean: float = 0.0
    high: float = 1.0
    wide: float = 1.0


LOOKS = (Look(), Look(lean=0.25), Look(lean=-0.25), Look(high=0.85, wide=0.85), Look(wide=0.8), Look(wide=1.25))
"""Of ten amounts that the strip as it stands misreads, all looks together read three rightly; further ones add less
than their time is worth."""


def seen(strip: Grey, look: Look) -> Grey:
    """Draw a strip (32, w) about its middle row as a look sees it: (32, v)."""
    height, width = strip.shape
    middle, room = (height - 1) / 2, math.ceil(abs(look.lean) * height / 2)
    matrix = np.array([[look.wide, look.lean, room - look.lean * middle], [0, look.high, (1 - look.high) * middle]])
    size = (max(round(width * look.wide), 1) + 2 * room, height)
    drawn: Grey = cv2.warpAffine(strip, matrix, size, flags=cv2.INTER_LINEAR)
    return drawn


def likely_texts(looks: Looks) -> list[str]:
    """Give the texts of digits, none of them empty, that any look finds likely; those of the first look come first."""
    found: dict[str, None] = {}
    for number, frames in enumerate(looks):
        found |= dict.fromkeys(text for text, _ in best_texts(digit_frames(frames), OTHERS if number else TEXTS))
    found.pop("", None)
    return list(found)


def told_by_all(looks: Looks, texts: Sequence[str], *, amount: bool) -> Floats:
    """Give the log-probabilities (n,) of texts of digits by all looks, of an ``amount`` with its separators' places."""
    told = np.array([text_log_probabilities(digit_frames(frames), texts) for frames in looks])
    told = grouped_log_probabilities(looks, texts, told) if amount else told
    return np.asarray(np.logaddexp.reduce(told) - math.log(len(looks)), np.float64)
