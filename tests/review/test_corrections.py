import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from ocrbatch.errors import FormError, InputError, LockedError
from ocrbatch.form.rules import parse_rule
from ocrbatch.job.corrected import Correction, Verdict
from ocrbatch.job.ledger import Ledger
from ocrbatch.job.lock import locked
from ocrbatch.job.publish import kept_publication, publish
from ocrbatch.records import FieldReading, PageStatus
from ocrbatch.review.corrections import Outcome, apply_corrections
from ocrbatch.review.values import broken_sums, fault_of, verdict_of
from tests.form.values import a_field_of_form
from tests.job.fakes import tables
from tests.output.values import a_field
from tests.review.corrected_jobs import a_csv, a_job, typed_in


def apply(out: Path, table: Path, *, partly: bool = False) -> Outcome:
    return apply_corrections(out, table, "ada", partly=partly)


def reasons(outcome: Outcome) -> list[str]:
    return [refusal.reason for refusal in outcome.refused]


def said(out: Path) -> list[Correction]:
    with Ledger(out, writable=False) as ledger:
        return ledger.corrections()


def fields(out: Path, file: str = "a.png") -> Mapping[str, FieldReading]:
    with Ledger(out, writable=False) as ledger:
        (page,) = [page for page in ledger.pages() if page.file == file]
        return {field.name: field for field in page.result.fields}


def test_a_workbook_in_which_somebody_has_typed_comes_back_into_the_tables(tmp_path: Path) -> None:
    out = a_job(tmp_path, {"a.png": ["a", "total", "tick"]})
    outcome = apply(out, typed_in(out, {"a": "040", "total": "42", "tick": "crossed"}))
    assert (outcome.taken, outcome.known, outcome.refused) == (3, 0, ())
    assert outcome.summary is not None
    assert outcome.summary.fields["review"] == 0
    one = next(one for one in said(out) if one.field == "a")
    assert (one.value, one.was, one.who, one.source, one.verdict) == (
        "040",
        "001",
        "ada",
        "results.xlsx",
        Verdict.VALUE,
    )
    assert one.at.endswith("+00:00")
    text = (out / "results.csv").read_text()
    assert "a.png,1,slip,a,040,1.0000,accepted,corrected," in text
    sheet = openpyxl.load_workbook(out / "results.xlsx")["review"]
    assert sheet.max_row == 1


def test_the_same_table_again_changes_nothing(tmp_path: Path) -> None:
    out = a_job(tmp_path, {"a.png": ["a", "total"]})
    table = typed_in(out, {"a": "040", "total": "42"}, name="mine.xlsx")
    apply(out, table)
    before, known = tables(out), said(out)
    workbook = (out / "results.xlsx").read_bytes()
    outcome = apply(out, table)
    assert (outcome.taken, outcome.known, outcome.refused) == (0, 2, ())
    assert (tables(out), said(out), (out / "results.xlsx").read_bytes()) == (before, known, workbook)


@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_csv_comes_back_with_either_separator_and_with_a_bom(tmp_path: Path, separator: str, encoding: str) -> None:
    out = a_job(tmp_path, {"ä.png": ["b"]})
    rows = [{"file": "ä.png", "field": "b", "value": "002", "corrected": " 002 ", "who": "bo"}]
    outcome = apply(out, a_csv(tmp_path / "t.csv", rows, separator=separator, encoding=encoding))
    assert outcome.taken == 1
    (one,) = said(out)
    assert (one.value, one.was, one.who) == ("002", "002", "bo")
    assert fields(out, "ä.png")["b"].status == "accepted"


def test_a_workbook_of_shared_strings_and_another_order_comes_back_too(tmp_path: Path) -> None:
    name = "_x0041_ <=1>.png"
    out = a_job(tmp_path, {name: ["b"]})
    with xlsxwriter.Workbook(tmp_path / "t.xlsx") as book:
        book.add_worksheet("notes").write_row(0, 0, ["nothing", "here"])
        sheet = book.add_worksheet("mine")
        for column, cells in enumerate(
            (("corrected", "", "012"), ("field", "b", "b"), ("page", 1, 1), ("file", name, name))
        ):
            for row, cell in enumerate(cells):
                sheet.write(row, column, cell)
    assert "xl/sharedStrings.xml" in zipfile.ZipFile(tmp_path / "t.xlsx").namelist()
    assert apply(out, tmp_path / "t.xlsx").refused[0].reason.startswith("breaks sum")
    outcome = apply(a_job(tmp_path / "2", {name: ["b", "total"]}), tmp_path / "t.xlsx")
    assert outcome.taken == 1
    assert (said(tmp_path / "2/out")[0].value, said(tmp_path / "2/out")[0].was) == ("012", "002")


