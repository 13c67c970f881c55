import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from ocrbatch.errors import OutputError
from ocrbatch.form.acceptance import Acceptance
from ocrbatch.form.template import Form
from ocrbatch.job import opened, worker
from ocrbatch.job.processes import At
from ocrbatch.job.sources import ReadFile, Source, list_sources
from ocrbatch.job.worker import Reader, Task
from ocrbatch.output.files import picture_path
from ocrbatch.records import FilePage, Page, PageFailure, PageResult, PageStatus, Probabilities, ReadPage, Tiles
from tests.form.values import a_form
from tests.job.fakes import MODEL, folder_of
from tests.output.values import a_field


def nowhere(at: At) -> None:
    """Hear where a reader is, and let it be."""


class NoScores:
    def scores(self, tiles: Tiles) -> Probabilities:
        return np.zeros((len(tiles), 11), np.float32)


def decode(data: bytes, *, max_pixels: int) -> Iterator[Page | PageFailure]:
    """Give a page a letter: x is a picture, - a failure, b one on which the reading breaks; ! breaks itself.

    With forms, a digit is that page of ``claim``, and any other letter no known form.
    """
    for number, letter in enumerate(data.decode(), 1):
        if letter == "!":
            raise RuntimeError
        if letter == "-":
            yield PageFailure(number, "truncated")
        else:
            yield Page(number, np.full((40, 60), ord(letter), np.uint8), None)


def read_pages(
    pages: Iterable[Page | PageFailure], classifier: object, *, strings: object, index: object, accept: Acceptance
) -> Iterator[ReadPage]:
    for page in list(pages):
        if isinstance(page, PageFailure):
            yield ReadPage(PageResult(page.number, "", PageStatus.FAILED, page.code, 0.0, 0.0, ()), None)
            continue
        if page.pixels[0, 0] == ord("b"):
            raise ZeroDivisionError
        if page.pixels[0, 0] == ord("m"):
            raise MemoryError
        if index is None:
            result = PageResult(page.number, "auto", PageStatus.READ, "", 1.0, 0.0, (a_field(x=5, y=5),))
        elif chr(page.pixels[0, 0]).isdigit():
            number = int(chr(page.pixels[0, 0]))
            field = a_field(f"no/{number}", x=5, y=5)
            result = PageResult(page.number, "claim", PageStatus.READ, "", 1.0, 0.0, (field,), number)
        else:
            result = PageResult(page.number, "", PageStatus.REVIEW, "unknown form", 0.1, 0.0, ())
        yield ReadPage(result, page)


@pytest.fixture(autouse=True)
def _simple_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opened, "decode", decode)
    monkeypatch.setattr(worker, "read_pages", read_pages)
    monkeypatch.setattr(worker, "index_forms", tuple)


CLAIM = a_form("claim", ("no/1",), ("no/2",))


def reader(place: Path, *, crops: bool = False, overlays: bool = False, forms: tuple[Form, ...] = ()) -> Reader:
    return Reader(Task(MODEL, place / "out", Acceptance(0.995), 1_000_000, crops, overlays, forms), NoScores())


def reasons(place: Path, files: dict[str, str], forms: tuple[Form, ...] = ()) -> dict[str, list[str]]:
    sources = list_sources([folder_of(place, files)], place / "out")
    at: list[At] = []
    files_read = reader(place, forms=forms).read(sources, at.append)
    assert {one.place for one in at} == set(range(len(sources)))
    read = [file.pages for file in files_read]
    for source, pages in zip(sources, read, strict=True):
        assert {page.file for page in pages} == {source.name}
        assert [page.result.page for page in pages] == list(range(1, len(pages) + 1))
    return {s.name: [p.result.reason.split(" at ")[0] for p in pages] for s, pages in zip(sources, read, strict=True)}


def test_pages_are_given_to_their_files(tmp_path: Path) -> None:
    files = {"a.tif": "xx-x", "b.png": "x", "c.png": "-"}
    assert reasons(tmp_path, files) == {"a.tif": ["", "", "truncated", ""], "b.png": [""], "c.png": ["truncated"]}


def test_a_page_on_which_the_code_breaks_fails_alone(tmp_path: Path) -> None:
    broken = "internal error: ZeroDivisionError"
    assert reasons(tmp_path, {"a.tif": "xbx", "b.png": "x"}) == {"a.tif": ["", broken, ""], "b.png": [""]}


