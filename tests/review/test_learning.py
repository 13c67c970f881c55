import csv
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocrbatch.errors import InputError, UsageError
from ocrbatch.job.corrected import Correction, Verdict
from ocrbatch.job.ledger import FileState, Ledger
from ocrbatch.job.opened import content_sum
from ocrbatch.job.publish import Publication, keep_publication
from ocrbatch.model.datasets import load_dataset
from ocrbatch.output.tables import TableOptions
from ocrbatch.page.crop import ink_of
from ocrbatch.page.decode import decode
from ocrbatch.page.normalize import normalize
from ocrbatch.page.segment import segment
from ocrbatch.records import (
    FieldPlace,
    FieldReading,
    FilePage,
    Page,
    PageResult,
    PageStatus,
    Probabilities,
    RegisteredPage,
    Status,
    Tiles,
)
from ocrbatch.review.earlier import SECOND_LOOK
from ocrbatch.review.learning import GONE, OTHER_FORM, OTHER_KIND, UNEVEN, Exported, export_corrections
from tests.output.values import a_field

ROWS = {"code": "042", "more": "1 7", "tick": "1"}


class Sure:
    """Takes every tile for one digit; another has a share of the probability."""

    def __init__(self, digit: int, share: float = 0.001) -> None:
        self._digit, self._share = digit, share

    def scores(self, tiles: Tiles) -> Probabilities:
        scores = np.full((len(tiles), 11), self._share, np.float32)
        scores[:, self._digit] = 1 - 10 * self._share
        return scores


def read(name: str, row: int, value: str) -> FieldReading:
    field = a_field(name, value.replace(" ", ""), Status.REVIEW, y=80 + 80 * row)
    cells = tuple(sign.strip() for sign in value.ljust(3))
    return replace(
        field, value=value, raw=value, runner_up="", cell_values=cells, kind="mark" if name == "tick" else "boxes"
    )


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """Give a job of one scan with three fields, and nothing said of them."""
    pixels = np.full((400, 400), 245, np.uint8)
    fields = tuple(read(name, row, value) for row, (name, value) in enumerate(ROWS.items()))
    for field in fields:
        for cell, text in zip(field.cells, field.cell_values, strict=False):
            x, y = cell[0].astype(int)
            cv2.rectangle(pixels, (x, y), (x + 40, y + 50), 120, 1)
            if text:
                cv2.putText(pixels, text, (x + 9, y + 38), cv2.FONT_HERSHEY_SIMPLEX, 1.1, 20, 3)
    scan = tmp_path / "scan.png"
    scan.write_bytes(bytes(cv2.imencode(".png", pixels)[1]))
    sha256 = content_sum(scan)
    out = tmp_path / "out"
    out.mkdir()
    with Ledger(out) as ledger:
        page = FilePage("scan.png", sha256, PageResult(1, "auto", PageStatus.REVIEW, "", 1.0, 0.0, fields))
        ledger.record([("scan.png", FileState(1, 1, sha256, "key", path=scan), [page])])
        keep_publication(ledger, Publication({"forms": {}, "settings": {}}, (), TableOptions()), ())
    return out


def say(out: Path, field: str, value: str, verdict: Verdict = Verdict.VALUE) -> None:
    with Ledger(out) as ledger:
        sha256 = ledger.states()["scan.png"].sha256
        ledger.correct([Correction(sha256, 1, "auto", field, verdict, value, "", "ada", "2026-01-01", "review")])


def export(out: Path, model: Sure | None = None) -> Exported:
    return export_corrections(out, out.parent / "set", classifier=model or Sure(0, 0.02))


def labels(out: Path) -> list[str]:
    return sorted(path.parent.name for path in (out.parent / "set").glob("?/*.png"))


def doubted(out: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((out.parent / "set" / SECOND_LOOK).read_text().splitlines()))


def test_corrected_cells_are_a_set_that_a_training_takes(job: Path) -> None:
    say(job, "code", "943")
    exported = export(job)
    assert (exported.pictures, exported.fields, exported.doubted, exported.left_out) == (3, 1, 0, {})
    assert labels(job) == ["3", "4", "9"]
    data = load_dataset(str(job.parent / "set"))
    assert sorted([*data.train_labels, *data.test_labels]) == [3, 4, 9]
    assert doubted(job) == []


def test_what_is_trained_on_is_what_a_reader_sees(job: Path) -> None:
    say(job, "code", "042")
    export(job)
    (page,) = decode((job.parent / "scan.png").read_bytes())
    assert isinstance(page, Page)
    places = tuple(FieldPlace(name, "boxes", read(name, row, "042").cells) for row, name in enumerate(["code", "more"]))
    (image, _) = segment(RegisteredPage(page, "auto", places, 1.0, 0.0))
    for cell, digit in zip(image.cells, "042", strict=True):
        (path,) = (job.parent / "set" / digit).glob("*.png")
        ink = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
        seen, taught = normalize(cell.ink).astype(int), normalize(ink_of(ink)).astype(int)
        assert np.abs(seen - taught).mean() < 4


def test_only_fields_with_a_digit_for_each_written_cell_are_taken(job: Path) -> None:
    say(job, "code", "42")
    say(job, "more", "18")
    say(job, "tick", "crossed")
    exported = export(job)
    assert labels(job) == ["1", "8"]
    assert exported.left_out == {OTHER_KIND: 1, UNEVEN: 1}


def test_only_the_last_word_on_a_field_counts_and_only_a_value(job: Path) -> None:
    say(job, "code", "999")
    say(job, "code", "", Verdict.BLANK)
    say(job, "more", "99")
    say(job, "more", "17")
    export(job)
    assert labels(job) == ["1", "7"]


