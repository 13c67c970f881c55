"""Case 28: tables of corrections that are wrong, odd or hostile are refused, and nothing of them is half applied."""

import sqlite3
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from ocrbatch.errors import ExitCode, FormError, OutputError
from ocrbatch.job.ledger import Ledger
from ocrbatch.review import table_rows
from ocrbatch.review.corrections import apply_corrections
from tests.commands.conftest import Command, command
from tests.job.fakes import tables
from tests.review.corrected_jobs import a_csv, a_job, typed_in

__all__ = ["command"]
Change = Callable[[str, bytes], bytes]
SHEET = "xl/worksheets/sheet1.xml"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return a_job(tmp_path, {"a.png": ["tick", "a", "total"], "b.png": ["tick"]})


def said(out: Path) -> int:
    with Ledger(out, writable=False) as ledger:
        return len(ledger.corrections())


def refused(out: Path, table: Path) -> str:
    """Apply a table that must be refused as a whole; gives what is told."""
    before = tables(out), (out / "results.xlsx").read_bytes()
    with pytest.raises(FormError) as error:
        apply_corrections(out, table, "ada", partly=True)
    assert (tables(out), (out / "results.xlsx").read_bytes()) == before
    assert said(out) == 0
    return str(error.value)


def changed(out: Path, change: Change, path: Path) -> Path:
    """Give a workbook with corrections of which each part went through ``change``."""
    typed_in(out, {"tick": "crossed"}, name="typed.xlsx")
    with zipfile.ZipFile(out / "typed.xlsx") as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename, change(part.filename, old.read(part)))
    (out / "typed.xlsx").unlink()
    return path


def in_sheet(old: bytes, new: bytes) -> Change:
    def change(name: str, content: bytes) -> bytes:
        if name == SHEET:
            assert old in content
            return content.replace(old, new)
        return content

    return change


def test_another_encoding_is_refused_with_the_mend(out: Path, tmp_path: Path) -> None:
    row = {"file": "ä.png", "field": "tick", "corrected": "crossed"}
    for encoding in ("cp1252", "utf-16"):
        assert "save it as CSV UTF-8" in refused(out, a_csv(tmp_path / "t.csv", [row], encoding=encoding))


def test_what_is_no_table_is_refused(out: Path, tmp_path: Path) -> None:
    table = tmp_path / "t"
    for content, words in (
        (b"", "no column"),
        (b"PK\x03\x04 and no more", "no workbook"),
        (b"\xd0\xcf\x11\xe0" + bytes(600), "old or an encrypted workbook"),
        (b'file,page,field,corrected\n"a.png,1', "is no CSV"),
        (b"file,page,field,corrected\na.png,1,tick,crossed,1\n", "has 5 cells"),
        (b"file,page,field,corrected,corrected\n", "one name"),
        (b"file,page,field\na.png,1,tick\n", "no column corrected"),
    ):
        table.write_bytes(content)
        assert words in refused(out, table), content
    assert "cannot be read" in refused(out, tmp_path / "none.csv")
    assert "cannot be read" in refused(out, tmp_path)


def test_giant_cells_are_refused(out: Path, tmp_path: Path) -> None:
    assert "is no CSV" in refused(out, a_csv(tmp_path / "t.csv", [{"field": "tick", "corrected": "9" * 200_000}]))
    table = a_csv(tmp_path / "t.csv", [{"field": "tick", "corrected": "9" * 100_000}])
    (one,) = apply_corrections(out, table, "ada").refused
    assert "100000 signs" in one.reason
    (one, _) = apply_corrections(out, typed_in(out, {"tick": "9" * 30_000}, name="t.xlsx"), "ada").refused
    assert "30000 signs" in one.reason
    assert said(out) == 0


def test_formulas_dates_and_errors_are_no_values(out: Path) -> None:
    for value, words in (
        ("=1+1", "is a formula"),
        ('=HYPERLINK("http://x.org","crossed")', "is a formula"),
        (True, "is no text"),
        (1.5, "fraction"),
        ("#REF!", "is no text"),
    ):
        outcome = apply_corrections(out, typed_in(out, {"tick": value}, name="t.xlsx"), "ada")
        assert [words in one.reason for one in outcome.refused] == [True, True], value
    assert said(out) == 0


def test_texts_that_look_like_formulas_in_a_csv_are_no_values(out: Path, tmp_path: Path) -> None:
    rows = [{"field": "tick", "corrected": text} for text in ("=1+1", "+cmd|' /C calc'!A0", "@SUM(1)", "-1")]
    outcome = apply_corrections(out, a_csv(tmp_path / "t.csv", rows), "ada", partly=True)
    assert (outcome.taken, len(outcome.refused)) == (0, 4)


def test_a_bomb_is_not_unpacked(out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_rows, "LARGEST_PART", 1 << 20)
    monkeypatch.setattr(table_rows, "LARGEST_SHEET", 2 << 20)
    for part in ("xl/theme/theme1.xml", SHEET, "xl/styles.xml"):
        bomb = changed(out, lambda name, data, part=part: data + b" " * (3 << 20) * (name == part), tmp_path / "t.xlsx")
        assert bomb.stat().st_size < 200_000
        assert "too large" in refused(out, bomb)