def test_words_are_verdicts_and_an_empty_cell_is_none(tmp_path: Path) -> None:
    out = a_job(tmp_path, {"a.png": ["a", "b", "total", "tick"]})
    rows = [
        {"field": "a", "corrected": "Blank"},
        {"field": "b", "corrected": "not  readable"},
        {"field": "total", "corrected": "?"},
        {"field": "tick", "corrected": " "},
    ]
    outcome = apply(out, a_csv(tmp_path / "t.csv", rows))
    assert outcome.taken == 3
    now = fields(out)
    assert (now["a"].status, now["b"].reasons[-1], now["total"].status) == ("blank", "not readable", "invalid")
    assert now["tick"].status == "review"


def test_all_rows_are_taken_or_none_unless_it_is_told_otherwise(tmp_path: Path) -> None:
    out = a_job(tmp_path, {"a.png": ["a", "tick"]})
    table = a_csv(tmp_path / "t.csv", [{"field": "tick", "corrected": "crossed"}, {"field": "a", "corrected": "1234"}])
    before = tables(out)
    outcome = apply(out, table)
    assert (outcome.taken, outcome.summary, reasons(outcome)) == (0, None, ["has 4 signs, the field takes 3"])
    assert outcome.refused[0].row.line == 3
    assert (tables(out), said(out)) == (before, [])
    outcome = apply(out, table, partly=True)
    assert (outcome.taken, len(outcome.refused)) == (1, 1)
    assert fields(out)["tick"].value == "crossed"
    assert fields(out)["a"].status == "review"


def test_each_row_that_cannot_be_is_refused_with_its_reason(tmp_path: Path) -> None:
    out = a_job(tmp_path, {"a.png": ["a", "b", "total", "tick"]})
    rows = [
        {"file": "z.png", "field": "a", "corrected": "1"},
        {"page": 2, "field": "a", "corrected": "1"},
        {"page": "one", "field": "a", "corrected": "1"},
        {"field": "c", "corrected": "1"},
        {"field": "a", "corrected": "1", "form": "claim"},
        {"field": "a", "corrected": "1", "sha256": "00" * 32},
        {"field": "a", "corrected": "1", "was": "007"},
        {"field": "a", "corrected": "1", "was": "1"},
        {"field": "a", "corrected": "12a"},
        {"field": "b", "corrected": "12"},
        {"field": "b", "corrected": "blank"},
        {"field": "void", "corrected": "12"},
        {"field": "tick", "corrected": "1"},
        {"field": "total", "corrected": "1 234"},
        {"field": "total", "corrected": "9" * 1001},
    ]
    # An empty cell of a column would be said to be what was there.
    tables_of_one = [a_csv(tmp_path / f"{place}.csv", [row]) for place, row in enumerate(rows)]
    found = [reasons(apply(out, table)) for table in tables_of_one]
    wanted = [
        "no such file", "no page '2'", "no page 'one'", "no such field", "of the form slip", "another content",
        "conflict: it was 007 there and is 001 by now", "has dropped zeros", "is no number", "breaks length 3",
        "does not let it be blank", "wants it blank", "is no mark", "is no number", "has 1001 signs",
    ]  # fmt: skip
    assert all(len(one) == 1 for one in found)
    assert [words for words, one in zip(wanted, found, strict=True) if words not in one[0]] == []
    assert said(out) == []


def test_a_field_that_somebody_else_has_corrected_meanwhile_is_a_conflict_that_names_them(tmp_path: Path) -> None:
    out = a_job(tmp_path, {"a.png": ["a", "total"]})
    table = typed_in(out, {"a": "040"}, name="mine.xlsx")
    apply_corrections(out, a_csv(tmp_path / "t.csv", [{"field": "a", "corrected": "050"}]), "bo", partly=True)
    (one,) = apply(out, table).refused
    assert "conflict: it was 001 there and is 050 by now, by bo" in one.reason
    assert fields(out)["a"].value == "050"


def test_two_values_for_one_field_are_refused_and_one_value_twice_is_not(tmp_path: Path) -> None:
    out = a_job(tmp_path, {"a.png": ["tick", "b"]}, twins=["b.png"])
    rows = [
        {"field": "tick", "corrected": "crossed"},
        {"field": "tick", "file": "b.png", "corrected": "ticked"},
        {"field": "b", "corrected": "002"},
        {"field": "b", "file": "b.png", "corrected": "002"},
    ]
    outcome = apply(out, a_csv(tmp_path / "t.csv", rows), partly=True)
    assert (outcome.taken, reasons(outcome)) == (1, ["the table has two values for it; keep one row"] * 2)
    assert {fields(out, file)["b"].status.value for file in ("a.png", "b.png")} == {"accepted"}


def test_a_sum_is_looked_at_once_all_of_its_fields_are_settled(tmp_path: Path) -> None:
    out = a_job(tmp_path, {"a.png": ["a", "b", "total"]})
    assert apply(out, a_csv(tmp_path / "1.csv", [{"field": "a", "corrected": "040"}])).taken == 1
    wrong = a_csv(tmp_path / "2.csv", [{"field": "b", "corrected": "002"}, {"field": "total", "corrected": "43"}])
    assert [reason.partition(",")[0] for reason in reasons(apply(out, wrong))] == ["breaks sum a b"] * 2
    right = a_csv(tmp_path / "3.csv", [{"field": "b", "corrected": "002"}, {"field": "total", "corrected": "42"}])
    assert apply(out, right).taken == 2
    (reason,) = reasons(apply(out, a_csv(tmp_path / "4.csv", [{"field": "a", "corrected": "blank"}])))
    assert "breaks sum a b, as the other fields stand" in reason


