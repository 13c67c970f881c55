"""Cases 22 to 24: names and numbers that tables and spreadsheets like to lose, in whole jobs."""

import csv
import dataclasses
import io
import json
import os
import shutil
import subprocess
import unicodedata
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest

from ocrbatch.commands.job_options import JobOptions
from ocrbatch.output.escape import FORMULA_STARTS, unescape_name
from ocrbatch.output.results import read_results
from tests.faults.among import Among, Read
from tests.faults.bad_pictures import Files, picture_of_digit, picture_of_number
from tests.faults.launch import Launcher

DIGITS = ("--whole", "digit")
PICTURES = ("--crops", "--overlays", "--jsonl")
NAMES = [
    os.fsdecode(b"\xff\xfe\x80.png"),
    os.fsdecode(b"Sch\xe4den.png"),
    "n" * 251 + ".png",
    "é" * 125 + "n.png",
    "a\nb.png",
    "a\r\nb.png",
    "a\tb.png",
    "a b .png",
    'qu"ote.png',
    "quo'te.png",
    "com,ma;semi.png",
    "-leading.png",
    "\N{SMILING FACE WITH SUNGLASSES}.png",
    "\u200fa\u202egnp.png",
    unicodedata.normalize("NFC", "Müller é.png"),
    unicodedata.normalize("NFD", "Müller é.png"),
    "back\\slash.png",
    "\\x41.png",
    "%41&amp;.png",
    "NA.png",
    "\x7f\x1b[2J.png",
]
FORMULAS = [f"{sign}1+1 {number}.png" for number, sign in enumerate([*FORMULA_STARTS, "\t=", "\r=", "\n="])]
LONG = "0012345678901230"
"""Sixteen digits: as a number, a spreadsheet loses the zeros in front and the last digit."""
HAS_WORKBOOKS = "xlsx" in {field.name for field in dataclasses.fields(JobOptions)}
OFFICE = shutil.which("soffice") or shutil.which("libreoffice")
OFFICE_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"


@pytest.fixture(scope="module")
def among(launcher: Launcher, tmp_path_factory: pytest.TempPathFactory) -> Among:
    return Among(launcher, tmp_path_factory.mktemp("names"))


def named(names: list[str]) -> Files:
    """Give each name a picture of a content of its own."""
    return {name: picture_of_digit(number % 10) + b"%d" % number for number, name in enumerate(names)}


@pytest.fixture(scope="module")
def odd(among: Among) -> Read:
    return among.read(named(NAMES), *DIGITS, *PICTURES, code=0, good={})


@pytest.fixture(scope="module")
def formulas(among: Among) -> Read:
    return among.read(named(FORMULAS), *DIGITS, "--jsonl", code=0, good={})


def test_case_22_a_file_of_any_name_has_one_record_and_its_name_reads_back(odd: Read) -> None:
    assert sorted(odd.pages) == sorted(odd.fields) == sorted(NAMES)
    assert {len(rows) for rows in odd.pages.values()} == {len(rows) for rows in odd.fields.values()} == {1}
    assert [row.file for row in read_results(odd.output)] == sorted(NAMES, key=os.fsencode)
    # One line each, in every program that reads lines, and nothing that moves a cursor.
    text = (odd.output / "pages.csv").read_bytes().decode()
    assert len(text.splitlines()) == text.count("\r\n") == len(NAMES) + 1
    assert not [sign for sign in text if unicodedata.category(sign) == "Cc" and sign not in "\r\n"]
    table = pd.read_csv(odd.output / "pages.csv", dtype=str, keep_default_na=False)
    assert [unescape_name(name) for name in table["file"]] == sorted(NAMES, key=os.fsencode)
    lines = (odd.output / "results.jsonl").read_text("utf-8").split("\n")[:-1]
    assert [unescape_name(json.loads(line)["file"]) for line in lines] == sorted(NAMES, key=os.fsencode)


def test_case_22_each_has_its_own_pictures_whatever_it_is_called(odd: Read) -> None:
    crops = [row["crop"] for rows in odd.fields.values() for row in rows]
    assert len(set(crops)) == len(NAMES)
    assert all((odd.output / crop).is_file() for crop in crops)
    assert len(list((odd.output / "overlays").rglob("*.jpg"))) == len(NAMES)


