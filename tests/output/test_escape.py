import csv
import io
import os

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ocrbatch.output.escape import FORMULA_STARTS, escape_name, unescape_name

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))
FILE_NAMES = st.binary(min_size=1, max_size=255).map(os.fsdecode)


@given(ANY_TEXT | FILE_NAMES)
@example("\udcff\x80\\xff")
@example("\\u003d\\\\")
@example("=1+1")
def test_every_text_comes_back(text: str) -> None:
    assert unescape_name(escape_name(text)) == text


@given(ANY_TEXT | FILE_NAMES)
@example("\t=1")
@example("＝1")
def test_no_spelling_begins_as_a_formula_or_breaks_a_line(text: str) -> None:
    spelled = escape_name(text)
    assert not spelled.startswith(tuple(FORMULA_STARTS + "\t\r"))
    assert len(spelled.splitlines()) <= 1
    spelled.encode()


@given(st.lists(FILE_NAMES, min_size=1, max_size=5))
def test_csv_and_pandas_read_names_back(names: list[str]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["file", "page"], *([escape_name(name), "1"] for name in names)])
    written = text.getvalue()
    assert [unescape_name(row[0]) for row in csv.reader(io.StringIO(written, newline=""))][1:] == names
    table = pd.read_csv(io.StringIO(written, newline=""), dtype=str, keep_default_na=False)
    assert [unescape_name(name) for name in table["file"]] == names


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("scan 1.png", "scan 1.png"),
        ("-1.png", "\\u002d1.png"),
        ("a\nb", "a\\u000ab"),
        ("a\\b", "a\\\\b"),
        ("\udcff", "\\xff"),
        ("\x80", "\\u0080"),
        ("É\u200f😀", "É\u200f😀"),
        ("", ""),
    ],
)
def test_spellings_are_these(text: str, spelled: str) -> None:
    assert escape_name(text) == spelled
