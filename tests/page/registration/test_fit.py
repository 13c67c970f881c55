import cv2
import numpy as np
import pytest

from ocrbatch.geometry import Matrix, transform_points
from ocrbatch.page.registration.fit import Fit, fit, place_cells
from ocrbatch.page.registration.index import Reference, index_forms
from ocrbatch.page.registration.view import PageView
from ocrbatch.records import Grey
from tests.helpers.formsheets import blank_of, filled, page_of, scribbled, seen, sheet_form

FORM = sheet_form("a", 0)
FIELDS = FORM.pages[0].fields
SHEET = filled(blank_of(FORM), FIELDS, 1)


@pytest.fixture(scope="module")
def reference() -> Reference:
    return index_forms([FORM]).references[0]


def fitted(reference: Reference, picture: Grey, guess: Matrix) -> Fit | None:
    """Fit a picture from a guess that leads to it from the form."""
    view = PageView(page_of(picture))
    return fit(view, guess @ reference.to_form, reference.prints, reference.size, reference.boxes)


def placed(reference: Reference, found: Fit | None) -> list[np.ndarray]:
    assert found is not None
    back = np.linalg.inv(reference.to_form)
    return place_cells(found, [transform_points(back, one.cells) for one in FIELDS])


def far_off(reference: Reference, found: Fit | None, matrix: Matrix) -> float:
    """Give the largest distance of a cell's corner from its place, in the picture's pixels."""
    pairs = zip(placed(reference, found), FIELDS, strict=True)
    return max(float(np.abs(cells - transform_points(matrix, one.cells)).max()) for cells, one in pairs)


NUDGES = {
    "none": np.eye(3),
    "shifted": np.array([[1, 0, 6], [0, 1, -7], [0, 0, 1.0]]),
    "turned": np.array([[1, -0.012, 4], [0.012, 1, -4], [0, 0, 1.0]]),
    "larger": np.diag([1.012, 1.012, 1.0]),
    "tilted": np.array([[1, 0, 0], [0, 1, 0], [1e-5, -1e-5, 1.0]]),
}


@pytest.mark.parametrize("nudge", NUDGES.values(), ids=NUDGES.keys())
@pytest.mark.parametrize("turn", [0, 90, 187])
def test_a_rough_guess_is_bettered_to_less_than_a_pixel(reference: Reference, turn: float, nudge: Matrix) -> None:
    picture, matrix = seen(SHEET, turn=turn, tilt=0.05)
    assert far_off(reference, fitted(reference, picture, matrix @ nudge), matrix) < 1


def test_writing_does_not_pull(reference: Reference) -> None:
    picture, matrix = seen(scribbled(SHEET, 3, 90), turn=4)
    assert far_off(reference, fitted(reference, picture, matrix @ NUDGES["shifted"]), matrix) < 1.5


def test_bent_paper_is_followed(reference: Reference) -> None:
    # The sheet's rows bulge by up to 6 pixels, its columns by 3.
    y, x = np.indices(SHEET.shape, dtype=np.float32)
    bulge = 6 * np.sin(np.pi * x / 700) * np.sin(np.pi * y / 900)
    picture = cv2.remap(SHEET, x - bulge / 2, y - bulge, cv2.INTER_LINEAR, borderValue=(248,))
    cells = placed(reference, fitted(reference, picture, np.eye(3)))
    for found, one in zip(cells, FIELDS, strict=True):
        at = one.cells.reshape(-1, 2)
        lift = 6 * np.sin(np.pi * at[:, 0] / 700) * np.sin(np.pi * at[:, 1] / 900)
        true = at + np.column_stack([lift / 2, lift])
        assert np.abs(found.reshape(-1, 2) - true).max() < 2.5


def test_every_edge_is_told_how_far_off_it_is(reference: Reference) -> None:
    found = fitted(reference, blank_of(FORM), np.eye(3))
    assert found is not None
    assert found.residual.shape == found.elsewhere.shape == (len(reference.prints.places),)
    assert np.mean(found.residual < 0.5) > 0.9
    assert np.mean(found.elsewhere < 0.5) < 0.3


WRONG = {
    "upside down": np.array([[-1, 0, 700], [0, -1, 900], [0, 0, 1.0]]),
    "far off": np.array([[1, 0, 160], [0, 1, 170], [0, 0, 1.0]]),
    "half as large": np.diag([0.5, 0.5, 1.0]),
    "off the page": np.array([[1, 0, 5000], [0, 1, 5000], [0, 0, 1.0]]),
    "mirrored": np.array([[-1, 0, 700], [0, 1, 0], [0, 0, 1.0]]),
}


@pytest.mark.parametrize("guess", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_guess_is_given_up(reference: Reference, guess: Matrix) -> None:
    assert fitted(reference, SHEET, guess) is None


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_an_empty_page_is_given_up(reference: Reference, shade: int) -> None:
    assert fitted(reference, np.full((900, 700), shade, np.uint8), np.eye(3)) is None


def test_no_cells_have_no_places(reference: Reference) -> None:
    found = fitted(reference, SHEET, np.eye(3))
    assert found is not None
    assert place_cells(found, []) == []