def test_a_cell_that_is_a_number_is_taken_only_where_no_zeros_can_be_lost(tmp_path: Path) -> None:
    out = a_job(tmp_path, {"a.png": ["b", "total", "a"]})
    outcome = apply(out, typed_in(out, {"a": 40, "b": 102.0}, name="mine.xlsx"), partly=True)
    assert [(one.field, one.value) for one in said(out)] == [("b", "102")]
    assert "may have lost zeros" in reasons(outcome)[0]


def test_a_workbook_in_which_somebody_writes_is_not_written_over(tmp_path: Path) -> None:
    out = a_job(tmp_path, {"a.png": ["a", "tick"]})
    typed_in(out, {"tick": "crossed"})
    with Ledger(out) as ledger:
        publish(out, ledger, kept_publication(ledger))
    assert apply(out, out / "results-edited-1.xlsx").taken == 1
    assert fields(out)["tick"].value == "crossed"
    typed_in(out, {"a": "1234"})
    apply(out, out / "results.xlsx", partly=True)
    assert (out / "results-edited-2.xlsx").exists()
    typed_in(out, {"a": "?"})
    apply(out, out / "results.xlsx")
    assert sorted(path.name for path in out.glob("*.xlsx")) == [
        "results-edited-1.xlsx", "results-edited-2.xlsx", "results.xlsx",
    ]  # fmt: skip


def test_nothing_is_taken_into_a_job_that_runs_or_is_none_or_whose_form_has_changed(tmp_path: Path) -> None:
    out = a_job(tmp_path, {"a.png": ["tick"]})
    table = a_csv(tmp_path / "t.csv", [{"field": "tick", "corrected": "crossed"}])
    with pytest.raises(InputError, match="holds no job"):
        apply(tmp_path, table)
    with locked(out), pytest.raises(LockedError):
        apply(out, table)
    (tmp_path / "slip.toml").write_text((tmp_path / "slip.toml").read_text().replace("width = 800", "width = 801"))
    with pytest.raises(FormError, match="changed since"):
        apply(out, table)
    with Ledger(out) as ledger:
        ledger.keep_settings({"manifest": "{}"})
    assert said(out) == []


def test_a_job_that_has_not_finished_is_told_to_finish(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    Ledger(tmp_path / "out").__exit__()
    with pytest.raises(FormError, match="has not finished"):
        apply(tmp_path / "out", a_csv(tmp_path / "t.csv", [{"field": "a", "corrected": "1"}]))


def test_pages_wait_no_longer_once_all_their_fields_are_corrected(tmp_path: Path) -> None:
    out = a_job(tmp_path, {"a.png": ["tick"], "b.png": ["tick"]})
    apply(out, a_csv(tmp_path / "t.csv", [{"field": "tick", "corrected": "blank"}]))
    with Ledger(out, writable=False) as ledger:
        assert [page.result.status for page in ledger.pages()] == [PageStatus.READ, PageStatus.REVIEW]


def test_a_persons_words_are_understood() -> None:
    assert verdict_of("NOT Readable") == (Verdict.UNREADABLE, "")
    assert verdict_of("'0042 ") == (Verdict.VALUE, "0042")
    assert verdict_of("1 2") == (Verdict.VALUE, "1 2")


def test_boxes_without_a_form_may_be_more_than_were_found() -> None:
    field = a_field()
    assert fault_of(Verdict.VALUE, "12345", field, None) == ""
    assert fault_of(Verdict.VALUE, "1 3", field, None) == ""
    assert fault_of(Verdict.VALUE, "9" * 100, field, None)
    assert fault_of(Verdict.VALUE, "", field, None)
    assert fault_of(Verdict.VALUE, "１２", field, None)


def test_sums_hold_by_digits_and_with_what_a_blank_counts_as() -> None:
    def of(name: str, *rules: str) -> object:
        return replace(a_field_of_form(name), rules=tuple(parse_rule(rule, lambda _: b"") for rule in rules))

    fields = (of("a", "blank-as 5"), of("b"), of("c", "digit-sum a b"), of("d", "equals c"))
    assert broken_sums(fields, {"a": "12", "b": "30", "c": "6", "d": "6"}) == []  # type: ignore[arg-type]
    assert broken_sums(fields, {"a": "", "b": "30", "c": "8", "d": "9"}) == [("equals c", {"c", "d"})]  # type: ignore[arg-type]
    assert broken_sums(fields, {"a": "", "b": "30", "c": "9"}) == [("digit-sum a b", {"a", "b", "c"})]  # type: ignore[arg-type]
    assert broken_sums(fields, {"a": "1", "b": "", "c": "9"}) == []  # type: ignore[arg-type]
