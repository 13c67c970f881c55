from pathlib import Path

import pytest

from ocrbatch.errors import OutputError
from ocrbatch.form.store import load_forms
from ocrbatch.job.corrected import Correction, Verdict
from ocrbatch.job.ledger import Ledger
from ocrbatch.job.publish import Publication, keep_publication
from ocrbatch.output.tables import TableOptions
from ocrbatch.records import Status
from tests.review.conftest import Open
from tests.review.jobs import MANIFEST, Written, a_job, many_fields, rows

FIVE = many_fields(5, wrong=2)
FORM = """
name = "slip"
width = 1000
height = 500

[[field]]
name = "r01"
kind = "boxes"
box = [120, 20, 160, 40]
cells = 4
rules = ["range 0 100"]
"""


def said(out: Path) -> list[tuple[str, str, str, str]]:
    with Ledger(out, writable=False) as ledger:
        return [(one.field, one.verdict.value, one.value, one.who) for one in ledger.corrections()]


def test_the_worst_field_comes_first_and_is_kept_before_the_answer(tmp_path: Path, opened: Open) -> None:
    page = opened(out := a_job(tmp_path, [FIVE]))
    first, second = page.next(2)
    assert (first["field"], first["value"], first["runner_up"]) == ("r01", FIVE[0].read, FIVE[0].value)
    assert first["reasons"] == ["low confidence in cell 2"]
    answer = page.save(first, FIVE[0].value).json()
    assert said(out) == [("r01", "value", FIVE[0].value, "ada")]
    assert (answer["field"]["status"], answer["progress"]["left"], answer["progress"]["settled"]) == ("accepted", 4, 1)
    page.save(second, "", "blank")
    (third,) = page.next()
    page.save(third, "", "not readable")
    assert [one[1] for one in said(out)] == ["value", "blank", "not readable"]
    assert page.next()[0]["field"] == "r04"


def test_two_people_get_different_fields_and_a_window_that_closes_gives_its_own_back(
    tmp_path: Path, opened: Open
) -> None:
    ada = opened(a_job(tmp_path, [FIVE]))
    bob = ada.of("bb", "bob")
    own, theirs = ada.next(2), bob.next(2)
    assert [one["field"] for one in (*own, *theirs)] == ["r01", "r02", "r03", "r04"]
    ada.post("/api/next", drop=[one["key"] for one in own], number=0)
    assert [one["field"] for one in bob.next(2, have=[one["key"] for one in theirs])] == ["r01", "r02"]


def test_a_field_that_somebody_else_has_settled_shows_the_conflict_and_asks(tmp_path: Path, opened: Open) -> None:
    ada = opened(out := a_job(tmp_path, [FIVE]))
    bob = ada.of("bb", "bob")
    (field,) = ada.next()
    assert bob.save(field, "1111").status_code == 200
    refused = ada.save(field, "2222")
    now = refused.json()["field"]
    assert (refused.status_code, refused.json()["reason"]) == (409, "conflict")
    assert (now["value"], now["said_by"]) == ("1111", "bob")
    assert ada.save(field, "1111").status_code == 200, "both say the same"
    assert said(out) == [("r01", "value", "1111", "bob")]
    assert ada.save(now, "2222").status_code == 200
    assert said(out)[-1] == ("r01", "value", "2222", "ada")


def test_what_another_program_has_said_through_the_ledger_is_a_conflict_too(tmp_path: Path, opened: Open) -> None:
    page = opened(out := a_job(tmp_path, [FIVE]))
    first, second = page.next(2)
    with Ledger(out) as ledger:
        sha256 = ledger.states()["slip-0000.png"].sha256
        ledger.correct(
            [Correction(sha256, 1, "auto", "r01", Verdict.VALUE, "77", "", "eve", "2026-01-01", "book.xlsx")]
        )
    assert page.save(first, "1111").json()["field"]["said_by"] == "eve"
    assert page.save(second, "1111").json()["progress"]["left"] == 3


