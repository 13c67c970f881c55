from collections.abc import Callable

import cv2
import numpy as np
import pytest

from ocrbatch.geometry import Matrix, transform_points
from ocrbatch.page.registration.features import (
    Features,
    glance_features,
    matches,
    orb_features,
    propose,
    sift_features,
)
from ocrbatch.records import Grey
from tests.helpers.formsheets import blank_of, filled, seen, sheet_form

Finder = Callable[[Grey], Features]
FINDERS = pytest.mark.parametrize("find", [glance_features, orb_features, sift_features])
FORM = sheet_form("a", 0)
SHEET = blank_of(FORM)
CORNERS = np.array([[0, 0], [700, 0], [700, 900], [0, 900]], float)


def off(matrix: Matrix | None, true: Matrix) -> float:
    """Give the largest distance in pixels between where two homographies put a sheet's corners."""
    assert matrix is not None
    return float(np.abs(transform_points(matrix, CORNERS) - transform_points(true, CORNERS)).max())


@FINDERS
@pytest.mark.parametrize("look", [{"turn": 8}, {"turn": 183, "scale": 0.8}, {"tilt": 0.1, "shear": 0.04}])
def test_the_print_tells_where_a_filled_sheet_lies(find: Finder, look: dict[str, float]) -> None:
    picture, matrix = seen(filled(SHEET, FORM.pages[0].fields, 2), **look)  # type: ignore[arg-type]
    proposal = propose(find(SHEET), find(picture))
    assert proposal is not None
    cells = np.concatenate([one.cells for one in FORM.pages[0].fields])
    far = np.linalg.norm(transform_points(proposal, cells) - transform_points(matrix, cells), axis=2)
    assert far.mean() < 25


@FINDERS
def test_a_sheet_lies_on_itself(find: Finder) -> None:
    found = find(SHEET)
    assert off(propose(found, found), np.eye(3)) < 0.1


@FINDERS
def test_points_are_where_the_corners_are(find: Finder) -> None:
    # Of a picture turned upside down the corners are turned too, about its middle; an error shows twice.
    points = {}
    for turned in (False, True):
        found = find(np.ascontiguousarray(SHEET[::-1, ::-1]) if turned else SHEET).points
        points[turned] = (700, 900) - found if turned else found
    far = np.linalg.norm(points[False][:, None] - points[True][None], axis=2)
    near = far.argmin(axis=1)
    close = far.min(axis=1) < 1.5
    assert close.mean() > 0.5
    assert np.abs(np.median(points[False][close] - points[True][near[close]], axis=0)).max() < 1.2


@FINDERS
def test_a_picture_without_corners_has_no_features(find: Finder) -> None:
    for picture in (np.full((900, 700), 200, np.uint8), np.zeros((20, 20), np.uint8)):
        found = find(picture)
        assert found.points.shape == (0, 2)
        assert len(found.descriptors) == 0
        for one, other in ((found, find(SHEET)), (find(SHEET), found), (found, found)):
            assert matches(one, other).shape == (0, 2)
            assert propose(one, other) is None


@FINDERS
def test_a_single_corner_is_no_proposal(find: Finder) -> None:
    found = find(SHEET)
    one, few = (Features(found.points[:count], found.descriptors[:count]) for count in (1, 5))
    assert propose(one, found) is None
    assert propose(found, one) is None
    assert propose(few, few) is None


def test_features_come_from_all_parts_of_the_picture() -> None:
    random = np.random.default_rng(0)
    pale = np.full((900, 700), 250, np.uint8)
    for _ in range(300):
        place = tuple(int(c) for c in random.uniform((0, 0), (690, 890)))
        dark = 10 if place[1] < 200 else 140
        cv2.putText(pale, random.choice(list("abcdef")), place, cv2.FONT_HERSHEY_SIMPLEX, 0.6, (dark,), 2)
    found = orb_features(pale)
    assert len(found.points) == len(found.descriptors)
    assert np.histogram(found.points[:, 1], [0, 225, 450, 675, 900])[0].min() > 0.1 * len(found.points)


def test_a_proposal_does_not_depend_on_the_random_state() -> None:
    one, other = orb_features(SHEET), orb_features(seen(SHEET, turn=20, tilt=0.1)[0])
    proposals = []
    for seed in (1, 99, 12345):
        cv2.setRNGSeed(seed)
        proposals.append(propose(one, other))
    assert all(np.array_equal(proposals[0], later) for later in proposals[1:])  # type: ignore[arg-type]
