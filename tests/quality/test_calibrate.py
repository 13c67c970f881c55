import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ocrbatch.errors import FormError, OutputError
from ocrbatch.form.acceptance import Acceptance
from ocrbatch.form.thresholds import read_thresholds
from ocrbatch.model.card import load_model_file
from ocrbatch.output.results import read_results
from ocrbatch.output.tables import write_tables
from ocrbatch.page.classify import make_classifier
from ocrbatch.page.decode import decode
from ocrbatch.page.reader import read_pages
from ocrbatch.quality.calibrate import (
    Made,
    as_json,
    calibrate,
    calibrate_form,
    read_made,
    thresholds_of,
    write_thresholds,
)
from ocrbatch.quality.compare import Compared, compare
from ocrbatch.quality.truth import TrueValue
from ocrbatch.records import FilePage, Status
from tests.commands.conftest import SAMPLES
from tests.output.values import a_field, a_page

SHA = "ab" * 32
MANIFEST = {
    "ocrbatch": "0.1.0",
    "model": {"name": "m", "sha256": SHA},
    "string_model": {"name": "s", "sha256": "ef" * 32},
    "temperatures": {"model": 1.25, "string_model": 0.75},
    "forms": {"claim": "cd" * 32},
    "string_forms": ["claim"],
    "settings": {},
}
ASKED = (0.005, 0.95)
MADE = Made("0.1.0", (SHA, 1.25), {"claim": "cd" * 32})
LOW = ("low confidence in cell 2",)


def pairs(count: int, wrong: Sequence[int] = (), **changed: object) -> list[Compared]:
    """Give fields with confidences from 1 down, those whose numbers are given wrong."""
    return [
        replace(
            Compared(f"{i}.png", 1, "claim", "total", "7", "1" if i in wrong else "7", "review"),
            exact=i not in wrong,
            confidence=round(1 - i / 10_000, 4),
            **{"acceptable": True, **changed},  # type: ignore[arg-type]
        )
        for i in range(count)
    ]


def job(folder: Path, count: int = 700, form: str = "claim", manifest: Mapping[str, object] = MANIFEST) -> Path:
    """Write a job of pages with two written fields each, one sure and one less so, and a blank one."""
    sure, less, blank = a_field("a", "12"), a_field("b", "34", Status.REVIEW, y=160), a_field("c", "", Status.BLANK)
    fields = (sure, replace(less, confidence=0.9, reasons=LOW), blank)
    pages = [a_page(f"{number}.png", fields=fields, form=form) for number in range(count)]
    write_tables(folder / "out", lambda: iter(pages), dict(manifest))
    return folder / "out"


def truth(folder: Path, count: int = 700, wrong: Mapping[int, str] | None = None) -> Path:
    """Write the truth of such pages, with another value of ``b`` on some."""
    lines = [f"{number}.png,12,{(wrong or {}).get(number, '34')}," for number in range(count)]
    (folder / "truth.csv").write_text("\n".join(["file,a,b,c", *lines]) + "\n")
    return folder / "truth.csv"


def test_the_threshold_is_where_confidences_rounded_for_the_table_begin() -> None:
    found = calibrate_form("claim", pairs(598), *ASKED)
    assert found.proof is not None
    assert found.proof.confidence == 0.9403
    assert found.threshold == 0.94025


def test_only_what_a_threshold_could_accept_takes_part() -> None:
    never = pairs(300, range(300), acceptable=False)
    blanks = pairs(9, [3], acceptable=False, status="blank")
    missing = pairs(5, acceptable=False, status="")
    found = calibrate_form("claim", [*never, *pairs(598), *blanks, *missing], *ASKED)
    assert found.proof is not None
    assert (found.fields, found.acceptable, found.wrong, found.proof.accepted) == (903, 598, 0, 598)
    assert (found.blanks, found.blanks_wrong) == (9, 1)


def test_too_few_fields_are_refused_with_how_many_more_it_takes() -> None:
    found = calibrate_form("claim", pairs(412), *ASKED)
    assert (found.proof, found.threshold, found.needed) == (None, None, 186)
    with pytest.raises(FormError, match=r'"claim": 412 fields .*, 0 of them wrong, .* 0.005 .* about 186 more'):
        thresholds_of([found], MADE, *ASKED)


def test_fields_that_are_wrong_too_often_are_refused_without_hope() -> None:
    found = calibrate_form("claim", pairs(1000, range(0, 1000, 20)), *ASKED)
    assert found.needed is None
    with pytest.raises(FormError, match="nor would more fields like these"):
        thresholds_of([found], MADE, *ASKED)


def test_a_corrected_job_gives_a_threshold_and_the_file_of_it(tmp_path: Path) -> None:
    out = job(tmp_path)
    wrong = dict.fromkeys(range(0, 700, 10), "35")
    (found,) = calibrate(out, truth(tmp_path, wrong=wrong), *ASKED)
    assert found.proof is not None
    assert (found.pages, found.fields, found.acceptable, found.wrong) == (700, 1400, 1400, 70)
    assert (found.proof.accepted, found.proof.wrong, found.threshold) == (700, 0, 0.99875)
    assert [(one.field, one.fields, one.accepted) for one in found.by_field] == [("a", 700, 700), ("b", 700, 0)]
    write_thresholds(out / "thresholds.toml", thresholds_of([found], read_made(out), *ASKED))
    (threshold,) = read_thresholds(out / "thresholds.toml")
    assert (threshold.form, threshold.threshold, threshold.accepted, threshold.wrong) == ("claim", 0.99875, 700, 0)
    assert (threshold.model_sha256, threshold.form_sha256, threshold.ocrbatch) == (SHA, "cd" * 32, "0.1.0")
    assert (threshold.model_temperature, threshold.string_model_temperature) == (1.25, 0.75)
    assert threshold.string_model_sha256 == "ef" * 32
    told = json.loads(json.dumps(as_json(found)))
    assert (told["threshold"], told["accepted_share"]) == (0.99875, 0.5)