def test_case_22_names_are_the_same_files_the_next_time(launcher: Launcher, odd: Read) -> None:
    again = launcher.run("run", odd.output.with_name("in"), "-o", odd.output, *DIGITS, *PICTURES, "--json")
    assert again.code == 0, again
    told = json.loads(again.out)
    assert (told["files"], told["files_read"]) == (len(NAMES), 0)


def cells(text: str, separator: str) -> list[str]:
    return [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) for cell in row]


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return cell.isascii()


def test_case_23_no_cell_begins_as_a_formula(formulas: Read) -> None:
    assert sorted(formulas.pages) == sorted(FORMULAS)
    tables = [*formulas.output.glob("*.csv"), *formulas.output.glob("forms/*.csv")]
    assert len(tables) == 3
    for table in tables:
        found = cells(table.read_bytes().decode(), ",")
        assert not [cell for cell in found if cell.startswith(tuple(FORMULA_STARTS + "\t\r\n")) and not is_number(cell)]
        # In the first column of each row but the heading's.
        assert sum("1+1" in cell for cell in found) >= len(FORMULAS)


@pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not here")
def test_case_23_libreoffice_finds_no_formula(formulas: Read, tmp_path: Path) -> None:
    for table in (formulas.output / "results.csv", formulas.output / "pages.csv"):
        shutil.copy(table, tmp_path)
        profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
        call = [str(OFFICE), profile, "--headless", "--convert-to", "fods", "--outdir", str(tmp_path), table.name]
        subprocess.run(call, cwd=tmp_path, check=True, capture_output=True, timeout=300)
        sheet = ElementTree.parse(tmp_path / f"{table.stem}.fods")
        found = list(sheet.iter(f"{OFFICE_TABLE}table-cell"))
        assert len(found) > len(FORMULAS)
        assert not [cell for cell in found if f"{OFFICE_TABLE}formula" in cell.attrib]


@pytest.fixture(scope="module")
def number(among: Among) -> Read:
    """Read a comb of sixteen digits."""
    return among.read({"number.png": picture_of_number(LONG)}, "--whole", "boxes", "--jsonl", code=0, good={})


def test_case_24_leading_zeros_and_long_numbers_survive_in_every_table(number: Read) -> None:
    assert number.values("number.png") == [LONG]
    (line,) = (number.output / "results.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["value"] == LONG
    assert LONG in cells((number.output / "forms/whole.csv").read_bytes().decode(), ",")
    assert [row.value for row in read_results(number.output)] == [LONG]


@pytest.mark.skipif(not HAS_WORKBOOKS, reason="there is no --xlsx yet")
def test_case_24_leading_zeros_and_long_numbers_survive_in_a_workbook(launcher: Launcher, number: Read) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    output = number.output.with_name("workbook")
    assert launcher.run("run", number.output.with_name("in"), "-o", output, "--whole", "boxes", "--xlsx").code == 0
    found = [
        cell
        for sheet in openpyxl.load_workbook(output / "results.xlsx")
        for row in sheet.iter_rows()
        for cell in row
        if str(cell.value).lstrip("0") == LONG.lstrip("0")
    ]
    assert found
    assert {(cell.value, cell.data_type) for cell in found} == {(LONG, "s")}


@pytest.mark.skipif(not HAS_WORKBOOKS, reason="there is no --xlsx yet")
def test_case_23_no_cell_of_a_workbook_is_a_formula(launcher: Launcher, formulas: Read) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    output = formulas.output.with_name("workbook")
    assert launcher.run("run", formulas.output.with_name("in"), "-o", output, *DIGITS, "--xlsx").code == 0
    found = [
        cell
        for sheet in openpyxl.load_workbook(output / "results.xlsx")
        for row in sheet.iter_rows()
        for cell in row
        if "1+1" in str(cell.value)
    ]
    assert found
    assert not [cell for cell in found if cell.data_type == "f" or str(cell.value).startswith(tuple(FORMULA_STARTS))]