def test_a_file_on_which_decoding_breaks_keeps_the_pages_before(tmp_path: Path) -> None:
    assert reasons(tmp_path, {"a.tif": "x!", "b.png": "x"}) == {
        "a.tif": ["", "internal error: RuntimeError"],
        "b.png": [""],
    }


def test_the_crop_of_a_forms_field_lies_within_its_folder_whatever_its_name(tmp_path: Path) -> None:
    sources = list_sources([folder_of(tmp_path, {"a.tif": "12"})], tmp_path / "out")
    (file,) = reader(tmp_path, crops=True, overlays=True, forms=(CLAIM,)).read(sources, nowhere)
    crops = [crop for page in file.pages for crop in page.crops]
    assert all((tmp_path / "out" / crop).parent == tmp_path / "out/crops/a.tif" for crop in crops)
    assert len({crop for crop in crops if (tmp_path / "out" / crop).is_file()}) == 2


def test_a_file_without_pages_fails(tmp_path: Path) -> None:
    assert reasons(tmp_path, {"a.pdf": ""}) == {"a.pdf": ["broken"]}


def test_a_file_that_is_gone_is_a_failed_page(tmp_path: Path) -> None:
    (file,) = reader(tmp_path).read([Source("a.png", tmp_path / "a.png")], nowhere)
    (page,) = file.pages
    assert file.again
    assert (page.result.reason, page.result.status, page.sha256) == ("vanished", PageStatus.FAILED, "")


def test_the_sha256_is_that_of_the_bytes_that_were_read(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"a.tif": "xx"})
    (file,) = reader(tmp_path).read(list_sources([folder], tmp_path / "out"), nowhere)
    status = (folder / "a.tif").stat()
    assert {page.sha256 for page in file.pages} == {file.sha256} == {hashlib.sha256(b"xx").hexdigest()}
    assert (file.size, file.mtime_ns, file.again) == (status.st_size, status.st_mtime_ns, False)


def test_alone_a_file_is_read_from_a_page_on(tmp_path: Path) -> None:
    (source,) = list_sources([folder_of(tmp_path, {"a.tif": "xxbx"})], tmp_path / "out")
    at: list[At] = []
    *pages, file = reader(tmp_path).read_alone(source, 3, at.append)
    numbers = [page.result.page for page in pages if isinstance(page, FilePage)]
    assert numbers == [3, 4]
    assert [one.page for one in at if not one.decoded] == [1, 2, 3, 4, 5]
    assert [one.page for one in at if one.decoded] == [3, 4]
    assert isinstance(file, ReadFile)
    assert (file.pages, file.size, file.again) == ((), 4, False)


def test_a_page_for_which_there_is_no_room_fails_and_is_tried_again(tmp_path: Path) -> None:
    (source,) = list_sources([folder_of(tmp_path, {"a.tif": "xmx"})], tmp_path / "out")
    (file,) = reader(tmp_path).read([source], nowhere)
    assert [page.result.reason for page in file.pages] == ["", "out of memory", ""]
    assert file.again
    *_, alone = reader(tmp_path).read_alone(source, 1, nowhere)
    assert isinstance(alone, ReadFile)
    assert alone.again


@pytest.mark.parametrize("name", ["sub/a.png", "n" * 250 + ".png", "a\nb.png", "%5c\\.png"])
def test_pictures_are_written_where_the_table_says(tmp_path: Path, name: str) -> None:
    sources = list_sources([folder_of(tmp_path, {name: "x"})], tmp_path / "out")
    (file,) = reader(tmp_path, crops=True, overlays=True).read(sources, nowhere)
    (page,) = file.pages
    assert page.crops == (f"crops/{picture_path(name)}/1-r01.png",)
    files = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert files == {*page.crops, f"overlays/{picture_path(name)}.p1.jpg"}


def test_two_names_never_share_a_picture() -> None:
    names = ["a\nb.png", "a_b.png", "a\\nb.png", "a\tb.png", "\udcff.png", "a.png ", "a.png", "n" * 250, "n" * 251]
    assert len({picture_path(name) for name in names}) == len(names)


def test_pictures_that_cannot_be_written_end_the_job(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/overlays").write_text("a file")
    sources = list_sources([folder_of(tmp_path, {"a.png": "x"})], tmp_path / "out")
    with pytest.raises(OutputError):
        reader(tmp_path, overlays=True).read(sources, nowhere)
