"""What several people, windows and processes say at once of the same fields: nothing is lost, conflicts are told."""

import asyncio
import sqlite3
import threading
import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from ocrbatch.errors import OutputError
from ocrbatch.geometry import Box
from ocrbatch.job.corrected import Correction, Verdict
from ocrbatch.job.ledger import NAME, Ledger
from ocrbatch.records import Status
from ocrbatch.review import corrections as taking
from ocrbatch.review.corrections import apply_corrections
from tests.review import corrected_jobs
from tests.review.conftest import Open
from tests.review.jobs import Written, a_job, many_fields, rows
from tests.review.talks import Talk

FIVE = many_fields(5, wrong=2)
SURE = [Written("77", "", 0.999, Status.ACCEPTED), Written("17", "", 0.998, Status.ACCEPTED)]
AT = "2026-01-01T00:00:00+00:00"


def last_words(out: Path) -> dict[str, tuple[str, str, str]]:
    with Ledger(out, writable=False) as ledger:
        return {one.field: (one.verdict.value, one.value, one.who) for one in ledger.corrections()}


def by_a_table(out: Path, field: str, value: str) -> Correction:
    with Ledger(out, writable=False) as ledger:
        (state, *_) = ledger.states().values()
    return Correction(state.sha256, 1, "auto", field, Verdict.VALUE, value, "", "eve", AT, "t.csv")


def taken_slowly(out: Path, said: Correction, saving: threading.Event) -> None:
    """Take a correction in as another process does that is in the middle of it when somebody saves."""
    db = sqlite3.connect(out / NAME, isolation_level=None, timeout=60)
    db.execute("BEGIN IMMEDIATE")
    saving.set()
    time.sleep(0.5)
    db.execute(
        "INSERT INTO corrections (sha256, page, form, field, verdict, value, was, who, at, source) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*said.place, said.verdict.value, said.value, said.was, said.who, said.at, said.source),
    )
    db.execute("COMMIT")
    db.close()


def while_a_table_is_taken(out: Path, said: Correction, page: Talk, field: dict[str, object]) -> httpx.Response:
    saving = threading.Event()
    other = threading.Thread(target=taken_slowly, args=(out, said, saving))
    other.start()
    assert saving.wait(30)
    answer = page.save(field, "1111")
    other.join()
    return answer


def test_a_save_that_waits_for_a_table_to_be_taken_is_checked_against_it(tmp_path: Path, opened: Open) -> None:
    page = opened(out := a_job(tmp_path, [FIVE]))
    first, second, third = page.next(3)
    answer = while_a_table_is_taken(out, by_a_table(out, "r01", "0042"), page, first)
    assert (answer.status_code, answer.json()["field"]["value"]) == (409, "0042")
    assert last_words(out) == {"r01": ("value", "0042", "eve")}
    assert while_a_table_is_taken(out, by_a_table(out, "r02", "0043"), page, third).status_code == 200
    assert page.save(second, "2222").status_code == 409, "what the table said of the others is heard too"
    assert last_words(out)["r02"] == ("value", "0043", "eve")


def test_a_table_is_checked_against_what_is_said_while_it_is_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = corrected_jobs.a_job(tmp_path, {"a.png": ["tick"]})
    table = corrected_jobs.typed_in(out, {"tick": "ticked"}, name="mine.xlsx")
    check = taking._Checker.check

    def slowly(self: taking._Checker, found: object) -> object:
        checked = check(self, found)  # type: ignore[arg-type]
        monkeypatch.setattr(taking._Checker, "check", check)
        with Ledger(out) as ledger:
            (sha256,) = {state.sha256 for state in ledger.states().values()}
            said = Correction(sha256, 1, "slip", "tick", Verdict.VALUE, "crossed", "", "bob", AT, "review")
            ledger.correct([said])
        return checked

    monkeypatch.setattr(taking._Checker, "check", slowly)
    (refused,) = apply_corrections(out, table, "eve").refused
    assert "by bob" in refused.reason
    assert last_words(out) == {"tick": ("value", "crossed", "bob")}


def test_a_table_that_is_saved_again_while_it_is_taken_is_not_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = corrected_jobs.a_job(tmp_path, {"a.png": ["tick", "a"]})
    table = corrected_jobs.typed_in(out, {"tick": "ticked"})
    read = taking.read_rows

    def saved_again(path: Path) -> object:
        found = read(path)
        corrected_jobs.typed_in(out, {"tick": "crossed"})
        return found

    monkeypatch.setattr(taking, "read_rows", saved_again)
    assert apply_corrections(out, table, "eve").taken == 1
    assert (out / "results-edited-1.xlsx").is_file()


