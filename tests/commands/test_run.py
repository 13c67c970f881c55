import csv
import fcntl
import io
import json
import os
from pathlib import Path

import pytest
from PIL import Image

from ocrbatch.form.template import Form
from ocrbatch.job.run import Job, Summary
from ocrbatch.job.sources import Source
from tests.commands.conftest import SAMPLES, Command
from tests.form.values import a_form


def rows(table: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table.read_bytes().decode(), newline="")))


def card_form(folder: Path) -> Path:
    """Write a form of a sample card: its reference picture is that sample."""
    folder.mkdir()
    (folder / "card.png").write_bytes((SAMPLES / "card-grey.png").read_bytes())
    with Image.open(folder / "card.png") as picture:
        width, height = picture.size
    (folder / "card.toml").write_text(
        f'name = "card"\nwidth = {width}\nheight = {height}\nreference = "card.png"\n'
        '[[field]]\nname = "number"\nkind = "boxes"\nbox = [216, 414, 795, 116]\ncells = 8\n'
    )
    return folder / "card.toml"


def test_json_is_all_that_is_on_standard_output(command: Command, scans: Path, tmp_path: Path) -> None:
    told = command("run", scans, "-o", tmp_path / "out", "--jobs", "1", "--json")
    assert told.code == 0
    summary = json.loads(told.out)
    assert told.out.count("\n") == 1
    assert (summary["files"], summary["files_read"], sum(summary["pages"].values())) == (1, 1, 1)
    assert sum(summary["fields"].values()) == len(rows(tmp_path / "out/results.csv")) > 0


def test_a_person_is_told_on_standard_error(command: Command, scans: Path, tmp_path: Path) -> None:
    told = command("run", scans, "-o", tmp_path / "out", "--jobs", "1")
    assert (told.code, told.out) == (0, "")
    assert "1 pages of 1 files" in told.err
    assert str(tmp_path / "out/results.csv") in told.err
    assert "\x1b" not in told.err
    assert "\r" not in told.err


