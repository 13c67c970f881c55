import io
import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrbatch.errors import OutputError
from ocrbatch.form.rules import parse_rule
from ocrbatch.form.template import Form
from ocrbatch.job.corrected import CORRECTED, NOT_READABLE
from ocrbatch.output import workbook, workbook_sheets
from ocrbatch.output.escape import FORMULA_STARTS, unescape_name
from ocrbatch.output.files import PARTS, WORKBOOK
from ocrbatch.output.tables import TableOptions, write_tables
from ocrbatch.output.workbook import DOUBTFUL, SETTLED, doubtful
from ocrbatch.output.workbook_checks import CELL, MARKS, check_of
from ocrbatch.output.workbook_sheets import SheetNames
from ocrbatch.page.strokes import CROSSED, STRUCK_OUT, TICKED
from ocrbatch.records import FieldReading, FilePage, Status
from ocrbatch.review.table_rows import read_rows
from tests.form.values import a_form
from tests.output.values import a_failed_page, a_field, a_page

CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false"
Rows = list[dict[str, Any]]


def write(folder: Path, pages: list[FilePage], *, forms: tuple[Form, ...] = (), xlsx: bool = True) -> None:
    totals = {"files": 1, "pages": {"read": 1}, "fields": {"review": 2}}
    write_tables(folder, lambda: iter(pages), {"totals": totals}, forms=forms, options=TableOptions(xlsx=xlsx))


def opened(folder: Path) -> Any:
    return openpyxl.load_workbook(folder / WORKBOOK)


def rows(folder: Path, sheet: str = "review") -> Rows:
    cells = opened(folder)[sheet].iter_rows()
    names = [cell.value for cell in next(cells)]
    return [dict(zip(names, row, strict=True)) for row in cells]


def values(folder: Path, sheet: str = "review") -> Rows:
    return [{name: cell.value for name, cell in row.items()} for row in rows(folder, sheet)]


def doubted(value: str = "042", confidence: float = 0.5, name: str = "r01", **other: Any) -> FieldReading:
    field = a_field(name, value, Status.REVIEW)
    sure = (0.999,) * sum(not sign.isspace() for sign in value)
    return replace(field, **{"confidence": confidence, "digit_confidence": sure, **other})


def a_picture(folder: Path, name: str = "crops/a.png", width: int = 300, height: int = 60) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((height, width), 200, np.uint8)
    pixels[:, len(name) % width] = 0
    path.write_bytes(bytes(cv2.imencode(".png", pixels)[1]))
    return name


def test_what_waits_is_on_the_first_sheet_the_least_sure_first(tmp_path: Path) -> None:
    fields = (doubted("1", 0.6, "a"), a_field("b"), doubted("2", 0.2, "c"), doubted("3", 0.9, "d"))
    invalid = replace(doubted("4", 0.7, "e"), status=Status.INVALID)
    write(tmp_path, [a_page(fields=(*fields, invalid)), a_failed_page()])
    assert opened(tmp_path).sheetnames == ["review", "fields", "auto", "summary"]
    assert [(row["value"], row["field"]) for row in values(tmp_path)] == [
        ("2", "c"),
        ("1", "a"),
        ("4", "e"),
        ("3", "d"),
    ]
    row = values(tmp_path)[0]
    assert (row["file"], row["page"], row["form"], row["corrected"]) == ("a.png", 1, "auto", None)
    assert (row["confidence"], row["runner_up"], row["was"], row["sha256"]) == (0.2, "043", "2", "ab" * 32)
    assert row["reasons"] == "low confidence in cell 2; touches edge in cell 1"


def test_a_field_that_nobody_can_read_waits_no_longer(tmp_path: Path) -> None:
    assert SETTLED == CORRECTED
    settled = replace(doubted(), status=Status.INVALID, value="", reasons=(CORRECTED, NOT_READABLE))
    write(tmp_path, [a_page(fields=(settled,))])
    assert values(tmp_path) == []
    assert [row["status"] for row in values(tmp_path, "fields")] == ["invalid"]


def test_zeros_before_a_number_and_sixteen_digits_stay(tmp_path: Path) -> None:
    write(tmp_path, [a_page(fields=(doubted("00042"), a_field("b", "1234567890123456")))])
    assert [row["value"] for row in values(tmp_path, "fields")] == ["00042", "1234567890123456"]
    assert (values(tmp_path)[0]["value"], values(tmp_path)[0]["was"]) == ("00042", "00042")
    (own,) = values(tmp_path, "auto")
    assert (own["r01"], own["b"]) == ("00042", "1234567890123456")
    assert own["lowest_confidence"] == 0.5
    assert rows(tmp_path)[0]["corrected"].number_format == "@"


