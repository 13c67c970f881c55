from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrbatch.errors import FormError
from ocrbatch.job.corrected import CORRECTED, NOT_READABLE, SENT_TO_REVIEW, Correction, Verdict, corrected
from ocrbatch.job.ledger import Ledger
from ocrbatch.job.publish import keep_publication, kept_publication, publication_of, publish
from ocrbatch.job.summary import summarize
from ocrbatch.records import PageStatus, Status
from tests.job.fakes import a_job, folder_of, run, tables
from tests.output.values import a_field

texts = st.text(max_size=8)
said = st.builds(
    Correction,
    texts,
    st.integers(1, 9),
    texts,
    texts,
    st.sampled_from(Verdict),
    texts,
    texts,
    texts,
    texts,
    texts,
)


def a_correction(sha256: str, verdict: Verdict = Verdict.VALUE, value: str = "0042") -> Correction:
    value = value if verdict is Verdict.VALUE else ""
    return Correction(sha256, 1, "auto", a_field().name, verdict, value, "5", "ada", "2026-01-01T00:00:00", "review")


def test_what_a_person_says_becomes_the_fields_reading_and_what_was_read_stays() -> None:
    field = a_field(status=Status.REVIEW)
    value = corrected(field, a_correction(""))
    assert (value.value, value.status, value.confidence, value.reasons) == ("0042", Status.ACCEPTED, 1.0, (CORRECTED,))
    assert (value.raw, value.digit_confidence) == (field.raw, (1.0,) * 4)
    blank = corrected(field, a_correction("", Verdict.BLANK))
    assert (blank.value, blank.status) == ("", Status.BLANK)
    unreadable = corrected(field, a_correction("", Verdict.UNREADABLE))
    assert (unreadable.value, unreadable.status) == ("", Status.INVALID)
    assert unreadable.reasons == (CORRECTED, NOT_READABLE)
    looked_at = corrected(replace(field, status=Status.ACCEPTED), a_correction("", Verdict.REVIEW))
    assert (looked_at.value, looked_at.status) == (field.value, Status.REVIEW)
    assert SENT_TO_REVIEW in looked_at.reasons
    assert corrected(field, a_correction("", Verdict.UNDONE)) is field


@settings(deadline=None, max_examples=25)
@given(st.lists(said, max_size=8))
def test_all_that_was_said_reads_back_in_its_order_and_the_last_word_counts(
    tmp_path_factory: pytest.TempPathFactory, given_: list[Correction]
) -> None:
    folder = tmp_path_factory.mktemp("ledger")
    with Ledger(folder) as ledger:
        ledger.correct(given_[:3])
        ledger.correct(given_[3:])
    with Ledger(folder, writable=False) as ledger:
        assert ledger.corrections() == given_


def test_corrections_count_in_the_tables_the_totals_and_for_every_file_of_the_content(tmp_path: Path) -> None:
    folder_of(tmp_path, {"a.png": "doubt", "b.png": "doubt", "c.png": "xx"})
    run(tmp_path)
    with Ledger(tmp_path / "out") as ledger:
        sha256 = ledger.states()["a.png"].sha256
        ledger.correct([a_correction(sha256, value="1"), a_correction(sha256)])
        summary = publish(tmp_path / "out", ledger, kept_publication(ledger))
        assert (summary.pages["read"], summary.pages["review"], summary.fields["review"]) == (3, 0, 0)
        assert [page.result.status for page in ledger.pages()] == [PageStatus.READ] * 3
    text = (tmp_path / "out/results.csv").read_text()
    assert text.count(",0042,1.0000,accepted,corrected,") == 2
    with Ledger(tmp_path / "out") as ledger:
        ledger.correct([a_correction(sha256, Verdict.UNDONE)])
        assert summarize(ledger, 3, 0).fields["review"] == 2


def test_corrections_outlive_another_reading_and_another_name(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"a.png": "doubt"})
    run(tmp_path)
    with Ledger(tmp_path / "out") as ledger:
        ledger.correct([a_correction(ledger.states()["a.png"].sha256)])
    (folder / "a.png").rename(folder / "z.png")
    for error, read in ((0.005, 0), (0.1, 1)):
        summary = run(tmp_path, target_error=error)
        assert (summary.files_read, summary.fields["review"], summary.fields["accepted"]) == (read, 0, 1)
        assert "0042" in (tmp_path / "out/results.csv").read_text()


def test_tables_written_anew_are_those_of_the_run(tmp_path: Path) -> None:
    folder_of(tmp_path, {"a.png": "doubt", "c.png": "xx|bad"})
    run(tmp_path)
    before = tables(tmp_path / "out")
    with Ledger(tmp_path / "out") as ledger:
        publish(tmp_path / "out", ledger, kept_publication(ledger))
    assert tables(tmp_path / "out") == before


def test_forms_that_have_changed_since_are_told(tmp_path: Path) -> None:
    with Ledger(tmp_path) as ledger:
        publication = publication_of(a_job(tmp_path))
        keep_publication(ledger, replace(publication, manifest={**publication.manifest, "forms": {"slip": "1"}}), ())
        with pytest.raises(FormError, match="slip: changed since"):
            kept_publication(ledger)
