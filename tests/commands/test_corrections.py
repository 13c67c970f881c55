import getpass
import json
from pathlib import Path

import openpyxl
import pytest

from ocrbatch.job.ledger import Ledger
from ocrbatch.records import Status
from tests.commands.conftest import Command
from tests.review.corrected_jobs import a_csv, a_job, typed_in


@pytest.fixture
def job(command: Command, scans: Path, tmp_path: Path) -> Path:
    out = tmp_path / "out"
    told = command("run", scans, "-o", out, "--jobs", "1", "--xlsx")
    assert told.code == 0
    return out


def test_a_folder_of_scans_is_corrected_in_its_workbook_and_learnt_from(
    command: Command, job: Path, tmp_path: Path
) -> None:
    with Ledger(job, writable=False) as ledger:
        (page,) = ledger.pages()
    fields = page.result.fields
    waiting = [one for one in fields if one.status in (Status.REVIEW, Status.INVALID)]
    book = openpyxl.load_workbook(job / "results.xlsx")
    sheet = book["review"]
    assert sheet.max_row == 1 + len(waiting)
    assert len(sheet._images) == len(waiting)
    assert all(path.is_file() for path in map(job.joinpath, page.crops))
    own = next(one for one in fields if one.kind == "boxes" and all(one.cell_values) and len(one.cell_values) > 1)
    digits = own.value.replace("?", "0")
    table = a_csv(tmp_path / "t.csv", [{"file": "slip.jpg", "field": own.name, "corrected": digits}])
    told = command("corrections", "apply", job, table, "--who", "ada")
    assert (told.code, told.out) == (0, "")
    assert "1 corrections taken" in told.err
    assert f",{own.name},{digits},1.0000,accepted,corrected," in (job / "results.csv").read_text()
    told = command("corrections", "apply", job, table)
    assert "0 corrections taken, 1 known already" in told.err
    told = command("corrections", "export", job, tmp_path / "set")
    assert told.code == 0
    assert f"{len(digits)} pictures of 1 corrected fields" in told.err or "second look" in told.err
    assert "\x1b" not in told.err


def test_the_login_name_stands_for_who_has_corrected(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, login = a_job(tmp_path, {"a.png": ["tick"]}), getpass.getuser()
    command("corrections", "apply", out, typed_in(out, {"tick": "crossed"}))

    def nobody() -> str:
        raise OSError

    monkeypatch.setattr(getpass, "getuser", nobody)
    command("corrections", "apply", out, a_csv(tmp_path / "t.csv", [{"field": "tick", "corrected": "blank"}]))
    with Ledger(out, writable=False) as ledger:
        assert [one.who for one in ledger.corrections()] == [login, "unknown"]


def test_partly_takes_the_good_rows_and_still_ends_with_8(command: Command, tmp_path: Path) -> None:
    out = a_job(tmp_path, {"a.png": ["tick"]})
    rows = [{"field": "tick", "corrected": "crossed"}, {"field": "none", "corrected": "1"}]
    told = command("corrections", "apply", out, a_csv(tmp_path / "t.csv", rows), "--partly")
    assert told.code == 8
    assert "row 3: a.png, page 1, none: the page has no such field" in told.out
    assert "1 corrections taken, 1 refused" in told.err
    assert "tables are written anew" in told.err


def test_a_folder_without_a_job_is_an_input_that_is_missing(command: Command, tmp_path: Path) -> None:
    for words in (("apply", tmp_path, tmp_path / "t.csv"), ("export", tmp_path, tmp_path / "set")):
        told = command("corrections", *words)
        assert (told.code, "holds no job" in told.err) == (4, True)


def test_who_wants_no_pictures_gets_a_workbook_without(command: Command, scans: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert command("run", scans, "-o", out, "--jobs", "1", "--xlsx", "--no-crops").code == 0
    assert not (out / "crops").exists()
    assert openpyxl.load_workbook(out / "results.xlsx")["review"]._images == []
    assert json.loads((out / "manifest.json").read_text())["settings"]["xlsx"]
    assert command("run", scans, "-o", out, "--jobs", "1", "--no-crops").code == 0
    assert not (out / "results.xlsx").exists()


def test_a_workbook_in_which_somebody_has_written_outlives_the_next_run(
    command: Command, job: Path, scans: Path
) -> None:
    typed_in(job, {"none": "1"})
    before = (job / "results.xlsx").read_bytes()
    assert command("run", scans, "-o", job, "--jobs", "1", "--xlsx").code == 0
    assert (job / "results-edited-1.xlsx").read_bytes() == before
    assert (job / "results.xlsx").read_bytes() != before
