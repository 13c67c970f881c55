import re
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocrbatch.errors import OutputError
from ocrbatch.output.results import ResultRow
from ocrbatch.quality import report_fields
from ocrbatch.quality.report_html import page, write_page
from ocrbatch.quality.score import Report, score
from ocrbatch.quality.truth import TrueValue

PNG = bytes(cv2.imencode(".png", np.full((7, 30), 200, np.uint8))[1])
VOID = {"meta", "img", "br"}
HOSTILE = "<script>alert('1')</script>\"'&\u202e\udcff\n"


class Page(HTMLParser):
    """A page's elements and texts; fails where tags do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "crops").mkdir()
    (tmp_path / "crops/a.png").write_bytes(PNG)
    return tmp_path


def report(values: dict[str, str], name: str = "r01", crop: str = "", status: str = "accepted") -> Report:
    """Give the report of a field of a page for each truth and its reading."""
    read = enumerate(values.items(), 1)
    pairs = [
        (
            ResultRow(name, i, name, name, value, 0.99, status, (), crop),
            TrueValue(name, i, name, true),
        )
        for i, (true, value) in read
    ]
    return score([row for row, _ in pairs], [truth for _, truth in pairs])


def test_a_page_stands_alone_and_runs_nothing(out: Path) -> None:
    found = Page(page(report({"12": "13"}, crop="crops/a.png"), out))
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in found.elements}
    for tag, attrs in found.elements:
        assert not any(name.startswith("on") for name in attrs), tag
        for name in ("src", "href"):
            assert (attrs.get(name) or "#").startswith(("data:image/png;base64,", "#"))
    assert "default-src 'none'" in str(found.all("meta"))
    assert "prefers-color-scheme: dark" in found.text
    assert "@media print" in found.text


def test_names_with_markup_are_inert(out: Path) -> None:
    text = page(report({"12": "13", HOSTILE: HOSTILE[:-3]}, HOSTILE, "crops/a.png", status=HOSTILE), out)
    text.encode("utf-8")
    found = Page(text)
    assert not found.all("script")
    assert "<script>alert('1')</script>" in found.text
    assert all("script" not in name for _, attrs in found.elements for name in attrs)


def test_every_picture_and_plot_says_what_it_shows(out: Path) -> None:
    found = Page(page(report({"12": "13"}, crop="crops/a.png"), out))
    (image,) = found.all("img")
    assert "12, read as 13" in str(image["alt"])
    assert (image["width"], image["height"]) == ("30", "7")
    ids = [attrs["id"] for _, attrs in found.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    for plot in found.all("svg"):
        assert plot.get("aria-hidden") == "true" or set(str(plot["aria-labelledby"]).split()) <= set(ids)
    for link in found.all("a"):
        assert str(link["href"])[1:] in ids
    assert found.all("html") == [{"lang": "en"}]
    assert all(head.get("scope") for head in found.all("th"))


def test_without_crops_it_says_how_to_get_them(out: Path) -> None:
    assert "--crops" in Page(page(report({"12": "13"}), out)).text
    assert "--crops" not in Page(page(report({"12": "13"}, crop="crops/a.png"), out)).text
    assert "--crops" not in Page(page(report({"12": "12"}), out)).text


def test_no_more_pictures_than_a_page_takes(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_fields, "MOST", 3)
    found = Page(page(report({str(i): "x" for i in range(5)}, crop="crops/a.png"), out))
    assert len(found.all("img")) == 3
    assert "The first 3 of 5." in found.text


def test_digits_that_differ_are_marked(out: Path) -> None:
    assert "12<b>9</b>4" in page(report({"1234": "1294"}), out)
    assert "12<b>4</b>" in page(report({"1234": "124"}), out)


@pytest.mark.parametrize("status", ["accepted", "blank", "invalid", ""])
@pytest.mark.parametrize(
    "values", [{"1": "1"}, {"1": "2"}, {"": ""}, {"1": ""}, {str(i): str(i % 7) for i in range(90)}]
)
def test_every_report_is_a_page_whose_plots_have_numbers(values: dict[str, str], status: str, out: Path) -> None:
    text = page(report(values, status=status), out)
    Page(text)
    assert not re.search(r"\b(nan|inf|None)\b", text.split("</style>")[1].replace(">None.<", ""))


def test_a_page_is_written_whole_for_its_user_or_not_at_all(out: Path) -> None:
    path = out / "new/score.html"
    write_page(path, report({"12": "13"}), out)
    assert path.read_text("utf-8") == page(report({"12": "13"}), out)
    assert path.stat().st_mode & 0o077 == 0
    assert [one.name for one in path.parent.iterdir()] == ["score.html"]
    with pytest.raises(OutputError):
        write_page(path / "below.html", report({"12": "13"}), out)