names = st.text(st.characters(exclude_categories=()), min_size=1, max_size=12).filter(lambda text: "\0" not in text)


odd = st.sampled_from(["=1+1", "+1", "@a", "-2", "\t=1", "＝1", "_x0041_", "a\r\nb"])


@settings(deadline=None, max_examples=15)
@given(st.lists(st.one_of(names, odd), min_size=1, max_size=4))
def test_every_cell_is_a_text_or_a_number_whatever_a_file_is_called(
    tmp_path_factory: pytest.TempPathFactory, files: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("out")
    pages = [a_page(file, fields=(doubted(name=file, reasons=(file,)),)) for file in files]
    write(folder, pages)
    for sheet in opened(folder):
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type in "sn"
                assert not str(cell.value or "").startswith((*FORMULA_STARTS, "\t", "\r"))
    assert [unescape_name(row["file"]) for row in values(folder, "fields")] == files


def test_only_the_column_for_corrections_takes_any(tmp_path: Path) -> None:
    write(tmp_path, [a_page(fields=(doubted(), doubted("7", name="b")))])
    book = opened(tmp_path)
    assert all(sheet.protection.sheet and not sheet.protection.password for sheet in book)
    for row in rows(tmp_path):
        assert [name for name, cell in row.items() if not cell.protection.locked] == ["corrected"]
    sheet = book["review"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:M3"
    assert not sheet.protection.autoFilter
    hidden = [sheet.cell(1, index).value for index in range(1, 14) if sheet.column_dimensions[chr(64 + index)].hidden]
    assert hidden == ["sha256"]
    assert sheet.column_dimensions["L"].max == 13


def test_doubtful_digits_are_coloured(tmp_path: Path) -> None:
    sure = (0.999, DOUBTFUL - 0.01, 0.999)
    write(tmp_path, [a_page(fields=(doubted(digit_confidence=sure), doubted("7", 0.6, digit_confidence=(0.1,))))])
    book = openpyxl.load_workbook(tmp_path / WORKBOOK, rich_text=True)
    one, other = (book["review"].cell(row, 6) for row in (2, 3))
    runs = [(part.text, bool(part.font.b)) if hasattr(part, "text") else (part, False) for part in one.value]
    assert runs == [("0", False), ("4", True), ("2", False)]
    assert str(one.value) == "042"
    assert (str(other.value), other.font.b) == ("7", True)


def test_signs_that_are_no_digits_are_doubtful_and_a_space_is_not() -> None:
    assert doubtful("1 ?2", (0.999, 0.999, 0.5)) == [False, False, True, True]
    assert doubtful("12", ()) == [False, False]


def test_where_all_digits_are_fairly_sure_the_weakest_is_doubtful() -> None:
    assert doubtful("1 23", (0.998, 0.995, 0.997)) == [False, False, True, False]
    assert doubtful("123", (0.5, 0.995, 0.9)) == [True, False, True]
    assert doubtful("12", (0.9995, 0.9999)) == [False, False]


def test_pictures_are_in_their_cells_and_damaged_ones_are_left_out(tmp_path: Path) -> None:
    crops = [a_picture(tmp_path, f"crops/{name}.png") for name in ("a", "bb", "ccc")]
    (tmp_path / crops[2]).write_bytes(b"\x89PNG\r\n\x1a\nxx")
    (tmp_path / "crops/empty.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + bytes(40))
    crops += ["crops/gone.png", "crops/empty.png"]
    fields = tuple(doubted(str(number), number / 10, f"f{number}") for number in range(5))
    write(tmp_path, [a_page(fields=fields, crops=tuple(crops))])
    images = opened(tmp_path)["review"]._images
    assert [(image.anchor._from.row, image.anchor._from.col) for image in images] == [(1, 0), (2, 0)]
    assert all(image.anchor.to.row == image.anchor._from.row for image in images)
    assert len(values(tmp_path)) == 5


def test_the_workbook_depends_on_nothing_but_the_pages(tmp_path: Path) -> None:
    pages = [a_page(fields=(doubted(),), crops=(a_picture(tmp_path),))]
    write(tmp_path, pages)
    first = (tmp_path / WORKBOOK).read_bytes()
    write(tmp_path, pages)
    assert (tmp_path / WORKBOOK).read_bytes() == first
    assert opened(tmp_path).properties.created == datetime(2000, 1, 1)
    assert (tmp_path / WORKBOOK).stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.glob(".*")) == []


def test_a_workbook_that_is_not_asked_for_any_more_is_removed_with_its_parts(tmp_path: Path) -> None:
    write(tmp_path, [a_page()])
    (tmp_path / PARTS).mkdir()
    (tmp_path / PARTS / "part").touch()
    write(tmp_path, [a_page()], xlsx=False)
    assert not (tmp_path / WORKBOOK).exists()
    assert not (tmp_path / PARTS).exists()


def test_a_disk_that_is_full_leaves_the_old_workbook_and_no_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, [a_page()])
    before = (tmp_path / WORKBOOK).read_bytes(), (tmp_path / "results.csv").read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    for broken in ("zipfile.ZipFile.write", "xlsxwriter.worksheet.Worksheet._write_single_row"):
        with monkeypatch.context() as patch:
            patch.setattr(broken, full)
            with pytest.raises(OutputError, match="No space left"):
                write(tmp_path, [a_page(fields=(doubted(),))])
        assert ((tmp_path / WORKBOOK).read_bytes(), (tmp_path / "results.csv").read_bytes()) == before
        assert list(tmp_path.glob(".*")) == []


def test_more_rows_than_a_sheet_has_go_to_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_sheets, "LAST_ROW", 3)
    monkeypatch.setattr(workbook, "MOST_WAITING", 3)
    fields = tuple(doubted(str(number), number / 10, f"f{number}") for number in range(8))
    write(tmp_path, [a_page(fields=fields)])
    assert [row["value"] for sheet in ("fields", "fields (2)", "fields (3)") for row in values(tmp_path, sheet)] == [
        *"01234567"
    ]
    assert [row["value"] for row in values(tmp_path)] == ["0", "1", "2"]
    told = {row["what"]: row["number"] for sheet in ("", " (2)", " (3)") for row in values(tmp_path, f"summary{sheet}")}
    assert told["fields that wait and are not in the sheet review"] == 5


