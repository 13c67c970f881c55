import csv
import io
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from ocrbatch.records import Page, ReadPage
from tests.commands.conftest import Command
from tests.form.values import a_form
from tests.output.values import a_page, an_unregistered_page

CLAIM = a_form("claim", ("r01", "r02"), ("r03",))


def test_the_rows_are_those_of_a_job(command: Command, scans: Path, tmp_path: Path) -> None:
    command("run", scans, "-o", tmp_path / "out", "--jobs", "1")
    told = command("read", scans / "slip.jpg", "--csv")
    assert told.code == 0
    read, run = (
        list(csv.DictReader(io.StringIO(text, newline="")))
        for text in (told.out, (tmp_path / "out/results.csv").read_bytes().decode())
    )
    assert len(read) > 0
    assert [row | {"file": ""} for row in read] == [row | {"file": ""} for row in run]


def test_standard_input_is_read_as_a_file_is(command: Command, scans: Path) -> None:
    scan = scans / "slip.jpg"
    piped = command("read", "-", "--json", data=scan.read_bytes())
    named = command("read", scan, "--json")
    assert piped.code == named.code == 0
    fields = [[json.loads(line) | {"file": ""} for line in told.out.splitlines()] for told in (piped, named)]
    assert fields[0] == fields[1] != []


def test_a_person_sees_a_table_of_the_same_values(command: Command, scans: Path) -> None:
    told = command("read", scans / "slip.jpg")
    fields = [json.loads(line) for line in command("read", scans / "slip.jpg", "--json").out.splitlines()]
    assert told.code == 0
    assert all(field["field"] in told.out and field["value"] in told.out for field in fields)


def test_many_files_have_one_header(command: Command, scans: Path) -> None:
    (scans / "broken.png").write_text("no picture")
    told = command("read", scans / "broken.png", scans / "slip.jpg", scans / "slip.jpg", "--csv")
    assert told.code == 3
    assert told.out.count("runner_up") == 1
    assert told.out.startswith("file,page,")
    assert "broken.png, page 1: not an image" in told.err


def test_what_cannot_be_opened_is_told(command: Command, scans: Path) -> None:
    told = command("read", scans / "none.png", "--csv")
    assert (told.code, told.out) == (4, "")
    assert "none.png" in told.err
    assert command("read", scans).code == 4


def test_two_forms_at_once_are_a_usage_error(command: Command, scans: Path) -> None:
    assert command("read", scans / "slip.jpg", "--csv", "--json").code == 2


def test_forms_are_looked_for_and_their_missing_pages_named(
    command: Command, scans: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def claim_pages(pages: Iterable[Page], classifier: object, *, index: object, **_: object) -> Iterator[ReadPage]:
        assert index == (CLAIM,)
        for page in pages:
            yield ReadPage(a_page(page=page.number, form="claim").result, page)

    monkeypatch.setattr("ocrbatch.form.store.load_forms", lambda paths: (CLAIM,) if paths == [Path("forms")] else ())
    monkeypatch.setattr("ocrbatch.page.registration.index.index_forms", tuple)
    monkeypatch.setattr("ocrbatch.page.reader.read_pages", claim_pages)
    told = command("read", scans / "slip.jpg", "-f", "forms")
    assert told.code == 0
    assert "page 1: claim, its page 1" in " ".join(told.out.split())
    assert "slip.jpg, page 1: missing page 2 of claim" in told.err


def test_a_page_that_is_no_known_form_is_told_with_the_mend(
    command: Command, scans: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> Iterator[ReadPage]:
        yield ReadPage(an_unregistered_page().result, None)

    monkeypatch.setattr("ocrbatch.page.reader.read_pages", unknown)
    told = command("read", scans / "slip.jpg")
    assert (told.code, told.out) == (0, "")
    assert "slip.jpg, page 1: unknown form" in told.err
    assert "ocrbatch form show FORM SCAN" in told.err


def test_a_bad_form_is_told_before_a_page_is_read(command: Command, scans: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("name = ")
    told = command("read", scans / "slip.jpg", "-f", tmp_path / "bad.toml")
    assert (told.code, told.out) == (8, "")
    assert "bad.toml" in told.err


def test_a_model_that_is_none_is_told_before_a_page_is_read(command: Command, scans: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.tflite").write_bytes(b"no model")
    told = command("read", scans / "slip.jpg", "-m", tmp_path / "bad.tflite")
    assert (told.code, told.out) == (7, "")