def test_the_fields_of_a_page_are_counted_with_what_others_have_said_of_it(tmp_path: Path, opened: Open) -> None:
    page = opened(out := a_job(tmp_path, [FIVE]))
    fields = page.next(5)
    with Ledger(out) as ledger:
        ledger.correct([by_a_table(out, "r05", "0042")])
    assert page.save(fields[0], "1111").status_code == 200
    with Ledger(out, writable=False) as ledger:
        ((_, _, _, counted),) = ledger.counts()
    assert counted == (2, 3, 0, 0)


def test_an_open_digit_sheet_takes_back_its_own_word_and_nobody_elses(tmp_path: Path, opened: Open) -> None:
    ada = opened(out := a_job(tmp_path, [SURE]))
    bob = ada.of("bb", "bob")
    first = ada.http.get("/api/digits/7").json()["cells"][0]
    assert ada.post("/api/digits", key=first["key"], verdict="review").json() == {"sent": True}
    (field,) = bob.next()
    assert bob.save(field, "11").status_code == 200
    for verdict in ("undone", "review"):
        refused = ada.post("/api/digits", key=first["key"], verdict=verdict)
        assert (refused.status_code, refused.json()["reason"]) == (409, "conflict")
    assert ada.post("/api/digits", key=first["key"], verdict="blank").status_code == 422
    assert last_words(out) == {"r02": ("value", "11", "bob")}


def test_what_a_sample_has_sent_to_review_is_not_taken_back_by_a_sheet(tmp_path: Path, opened: Open) -> None:
    page = opened(out := a_job(tmp_path, [SURE[:1]]), sample=1)
    sheet = page.http.get("/api/digits/7").json()["cells"]
    key = page.post("/api/sample").json()["field"]["key"]
    page.post("/api/sample/key", key=key, value="11")
    assert page.post("/api/digits", key=sheet[0]["key"], verdict="review").json() == {"sent": True}
    assert page.post("/api/digits", key=sheet[0]["key"], verdict="undone").status_code == 409
    assert last_words(out)["r01"][0] == "review"


def test_a_field_that_a_sheet_has_sent_and_taken_back_goes_to_review_when_a_sample_differs(
    tmp_path: Path, opened: Open
) -> None:
    page = opened(a_job(tmp_path, [SURE[:1]]), sample=1)
    key = page.post("/api/sample").json()["field"]["key"]
    for verdict in ("review", "undone"):
        page.post("/api/digits", key=key, verdict=verdict)
    assert page.post("/api/sample/key", key=key, value="11").json() == {"agrees": False}
    assert [one["field"] for one in page.next()] == ["r01"]


def test_two_who_key_a_sample_at_once_lose_nothing(tmp_path: Path, opened: Open) -> None:
    accepted = [replace(one, status=Status.ACCEPTED) for one in many_fields(6)]
    ada = opened(out := a_job(tmp_path, [accepted]), sample=6)
    talks = [ada.of(f"{number:02x}", f"person {number}") for number in range(6)]

    async def all_at_once(path: str, contents: list[dict[str, object]]) -> list[httpx.Response]:
        asked = [ada.http.http.post(path, json=content, headers=ada.headers) for content in contents]
        return list(await asyncio.gather(*asked))

    shown = ada.http.portal.call(all_at_once, "/api/sample", [{"client": one.client, "who": one.who} for one in talks])
    keys = [one.json()["field"]["key"] for one in shown]
    assert len(set(keys)) == 6
    said = [{"client": one.client, "who": one.who, "key": key} for one, key in zip(talks, keys, strict=True)]
    known = {field.key: field.read.value for field in ada.review.desk.fields}
    keyed = ada.http.portal.call(
        all_at_once, "/api/sample/key", [{**one, "value": known[str(one["key"])]} for one in said]
    )
    assert [one.json() for one in keyed] == [{"agrees": True}] * 6
    told = ada.post("/api/sample").json()
    assert (told["tonight"], told["done"], told["keyed"]) == (6, 6, 6)
    ada.http.close()
    assert opened(out, sample=6).post("/api/sample").json()["done"] == 6


