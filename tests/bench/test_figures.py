"""The benchmark's own arithmetic."""

import math
from pathlib import Path

import pytest

from tests.bench.figures import Case, Turn, against_one, case_row, many_against_few, marginal, verdict
from tests.bench.growth.measure import Grown
from tests.bench.growth.table import steepness
from tests.bench.peers.measure import Peer, measure
from tests.bench.runs import Run
from tests.bench.sheets import GREY
from tests.bench.table import Found, PeerRow, as_json, lines

START, A_PAGE, DECODING = 2.0, 0.1, 0.02


def a_run(pages: int, a_page: float = A_PAGE, start: float = START) -> Run:
    return Run(pages, start + a_page * pages, start + a_page * pages, 80.0 + pages, 170.0, 1.0)


def a_turn(a_page: float = A_PAGE, start: float = START) -> Turn:
    return Turn(DECODING, a_run(40, a_page, start), a_run(10, a_page, start))


def grown(pages: int, tables: float, memory: float = 80.0) -> Grown:
    return Grown(pages, 0.1, 1.0, tables, 1.0, memory, 170.0, 1.0, 0.5, 70.0, 0.4)


def test_what_a_page_more_takes_has_nothing_of_the_start() -> None:
    assert marginal(a_run(40), a_run(10), lambda run: run.processor) == pytest.approx(A_PAGE)


def test_a_row_has_the_medians_of_its_turns_and_the_start_in_the_whole_alone() -> None:
    case = Case(GREY, "grey", 64, form=True)
    row = case_row(case, [a_turn(), a_turn(9.0), a_turn(0.0)])
    assert (row.decode, row.more) == pytest.approx((1000 * DECODING, 1000 * A_PAGE))
    assert row.whole == pytest.approx(1000 * (START / 40 + A_PAGE))
    assert row.ratios == pytest.approx(((START / 40 + A_PAGE) / DECODING, A_PAGE / DECODING))
    assert row.parent_mb == 120.0


def test_goals_are_those_of_sheets_of_few_cells_and_depend_on_the_form() -> None:
    goals = [Case(GREY, "", cells, form).goal for cells, form in ((64, True), (64, False), (400, True))]
    assert goals == [1.5, 1.8, None]


def test_many_cells_are_compared_with_few_of_the_same_kind_and_way() -> None:
    rows = [
        case_row(Case(GREY, "", cells, form), [a_turn(a_page)])
        for cells, form, a_page in ((64, True, 0.1), (64, False, 0.2), (400, True, 0.3))
    ]
    assert many_against_few(rows) == [("grey JPEG, form given", pytest.approx(3.0))]


def test_workers_are_compared_by_the_clock_with_the_start_and_without() -> None:
    one, two = ([(turn.large, turn.small)] for turn in (a_turn(), a_turn(A_PAGE / 2)))
    assert against_one(one, two) == pytest.approx(((START + 4) / (START + 2), 2.0))


def test_a_goal_is_met_where_it_is_just_reached() -> None:
    assert [verdict(1.5, 1.5), verdict(1.51, 1.5), verdict(9.0, None)] == ["met", "missed", ""]
    assert [verdict(1.85, 1.85, at_least=True), verdict(1.84, 1.85, at_least=True)] == ["met", "missed"]


def test_what_grows_with_the_square_of_the_pages_is_told_from_what_grows_with_them() -> None:
    def of(power: float) -> list[Grown]:
        return [grown(pages, 3.0 + 1e-4 * pages**power) for pages in (1_000, 10_000, 100_000)]

    assert steepness(of(1), "tables") == pytest.approx(1.0)
    assert steepness(of(2), "tables") == pytest.approx(10.0)
    assert math.isnan(steepness(of(1)[:2], "tables"))


def test_a_peer_that_is_not_installed_says_what_to_type() -> None:
    (peer,) = measure(Path(__file__), "rapid", None)
    found = Found(peers=[PeerRow(peer, 64, 500.0), PeerRow(Peer("tesseract", "a cell", 50.0, 0.5), 64, 500.0)])
    told = "\n".join(lines(found))
    assert "--peers-python" in told
    assert "10.0" in told
    assert "missed" in told
    assert as_json(found)["peers"][1]["goal"] == 15.0  # type: ignore[index]
