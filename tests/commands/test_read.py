import csv
import io
import json
from pathlib import Path

from tests.commands.conftest import Command


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


def test_a_model_that_is_none_is_told_before_a_page_is_read(command: Command, scans: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.tflite").write_bytes(b"no model")
    told = command("read", scans / "slip.jpg", "-m", tmp_path / "bad.tflite")
    assert (told.code, told.out) == (7, "")
