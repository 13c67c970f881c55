import json
from dataclasses import replace
from pathlib import Path

import pytest

from ocrbatch.errors import FormError
from ocrbatch.output.results import ResultRow
from ocrbatch.output.tables import TableOptions, write_tables
from ocrbatch.quality.confusions import Confusion
from ocrbatch.quality.report_json import as_json
from ocrbatch.quality.score import Report, score, score_results
from ocrbatch.quality.truth import TrueValue
from ocrbatch.records import CORRECTED, FilePage, Status
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
    assert [
        (form, field, counts.fields) for form, field, counts in ((p.form, p.field, p.counts) for p in report.by_field)
    ] == [
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


def test_a_document_s_row_is_truth_for_the_pages_that_have_its_fields(tmp_path: Path) -> None:
    pages = [
        a_page("c.tif", number, (a_field(name, str(number)),))
        for number, name in ((1, "p1"), (2, "p2"), (3, "p1"), (5, "p1"), (6, "p2"))
    ]
    out = job(tmp_path, pages)
    table = "file,page,p1,p2\nc.tif,1,1,2\nc.tif,3,3,7\nc.tif,5,5,6\n"
    report = score_results(out, truth(tmp_path, table))
    # The second document's other page was not read: nobody else's value counts for it.
    assert [(one.page, one.field, one.true, one.read) for one in report.wrong] == [(3, "p2", "7", "")]
    assert (report.total.fields, report.total.exact, report.without_truth) == (6, 5, 0)


def test_fields_that_a_person_corrected_are_told(tmp_path: Path) -> None:
    given = replace(a_field("r01", "042"), confidence=1.0, reasons=(CORRECTED,))
    out = job(tmp_path, [a_page("a.png", 1, (given, a_field("r02", "1")))])
    report = score_results(out, truth(tmp_path, "file,field,value\na.png,r01,042\na.png,r02,1\n"))
    assert (report.corrected, as_json(report)["corrected"]) == (1, 1)


@pytest.mark.parametrize("heading", ['"file"x,page', '"file,page'])
def test_a_heading_that_is_no_csv_is_a_form_error(out: Path, heading: str) -> None:
    with pytest.raises(FormError, match="line 1: is no CSV"):
        score_results(out, truth(out, f"{heading}\n1,2\n"))


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


def scored(*fields: tuple[str, str, str, float, str], form: str = "bill") -> Report:
    """Score fields given as truth, value, status, confidence and reasons, a page each."""
    rows = [
        ResultRow("a.png", page, form, "r01", value, confidence, status, tuple(filter(None, reasons.split(";"))))
        for page, (_, value, status, confidence, reasons) in enumerate(fields, 1)
    ]
    truths = [TrueValue("a.png", page, "r01", true) for page, (true, *_) in enumerate(fields, 1)]
    return score(rows, truths)


def test_every_status_tells_how_often_it_is_wrong() -> None:
    report = scored(
        ("12", "12", "accepted", 0.99, ""),
        ("12", "13", "accepted", 0.99, ""),
        ("12", "12", "invalid", 0.9, "breaks luhn"),
        ("15", "", "blank", 1.0, ""),
    )
    assert [(one.status, one.fields, one.wrong) for one in report.whole.statuses] == [
        ("accepted", 2, 1),
        ("blank", 1, 1),
        ("invalid", 1, 0),
    ]
    assert (report.total.exact, report.total.blanks_invented) == (2, 1)


def test_only_what_a_threshold_could_accept_is_ranked_and_of_all_fields() -> None:
    report = scored(
        ("12", "12", "accepted", 0.999, ""),
        ("12", "13", "review", 0.95, "low confidence in cell 2"),
        ("12", "13", "review", 0.9999, "touches edge in cell 1"),
        ("12", "13", "invalid", 1.0, "breaks luhn"),
        ("", "", "blank", 1.0, ""),
    )
    risk = report.whole.risk
    assert (risk.fields, risk.acceptable) == (5, 2)
    assert [(point.threshold, point.accepted, point.wrong) for point in risk.points] == [(0.999, 1, 0), (0.95, 2, 1)]
    assert report.whole.reliability.fields == 5


def test_wrong_fields_are_told_accepted_first_then_the_surest() -> None:
    report = scored(
        ("1", "2", "review", 0.9, "low confidence in cell 1"),
        ("1", "2", "accepted", 0.995, ""),
        ("1", "1", "accepted", 0.995, ""),
        ("1", "2", "review", 0.95, "low confidence in cell 1"),
        ("1", "2", "accepted", 0.999, ""),
    )
    assert [pair.page for pair in report.wrong] == [5, 2, 4, 1]


def test_confusions_of_accepted_fields_are_the_costliest() -> None:
    report = scored(
        ("17", "77", "review", 0.9, "low confidence in cell 1"),
        ("11", "77", "review", 0.9, "low confidence in cell 1"),
        ("35", "36", "accepted", 0.999, ""),
        ("35", "3", "accepted", 0.999, ""),
        ("", "4", "review", 0.9, "low confidence in cell 1"),
        ("99", "", "blank", 1.0, ""),
    )
    assert report.whole.confusions == (
        Confusion("5", "", 1, 1),
        Confusion("5", "6", 1, 1),
        Confusion("1", "7", 3, 0),
        Confusion("", "4", 1, 0),
    )


def test_a_word_read_for_a_mark_is_one_confusion() -> None:
    report = scored(("ticked", "crossed", "accepted", 0.999, ""))
    assert report.whole.confusions == (Confusion("ticked", "crossed", 1, 1),)
    assert (report.total.digits, report.total.digit_errors) == (1, 1)


def test_a_form_has_the_sum_of_its_fields(out: Path) -> None:
    report = score_results(out, truth(out, TRUE + "b.png,1,r01,12\n"))
    assert [(part.form, part.field) for part in report.by_form] == [("", ""), ("auto", "")]
    for form in report.by_form:
        fields = [part.counts for part in report.by_field if part.form == form.form]
        assert form.counts.fields == sum(one.fields for one in fields)
        assert form.counts.digit_errors == sum(one.digit_errors for one in fields)
    assert sum(form.counts.exact for form in report.by_form) == report.total.exact


@pytest.mark.parametrize("value", ["1", "2"])
def test_one_field_right_or_wrong_is_a_report(value: str) -> None:
    told = as_json(scored(("1", value, "accepted", 1.0, "")))
    error = float(value != "1")
    assert (told["accepted_error"], told["error_against_accepted"]["aurc"]) == (error, error)
    assert told["calibration"]["error"] == error
    json.dumps(told, allow_nan=False)


def test_json_tells_bounds_curve_bins_and_wrong_fields() -> None:
    fields = [("12", "12", "accepted", 0.999, "")] * 98 + [("12", "17", "accepted", 0.996, "")]
    told = as_json(scored(*fields, ("12", "12", "review", 0.9, "low confidence in cell 1")))
    assert (told["accepted_error_lower"], told["accepted_error_upper"]) == pytest.approx((0.000256, 0.0550), abs=1e-4)
    assert told["by_status"]["accepted"]["wrong"] == 1
    curve = told["error_against_accepted"]
    assert [(point["share"], point["wrong"]) for point in curve["points"]] == [(0.98, 0), (0.99, 1), (1.0, 1)]
    at = {point["target"]: (point["threshold"], point["share"]) for point in curve["at_error"]}
    assert (at[0.005], at[0.01]) == ((0.999, 0.98), (0.9, 1.0))
    assert [(one["low"], one["fields"], one["right"]) for one in told["calibration"]["bins"]] == [
        (0.9, 1, 1),
        (0.995, 1, 0),
        (0.999, 98, 98),
    ]
    assert told["confusions"] == [{"true": "2", "read": "7", "count": 1, "accepted": 1}]
    (wrong,) = told["wrong_fields"]
    assert (wrong["page"], wrong["true"], wrong["read"], wrong["status"]) == (99, "12", "17", "accepted")
    json.dumps(told, allow_nan=False)


def test_what_no_threshold_gives_is_null() -> None:
    told = as_json(scored(("12", "17", "accepted", 0.999, "")))
    assert [point["threshold"] for point in told["error_against_accepted"]["at_error"]] == [None] * 5
    told = as_json(scored(("", "", "blank", 1.0, "")))
    assert (told["error_against_accepted"]["aurc"], told["accepted_error"], told["accepted_error_upper"]) == (None,) * 3


@pytest.mark.parametrize("confidence", ["nan", "1.5", "-0.1", "high"])
def test_a_confidence_that_is_none_is_refused(out: Path, confidence: str) -> None:
    table = out / "results.csv"
    table.write_bytes(table.read_bytes().replace(b"0.9988", confidence.encode(), 1))
    with pytest.raises(FormError, match="line 2: confidence is"):
        score_results(out, truth(out, TRUE))