def test_the_summary_has_the_totals_and_says_what_to_do(tmp_path: Path) -> None:
    write(tmp_path, [a_page()])
    told = {row["what"]: row["number"] for row in values(tmp_path, "summary")}
    assert (told["files"], told["pages read"], told["fields review"]) == (1, 1, 2)
    assert "corrected" in told["How to correct"]


def test_sheets_have_names_that_a_spreadsheet_takes() -> None:
    given_names = ["a/b:c", "A/B:C", "x" * 40, "x" * 40, "History", "'quoted'", "=1", "''", "review"]
    taken = SheetNames()
    found = [taken.new(name) for name in given_names]
    assert len({name.lower() for name in found}) == len(found)
    assert all(0 < len(name) <= 31 and not set("[]:*?/\\") & set(name) and name.lower() != "history" for name in found)
    assert not any(name.startswith(("'", *FORMULA_STARTS)) or name.endswith("'") for name in found)


def load(name: str) -> bytes:
    return b"\n".join(b"%03d" % number for number in range(6 if name == "short" else 900))


def check(*rules: str, kind: str = "boxes", cells: int = 4, blank: str = "allowed") -> Any:
    return check_of(kind, cells, blank, [parse_rule(rule, load) for rule in rules])


def test_rules_become_checks_that_a_spreadsheet_knows() -> None:
    assert f"LEN({CELL})<=4" in check().formula
    assert f'LEN(SUBSTITUTE({CELL}," ",""))=3' in check("length 3").formula
    assert '"0123 "' in check("digits 0-3").formula
    assert f"VALUE({CELL})<=90" in check("range 5 90").formula
    assert "=8," in check("date %d%m%Y", cells=8).formula
    assert f'LEFT({CELL},2)="42"' in check("pattern 42[0-9]{2}").formula
    assert "LEFT" not in check("pattern 4?[0-9]{2}").formula
    assert "LEFT" not in check("pattern 4{2}[0-9]").formula
    assert "LEFT" not in check("pattern 41|52").formula
    assert "VALUE" not in check("range 0 999999999999999999").formula
    assert check("one-of short").choices[:2] == ("000", "001")
    assert not check("one-of long").choices
    assert check(kind="mark").choices[:3] == MARKS == (TICKED, CROSSED, STRUCK_OUT)
    assert '"blank"' not in check(blank="forbidden").formula


def test_checks_are_short_enough_for_a_spreadsheet() -> None:
    rules = ("length 3-4", "digits 0-8", "range 100 8888", "pattern 12345678901234567890[0-9]*", "date %d%m%Y")
    for several in (check(*rules), check()):
        formula = several.of("J1048576")
        assert len(formula) <= 255
        assert formula.count("(") == formula.count(")")


