"""The fields of real pages, from their files to the table; and the figures themselves, on few fields."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocrbatch.quality.compare import Compared
from tests.real.field_figures import (
    calibration_error,
    chance_error,
    check_halves,
    figures,
    most_accepted,
    set_lines,
    told,
)
from tests.real.field_pictures import write_pictures
from tests.real.fields import line_of, misread, read_sets
from tests.real.truth import PAGES

SMALL = 40
LEAST = {
    ("orand", "amounts right"): 0.6,
    ("cheques", "dates right"): 35 / 38,
    ("nist", "fields right"): 24 / 28,
    ("marksheet", "fields right"): 26 / 27,
    ("marksheet", "struck out, in review"): 1.0,
}
"""What no change may lose, as shares; what is asked is more."""


def pair(true: str, read: str, confidence: float = 0.9, status: str = "review", field: str = "whole") -> Compared:
    exact, accepted, able = true == read, status == "accepted", status in {"accepted", "review"}
    return Compared("a.png", 1, "f", field, true, read, status, exact, accepted, confidence, (), able)


def line(pairs: list[Compared], what: str, name: str = "orand") -> tuple[float, int, float | None]:
    (found,) = [found for found in set_lines(name, pairs) if found.what == what]
    return found.reached, found.of, found.asked


def test_a_field_counts_only_whole() -> None:
    pairs = [pair("12", "12"), pair("12", "2"), pair("120", "12"), replace(pair("7", ""), status="")]
    assert line(pairs, "amounts right") == (1, 4, 4)


def test_of_many_fields_the_share_that_is_asked_is_rounded_up() -> None:
    assert line([pair("1", "1")] * 604, "amounts right") == (604, 604, 532)
    assert line([pair("1", "1")] * 604, "accepted at 1% error at most") == (604, 604, 423)


def test_nothing_read_is_not_enough() -> None:
    lines = {found.what: found for found in set_lines("orand", [])}
    assert not lines["amounts right"].enough
    assert [found.what for found in figures({"orand": []}) if found.set == "all" and not found.enough] == [
        "calibration error"
    ]


def test_each_kind_of_field_is_asked_for_by_itself() -> None:
    pairs = [pair("1", "1", field="date"), pair("5", "6", field="amount")]
    assert line(pairs, "dates right", "cheques") == (1, 1, 1)
    assert line(pairs, "amounts right", "cheques") == (0, 1, 1)


def test_what_is_struck_out_has_no_right_value_and_must_be_looked_at() -> None:
    looked_at, passed = pair("?", "13"), pair("?", "13", status="accepted")
    assert line([looked_at, pair("1", "1")], "struck out, in review", "marksheet") == (1, 1, 1)
    assert line([passed, pair("1", "1")], "struck out, in review", "marksheet") == (0, 1, 1)
    assert line([passed, pair("1", "1")], "fields right", "marksheet") == (1, 1, 1)
    assert line([passed, pair("1", "1")], "of these wrong", "marksheet")[:2] == (1, 1)
    assert misread([passed, looked_at]) == [passed]


def test_blank_fields_are_taken_unseen_and_may_be_wrong() -> None:
    pairs = [pair("", "", status="blank"), pair("8", "", status="blank"), pair("3", "3", status="accepted")]
    assert line(pairs, "accepted or blank by default")[:2] == (3, 3)
    assert line(pairs, "of these wrong")[:2] == (1, 3)


def test_a_threshold_takes_equal_confidences_together_and_only_what_can_be_accepted() -> None:
    sure = [pair("1", "1", 0.99)] * 200
    assert most_accepted([*sure, pair("1", "2", 0.98), pair("1", "2", 0.98), pair("1", "2", 0.98)]) == 200
    assert most_accepted([*sure, pair("1", "2", 0.98)]) == 201
    assert most_accepted([*sure, pair("1", "2", 0.99), pair("1", "2", 0.99), pair("1", "2", 0.99)]) == 0
    assert most_accepted([*sure, pair("1", "1", 0.999, "invalid")]) == 200


def test_confidences_that_keep_their_word_have_no_error() -> None:
    assert calibration_error([pair("1", "1", 0.75)] * 3 + [pair("1", "2", 0.75)]) == pytest.approx(0)
    assert calibration_error([pair("1", "1", 0.75)] * 4) == pytest.approx(0.25)
    assert calibration_error([pair("1", "1", 1.0), replace(pair("1", "2", 0.0), status="")]) == pytest.approx(0)


def test_chance_alone_gives_few_fields_an_error_and_sure_ones_none() -> None:
    assert 0.03 < chance_error([pair("1", "1", 0.75)] * 40) < 0.08
    assert chance_error([pair("1", "1", 1.0)] * 40) == 0
    assert chance_error([]) == 0


def test_a_threshold_is_proven_on_one_half_and_checked_on_the_other() -> None:
    good = [pair("1", "1", 0.99)] * 700
    (checked, *_) = check_halves([*good, *[pair("1", "2", 0.5)] * 100])
    assert checked.proven.proof is not None
    assert checked.accepted + checked.proven.proof.accepted == 700
    assert (checked.others, checked.wrong) == (400, 0)
    (few, *_) = check_halves(good[:100])
    assert few.accepted == 0
    assert "refused" in told(few)


def test_misread_fields_are_told_and_drawn_those_accepted_first(tmp_path: Path) -> None:
    crops = tmp_path / "jobs/orand/out"
    crops.mkdir(parents=True)
    (crops / "c.png").write_bytes(bytes(cv2.imencode(".png", np.full((30, 90), 40, np.uint8))[1]))
    passed = replace(pair("12", "72", 0.5, "accepted"), crop="c.png", file="b.png")
    wrong = misread([pair("4", "4"), pair("5", "6", 0.8), passed, replace(pair("9", ""), status="", file="c.png")])
    assert wrong[0] == passed
    assert line_of("orand", passed) == "orand/b.png: read '72', written '12', accepted at 0.5000"
    write_pictures(tmp_path / "seen", {"orand": wrong}, tmp_path / "jobs")
    names = ["accepted-orand-b-whole.png", "sheet-01.png", "wrong-orand-a-whole.png", "wrong-orand-c-whole.png"]
    assert sorted(path.name for path in (tmp_path / "seen").iterdir()) == names
    seen = [cv2.imdecode(np.fromfile(tmp_path / "seen" / name, np.uint8), cv2.IMREAD_COLOR) for name in names[:2]]
    assert seen[1].shape[1] == 3 * seen[0].shape[1]
    assert seen[0][0, 0, 2] > seen[0][0, 0, 0], "a frame in red"


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.skipif(not PAGES.exists(), reason="the real pages are not there")
def test_fields_of_real_pages_are_read_as_well_as_they_were(tmp_path: Path) -> None:
    read = read_sets(["orand", "cheques", "nist", "marksheet"], SMALL, tmp_path, "--jobs", "1")
    lines = {(found.set, found.what): found for found in figures(read)}
    listed = [line_of(name, one) for name, pairs in read.items() for one in misread(pairs)]
    assert not [lines[name] for name, least in LEAST.items() if lines[name].reached < least * lines[name].of], listed
    taken = lines["all", "of these wrong"]
    assert taken.reached <= max(1, 0.01 * taken.of), listed