def test_undo_takes_the_last_step_back_to_what_was_said_before(tmp_path: Path, opened: Open) -> None:
    page = opened(out := a_job(tmp_path, [FIVE]))
    first, second = page.next(2)
    page.save(first, "1111")
    now = page.post("/api/undo").json()["field"]
    assert (now["value"], now["status"]) == (FIVE[0].read, "review")
    again = page.save(now, "2222").json()["field"]
    page.save(again, "3333")
    back = page.post("/api/undo").json()["field"]
    assert (back["value"], back["said_by"]) == ("2222", "ada")
    page.post("/api/skip", key=second["key"])
    assert page.next()[0]["field"] == "r03"
    assert page.post("/api/undo").json()["field"]["key"] == second["key"]
    assert len(said(out)) == 5
    for _ in range(2):
        assert (found := page.post("/api/undo").json())
    assert found["field"] is None


def test_undo_does_not_take_back_what_somebody_else_said_since(tmp_path: Path, opened: Open) -> None:
    ada = opened(a_job(tmp_path, [FIVE]))
    (field,) = ada.next()
    now = ada.save(field, "1111").json()["field"]
    ada.of("bb", "bob").save(now, "2222")
    refused = ada.post("/api/undo")
    assert (refused.status_code, refused.json()["field"]["value"]) == (409, "2222")


def test_fields_are_filtered_by_form_field_and_reason_and_counted(tmp_path: Path, opened: Open) -> None:
    fields = [Written("1", reasons=("touches edge in cell 1",)), *FIVE]
    page = opened(a_job(tmp_path, [fields]))
    assert page.http.get("/api/filters").json() == {
        "form": ["auto"],
        "field": [f"r0{number}" for number in range(1, 7)],
        "reason": ["low confidence", "touches edge"],
    }
    answer = page.post("/api/next", number=9, reason="touches edge").json()
    assert ([one["field"] for one in answer["fields"]], answer["progress"]["left"]) == (["r01"], 1)
    assert [one["field"] for one in page.next(9, field="r04")] == ["r04"]
    assert page.next(9, form="slip") == []


@pytest.mark.parametrize("value", ["", "12a", "=1", "１", "1" * 201, "<b>"])
def test_a_value_that_is_no_digits_is_refused(tmp_path: Path, opened: Open, value: str) -> None:
    page = opened(out := a_job(tmp_path, [FIVE]))
    (field,) = page.next()
    assert page.save(field, value).status_code == 422
    assert said(out) == []


def test_skipped_fields_come_last(tmp_path: Path, opened: Open) -> None:
    page = opened(a_job(tmp_path, [FIVE]))
    for field in page.next(2):
        page.post("/api/skip", key=field["key"])
    assert [one["field"] for one in page.next(9)] == ["r03", "r04", "r05", "r01", "r02"]


def test_the_tables_are_written_when_the_server_ends(tmp_path: Path, opened: Open) -> None:
    page = opened(out := a_job(tmp_path, [FIVE]))
    page.save(page.next()[0], "0042")
    page.http.close()
    assert next(row["value"] for row in rows(out)) == "0042"


def test_a_correction_that_a_killed_server_left_out_of_the_tables_gets_into_them(tmp_path: Path, opened: Open) -> None:
    out = a_job(tmp_path, [FIVE])
    with Ledger(out) as ledger:
        sha256 = ledger.states()["slip-0000.png"].sha256
        at = "2999-01-01T00:00:00.000+00:00"
        ledger.correct([Correction(sha256, 1, "auto", "r01", Verdict.VALUE, "77", "", "eve", at, "review")])
    opened(out).http.close()
    assert next(row["value"] for row in rows(out)) == "77"


def test_what_a_run_reads_meanwhile_is_shown(tmp_path: Path, opened: Open) -> None:
    page = opened(out := a_job(tmp_path / "one", [FIVE]))
    assert len(page.next(9)) == 5
    other = a_job(tmp_path / "two", [FIVE[:1], FIVE[1:3]])
    with Ledger(out) as ledger, Ledger(other) as more:
        state = more.states()["slip-0001.png"]
        ledger.record([("more.png", state, more.pages_of("slip-0001.png"))])
    page.http.portal.call(page.review.desk.look)
    assert sorted(one["file"] for one in page.next(9)) == ["more.png"] * 2 + ["slip-0000.png"] * 5
    assert page.of("bb", "bob").next(9) == [], "who has which stays"