def test_the_second_run_opens_no_picture(
    command: Command, scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError

    call = ("run", scans, "-o", tmp_path / "out", "--jobs", "1")
    command(*call)
    before = (tmp_path / "out/results.csv").read_bytes()
    monkeypatch.setattr("ocrbatch.job.worker.make_classifier", never)
    assert "nothing new to read" in command(*call).err
    assert (tmp_path / "out/results.csv").read_bytes() == before


def test_bad_files_fail_by_name_and_leave_the_others_as_they_are(command: Command, scans: Path, tmp_path: Path) -> None:
    command("run", scans, "-o", tmp_path / "alone", "--jobs", "1")
    good = (scans / "slip.jpg").read_bytes()
    (scans / "a-empty.png").write_bytes(b"")
    (scans / "half.jpg").write_bytes(good[: len(good) // 2])
    (scans / "text.png").write_text("no picture at all")
    (scans / "notes.txt").write_text("notes")
    told = command("run", scans, "-o", tmp_path / "out", "--jobs", "2")
    assert told.code == 3
    assert f"ocrbatch status {tmp_path / 'out'}" in told.err
    assert rows(tmp_path / "out/results.csv") == rows(tmp_path / "alone/results.csv")
    pages = {row["file"]: (row["status"], row["reason"].split(":")[0]) for row in rows(tmp_path / "out/pages.csv")}
    assert pages["a-empty.png"] == ("failed", "empty file")
    assert pages["half.jpg"] == ("failed", "truncated")
    assert pages["text.png"] == ("failed", "not an image")
    assert pages["notes.txt"] == ("skipped", "not a picture by its ending")
    assert pages["slip.jpg"][0] in {"read", "review"}
    assert len(pages) == 5


def test_fields_that_wait_are_told_by_the_exit_code_where_asked(
    command: Command, scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def waiting(job: Job, progress: object) -> Summary:
        pages = dict.fromkeys(("read", "failed", "skipped", "pending"), 0) | {"review": 1}
        return Summary(1, 1, pages, {"accepted": 1, "review": 1, "blank": 0, "invalid": 0})

    monkeypatch.setattr("ocrbatch.job.run.run_job", waiting)
    assert command("run", scans, "-o", tmp_path / "out").code == 0
    assert command("run", scans, "-o", tmp_path / "out", "--fail-on-review").code == 9


@pytest.mark.parametrize(("number", "said"), [(1, "1 page is no"), (3, "3 pages are no")])
def test_pages_that_are_no_known_form_are_counted_with_the_mend(
    command: Command, scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str
) -> None:
    def unknown(job: Job, progress: object) -> Summary:
        pages = dict.fromkeys(("read", "failed", "skipped", "pending"), 0) | {"review": number}
        return Summary(number, number, pages, dict.fromkeys(("accepted", "review", "blank", "invalid"), 0), number)

    monkeypatch.setattr("ocrbatch.job.run.run_job", unknown)
    told = command("run", scans, "-o", tmp_path / "out", "--json")
    assert f"{said} known form or not registered: see pages.csv; ocrbatch form show FORM SCAN" in told.err
    assert (told.code, json.loads(told.out)["unregistered"]) == (0, number)
    assert command("run", scans, "-o", tmp_path / "out", "--fail-on-review").code == 9


def test_forms_reach_the_job_and_a_bad_one_stops_it(
    command: Command, scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def given(paths: list[Path]) -> tuple[Form, ...]:
        return tuple(a_form(path.stem) for path in paths)

    def told_of(job: Job) -> tuple[list[Source], list[Source]]:
        return [Source(form.name, scans) for form in job.forms], []

    monkeypatch.setattr("ocrbatch.form.store.load_forms", given)
    monkeypatch.setattr("ocrbatch.job.run.plan_job", told_of)
    call = ("run", scans, "-o", tmp_path / "out", "--dry-run")
    assert "0 of 2 files" in command(*call, "-f", "a.toml", "--form", "b.toml").err
    monkeypatch.undo()
    (tmp_path / "bad.toml").write_text("name = ")
    told = command("run", scans, "-o", tmp_path / "out", "-f", tmp_path / "bad.toml")
    assert told.code == 8
    assert "bad.toml" in told.err
    assert not (tmp_path / "out").exists()


def test_a_page_that_is_none_of_the_forms_is_not_read(command: Command, scans: Path, tmp_path: Path) -> None:
    form, out = card_form(tmp_path / "forms"), tmp_path / "out"
    told = command("run", scans, "-o", out, "-f", form.parent, "--jobs", "1", "--crops", "--overlays")
    assert told.code == 0
    assert "1 page is no known form or not registered" in told.err
    assert rows(out / "results.csv") == []
    (page,) = rows(out / "pages.csv")
    assert (page["form"], page["status"], page["reason"]) == ("", "review", "unknown form")
    assert not list((out / "forms").glob("*"))
    assert list(json.loads((out / "manifest.json").read_text())["forms"]) == ["card"]


def test_a_dry_run_names_the_files_and_writes_nothing(command: Command, scans: Path, tmp_path: Path) -> None:
    (scans / "notes.txt").write_text("notes")
    told = command("run", scans, "-o", tmp_path / "out", "--dry-run")
    assert told.code == 0
    assert told.out.splitlines() == ["notes.txt\tnot a picture by its ending", "slip.jpg\tto read"]
    assert "2 of 2 files" in told.err
    assert not (tmp_path / "out").exists()


def test_a_list_of_files_comes_from_standard_input(command: Command, scans: Path, tmp_path: Path) -> None:
    names = b"\r\n".join([os.fsencode(scans / "slip.jpg"), b"", os.fsencode(scans / "slip.jpg"), b""])
    told = command("run", "-", "-o", tmp_path / "out", "--dry-run", data=names)
    assert told.out == "slip.jpg\tto read\n"
    assert command("run", "-", "-o", tmp_path / "out", data=b"\n").code == 2


@pytest.mark.parametrize("share", ["0", "1", "100%", "-1%", "nan", "inf", "half", "", "%", "1%%"])
def test_a_share_that_is_none_is_a_usage_error(command: Command, scans: Path, tmp_path: Path, share: str) -> None:
    told = command("run", scans, "-o", tmp_path / "out", f"--target-error={share}")
    assert told.code == 2
    assert "0.5%" in told.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("share", ["0.5%", "0.005", ".5%"])
def test_a_share_is_written_in_per_cent_or_as_a_number(
    command: Command, scans: Path, tmp_path: Path, share: str
) -> None:
    assert command("run", scans, "-o", tmp_path / "out", "--target-error", share, "--dry-run").code == 0


@pytest.mark.parametrize(
    "wrong", [["--jobs=-1"], ["--jobs=many"], ["--separator=|"], ["--max-megapixels=0"], ["--max-megapixels=nan"]]
)
def test_a_setting_that_cannot_be_is_a_usage_error(
    command: Command, scans: Path, tmp_path: Path, wrong: list[str]
) -> None:
    assert command("run", scans, "-o", tmp_path / "out", *wrong).code == 2
    assert not (tmp_path / "out").exists()


def test_settings_come_from_the_environment_and_flags_win(
    command: Command, scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCRBATCH_RUN_JOBS", "many")
    told = command("run", scans, "-o", tmp_path / "out", "--dry-run")
    assert told.code == 2
    assert "--jobs" in told.err
    assert command("run", scans, "-o", tmp_path / "out", "--dry-run", "--jobs", "1").code == 0


def test_what_is_missing_or_in_the_way_has_its_exit_code(command: Command, scans: Path, tmp_path: Path) -> None:
    assert command("run", tmp_path / "none", "-o", tmp_path / "out").code == 4
    assert command("run", scans, "-o", scans / "out").code == 2
    (tmp_path / "file").write_text("")
    assert command("run", scans, "-o", tmp_path / "file").code == 5
    assert command("run", scans, "-o", tmp_path / "file/out").code == 5
    assert command("run", scans, "-o", tmp_path / "out", "-m", tmp_path / "none.tflite").code == 7
    (tmp_path / "bad.tflite").write_bytes(b"no model")
    assert command("run", scans, "-o", tmp_path / "out", "-m", tmp_path / "bad.tflite", "--jobs", "1").code == 7
    assert not (tmp_path / "out/results.csv").exists()


def test_a_folder_that_another_job_holds_is_told_with_its_process(
    command: Command, scans: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    with (tmp_path / "out/.lock").open("w+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("4321")
        lock.flush()
        told = command("run", scans, "-o", tmp_path / "out")
    assert told.code == 6
    assert "process 4321" in told.err


def test_crops_and_overlays_lie_where_the_tables_say(command: Command, scans: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert command("run", scans, "-o", out, "--jobs", "1", "--crops", "--overlays").code == 0
    crops = [row["crop"] for row in rows(out / "results.csv")]
    assert crops
    assert all((out / crop).is_file() for crop in crops)
    assert [path.name for path in (out / "overlays").rglob("*.jpg")] == ["slip.jpg.p1.jpg"]
