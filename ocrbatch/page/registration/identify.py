"""Which of many forms a page may be: a few of its features, looked up among a few of every form's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.page.registration.features import Features

PER_FORM = 150
PER_PAGE = 150
ALIKE = 64


@dataclass(frozen=True, slots=True)
class Signature:
    """The strongest features of forms: ``descriptors`` (n, 32) uint8, and ``owner`` (n,) the form that has each."""

    descriptors: npt.NDArray[Any]
    owner: npt.NDArray[np.intp]
    forms: int


def sign(forms: Sequence[Features]) -> Signature:
    """Put the strongest features of forms side by side."""
    few = [one.first(PER_FORM).descriptors for one in forms]
    descriptors = np.concatenate(few) if few else np.empty((0, 32), np.uint8)
    return Signature(descriptors, np.repeat(np.arange(len(few)), [len(one) for one in few]), len(few))


def votes(signature: Signature, page: Features) -> npt.NDArray[np.float64]:
    """Give each form's votes (forms,): how many features of the page look most like one of its.

    A form with more features to look like has more chances; votes are those above its share of them.
    """
    few = page.first(PER_PAGE).descriptors
    if not len(few) or not len(signature.descriptors):
        return np.zeros(signature.forms)
    found = [m for m in cv2.BFMatcher(cv2.NORM_HAMMING).match(few, signature.descriptors) if m.distance <= ALIKE]
    count = np.bincount(signature.owner[[m.trainIdx for m in found]], minlength=signature.forms)
    share = np.bincount(signature.owner, minlength=signature.forms) / len(signature.owner)
    return np.asarray(count - len(found) * share)
