"""Which of many forms a page may be: a few of its features, looked up among a few of every form's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.page.registration.features import RATIO, Features

ALIKE = 64


@dataclass(frozen=True, slots=True)
class Signature:
    """The strongest features of forms: ``descriptors`` (n, 32) uint8, and ``owner`` (n,) the form that has each."""

    descriptors: npt.NDArray[Any]
    owner: npt.NDArray[np.intp]
    forms: int


def sign(forms: Sequence[Features]) -> Signature:
    """Put the strongest features of forms side by side."""
    few = [one.descriptors for one in forms]
    descriptors = np.concatenate(few) if few else np.empty((0, 32), np.uint8)
    return Signature(descriptors, np.repeat(np.arange(len(few)), [len(one) for one in few]), len(few))


def votes(signature: Signature, page: Features) -> npt.NDArray[np.float64]:
    """Give each form's votes (forms,): how many features of the page look like one of its, and like no other form's.

    A form with more features to look like has more chances; votes are those above its share of them.
    """
    few = page.descriptors
    if not len(few) or len(signature.descriptors) < 2:
        return np.zeros(signature.forms)
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(few, signature.descriptors, k=2)
    table = np.array([(a.trainIdx, b.trainIdx, a.distance, b.distance) for a, b in pairs])
    first, second = signature.owner[table[:, 0].astype(int)], signature.owner[table[:, 1].astype(int)]
    telling = (table[:, 2] <= ALIKE) & ((first == second) | (table[:, 2] < RATIO * table[:, 3]))
    count = np.bincount(first[telling], minlength=signature.forms)
    share = np.bincount(signature.owner, minlength=signature.forms) / len(signature.owner)
    return np.asarray(count - telling.sum() * share)
