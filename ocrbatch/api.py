"""What Python programs use; the package gives it by name, so that importing the package costs nothing."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from ocrbatch.errors import InputError, UsageError
from ocrbatch.form.documents import with_missing_pages
from ocrbatch.model.card import load_model_file
from ocrbatch.model.means import means_of
from ocrbatch.page.classify import Classifier, make_classifier
from ocrbatch.page.crop import ink_of
from ocrbatch.page.decode import decode
from ocrbatch.page.normalize import normalize_many
from ocrbatch.page.reader import ACCEPT, read_pages
from ocrbatch.page.registration.index import index_forms
from ocrbatch.page.strings.sequence import make_string_reader
from ocrbatch.records import LABELS, Grey, Page, PageFailure, PageResult, read_only

FilePath = str | os.PathLike[str]
Source = FilePath | bytes | npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Digit:
    """A picture's reading: ``label`` "0"…"9", or None for "not a digit", also where the picture is empty.

    ``confidence`` in 0–1 is the probability of the label; ``top3`` has the three likeliest labels with theirs.
    """

    label: str | None
    confidence: float
    top3: tuple[tuple[str | None, float], ...]


class Model:
    """A model of digits, opened and ready."""

    def __init__(self, classifier: Classifier, name: str, sha256: str) -> None:
        self._classifier = classifier
        self.name = name
        self.sha256 = sha256

    def predict(self, images: Iterable[npt.NDArray[np.uint8]]) -> list[Digit]:
        """Tell the digit of each picture: uint8 (H, W) or RGB (H, W, 3), any size, ink dark or bright.

        Pieces of a box along the sides are left out. Empty in gives empty out. UsageError for other arrays.
        """
        inks = [ink_of(_grey(image)) for image in images]
        scores = self._classifier.scores(normalize_many(inks))
        return [_digit(row) if ink.any() else EMPTY for ink, row in zip(inks, scores, strict=True)]


EMPTY = Digit(None, 1.0, ((None, 1.0),))


def load_model(path: FilePath | None = None) -> Model:
    """Open a model, a .tflite, .keras or .h5 file; the shipped one where no path is given.

    Raises ModelError where it is missing, damaged or no model of digits.
    """
    file = load_model_file(_path(path))
    return Model(make_classifier(file), file.name, file.sha256)


def read(
    source: Source,
    *,
    forms: FilePath | Iterable[FilePath] = (),
    whole: Literal["boxes", "string", "digit"] | None = None,
    model: FilePath | None = None,
    accept: float | None = None,
    thresholds: FilePath | None = None,
) -> Iterator[PageResult]:
    """Read the pages of a file (its path or its bytes), or one page as uint8 array, (H, W) or RGB (H, W, 3).

    ``forms`` are the forms to look for, TOML files or folders of them; without any, each run of boxes is a field. A
    page that is none of them has no fields and the status ``review``. With ``whole`` each page is one field that was
    cut out already, named ``whole``: a row of boxes, a free run of digits, or a single digit.

    A field is accepted where its confidence (0–1) reaches ``accept``, 0.995 where none is given; with ``thresholds``, a
    file that ``ocrbatch calibrate`` wrote, where it reaches its form's, and ``accept`` too where that asks for fewer
    errors than were proved. A page that cannot be read is a result with the status ``failed`` and its reason.

    Raises InputError where the file cannot be opened, FormError for a form and for thresholds that were proved with
    another one or another model, ModelError for the model, UsageError for an array of another kind, for another word
    than those of ``whole``, and for forms together with it; all before the first page.
    """
    if accept is not None and not 0 <= accept <= 1:
        raise UsageError(f"accept is {accept}; it is a probability from 0 to 1")
    pages = _pages(source)
    given = ACCEPT.other if accept is None else accept
    strict = None if accept is None else 1 - accept
    means = means_of(_paths(forms), whole, _path(model), _path(thresholds), given, strict)
    classifier = make_classifier(means.model)
    index = index_forms(means.forms) if means.forms else means.whole
    strings = make_string_reader(means.strings) if means.strings else None
    read_ones = read_pages(pages, classifier, strings=strings, index=index, accept=means.accept)
    return with_missing_pages((page.result for page in read_ones), means.forms)


def _paths(paths: FilePath | Iterable[FilePath]) -> list[Path]:
    # One path alone is a slip that has but one meaning.
    return [Path(path) for path in ([paths] if isinstance(paths, str | os.PathLike) else paths)]


def _path(path: FilePath | None) -> Path | None:
    return None if path is None else Path(path)


def _pages(source: Source) -> Iterator[Page | PageFailure]:
    if isinstance(source, np.ndarray):
        grey = np.ascontiguousarray(_grey(source)).copy()
        return iter([Page(1, read_only(grey), None)])
    if isinstance(source, bytes):
        return decode(source)
    try:
        content = Path(source).read_bytes()
    except OSError as error:
        raise InputError(f"{os.fspath(source)}: cannot be read ({error.strerror}); give a file") from error
    return decode(content)


def _grey(image: npt.NDArray[np.uint8]) -> Grey:
    """Check a caller's array and turn it grey."""
    wanted = "an array of uint8, (H, W) grey or (H, W, 3) RGB, and not empty"
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        raise UsageError(f"a picture is {getattr(image, 'dtype', type(image).__name__)}; give {wanted}")
    if image.size == 0 or not (image.ndim == 2 or (image.ndim == 3 and image.shape[2] in (1, 3))):
        raise UsageError(f"a picture has the shape {image.shape}; give {wanted}")
    if image.ndim == 2:
        return image
    if image.shape[2] == 1:
        return image[:, :, 0]
    grey: Grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
    return grey


def _digit(row: npt.NDArray[np.float32]) -> Digit:
    labels = (*LABELS, None)
    top3 = tuple((labels[i], float(row[i])) for i in np.argsort(-row, kind="stable")[:3])
    return Digit(top3[0][0], top3[0][1], top3)