@pytest.mark.parametrize("changed", [{"string_forms": ["slip"]}, {"string_model": None}])
def test_a_form_in_which_no_model_of_strings_took_part_names_none(
    tmp_path: Path, changed: Mapping[str, object]
) -> None:
    made = read_made(job(tmp_path, 1, manifest={**MANIFEST, **changed}))
    (threshold,) = thresholds_of([calibrate_form("claim", pairs(598), *ASKED)], made, *ASKED)
    assert (threshold.string_model_sha256, threshold.string_model_temperature) == ("", 1.0)


def test_values_that_a_person_gave_in_the_job_prove_nothing(tmp_path: Path) -> None:
    out, told = job(tmp_path), truth(tmp_path)
    rows = (out / "results.csv").read_text().splitlines()
    reasons = rows[0].split(",").index("reasons")
    cells = rows[1].split(",")
    cells[reasons] = "corrected"
    (out / "results.csv").write_text("\n".join([rows[0], ",".join(cells), *rows[2:]]) + "\n")
    with pytest.raises(FormError, match=r"1 of the fields .* corrected by a person .* into another folder"):
        calibrate(out, told, *ASKED)


def test_the_results_themselves_are_no_truth(tmp_path: Path) -> None:
    out = job(tmp_path, 3)
    for results in (out, out / "results.csv"):
        with pytest.raises(FormError, match="results themselves, which prove nothing"):
            calibrate(results, out / "results.csv", *ASKED)


def test_where_as_many_other_fields_would_prove_it_they_alone_are_asked_for(tmp_path: Path) -> None:
    found = calibrate_form("claim", pairs(4000, range(4)), *ASKED)
    assert (found.proof, found.needed) == (None, 0)
    with pytest.raises(FormError, match="correct about 4000 other such fields, prove with these alone"):
        thresholds_of([found], MADE, *ASKED)


def test_where_all_are_right_all_are_accepted(tmp_path: Path) -> None:
    (found,) = calibrate(job(tmp_path), truth(tmp_path), *ASKED)
    assert found.proof is not None
    assert (found.proof.accepted, found.threshold) == (1400, 0.89995)


def test_other_forms_keep_their_thresholds(tmp_path: Path) -> None:
    path = tmp_path / "thresholds.toml"
    (claim,) = thresholds_of([calibrate_form("claim", pairs(598), *ASKED)], MADE, *ASKED)
    write_thresholds(path, [replace(claim, form="slip")])
    write_thresholds(path, [claim])
    write_thresholds(path, [replace(claim, wrong=1)])
    assert [(one.form, one.wrong) for one in read_thresholds(path)] == [("claim", 1), ("slip", 0)]
    assert sorted(place.name for place in tmp_path.iterdir()) == ["thresholds.toml"]


def test_a_file_of_something_else_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "form.toml"
    path.write_text('name = "claim"\n')
    found = calibrate_form("claim", pairs(598), *ASKED)
    with pytest.raises(FormError):
        write_thresholds(path, thresholds_of([found], MADE, *ASKED))
    assert path.read_text() == 'name = "claim"\n'
    with pytest.raises(OutputError):
        write_thresholds(tmp_path / "none/thresholds.toml", thresholds_of([found], MADE, *ASKED))


def test_a_form_that_is_not_there_is_refused(tmp_path: Path) -> None:
    out, told = job(tmp_path, 3), truth(tmp_path, 3)
    with pytest.raises(FormError, match=r'form "slip" is in both results and truth; they have "claim"'):
        calibrate(out, told, *ASKED, forms=["slip"])
    (tmp_path / "truth.csv").write_text("file,field,value\nx.png,a,1\n")
    with pytest.raises(FormError, match=r"line 2: the results have no file 'x.png'"):
        calibrate(out, told, *ASKED)


@pytest.mark.parametrize("content", ["", "[]", '{"ocrbatch": 1}', "[" * 9999, '{"settings": 1}'])
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(FormError, match=r"manifest.json: cannot be read \(No such file"):
        read_made(tmp_path)
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(FormError, match="is not as a job writes it"):
        read_made(tmp_path)


@pytest.mark.parametrize("name", ["card-grey.png", "slip-green.jpg", "tally-dotted.png"])
def test_what_could_be_accepted_is_exactly_what_no_threshold_at_all_accepts(tmp_path: Path, name: str) -> None:
    # The proof is of the fields that a lower threshold accepts: calibration must see all of them and no other.
    classifier = make_classifier(load_model_file(None))
    page = tuple(decode((SAMPLES / name).read_bytes()))

    def table(accept: float) -> Path:
        (read,) = read_pages(page, classifier, accept=Acceptance(accept))
        pages = [FilePage("a.png", SHA, read.result)]
        write_tables(tmp_path / str(accept), lambda: iter(pages), {})
        return tmp_path / str(accept)

    open_to_all = {row.field for row in read_results(table(0.0)) if row.status == Status.ACCEPTED}
    rows = read_results(table(1.01))
    told = compare(rows, [TrueValue(row.file, row.page, row.field, row.value) for row in rows])
    assert open_to_all
    assert {pair.field for pair in told if pair.acceptable} == open_to_all
