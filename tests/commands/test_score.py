import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from ocrbatch.commands.score import score
from ocrbatch.errors import FormError, UsageError
from tests.output.values import a_field, a_page
from tests.quality.test_score import PAGES, TRUE, job, truth

APP = typer.Typer()
APP.command()(score)


def answer(*arguments: str | Path) -> str:
    result = CliRunner().invoke(APP, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return job(tmp_path, PAGES)


def test_the_table_tells_shares_and_counts(out: Path) -> None:
    lines = answer(out, truth(out, TRUE)).splitlines()
    assert [" ".join(line.split()) for line in lines[:6]] == [
        "fields exactly right 60.00% 3 of 5",
        "digits right 77.78% 7 of 9",
        "blank fields told right 100.00% 1 of 1",
        "written, read as blank 25.00% 1 of 4",
        "fields accepted 40.00% 2 of 5",
        "of these wrong 50.00% 1 of 2",
    ]
    assert any(line.split()[:3] == ["auto", "r01", "3"] for line in lines)


def test_json_is_all_that_is_printed(out: Path) -> None:
    told = json.loads(answer(out / "results.csv", truth(out, TRUE), "--json"))
    assert (told["exact"], told["digit_accuracy"]) == (3, pytest.approx(7 / 9))
    assert [group["field"] for group in told["by_field"]] == ["r01", "r02"]


def test_bad_truth_is_a_form_error(out: Path) -> None:
    with pytest.raises(FormError):
        answer(out, truth(out, "file,field,value\nnone.png,r01,1\n"))


def test_tables_tell_the_curve_the_bins_and_the_confusions(out: Path) -> None:
    lines = [" ".join(line.split()) for line in answer(out, truth(out, TRUE)).splitlines()]
    assert "with bounds of 95% 1.26% – 98.74%" in lines
    assert any(line.startswith("AURC 0.50000") for line in lines)
    assert "5.0% - 0 0.00% 0 - -" in lines
    assert any(line.startswith("0.995–0.999 3 99.88% 66.67%") for line in lines)
    assert "8 9 1 1" in lines


def test_html_is_written_beside_what_is_printed(out: Path) -> None:
    path = out / "score.html"
    told = json.loads(answer(out, truth(out, TRUE), "--json", "--html", path))
    assert told["exact"] == 3
    assert path.read_text("utf-8").startswith("<!doctype html>")


def test_a_page_is_not_written_over_a_table(out: Path) -> None:
    table, true = out / "results.csv", truth(out, TRUE)
    before = table.read_bytes(), true.read_bytes()
    for arguments in ((table, true, "--html", table), (out, true, "--html", true), (out, true, "--html", table)):
        with pytest.raises(UsageError):
            answer(*arguments)
    assert (table.read_bytes(), true.read_bytes()) == before


@pytest.mark.parametrize("name", ["pages.csv", "results.csv", "manifest.json", "score"])
def test_a_page_is_written_under_the_name_of_a_page_alone(out: Path, name: str) -> None:
    true, path = truth(out, TRUE), out / name
    path.touch()
    before = path.read_bytes()
    with pytest.raises(UsageError, match=r"end it in \.html"):
        answer(out, true, "--html", path)
    assert path.read_bytes() == before
    assert answer(out, true, "--html", out / "score.HTM")
    assert (out / "score.HTM").exists()


def test_of_many_fields_those_with_the_most_wrong_are_told(tmp_path: Path) -> None:
    names = [f"r{i:02d}" for i in range(1, 46)]
    out = job(tmp_path, [a_page("a.png", 1, tuple(a_field(name, "042") for name in names))])
    rows = "".join(f"a.png,{name},{'043' if name == 'r45' else '042'}\n" for name in names)
    lines = [line.split() for line in answer(out, truth(tmp_path, f"file,field,value\n{rows}")).splitlines()]
    told = [line[1] for line in lines if line[:1] == ["auto"]]
    assert told == ["(all)", *names[:39], "r45"]
    assert ["the", "40", "with", "the", "most", "wrong,", "of", "45"] in [line[:8] for line in lines]