def test_a_bomb_that_lies_about_its_size_is_refused(out: Path, tmp_path: Path) -> None:
    bomb = changed(out, in_sheet(b"</sheetData>", b" " * (1 << 20) + b"</sheetData>"), tmp_path / "t.xlsx")
    data = bytearray(bomb.read_bytes())
    place = data.rindex(SHEET.encode())
    # The size unpacked, in the central directory's entry.
    struct.pack_into("<I", data, place - 46 + 24, 2000)
    bomb.write_bytes(data)
    assert "no workbook" in refused(out, bomb)


def test_entities_are_not_looked_at(out: Path, tmp_path: Path) -> None:
    declared = b'<!DOCTYPE x [<!ENTITY a "crossed"><!ENTITY b SYSTEM "file:///etc/hostname">]><worksheet'
    table = changed(out, in_sheet(b"<worksheet", declared), tmp_path / "t.xlsx")
    assert "not as a spreadsheet writes it" in refused(out, table)

    def wide(name: str, content: bytes) -> bytes:
        return content.decode().encode("utf-16") if name == SHEET else content

    assert "not as a spreadsheet writes it" in refused(out, changed(out, wide, tmp_path / "t.xlsx"))


def test_rows_and_columns_far_away_are_not_waited_for(out: Path, tmp_path: Path) -> None:
    for old, new in ((b'<row r="2"', b'<row r="99999999999"'), (b'r="B2"', b'r="ZZZZZZZ2"')):
        refused(out, changed(out, in_sheet(old, new), tmp_path / "t.xlsx"))
    wide = changed(out, in_sheet(b'<dimension ref="A1:M5"', b'<dimension ref="A1:XFD1048576"'), tmp_path / "t.xlsx")
    assert apply_corrections(out, wide, "ada").taken == 2


def test_damaged_workbooks_are_refused_wherever_they_are_damaged(out: Path, tmp_path: Path) -> None:
    whole = typed_in(out, {"tick": "crossed"}, name="t.xlsx").read_bytes()
    table = tmp_path / "t.xlsx"
    for share in (0.01, 0.3, 0.6, 0.9, 0.99):
        table.write_bytes(whole[: int(len(whole) * share)])
        assert "no workbook" in refused(out, table)
    broken = changed(out, in_sheet(b"</row>", b"</raw>"), table)
    assert "no workbook" in refused(out, broken)


def test_a_workbook_of_something_else_is_refused(out: Path, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["name", "street"])
    book.save(tmp_path / "t.xlsx")
    assert "no sheet has the columns" in refused(out, tmp_path / "t.xlsx")
    with zipfile.ZipFile(tmp_path / "u.xlsx", "w") as archive:
        archive.writestr("a.txt", "no workbook")
    assert "no workbook" in refused(out, tmp_path / "u.xlsx")


@pytest.mark.parametrize("step", ["add", "count", "publish"])
def test_a_fault_between_leaves_all_of_a_table_in_the_ledger_or_nothing(
    out: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    table = typed_in(out, {"tick": "crossed", "a": "040", "total": "42"}, name="t.xlsx")
    before = tables(out), (out / "results.xlsx").read_bytes()
    calls = 0

    def full(*_: object, **__: object) -> None:
        nonlocal calls
        calls += 1
        if calls > (step == "count"):
            raise sqlite3.OperationalError("database or disk is full") if step != "publish" else OutputError("full")

    target = {
        "add": "ocrbatch.job.corrected.Corrections.add",
        "count": "ocrbatch.job.ledger.Ledger._count_anew",
        "publish": "ocrbatch.output.files.Drafts.publish",
    }[step]
    with monkeypatch.context() as patch:
        patch.setattr(target, full)
        with pytest.raises(OutputError, match="full"):
            apply_corrections(out, table, "ada")
    assert (tables(out), (out / "results.xlsx").read_bytes()) == before
    assert said(out) == (4 if step == "publish" else 0)
    outcome = apply_corrections(out, table, "ada")
    assert outcome.taken + outcome.known == 4
    assert (out / "results.csv").read_text().count(",corrected,") == 4


def test_the_command_lists_what_is_refused_and_ends_with_its_code(out: Path, tmp_path: Path, command: Command) -> None:
    rows = [{"field": "tick", "corrected": "crossed"}, {"file": "=x.png", "field": "tick", "corrected": "crossed"}]
    told = command("corrections", "apply", out, a_csv(tmp_path / "t.csv", rows))
    assert told.code == ExitCode.FORM_BAD
    assert told.out == "row 3: \\u003dx.png, page 1, tick: the job has no such file\n"
    assert "Nothing is changed" in told.err
    assert said(out) == 0
    told = command("corrections", "apply", out, tmp_path / "none.csv")
    assert (told.code, told.out) == (ExitCode.FORM_BAD, "")
