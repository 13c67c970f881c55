import io
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import ocrbatch
from ocrbatch.form.template import Form
from ocrbatch.records import Grey, Page, ReadPage
from tests.form.values import a_form

CLAIM = a_form("claim", ("name",), ("total",))
SAMPLES = Path(__file__).parents[1] / "samples"


@pytest.fixture(scope="module")
def model() -> ocrbatch.Model:
    return ocrbatch.load_model()


def drawn(digit: str = "7", size: tuple[int, int] = (80, 60)) -> Grey:
    """A digit, black on white."""
    picture = np.full(size, 255, np.uint8)
    scale = min(size) / 30
    (width, height), _ = cv2.getTextSize(digit, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)
    place = ((size[1] - width) // 2, (size[0] + height) // 2)
    cv2.putText(picture, digit, place, cv2.FONT_HERSHEY_SIMPLEX, scale, 0, max(1, min(size) // 14))
    return picture


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, ocrbatch; dir(ocrbatch); print(*{'numpy', 'cv2', 'rich', 'pandas'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not done.stdout.split()


def test_every_public_name_is_there_and_documented() -> None:
    assert sorted(ocrbatch.__all__) == sorted(set(ocrbatch.__all__)) == sorted(dir(ocrbatch))
    for name in ocrbatch.__all__:
        assert getattr(ocrbatch, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = ocrbatch.Nothing


def values_of(page: ocrbatch.PageResult) -> list[str]:
    return [field.value for field in page.fields]


def test_a_path_and_its_bytes_read_alike() -> None:
    path = SAMPLES / "card-grey.png"
    pages = [next(ocrbatch.read(source)) for source in (path, str(path), path.read_bytes())]
    assert [len(page.fields) for page in pages] == [8, 8, 8]
    assert values_of(pages[0]) == values_of(pages[1]) == values_of(pages[2])


def test_an_array_reads_as_the_same_pixels_in_a_file_without_dpi() -> None:
    content = (SAMPLES / "card-grey.png").read_bytes()
    pixels: Grey = np.asarray(Image.open(io.BytesIO(content)).convert("L"))
    (page,) = ocrbatch.read(cv2.imencode(".png", pixels)[1].tobytes())
    for array in (pixels, np.dstack([pixels] * 3)):
        assert [values_of(read) for read in ocrbatch.read(array)] == [values_of(page)]


def claim_pages(pages: Iterable[Page], classifier: object, *, index: object, **_: object) -> Iterator[ReadPage]:
    """Read every page as page 1 of the form that was given."""
    assert index == (CLAIM,)
    for page in pages:
        yield ReadPage(ocrbatch.PageResult(page.number, "claim", ocrbatch.PageStatus.READ, "", 1.0, 0.0, ()), page)


@pytest.mark.parametrize("several", [True, False])
def test_forms_are_looked_for_and_their_missing_pages_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, several: bool
) -> None:
    def given(paths: list[Path]) -> tuple[Form, ...]:
        return (CLAIM,) if paths == [tmp_path] else ()

    monkeypatch.setattr("ocrbatch.form.store.load_forms", given)
    monkeypatch.setattr("ocrbatch.api.index_forms", tuple)
    monkeypatch.setattr("ocrbatch.api.read_pages", claim_pages)
    (page,) = ocrbatch.read(drawn(), forms=[str(tmp_path)] if several else str(tmp_path))
    assert (page.status, page.reason) == (ocrbatch.PageStatus.REVIEW, "missing page 2 of claim")


def test_a_bad_form_is_named_before_the_first_page(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("name = ")
    with pytest.raises(ocrbatch.FormError, match=r"bad.toml"):
        ocrbatch.read(drawn(), forms=[tmp_path / "bad.toml"])


def test_accept_decides_what_is_accepted() -> None:
    strict, loose = (next(ocrbatch.read(SAMPLES / "card-grey.png", accept=a)) for a in (1.0, 0.0))
    accepted = [sum(f.status is ocrbatch.Status.ACCEPTED for f in page.fields) for page in (strict, loose)]
    assert accepted[0] < accepted[1]


def test_bytes_that_are_no_picture_are_a_failed_page() -> None:
    (page,) = ocrbatch.read(b"no picture")
    assert (page.status, page.fields) == (ocrbatch.PageStatus.FAILED, ())
    assert page.reason.startswith("not an image")


def test_faults_of_the_call_are_named_before_the_first_page(tmp_path: Path) -> None:
    with pytest.raises(ocrbatch.InputError, match=r"nowhere.png: cannot be read"):
        ocrbatch.read(tmp_path / "nowhere.png")
    with pytest.raises(ocrbatch.ModelError):
        ocrbatch.read(b"", model=tmp_path / "nowhere.tflite")
    with pytest.raises(ocrbatch.UsageError, match="float64"):
        ocrbatch.read(np.zeros((5, 5)))  # type: ignore[arg-type]
    with pytest.raises(ocrbatch.UsageError, match="accept"):
        ocrbatch.read(b"", accept=99.5)


def test_a_picture_that_is_one_field_is_read_whole() -> None:
    for picture in (drawn("2"), 255 - drawn("2")):
        (page,) = ocrbatch.read(picture, whole="digit")
        assert page.form == "whole"
        assert [(field.name, field.value) for field in page.fields] == [("whole", "2")]
    (page,) = ocrbatch.read(drawn("2"), whole="boxes")
    assert (page.fields, page.reason) == ((), "no boxes found")


def test_whole_is_one_of_three_words_and_excludes_forms() -> None:
    with pytest.raises(ocrbatch.UsageError, match="boxes, string, digit"):
        ocrbatch.read(drawn(), whole="digits")  # type: ignore[arg-type]
    with pytest.raises(ocrbatch.UsageError, match="exclude"):
        ocrbatch.read(drawn(), whole="digit", forms="samples/forms")


def test_read_leaves_the_callers_array_alone() -> None:
    pixels = drawn()
    list(ocrbatch.read(pixels))
    assert pixels.flags.writeable


@pytest.mark.parametrize("size", [(28, 28), (80, 60), (200, 300)])
def test_a_digit_is_told_at_any_size_and_polarity(model: ocrbatch.Model, size: tuple[int, int]) -> None:
    dark = drawn("2", size)
    pale = (np.float32(110) + dark.astype(np.float32) / 4).astype(np.uint8)
    told = model.predict([dark, 255 - dark, np.dstack([dark] * 3), pale])
    assert [digit.label for digit in told] == ["2"] * 4
    for digit in told:
        assert digit.top3[0] == (digit.label, digit.confidence)
        assert len(digit.top3) == 3


def test_an_empty_picture_is_no_digit(model: ocrbatch.Model) -> None:
    for level in (0, 128, 255):
        assert model.predict([np.full((40, 40), level, np.uint8)])[0].label is None
    assert model.predict([]) == []


def test_a_picture_of_another_kind_is_refused(model: ocrbatch.Model) -> None:
    for wrong in (np.zeros((0, 5), np.uint8), np.zeros(5, np.uint8), np.zeros((4, 4, 2), np.uint8)):
        with pytest.raises(ocrbatch.UsageError, match="shape"):
            model.predict([wrong])


def test_a_models_name_and_content_are_told(model: ocrbatch.Model) -> None:
    assert model.name == "digits"
    assert len(model.sha256) == 64