def test_an_absurd_label_is_shown_for_a_second_look_first(job: Path) -> None:
    say(job, "code", "043")
    exported = export(job, Sure(5))
    # Of 0 and 4 the reading itself says the same.
    assert labels(job) == ["0", "4"]
    (row,) = doubted(job)
    assert (row["label"], row["model"], row["probability"], row["confirmed"]) == ("3", "5", "0.0010", "")
    assert (row["file"], row["field"], row["cell"]) == ("scan.png", "code", "3")
    assert (job.parent / "set" / row["picture"]).is_file()
    assert exported.doubted == 1
    load_dataset(str(job.parent / "set"))


def answer(out: Path, word: str) -> None:
    path = out.parent / "set" / SECOND_LOOK
    head, row = path.read_text().splitlines()
    path.write_text(f"{head}\n{row[: row.rindex(',')]},{word}\n")


def test_a_label_that_was_looked_at_again_is_taken_from_then_on_or_stays_out(job: Path) -> None:
    say(job, "code", "043")
    export(job, Sure(5))
    answer(job, "Yes")
    for _ in range(2):
        assert export(job, Sure(5)).doubted == 0
        assert labels(job) == ["0", "3", "4"]
        assert [row["confirmed"] for row in doubted(job)] == ["yes"]
    answer(job, "no")
    assert export(job, Sure(5)).doubted == 0
    assert labels(job) == ["0", "4"]


def test_an_export_again_leaves_nothing_of_corrections_that_were_taken_back(job: Path) -> None:
    say(job, "code", "043")
    export(job, Sure(5))
    say(job, "code", "", Verdict.UNDONE)
    say(job, "more", "17")
    export(job, Sure(5))
    assert labels(job) == ["1", "7"]
    assert sorted(path.name for path in (job.parent / "set").iterdir() if path.is_file()) == [SECOND_LOOK]


def test_a_scan_that_is_gone_or_has_changed_gives_nothing_new(job: Path) -> None:
    say(job, "code", "943")
    scan = job.parent / "scan.png"
    whole = scan.read_bytes()
    scan.write_bytes(whole + b" ")
    assert export(job).left_out == {GONE: 1}
    scan.unlink()
    assert export(job).left_out == {GONE: 1}
    scan.write_bytes(whole)
    assert export(job).pictures == 3


def test_what_was_exported_of_a_scan_stays_when_the_scan_is_gone(job: Path) -> None:
    say(job, "code", "043")
    say(job, "more", "17")
    export(job, Sure(5))
    before = {path.name: path.read_bytes() for path in (job.parent / "set").rglob("*.png")}
    (listed,) = doubted(job)
    (job.parent / "scan.png").unlink()
    exported = export(job, Sure(5))
    assert (exported.pictures, exported.fields, exported.doubted, exported.left_out) == (4, 2, 1, {})
    assert {path.name: path.read_bytes() for path in (job.parent / "set").rglob("*.png")} == before
    assert doubted(job) == [listed]
    answer(job, "yes")
    assert export(job, Sure(5)).doubted == 0
    assert labels(job) == ["0", "1", "3", "4", "7"]
    assert [row["confirmed"] for row in doubted(job)] == ["yes"]


def test_of_a_scan_that_is_gone_nothing_stays_that_was_corrected_again_or_taken_back(job: Path) -> None:
    say(job, "code", "943")
    say(job, "more", "17")
    export(job)
    (job.parent / "scan.png").unlink()
    say(job, "code", "944")
    say(job, "more", "", Verdict.UNDONE)
    exported = export(job)
    assert (exported.pictures, exported.fields, exported.left_out) == (0, 0, {GONE: 1})
    assert labels(job) == []


def test_a_folder_with_something_else_is_left_alone(job: Path) -> None:
    own = job.parent / "set"
    own.mkdir()
    (own / "mine.txt").touch()
    with pytest.raises(UsageError, match="no earlier export"):
        export(job)
    with pytest.raises(InputError, match="holds no job"):
        export_corrections(job.parent, own / "new", classifier=Sure(0))


def test_pictures_are_private(job: Path) -> None:
    say(job, "code", "943")
    export(job)
    modes = {path.stat().st_mode & 0o777 for path in (job.parent / "set").rglob("*") if path.is_file()}
    assert modes == {0o600}


def test_the_shipped_model_judges_where_no_other_is_given(job: Path) -> None:
    say(job, "code", "049")
    told: list[tuple[int, int]] = []
    exported = export_corrections(job, job.parent / "set", lambda done, total: told.append((done, total)))
    assert (exported.doubted, [row["model"] for row in doubted(job)]) == (1, ["2"])
    assert told == [(0, 1), (1, 1)]


def test_what_was_said_of_a_page_as_another_form_labels_nothing(job: Path) -> None:
    say(job, "code", "042")
    with Ledger(job) as ledger:
        ((name, state),) = ledger.states().items()
        (page,) = ledger.pages_of(name)
        ledger.record([(name, state, [replace(page, result=replace(page.result, form="slip"))])])
    exported = export(job)
    assert (exported.pictures, exported.left_out) == (0, {OTHER_FORM: 1})


def test_an_export_that_was_stopped_goes_on_in_its_folder(job: Path) -> None:
    say(job, "code", "042")

    class Stopped(Sure):
        def scores(self, tiles: Tiles) -> Probabilities:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(job, Stopped(0))
    (job.parent / "set" / "0").mkdir()
    (job.parent / "set" / "0" / "half.png").touch()
    assert export(job).pictures == 3
    assert not (job.parent / "set" / "0" / "half.png").exists()