def test_each_field_has_the_check_of_its_rules(tmp_path: Path) -> None:
    own = a_form()
    (page,) = own.pages
    field = replace(page.fields[0], rules=(parse_rule("length 3", load),))
    form = replace(own, pages=(replace(page, fields=(field,)),))
    fields = (doubted("1", 0.1, "free"), doubted("2", 0.2, field.name), doubted("3", 0.3, "free2"))
    write(tmp_path, [a_page(fields=fields, form=form.name)], forms=(form,))
    found = {str(one.sqref): one for one in opened(tmp_path)["review"].data_validations.dataValidation}
    assert sorted(found) == ["J2 J4", "J3"]
    assert 'LEN(SUBSTITUTE(J3," ",""))=3' in found["J3"].formula1
    assert "length 3" in found["J3"].error
    assert "J2" in found["J2 J4"].formula1
    assert [row["rules"] for row in values(tmp_path)] == ["", "length 3", ""]


@pytest.fixture
def office() -> Callable[[Path, str], Path]:
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        pytest.skip("LibreOffice is not installed: apt-get install libreoffice-calc-nogui")

    def convert(path: Path, to: str) -> Path:
        folder = path.parent / "office"
        subprocess.run(
            [program, f"-env:UserInstallation=file://{folder}/home", "--headless", "--convert-to", to, "--outdir",
             folder, path], check=True, capture_output=True, timeout=240, env={**os.environ, "HOME": str(path.parent)},
        )  # fmt: skip
        return folder / f"{path.stem}.{to.partition(':')[0]}"

    return convert


@pytest.mark.slow
def test_libreoffice_shows_texts_as_they_are_and_takes_no_name_for_a_formula(
    tmp_path: Path, office: Callable[[Path, str], Path]
) -> None:
    out = tmp_path / "out"
    fields = (doubted("00042"), doubted("1234567890123456", name="b"))
    write(out, [a_page("=1+1.png", fields=fields, crops=(a_picture(out), a_picture(out, "crops/bb.png")))])
    shutil.copy(out / WORKBOOK, tmp_path / "book.xlsx")
    told = office(tmp_path / "book.xlsx", CSV).read_text("utf-8")
    assert all(text in told for text in ("00042", "1234567890123456", "\\u003d1+1.png"))
    assert "#" not in told
    # Its pictures are still there, and what it saves can be read back.
    saved = office(tmp_path / "book.xlsx", "xlsx")
    sheet = openpyxl.load_workbook(saved)["review"]
    assert [image.anchor._from.row for image in sheet._images] == [1, 2]
    sheet["J2"].value = "012"
    sheet.parent.save(saved)
    (row,) = read_rows(saved)
    assert (row.file, row.page, row.field, row.corrected, row.was) == ("=1+1.png", "1", "r01", "012", "00042")


@pytest.mark.slow
def test_the_checks_say_in_libreoffice_what_they_mean(tmp_path: Path, office: Callable[[Path, str], Path]) -> None:
    asked = [
        (check(), ["1234", "1 34", "", "blank", "NOT READABLE", "?"], ["12345", "12a", "1.5", "1e3", "-12"]),
        (check("length 2-3", "digits 0-3"), ["12", "0 12", "333"], ["1", "14", "1 4", "0123"]),
        (check("range 5 90"), ["005", "90", "blank"], ["4", "91", "x"]),
        (check("pattern 42[0-9]{2}", blank="forbidden"), ["4210", "?"], ["4310", "blank"]),
        (check("date %d%m%y", kind="string"), ["010203"], ["01023", "01 0203x"]),
    ]
    expected = []
    book = openpyxl.Workbook()
    for rule, good, bad in asked:
        for text in (*good, *bad):
            name = f"A{len(expected) + 1}"
            book.active[name].data_type, book.active[name].value = "s", text
            book.active[name].number_format = "@"
            book.active[f"B{name[1:]}"] = f'=IF(IFERROR({rule.of(name)[1:]},FALSE),"good","bad")'
            expected.append("good" if text in good else "bad")
    book.save(tmp_path / "checks.xlsx")
    told = office(tmp_path / "checks.xlsx", CSV).read_text("utf-8").splitlines()
    found = [line.rpartition(",")[2] for line in told]
    assert [pair for pair in zip(told, expected, strict=True) if pair[0].rpartition(",")[2] != pair[1]] == []
    assert found == expected


def test_no_part_of_the_workbook_holds_a_formula_or_points_elsewhere(tmp_path: Path) -> None:
    write(tmp_path, [a_page("http://x.org/=1.png", fields=(doubted(),))])
    with zipfile.ZipFile(io.BytesIO((tmp_path / WORKBOOK).read_bytes())) as archive:
        for name in archive.namelist():
            content = archive.read(name)
            assert b"<f>" not in content
            assert b'TargetMode="External"' not in content
