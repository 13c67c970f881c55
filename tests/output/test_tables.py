import csv
import json
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from ocrbatch.errors import FormError, OutputError
from ocrbatch.form.template import Form
from ocrbatch.output.results import read_pages_table, read_results
from ocrbatch.output.tables import TableOptions, form_file, write_tables
from ocrbatch.records import FilePage, PageStatus, Status
from tests.form.values import a_form
from tests.output.values import a_failed_page, a_field, a_page, an_unregistered_page

PAGES = [
    a_page("a.png"),
    a_failed_page("b.png"),
    a_page("c.tif", 2, (a_field("r01", "1;2", Status.REVIEW), a_field("r03", "0007")), ("crops/1.png", "")),
]


CLAIM = a_form("claim", ("name", "date"), ("total", "sum"))
SLIP = a_form("slip", ("first", "second", "third"))


def write(
    folder: Path, pages: list[FilePage], options: TableOptions | None = None, forms: tuple[Form, ...] = ()
) -> Path:
    manifest = {"version": "1", "totals": {"pages": len(pages)}}
    write_tables(folder, lambda: iter(pages), manifest, forms=forms, options=options)
    return folder


def of_form(file: str, page: int, form: str, form_page: int = 1, **values: str) -> FilePage:
    """Make a page of a form with the values of its fields."""
    fields = tuple(a_field(name, value) for name, value in values.items())
    return a_page(file, page, fields, form=form, form_page=form_page)


def rows(table: Path) -> list[list[str]]:
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_results_have_a_row_a_field(tmp_path: Path) -> None:
    table = rows(write(tmp_path, PAGES) / "results.csv")
    assert ",".join(table[0]) == (
        "file,page,form,field,value,confidence,status,reasons,raw,runner_up,digit_confidence,x,y,width,height,crop"
    )
    assert table[1] == (
        [
            "a.png",
            "1",
            "auto",
            "r01",
            "042",
            "0.9988",
            "accepted",
            "",
            "042",
            "043",
            "0.9999 0.9999 0.9990",
            "100",
            "80",
            "120",
            "50",
            "",
        ]
    )
    assert table[2][4:8] == ["", "1.0000", "blank", ""]
    assert table[3][7] == "low confidence in cell 2;touches edge in cell 1"
    assert [row[-1] for row in table[3:]] == ["crops/1.png", ""]


def test_pages_have_a_row_a_page_and_its_counts(tmp_path: Path) -> None:
    table = rows(write(tmp_path, PAGES) / "pages.csv")
    assert table[1] == ["a.png", "1", "ab" * 32, "auto", "read", "", "0.9877", "0.00", "2", "1", "0"]
    assert table[2][4:] == ["failed", "truncated: half, of it", "0.0000", "0.00", "0", "0", "0"]
    assert table[3][-3:] == ["2", "1", "1"]


def test_a_forms_table_has_every_field_of_its_pages(tmp_path: Path) -> None:
    assert rows(write(tmp_path, PAGES) / "forms/auto.csv") == [
        ["file", "page", "r01", "r02", "r03", "lowest_confidence", "status"],
        ["a.png", "1", "042", "", "", "0.9988", "read"],
        ["c.tif", "2", "1;2", "", "0007", "0.9988", "review"],
    ]


def test_a_known_forms_table_has_all_its_fields_in_its_order(tmp_path: Path) -> None:
    pages = [of_form("a.png", 1, "slip", third="3"), of_form("b.png", 1, "slip", second="2", first="1", third="3")]
    folder = write(tmp_path, pages, forms=(CLAIM, SLIP))
    assert rows(folder / "forms/slip.csv") == [
        ["file", "page", "first", "second", "third", "lowest_confidence", "status"],
        ["a.png", "1", "", "", "3", "0.9988", "read"],
        ["b.png", "1", "1", "2", "3", "0.9988", "read"],
    ]
    assert [path.name for path in (folder / "forms").iterdir()] == ["slip.csv"]


def test_a_document_has_one_row_with_the_fields_of_all_its_pages(tmp_path: Path) -> None:
    doubt = a_page("b.tif", 2, (a_field("name", "5", Status.REVIEW), a_field("date", "6")), form="claim")
    lonely = of_form("c.tif", 1, "claim", 2, total="8", sum="9")
    pages = [
        of_form("a.tif", 1, "claim", 1, name="1", date="2"),
        an_unregistered_page("a.tif", 2),
        of_form("a.tif", 3, "claim", 2, total="3", sum="4"),
        of_form("b.tif", 1, "claim", 2, total="7", sum="8"),
        doubt,
        replace(lonely, result=replace(lonely.result, status=PageStatus.REVIEW, reason="missing page 1 of claim")),
    ]
    folder = write(tmp_path, pages, forms=(CLAIM, SLIP))
    assert rows(folder / "forms/claim.csv") == [
        ["file", "page", "name", "date", "total", "sum", "lowest_confidence", "status"],
        ["a.tif", "1", "1", "2", "3", "4", "0.9988", "read"],
        ["b.tif", "1", "5", "6", "7", "8", "0.9988", "review"],
        ["c.tif", "1", "", "", "8", "9", "0.9988", "review"],
    ]
    assert [row[:4] for row in rows(folder / "results.csv")[1:4]] == [
        ["a.tif", "1", "claim", "name"],
        ["a.tif", "1", "claim", "date"],
        ["a.tif", "3", "claim", "total"],
    ]
    assert [row[:2] for row in rows(folder / "pages.csv")[1:]] == [[p.file, str(p.result.page)] for p in pages]


