"""What the way of a page costs, in counts that are the same on every machine: passes, decodings, memory, imports."""

import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import cv2
import numpy as np
import pypdfium2
import pytest
from PIL import Image

from ocrbatch.form.acceptance import Acceptance
from ocrbatch.form.store import load_forms
from ocrbatch.form.template import Form
from ocrbatch.job.sources import Source
from ocrbatch.job.worker import Reader, Task
from ocrbatch.model.card import load_model_file
from ocrbatch.page.reader import prepare
from ocrbatch.page.registration.index import FormIndex, index_forms
from ocrbatch.records import Page, read_only
from tests.bench.sheets import COLOUR, DPI, FEW, KINDS, SCAN, packed, sheet, write_form
from tests.helpers.render import render_page
from tests.page.whole_page import Passes, counted, watched

WHOLE_PASSES = 2
"""So often may all of a page's pixels be gone over, once they are decoded."""
PAGES_OF_PIXELS = {"form": 3.5, "no form": 10.0}
"""So many pages' worth of pixels may be gone over in all, those of reduced pages included."""
FLOAT_BYTES = 4
FILES = 2
MAX_PIXELS = 100_000_000
RUN = "from ocrbatch.commands.app import main; main()"
SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(1, read_only(render_page(sheet(FEW, 0), dpi=DPI, scan=SCAN).pixels), DPI)


@pytest.fixture(scope="module")
def form(tmp_path_factory: pytest.TempPathFactory) -> Form:
    (form,) = load_forms([write_form(FEW, tmp_path_factory.mktemp("form"))])
    return form


@pytest.fixture(params=PAGES_OF_PIXELS)
def index(request: pytest.FixtureRequest, form: Form) -> FormIndex | None:
    return index_forms([form]) if request.param == "form" else None


def passes_of(page: Page, index: FormIndex | None) -> Passes:
    # What is made ready with the first page is no part of what a page costs.
    prepare(page, index)
    with counted(page.pixels.size) as passes:
        prepared = prepare(Page(1, watched(page.pixels, passes), page.dpi), index)
    assert prepared.tile_count >= 0.9 * FEW
    return passes


def test_all_of_a_page_is_gone_over_no_more_often_than_it_must(page: Page, index: FormIndex | None) -> None:
    passes = passes_of(page, index)
    assert 0 < len(passes.whole) <= WHOLE_PASSES, passes.whole


def test_no_more_pixels_are_gone_over_than_so_many_pages_have(page: Page, index: FormIndex | None) -> None:
    shares = passes_of(page, index).shares
    assert shares.total() <= PAGES_OF_PIXELS["form" if index else "no form"], shares.most_common()


def test_no_whole_page_is_made_of_floats(page: Page, index: FormIndex | None) -> None:
    assert not passes_of(page, index).floats
    tracemalloc.start()
    try:
        prepare(page, index)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # Not even beside nothing else would there have been room for one.
    assert most < FLOAT_BYTES * page.pixels.size


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_is_decoded_once(kind: str, page: Page, form: Form, tmp_path: Path) -> None:
    content = packed(kind, np.dstack([page.pixels] * 3) if kind == COLOUR else page.pixels)
    sources = [Source(f"{number}", tmp_path / f"{number}") for number in range(FILES)]
    for source in sources:
        (tmp_path / source.name).write_bytes(content)
    # The forms are made ready before: their pictures are decoded for that.
    reader = Reader(Task(load_model_file(), tmp_path / "out", Acceptance(0.995), MAX_PIXELS, forms=(form,)))
    with unpacked() as times:
        files = reader.read(sources, lambda at: None)
    assert [len(page.result.fields) for file in files for page in file.pages] == [len(form.pages[0].fields)] * FILES
    assert len(times) == FILES, times


@contextmanager
def unpacked() -> Iterator[list[str]]:
    """List each time that a library turns packed bytes into pixels."""
    times: list[str] = []

    def noting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*inputs: Any, **options: Any) -> Any:
            times.append(name)
            return function(*inputs, **options)

        return called

    with (
        patch.object(cv2, "imdecode", noting("imdecode", cv2.imdecode)),
        patch.object(Image, "_getdecoder", noting("Pillow", Image._getdecoder)),
        patch.object(pypdfium2.PdfPage, "render", noting("PDFium", pypdfium2.PdfPage.render)),
    ):
        yield times


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put something in TensorFlow's and Keras' place, in every process; gives the file that names what was imported."""
    names = tmp_path / "imported"
    for name in ("tensorflow", "keras"):
        double = tmp_path / "doubles" / name / "__init__.py"
        double.parent.mkdir(parents=True)
        double.write_text(f"open({str(names)!r}, 'a').write('{name}')\nraise ImportError({name!r})\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "doubles"))
    return names


def test_a_run_imports_no_tensorflow(imported: Path, tmp_path: Path) -> None:
    words = ["run", str(SAMPLES / "slip-green.jpg"), "-o", str(tmp_path / "out"), "--jobs", "1"]
    subprocess.run([sys.executable, "-c", RUN, *words], check=True, capture_output=True, timeout=120)
    assert (tmp_path / "out" / "results.csv").exists()
    assert not imported.exists()


def test_an_import_of_tensorflow_in_a_process_of_a_run_would_be_seen(imported: Path) -> None:
    code = "import contextlib\nwith contextlib.suppress(ImportError):\n    import keras"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert imported.read_text() == "keras"


def test_what_goes_over_a_whole_page_is_seen_whoever_does_it() -> None:
    pixels = np.zeros((40, 50), np.uint8)
    with counted(pixels.size) as passes:
        page = watched(pixels, passes)
        cv2.blur(page, (3, 3)).max()
        _ = page[::2, ::2].mean() + page[3:5].sum()
        cv2.warpPerspective(page, np.eye(3), (4, 4))
        _ = page.astype(np.float32) > 3
        page[page > 200].any()
    assert passes.whole == ["blur", "maximum", "astype", "greater", "greater", "[]"]
    assert passes.floats == ["astype", "greater"]
    assert 0.25 <= passes.shares["add"] < 0.5
