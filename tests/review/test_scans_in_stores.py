from dataclasses import replace
from pathlib import Path

import pytest

from ocrbatch.job.ledger import Ledger
from ocrbatch.job.remote import Place
from ocrbatch.review.pictures import PictureError, Pictures, Scan
from tests.job.stores import SECRET, at
from tests.review.conftest import Open
from tests.review.jobs import a_job, many_fields


def job_on_store(place: Path) -> tuple[Path, Path]:
    """Make a job whose scan lies at an address; gives its output folder, and the path behind the address."""
    out = a_job(place / "in", [many_fields(2)])
    with Ledger(out) as ledger:
        ((name, state),) = ledger.states().items()
        assert isinstance(state.path, Path)
        ledger.record([(name, replace(state, path=at(state.path)), ledger.pages_of(name))])
        return out, state.path


def scan_of(out: Path) -> Scan:
    with Ledger(out, writable=False) as ledger:
        ((name, state),) = ledger.states().items()
        path: Place = state.path
        return Scan(ledger.pages_of(name)[0], path, 100_000_000)


def test_a_page_is_shown_from_the_store_where_it_lies(tmp_path: Path, opened: Open) -> None:
    out, _ = job_on_store(tmp_path)
    page = opened(out)
    (field,) = page.next()
    for kind in ("crop", "page"):
        answer = page.http.get(f"/{kind}/{field['key']}")
        assert (answer.status_code, answer.headers["content-type"].partition("/")[0]) == (200, "image")


def test_a_page_that_its_store_does_not_give_says_why_and_no_more(tmp_path: Path) -> None:
    out, path = job_on_store(tmp_path)
    scan = scan_of(out)
    path.write_text("forbidden")
    with pytest.raises(PictureError, match="not allowed, or no credentials") as refused:
        Pictures(out).page(scan)
    assert SECRET not in str(refused.value)
    path.unlink()
    with pytest.raises(PictureError, match="no such bucket, folder or file"):
        Pictures(out).page(scan)