def test_the_digit_sheet_has_the_least_sure_first_and_sends_a_field_to_review_and_back(
    tmp_path: Path, opened: Open
) -> None:
    sure = [Written("77", "", 0.999, Status.ACCEPTED), Written("17", "", 0.998, Status.ACCEPTED)]
    page = opened(out := a_job(tmp_path, [[*sure, *FIVE]]))
    sheet = page.http.get("/api/digits/7").json()
    assert [(one["field"], one["cell"]) for one in sheet["cells"]] == [("r02", 1), ("r01", 0), ("r01", 1)]
    first = sheet["cells"][0]
    assert page.post("/api/digits", key=first["key"], verdict="review").json() == {"sent": True}
    assert said(out) == [("r02", "review", "", "ada")]
    assert "r02" in [one["field"] for one in page.next(9)]
    again = page.http.get("/api/digits/7").json()["cells"]
    assert [one["sent"] for one in again] == [True, False, False]
    assert page.post("/api/digits", key=first["key"], verdict="undone").json() == {"sent": False}
    assert page.http.get("/api/digits/x").status_code == 404


def test_pictures_are_encoded_anew_and_a_scan_that_has_changed_is_told(tmp_path: Path, opened: Open) -> None:
    page = opened(a_job(tmp_path, [FIVE]))
    (field,) = page.next()
    crop = page.http.get(f"/crop/{field['key']}")
    assert (crop.headers["content-type"], crop.content[:4]) == ("image/png", b"\x89PNG")
    whole = page.http.get(f"/page/{field['key']}")
    assert (whole.headers["content-type"], whole.content[:3]) == ("image/jpeg", b"\xff\xd8\xff")
    assert page.http.get(f"/cell/{field['key']}/3").content[:4] == b"\x89PNG"
    assert page.http.get(f"/cell/{field['key']}/4").status_code == 404
    assert page.http.get("/crop/00").status_code == 404


def test_a_scan_that_has_changed_or_gone_is_told_and_never_shown(tmp_path: Path, opened: Open) -> None:
    page = opened(a_job(tmp_path, [FIVE, many_fields(2, seed=8)]))
    scans = sorted((tmp_path / "scans").iterdir())
    keys = {one["file"]: one["key"] for one in page.next(9)}
    scans[0].write_bytes(scans[1].read_bytes())
    scans[1].unlink()
    changed, gone = (page.http.get(f"/crop/{keys[f'slip-000{number}.png']}") for number in (0, 1))
    assert (changed.status_code, gone.status_code) == (404, 404)
    assert "has changed since it was read" in changed.json()["reason"]
    assert "cannot be read" in gone.json()["reason"]


def test_a_value_that_breaks_the_forms_rule_is_asked_once_more(tmp_path: Path, opened: Open) -> None:
    out = a_job(tmp_path, [FIVE], form="slip")
    path = tmp_path / "slip.toml"
    path.write_text(FORM)
    (form,) = load_forms([path])
    with Ledger(out) as ledger:
        manifest = {**MANIFEST, "forms": {"slip": form.sha256}}
        keep_publication(ledger, Publication(manifest, (form,), TableOptions()), (path,))
    page = opened(out)
    (field,) = page.next()
    refused = page.save(field, "0101")
    assert (refused.status_code, refused.json()) == (409, {"reason": "unlikely", "why": "breaks range 0 100"})
    assert said(out) == []
    assert page.save(field, "0101", sure=True).status_code == 200
    assert page.save(page.next()[0], "9999").status_code == 200


def test_a_mark_is_one_of_its_words(tmp_path: Path, opened: Open) -> None:
    page = opened(out := a_job(tmp_path, [[Written("7", "ticked", kind="mark")]]))
    (field,) = page.next()
    assert (field["kind"], field["value"]) == ("mark", "ticked")
    assert page.save(field, "7").status_code == 422
    assert page.save(field, "struck out").status_code == 200
    assert said(out) == [("r01", "value", "struck out", "ada")]


def test_the_ledger_that_cannot_be_written_refuses_the_save_and_loses_nothing(
    tmp_path: Path, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(out := a_job(tmp_path, [FIVE]))
    (field,) = page.next()

    def full(*_: object, **__: object) -> None:
        raise OutputError("no space left")

    with monkeypatch.context() as broken:
        broken.setattr(Ledger, "correct", full)
        assert page.save(field, "0042").status_code == 503
    assert page.save(field, "0042").status_code == 200
    assert len(said(out)) == 1
