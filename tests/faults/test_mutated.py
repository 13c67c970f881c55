"""Thousands of bad pictures in jobs: none ends one, none is without a state, none takes too long or too much memory."""

from pathlib import Path

import pytest

from tests.faults.mutate import odd_files, read_all
from tests.faults.mutations import bad_files
from tests.faults.seeds import made_files, sample_files


def test_some_bad_pictures_do_no_harm(tmp_path: Path) -> None:
    report = read_all(bad_files(60, seed=2), tmp_path, jobs=1)
    assert not report.faults
    assert report.files == len(report.costs) == 60
    assert sum(report.states.values()) >= 60
    # Some are read in spite of all, and the refusals are of several kinds.
    assert len([state for state in report.states if state.startswith("failed")]) >= 4
    assert [state for state in report.states if not state.startswith("failed")]


@pytest.mark.long
@pytest.mark.slow
def test_two_thousand_bad_pictures_and_odd_ones_do_no_harm(tmp_path: Path) -> None:
    assert not read_all(bad_files(2000, seed=1), tmp_path / "bad").faults
    assert not read_all(odd_files(), tmp_path / "odd").faults


def test_bad_pictures_are_the_same_for_the_same_seed_and_each_is_bad_in_its_own_way() -> None:
    files = dict(bad_files(300, seed=3))
    assert files == dict(bad_files(300, seed=3))
    assert files != dict(bad_files(300, seed=4))
    good = set((sample_files() | made_files()).values())
    assert len(set(files.values()) - good) == len(files) == 300


def test_the_report_tells_what_may_not_be(tmp_path: Path) -> None:
    report = read_all([("a.png", b"no picture")], tmp_path, jobs=1, more=["--no-such-option"])
    assert len(report.crashes) == 1
    assert report.stateless == ["a.png"]
    assert len(report.faults) == 2
    assert (tmp_path / "bad/a.png").read_bytes() == b"no picture"
