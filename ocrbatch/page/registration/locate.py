"""Which form a page is, and where it lies: proposals from the quick to the costly, each fitted and judged."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ocrbatch.geometry import Matrix
from ocrbatch.page.registration.features import propose
from ocrbatch.page.registration.fit import Fit, fit
from ocrbatch.page.registration.identify import votes
from ocrbatch.page.registration.index import FormIndex, Reference
from ocrbatch.page.registration.landmarks import propose_by_markers, propose_by_squares
from ocrbatch.page.registration.runs import propose_by_runs
from ocrbatch.page.registration.score import page_agreement, score
from ocrbatch.page.registration.shift import propose_by_shift
from ocrbatch.page.registration.transforms import is_sound
from ocrbatch.page.registration.view import PageView

SURE = 0.9
CANDIDATES, LIKELY = 6, 3
"""So many forms are tried at a glance, and so many thoroughly."""
RIVAL, FEW = 0.7, 10
"""Who has this share of the most votes, less a few, is a rival: hard to tell by votes alone."""
HAIR = 0.02


@dataclass(frozen=True, slots=True)
class Located:
    """A form's page found on a page: ``score`` is the probability that every field lies where ``fit`` says.

    ``twin`` names another form whose print is seen as well there, if any.
    """

    reference: Reference
    fit: Fit
    score: float
    twin: str = ""


Proposer = Callable[[Reference, PageView], Matrix | None]


def _by_markers(reference: Reference, view: PageView) -> Matrix | None:
    return propose_by_markers(reference.view.markers, view.markers) if reference.view.markers else None


def _by_squares(reference: Reference, view: PageView) -> Matrix | None:
    return propose_by_squares(reference.view.squares, view.squares) if len(reference.view.squares) >= 3 else None


def _by_shift(reference: Reference, view: PageView) -> Matrix | None:
    return propose_by_shift(reference.view.thumbnail, view.thumbnail)


def _at_a_glance(reference: Reference, view: PageView) -> Matrix | None:
    return propose(reference.view.glance, view.glance)


def _by_runs(reference: Reference, view: PageView) -> Matrix | None:
    return propose_by_runs(reference.view.runs, view.runs)


def _by_features(reference: Reference, view: PageView) -> Matrix | None:
    return propose(reference.view.orb, view.orb)


def _by_strong_features(reference: Reference, view: PageView) -> Matrix | None:
    return propose(reference.view.sift, view.sift)


QUICK: tuple[Proposer, ...] = (_by_markers, _by_shift, _at_a_glance)
THOROUGH: tuple[Proposer, ...] = (_by_squares, _by_features, _by_runs, _by_strong_features)
"""The fallback chain: the first that finds the form surely is the last that is asked.

Marks are the surest; a shift tells most pages from a feeder or a flatbed, and is the cheapest. The print's clearest
corners tell nearly every page; squares, fainter corners, the ruling and finally SIFT help where there is little print,
much writing, a steep photograph or a poor scan.
"""


def locate(view: PageView, index: FormIndex) -> Located | None:
    """Find the best of some forms' pages on a page; None where nothing of any of them is found."""
    likely, rivals = _likeliest(view, index)
    best = _best(view, likely[:rivals], QUICK, None)
    best = best if _is_sure(best) else _best(view, likely[rivals:], QUICK, best)
    return _best(view, likely[:LIKELY], THOROUGH, best)


def _likeliest(view: PageView, index: FormIndex) -> tuple[list[Reference], int]:
    """Give the few references that a page may be, the likeliest first, and how many of them are hard to tell apart."""
    if len(index.references) < 2:
        return list(index.references), 1
    ballot = votes(index.signature, view.telling)
    ranked = np.argsort(-ballot, kind="stable")[:CANDIDATES]
    rivals = int((ballot[ranked] >= RIVAL * ballot[ranked[0]] - FEW).sum())
    return [index.references[number] for number in ranked], rivals


def _best(
    view: PageView, references: list[Reference], proposers: tuple[Proposer, ...], best: Located | None
) -> Located | None:
    """Try one proposer after the other on all references, until one of these is surely found."""
    for proposer in proposers:
        if _is_sure(best):
            break
        for reference in references:
            proposal = proposer(reference, view)
            found = None if proposal is None else _fitted(view, reference, proposal)
            if found is not None:
                best = found if best is None else _better(best, found)
    return best


def _better(one: Located, other: Located) -> Located:
    """Choose the form whose print is seen best; where two are alike to a hair, name the other one as its twin."""
    if one.reference is other.reference:
        return one if one.score >= other.score else replace(other, twin=one.twin)
    first, second = sorted((one, other), key=lambda found: -found.score)
    seen, seen_too = (page_agreement(found.fit) for found in (first, second))
    alike = _is_sure(second) and seen - seen_too < HAIR
    return replace(first, twin=second.reference.form.name if alike else first.twin)


def _is_sure(found: Located | None) -> bool:
    return found is not None and found.score >= SURE


def _fitted(view: PageView, reference: Reference, proposal: Matrix) -> Located | None:
    if not is_sound(proposal, reference.size):
        return None
    found = fit(view, view.to_page @ proposal, reference.prints, reference.size, reference.boxes)
    return None if found is None else Located(reference, found, score(found, reference.prints))