def test_a_field_of_the_sample_may_be_keyed_after_midnight(
    tmp_path: Path, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(a_job(tmp_path, [SURE]), sample=1)
    key = page.post("/api/sample").json()["field"]["key"]

    class Tomorrow:
        @staticmethod
        def today() -> "Tomorrow":
            return Tomorrow()

        def isoformat(self) -> str:
            return "2999-01-01"

    monkeypatch.setattr("ocrbatch.review.samples.date", Tomorrow)
    assert page.post("/api/sample/key", key=key, value="1").status_code == 200
    assert page.post("/api/sample").json()["keyed"] == 1


def test_an_undo_that_the_disk_did_not_take_can_be_asked_for_again(
    tmp_path: Path, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(out := a_job(tmp_path, [FIVE]))
    page.save(page.next()[0], "0042")

    def full(*_: object, **__: object) -> None:
        raise OutputError("no space left")

    with monkeypatch.context() as broken:
        broken.setattr(Ledger, "correct", full)
        assert page.post("/api/undo").status_code == 503
    assert page.post("/api/undo").json()["field"]["field"] == "r01"
    assert last_words(out)["r01"][0] == "undone"


def test_a_field_that_was_read_anew_elsewhere_on_its_page_is_shown_where_it_is_now(
    tmp_path: Path, opened: Open
) -> None:
    page = opened(out := a_job(tmp_path, [FIVE]))
    first, second = page.next(2)
    crops = [page.http.get(f"/crop/{one['key']}").content for one in (first, second)]
    cells = [page.http.get(f"/cell/{one['key']}/0").content for one in (first, second)]
    with Ledger(out) as ledger:
        ((name, state),) = ledger.states().items()
        (read,) = ledger.pages_of(name)
        one, two, *others = read.result.fields
        exchanged = (
            replace(one, box=Box(*(two.box.x, two.box.y, two.box.width, two.box.height)), cells=two.cells),
            replace(two, box=one.box, cells=one.cells),
            *others,
        )
        ledger.begin_run(2)
        ledger.record([(name, state, [replace(read, result=replace(read.result, fields=exchanged))])], done=1)
        ledger.end_run()
    page.review.desk._looked = page.review.desk._rebuilt = -1e9
    page.http.portal.call(page.review.desk.look)
    assert [page.http.get(f"/crop/{one['key']}").content for one in (second, first)] == crops
    assert [page.http.get(f"/cell/{one['key']}/0").content for one in (second, first)] == cells


def test_a_job_whose_folder_has_an_odd_name_has_its_pages(tmp_path: Path, opened: Open) -> None:
    page = opened(a_job(tmp_path, [FIVE]).rename(tmp_path / "out\udcff<b>"))
    assert "out\\xff&lt;b&gt;" in page.http.get("/").text


def test_tables_that_cannot_be_written_for_whatever_reason_are_told_of(tmp_path: Path, opened: Open) -> None:
    page = opened(out := a_job(tmp_path, [FIVE]))

    def broken(_: Path) -> None:
        raise IndexError

    page.review.publisher._write = broken
    page.review.publisher._pause = 0.0
    page.save(page.next()[0], "0042")
    until = time.monotonic() + 20
    while not page.review.publisher.problem and time.monotonic() < until:
        time.sleep(0.02)
    assert "IndexError" in page.review.publisher.problem
    assert page.review.publisher.behind
    assert next(rows(out))["value"] != "0042"


def test_a_value_that_breaks_a_sum_of_its_page_is_asked_once_more(tmp_path: Path, opened: Open) -> None:
    page = opened(out := corrected_jobs.a_job(tmp_path, {"a.png": ["total", "a"]}))
    fields = {str(one["field"]): one for one in page.next(2)}
    assert page.save(fields["total"], "42").status_code == 200, "what is not settled yet breaks no sum"
    refused = page.save(fields["a"], "001")
    told = {"reason": "unlikely", "why": "breaks sum a b, as the other fields stand"}
    assert (refused.status_code, refused.json()) == (409, told)
    assert page.save(fields["a"], "", "not readable").status_code == 200
    again = page.post("/api/undo").json()["field"]
    assert page.save(again, "040").status_code == 200
    assert last_words(out)["a"] == ("value", "040", "ada")


def test_what_somebody_calls_themselves_or_writes_moves_no_terminal(tmp_path: Path, opened: Open) -> None:
    out = corrected_jobs.a_job(tmp_path, {"a.png": ["tick"]})
    page = opened(out).of("bb", "\x1b[2Jbob")
    page.save(page.next()[0], "crossed")
    page.http.close()
    row = {"field": "tick", "corrected": "ticked", "was": "\x1b[2Jticked"}
    (refused,) = apply_corrections(out, corrected_jobs.a_csv(tmp_path / "t.csv", [row]), "eve").refused
    assert "\x1b" not in refused.reason
    assert "by \\u001b[2Jbob" in refused.reason