def test_a_document_never_reaches_into_the_next_file(tmp_path: Path) -> None:
    pages = [of_form("a.tif", 1, "claim", 1, name="1"), of_form("b.tif", 1, "claim", 2, total="2")]
    table = rows(write(tmp_path, pages, forms=(CLAIM,)) / "forms/claim.csv")
    assert [row[:6] for row in table[1:]] == [["a.tif", "1", "1", "", "", ""], ["b.tif", "1", "", "", "2", ""]]


def test_pages_that_could_not_be_registered_are_told_in_pages_alone(tmp_path: Path) -> None:
    pages = [
        an_unregistered_page("a.png"),
        an_unregistered_page("b.png", form="slip"),
        of_form("c.png", 1, "slip", first="1"),
        an_unregistered_page("d.png", form="claim"),
    ]
    folder = write(tmp_path, pages, forms=(CLAIM, SLIP))
    assert [row[0] for row in rows(folder / "results.csv")[1:]] == ["c.png"]
    assert [row[0] for row in rows(folder / "forms/slip.csv")[1:]] == ["c.png"]
    assert not (folder / "forms/claim.csv").exists()
    assert [row[3:6] for row in rows(folder / "pages.csv")[1:]] == [
        ["", "review", "unknown form"],
        ["slip", "review", "not registered"],
        ["slip", "read", ""],
        ["claim", "review", "not registered"],
    ]


def test_tables_are_utf8_with_crlf_and_no_bom(tmp_path: Path) -> None:
    content = (write(tmp_path, [a_page("é.png")]) / "results.csv").read_bytes()
    assert content.startswith(b"file,")
    assert content.count(b"\n") == content.count(b"\r\n") == 3
    assert "é.png".encode() in content


def test_excel_gets_a_bom_and_its_separator(tmp_path: Path) -> None:
    folder = write(tmp_path, PAGES, TableOptions(excel=True, separator=";"))
    assert (folder / "forms/auto.csv").read_bytes().startswith(b"\xef\xbb\xbffile;page;r01")
    assert [row.value for row in read_results(folder)] == ["042", "", "1;2", "0007"]


def test_names_and_texts_are_never_formulas_and_read_back(tmp_path: Path) -> None:
    names = ["=1+1.png", "@a.png", "-\n.png", "\udcff\\xff.png", "＝x", "\tb", "q\",'.png", "NA"]
    folder = write(tmp_path, [a_page(name, fields=(a_field("+f", "-1"),)) for name in names])
    for table in ("results.csv", "pages.csv", "forms/auto.csv"):
        for row in rows(folder / table):
            assert not [cell for cell in row if cell.startswith(tuple("=+-@＝＋－＠\t\r"))]
    assert [(row.file, row.field, row.value) for row in read_results(folder)] == [(n, "+f", "-1") for n in names]
    assert read_pages_table(folder) == [(name, 1) for name in names]
    read = pd.read_csv(folder / "results.csv", dtype=str, keep_default_na=False)
    assert list(read["digit_confidence"]) == ["0.9999 0.9999 0.9990"] * len(names)


def test_jsonl_has_the_rows_with_numbers_as_numbers(tmp_path: Path) -> None:
    lines = (write(tmp_path, PAGES, TableOptions(jsonl=True)) / "results.jsonl").read_text("utf-8").splitlines()
    first = json.loads(lines[0])
    assert len(lines) == 4
    assert (first["value"], first["confidence"], first["x"]) == ("042", 0.9988, 100)
    assert first["digit_confidence"] == [0.9999, 0.9999, 0.999]


def test_an_empty_job_has_tables_without_rows(tmp_path: Path) -> None:
    folder = write(tmp_path / "new/out", [])
    assert len(rows(folder / "results.csv")) == len(rows(folder / "pages.csv")) == 1
    assert json.loads((folder / "manifest.json").read_text())["totals"] == {"pages": 0}
    assert not (folder / "forms").exists()


def test_files_are_private(tmp_path: Path) -> None:
    folder = write(tmp_path / "out", PAGES)
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*.*")} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "forms")} == {0o700}


def test_a_failure_leaves_the_old_tables_and_no_drafts(tmp_path: Path) -> None:
    folder = write(tmp_path, PAGES)
    before = {path: path.read_bytes() for path in folder.rglob("*.*")}
    calls = iter(range(2))

    def breaks() -> Iterator[FilePage]:
        yield PAGES[0]
        if next(calls):
            raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match=r"No space left on device.*again"):
        write_tables(folder, breaks, {})
    assert {path: path.read_bytes() for path in folder.rglob("*.*")} == before


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file/out"):
        write(tmp_path / "file/out", PAGES)


def test_tables_of_an_earlier_run_go(tmp_path: Path) -> None:
    write(tmp_path, PAGES, TableOptions(jsonl=True))
    renamed = replace(PAGES[0], result=replace(PAGES[0].result, form="slip"))
    write(tmp_path, [renamed])
    assert sorted(path.name for path in tmp_path.rglob("*.*")) == [
        "manifest.json", "pages.csv", "results.csv", "slip.csv",
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["../up", "a/b", ".hidden", "..", "a\0b", "\udcff"])
def test_a_forms_file_stays_in_its_folder(form: str) -> None:
    name = form_file(form)
    assert "/" not in name
    assert "\0" not in name
    assert not name.startswith(".")


def test_a_table_that_is_not_ours_is_refused_with_its_row(tmp_path: Path) -> None:
    table = tmp_path / "results.csv"
    table.write_text("file,page\na,1\n")
    with pytest.raises(FormError, match="no column form, field"):
        read_results(table)
    table.write_text("file,page,form,field,value,confidence,status\na,one,auto,r01,1,0.5,review\n")
    with pytest.raises(FormError, match="line 2: page is 'one'"):
        read_results(table)
    table.write_bytes(b"file\xff")
    with pytest.raises(FormError, match="UTF-8"):
        read_results(table)
