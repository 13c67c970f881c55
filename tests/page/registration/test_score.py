from dataclasses import replace

import cv2
import numpy as np
import pytest

from ocrbatch.page.register import register
from ocrbatch.page.registration.fit import Fit, fit
from ocrbatch.page.registration.index import FormIndex, Reference, index_forms
from ocrbatch.page.registration.score import evidence, score
from ocrbatch.page.registration.view import PageView
from ocrbatch.records import Grey
from tests.helpers.formsheets import blank_of, filled, is_right, page_of, scribbled, seen, sheet_form

FORM = sheet_form("a", 0)
FORMS = [FORM, sheet_form("b", 1), sheet_form("c", 2)]


@pytest.fixture(scope="module")
def index() -> FormIndex:
    return index_forms(FORMS)


@pytest.fixture(scope="module")
def reference(index: FormIndex) -> Reference:
    return index.references[0]


@pytest.fixture(scope="module")
def right(reference: Reference) -> Fit:
    view = PageView(page_of(filled(blank_of(FORM), FORM.pages[0].fields, 1)))
    found = fit(view, reference.to_form, reference.prints, reference.size, reference.boxes)
    assert found is not None
    return found


def lost(found: Fit, points: np.ndarray) -> Fit:
    """Give the same fit with some edges not seen."""
    return replace(found, residual=np.where(points, np.inf, found.residual).astype(np.float32))


def test_it_grows_with_the_share_of_edges_that_agree(reference: Reference, right: Fit) -> None:
    order = np.random.default_rng(0).permutation(len(right.residual))
    shares = (1.0, 0.8, 0.6, 0.4, 0.2, 0.0)
    scores = [score(lost(right, order < share * len(order)), reference.prints) for share in shares]
    assert scores == sorted(scores)
    assert scores[0] < 0.05
    assert scores[-1] > 0.95
    assert len(set(scores)) >= 5


def test_a_place_that_is_no_better_than_any_other_scores_next_to_nothing(reference: Reference, right: Fit) -> None:
    assert score(replace(right, residual=right.elsewhere), reference.prints) < 0.02


def test_edges_far_off_their_lines_do_not_count(reference: Reference, right: Fit) -> None:
    off = replace(right, residual=np.full_like(right.residual, 3.0))
    assert score(off, reference.prints) < 0.02


@pytest.mark.parametrize("number", [0, 4])
def test_the_least_sure_field_decides(reference: Reference, right: Fit, number: int) -> None:
    own = lost(right, reference.prints.near[number])
    rows = evidence(own, reference.prints)
    assert rows.shape == (len(FORM.pages[0].fields), 3)
    assert rows[:, 1].argmin() == number
    assert score(own, reference.prints) < 0.7
    assert score(right, reference.prints) > 0.9


def test_neither_a_fields_own_lines_nor_the_print_around_it_speak_for_the_other(
    reference: Reference, right: Fit
) -> None:
    # The lines of a table's next row look the same, and the row's label does not.
    sure, tried = score(right, reference.prints), 0
    for near, ruled in zip(reference.prints.near, reference.prints.ruled, strict=True):
        for points in (near & ruled, near & ~ruled):
            if points.sum() >= 12:
                tried += 1
                assert score(lost(right, points), reference.prints) < sure - 0.03
    assert tried >= 10


def test_evidence_is_a_share(reference: Reference, right: Fit) -> None:
    for found in (right, lost(right, np.ones(len(right.residual), bool)), replace(right, elsewhere=right.residual)):
        rows = evidence(found, reference.prints)
        assert (rows >= 0).all()
        assert (rows <= 1 + 1e-6).all()


def test_a_page_without_fields_is_judged_by_its_print_alone(reference: Reference, right: Fit) -> None:
    none = np.zeros((0, len(reference.prints.places)), bool)
    bare = replace(reference.prints, near=none, ruled=none)
    assert score(right, bare) > 0.9
    assert score(replace(right, residual=right.elsewhere), bare) < 0.1


def ill_treated(seed: int) -> tuple[Grey, np.ndarray, int]:
    """Give a sheet of one of the forms that went through much, past all reading in places, and which form it is."""
    random = np.random.default_rng(seed)
    number = int(random.integers(len(FORMS)))
    form = FORMS[number]
    sheet = filled(blank_of(form), form.pages[0].fields, seed)
    if seed % 3 == 0:
        sheet = scribbled(sheet, seed, int(random.integers(50, 300)))
    turn, tilt, scale = random.uniform(-12, 12) + 180 * (seed % 2), random.uniform(0, 0.2), random.uniform(0.5, 1.3)
    picture, matrix = seen(sheet, turn=turn, tilt=tilt, scale=scale, noise=random.uniform(0, 25), seed=seed)
    if seed % 3 == 1:
        picture = cv2.GaussianBlur(picture, (0, 0), random.uniform(0.5, 5))
    if seed % 3 == 2:
        picture = picture[: int(random.uniform(0.5, 1) * len(picture))]
    return picture, matrix, number


@pytest.mark.slow
def test_of_many_ill_treated_sheets_those_that_are_sure_are_right(index: FormIndex) -> None:
    scores, rights = [], []
    for seed in range(60):
        picture, matrix, number = ill_treated(seed)
        registered = register(page_of(picture), index)
        # A page whose fields are cut off is known where it lies, and is given up all the same.
        scores.append(0.0 if registered.problem else registered.registration)
        rights.append(is_right(registered, FORMS[number], matrix))
    sure = np.array(scores) >= 0.8
    assert np.array(rights)[sure].all()
    # Neither all sure nor none: else this would say nothing.
    assert 15 <= sure.sum() <= 55
