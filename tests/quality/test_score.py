import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.errors import FormError
from ocrbatch.output.tables import TableOptions, write_tables
from ocrbatch.quality.edits import edit_distance
from ocrbatch.quality.report_json import as_json
from ocrbatch.quality.score import score_results
from ocrbatch.records import FilePage, Status
from tests.output.values import a_failed_page, a_field, a_page

PAGES = [
    a_page("a.png", 1, (a_field("r01", "042"), a_field("r02", "", Status.BLANK))),
    a_failed_page("b.png"),
    a_page("c.tif", 1, (a_field("r01", "1 3", Status.REVIEW),)),
    a_page("c.tif", 2, (a_field("r01", "999"), a_field("r02", "", Status.BLANK))),
]
TRUE = "file,page,field,value\na.png,1,r01,042\na.png,1,r02,\nc.tif,1,r01,1 3\nc.tif,2,r01,998\nc.tif,2,r02,7\n"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return job(tmp_path, PAGES)


def job(folder: Path, pages: list[FilePage], options: TableOptions | None = None) -> Path:
    write_tables(folder / "out", lambda: iter(pages), {}, options=options)
    return folder / "out"


def truth(folder: Path, text: str) -> Path:
    path = folder / "truth.csv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return path


def test_fields_digits_blanks_and_accepted_are_counted(out: Path) -> None:
    report = score_results(out, truth(out, TRUE))
    assert (report.total.fields, report.total.exact, report.without_truth) == (5, 3, 0)
    assert (report.total.digits, report.total.digit_errors) == (9, 2)
    assert (report.total.blanks, report.total.blanks_right, report.total.blanks_invented) == (1, 1, 1)
    assert (report.total.accepted, report.total.accepted_wrong) == (2, 1)
    assert [(form, field, counts.fields) for form, field, counts in ((p.form, p.field, p.counts) for p in report.by_field)] == [
        ("auto", "r01", 3),
        ("auto", "r02", 2),
    ]


def test_shares_are_of_what_there_is(out: Path) -> None:
    told = as_json(score_results(out / "results.csv", truth(out, "file,field,value\na.png,r01,042\n")))
    assert (told["exact_share"], told["digit_accuracy"], told["accepted_error"]) == (1.0, 1.0, 0.0)
    assert told["blanks_right_share"] is None
    assert told["without_truth"] == 4
    json.dumps(told)


def test_a_row_a_page_tells_the_same(out: Path) -> None:
    wide = "file,page,r01,r02\na.png,1,042,\nc.tif,1,1 3,\nc.tif,2,998,7\n"
    assert score_results(out, truth(out, wide)) == score_results(out, truth(out, TRUE))


def test_a_forms_own_table_is_truth(tmp_path: Path) -> None:
    out = job(tmp_path, PAGES, TableOptions(excel=True, separator=";"))
    total = score_results(out, out / "forms/auto.csv").total
    assert (total.fields, total.exact, total.missing) == (5, 5, 0)


def test_the_fields_of_a_failed_page_are_missing_and_wrong(out: Path) -> None:
    total = score_results(out, truth(out, "file,field,value\nb.png,r01,12\nb.png,r02,\n")).total
    assert (total.fields, total.exact, total.missing, total.digit_errors) == (2, 0, 2, 2)


@pytest.mark.parametrize("name", ["-a.png", "a\\b.png", "\udcff.png"])
def test_truth_may_spell_a_file_as_the_results_do_or_plainly(tmp_path: Path, name: str) -> None:
    out = job(tmp_path, [a_page(name, fields=(a_field("r01", "042"),))])
    plain = name if name.isascii() else "\\xff.png"
    assert score_results(out, truth(tmp_path, f"file,field,value\n{plain},r01,042\n")).total.exact == 1
    assert score_results(out, out / "results.csv").total.exact == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,field,value\na.png,r01,1\nx.png,r01,1\n", r"line 3: the results have no file 'x.png'; write"),
        ("file,field,value\na.png,r09,1\n", r"line 2: the results have no field 'r09'; theirs are r01, r02"),
        ("file,field,value\nc.tif,r01,1\n", r"line 2: c.tif has 2 pages; add a column page"),
        ("file,page,field,value\nc.tif,3,r01,1\n", r"line 2: c.tif has no page 3"),
        ("file,page,field,value\nc.tif,first,r01,1\n", r"line 2: page is 'first'"),
        ("file,field,value\na.png,r01,1\na.png,r01,2\n", r"line 3: a.png, r01 stands here twice"),
        ("file,r01,total\na.png,1,2\n", r"no field 'total'"),
        ("field,value\nr01,1\n", r"no column file; head it"),
        ("file,field,value\na.png,r01,1,5\n", r"line 2: has 4 cells, the heading 3"),
        ("file,file\n", r"two columns have one name"),
        ("file,field,value\n", r"has no rows"),
        ("", r"no column file"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_its_row_and_mend(out: Path, text: str, message: str) -> None:
    with pytest.raises(FormError, match=message):
        score_results(out, truth(out, text))


def test_a_missing_table_is_named(out: Path) -> None:
    with pytest.raises(FormError, match=r"nowhere.csv: cannot be read"):
        score_results(out, out / "nowhere.csv")


@given(st.text("012", max_size=6), st.text("012", max_size=6), st.text("012", max_size=6))
def test_edit_distance_is_a_distance(a: str, b: str, c: str) -> None:
    assert (edit_distance(a, b) == 0) == (a == b)
    assert edit_distance(a, b) == edit_distance(b, a)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)
    assert edit_distance(a, a + b) == len(b)
