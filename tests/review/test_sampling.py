from pathlib import Path

from ocrbatch.job.ledger import Ledger
from ocrbatch.quality.bounds import upper_bound
from ocrbatch.records import Status
from ocrbatch.review.fields import Fields
from ocrbatch.review.sampling import Estimate, draw, kept_samples, sample_setting
from tests.review.conftest import Open
from tests.review.jobs import Written, a_job, many_fields

ACCEPTED = [Written(f"1{number}", "", 0.999, Status.ACCEPTED) for number in range(10, 40)]
BLANK = Written("", "", 1.0, Status.BLANK)


def test_only_accepted_fields_of_which_nobody_spoke_are_drawn_and_none_twice(tmp_path: Path) -> None:
    out = a_job(tmp_path, [[*ACCEPTED[:5], *many_fields(3), BLANK]])
    with Ledger(out) as ledger:
        fields = Fields(ledger)
    first = draw(fields, (), 3)
    rest = draw(fields, first, 20)
    assert len(first) == 3
    assert {one.accepted for one in (*first, *rest)} == {field.value for field in ACCEPTED[:5]}
    assert draw(fields, (*first, *rest), 20) == []


def test_a_sample_reads_back_as_it_was_kept(tmp_path: Path) -> None:
    with Ledger(a_job(tmp_path, [ACCEPTED])) as ledger:
        sample = draw(Fields(ledger), ())
        ledger.keep_settings(sample_setting("2026-01-01", sample))
        assert kept_samples(ledger.settings()) == {"2026-01-01": sample}
    assert len(sample) == 20


def test_the_bound_is_that_of_clopper_and_pearson_and_counts_what_is_open() -> None:
    assert Estimate(20, 1, 1).bound == upper_bound(2, 20, 0.95)
    assert Estimate(20, 1, 1).error == 0.1
    assert (Estimate(0, 0, 0).error, Estimate(0, 0, 0).bound) == (0, 1)


def test_nothing_that_a_page_gets_of_the_sample_tells_what_was_read(tmp_path: Path, opened: Open) -> None:
    page = opened(a_job(tmp_path, [[Written("98765432", "", 0.9991, Status.ACCEPTED)]]))
    answer = page.post("/api/sample")
    assert "98765432" not in answer.text
    assert set(answer.json()["field"]) == {"key", "file", "page", "form", "field", "kind", "box"}


def test_a_field_keyed_as_it_was_read_stays_and_another_goes_to_review(tmp_path: Path, opened: Open) -> None:
    ada = opened(out := a_job(tmp_path, [ACCEPTED]), sample=3)
    bob = ada.of("bb", "bob")
    one, two = ada.post("/api/sample").json()["field"], bob.post("/api/sample").json()["field"]
    assert one["key"] != two["key"]
    fields = {field.key: field for field in ada.review.desk.fields}
    assert ada.post("/api/sample/key", key=one["key"], value=fields[one["key"]].read.value).json() == {"agrees": True}
    assert bob.post("/api/sample/key", key=two["key"], value="000").json() == {"agrees": False}
    with Ledger(out, writable=False) as ledger:
        (said,) = ledger.corrections()
    assert (said.verdict, said.source, said.who, said.field) == ("review", "sample", "bob", two["field"])
    told = ada.post("/api/sample").json()
    assert {name: told[name] for name in ("tonight", "done", "keyed", "wrong", "open")} == {
        "tonight": 3,
        "done": 2,
        "keyed": 2,
        "wrong": 0,
        "open": 1,
    }
    again = ada.post("/api/sample/key", key=one["key"], value="1")
    assert again.status_code == 422, "a field is keyed once"


def test_what_differs_is_an_error_only_if_review_says_so(tmp_path: Path, opened: Open) -> None:
    page = opened(a_job(tmp_path, [ACCEPTED]), sample=2)
    settled = []
    for wrong in (False, True):
        key = page.post("/api/sample").json()["field"]["key"]
        read = page.review.desk.fields.get(key).read.value  # type: ignore[union-attr]
        page.post("/api/sample/key", key=key, value="000")
        (field,) = page.next()
        page.save(field, "000" if wrong else read)
        settled.append(page.post("/api/sample").json())
    assert [(told["wrong"], told["open"]) for told in settled] == [(0, 0), (1, 0)]
    assert settled[1]["error"] == 0.5


def test_the_same_sample_is_there_when_the_server_starts_again(tmp_path: Path, opened: Open) -> None:
    out = a_job(tmp_path, [ACCEPTED])
    page = opened(out, sample=4)
    keys = set()
    while field := page.post("/api/sample").json()["field"]:
        keys.add(field["key"])
        page.post("/api/sample/key", key=field["key"], value="0" if len(keys) == 1 else "1")
        if len(keys) == 2:
            break
    page.http.close()
    again = opened(out, sample=4).post("/api/sample").json()
    assert (again["tonight"], again["done"]) == (4, 2)
    assert again["field"]["key"] not in keys


def test_a_sample_that_was_too_small_is_filled_up_when_more_was_read(tmp_path: Path, opened: Open) -> None:
    out = a_job(tmp_path / "one", [many_fields(2)])
    page = opened(out, sample=3)
    assert page.post("/api/sample").json()["tonight"] == 0
    other = a_job(tmp_path / "two", [many_fields(1), ACCEPTED])
    with Ledger(out) as ledger, Ledger(other) as more:
        ledger.record([("more.png", more.states()["slip-0001.png"], more.pages_of("slip-0001.png"))])
    page.http.portal.call(page.review.desk.look)
    assert page.post("/api/sample").json()["tonight"] == 3
    assert page.post("/api/sample").json()["tonight"] == 3
