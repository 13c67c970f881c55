import time
from pathlib import Path

import numpy as np
import pytest

from ocrbatch.errors import FormError
from ocrbatch.form.checks import FORMULA_STARTS
from ocrbatch.form.store import parse_form
from ocrbatch.form.template import Blank, Form, Kind
from ocrbatch.geometry import Box
from ocrbatch.output import escape
from ocrbatch.output.tables import form_file

WHERE = Path("cheque.toml")
HEAD = 'name = "cheque"\nwidth = 1000\nheight = 500\n'
FIELD = '[[field]]\nname = "date"\nkind = "boxes"\nbox = [100, 50, 400, 30]\ncells = 8\n'
SECONDS = 1.5
"""Of the processor's own time, so that other work on the machine makes no difference."""


def parse(text: str) -> Form:
    return parse_form(text.encode(), WHERE)


def faults(text: str | bytes) -> list[str]:
    start = time.process_time()
    with pytest.raises(FormError) as caught:
        parse_form(text if isinstance(text, bytes) else text.encode(), WHERE)
    assert time.process_time() - start < SECONDS
    lines = str(caught.value).split("\n")
    assert all(line.isprintable() and len(line) < 500 for line in lines)
    return lines


def fault(text: str | bytes) -> str:
    (line,) = faults(text)
    return line


def with_field(old: str, new: str) -> str:
    assert old in FIELD
    return HEAD + FIELD.replace(old, new)


def test_a_form_of_one_page_is_read() -> None:
    form = parse(
        HEAD
        + "dpi = 150\n"
        + FIELD
        + 'blank = "forbidden"\nrules = ["length 8", "date %d%m%Y"]\n'
        + '[[field]]\nname = "paid"\nkind = "mark"\nbox = [0, 0, 1000, 500]\n'
    )
    (page,) = form.pages
    date, paid = page.fields
    assert (form.name, page.number, page.width, page.height, page.dpi) == ("cheque", 1, 1000, 500, 150)
    assert (date.name, date.kind, date.box) == ("date", Kind.BOXES, Box(100, 50, 400, 30))
    assert (date.blank, [rule.text for rule in date.rules]) == (Blank.FORBIDDEN, ["length 8", "date %d%m%Y"])
    assert date.cells.dtype == np.float32
    assert not date.cells.flags.writeable
    assert date.cells[7].tolist() == [[450, 50], [500, 50], [500, 80], [450, 80]]
    assert (paid.kind, paid.blank, paid.rules) == (Kind.MARK, Blank.ALLOWED, ())
    assert paid.cells.tolist() == [[[0, 0], [1000, 0], [1000, 500], [0, 500]]]


def test_listed_cells_make_their_hull_the_box() -> None:
    (field,) = (
        parse(with_field("box = [100, 50, 400, 30]\ncells = 8", "cell_boxes = [[9, 8, 7, 6], [20, 5, 4, 3]]"))
        .pages[0]
        .fields
    )
    assert field.box == Box(9, 5, 15, 9)
    assert field.cells.tolist() == [[[9, 8], [16, 8], [16, 14], [9, 14]], [[20, 5], [24, 5], [24, 8], [20, 8]]]


def test_a_form_of_several_pages_is_read() -> None:
    page = "[[page]]\nwidth = 900\nheight = 400\n"
    form = parse(f'name = "two"\n{page}{FIELD.replace("field", "page.field")}{page}')
    assert [(page.number, len(page.fields)) for page in form.pages] == [(1, 1), (2, 0)]


def test_a_fault_tells_file_line_field_key_and_mend() -> None:
    assert fault(with_field("cells = 8", "cells = 0")) == (
        'cheque.toml, line 8: field "date", key "cells": is 0; give 1 to 1000'
    )


def test_all_faults_are_told_at_once_by_line_and_at_most_ten() -> None:
    text = HEAD.replace("500", "0") + "hight = 3\n" + FIELD.replace("8", "-1") + FIELD
    assert [line.split(":")[0] for line in faults(text)] == [f"cheque.toml, line {n}" for n in (3, 4, 9, 11)]
    many = faults(HEAD + "".join(FIELD.replace("date", f"f{n}").replace("= 8", "= 0") for n in range(15)))
    assert len(many) == 11
    assert many[-1] == "cheque.toml: and 5 more like these"


def test_a_field_is_named_by_its_page_and_number_where_it_has_no_name() -> None:
    text = 'name = "a"\n[[page]]\nwidth = 9\nheight = 0\n[[page.field]]\nkind = "mark"\nbox = [0, 0, 9, 9]\n'
    assert faults(text) == [
        'cheque.toml, line 4: page 1, key "height": is 0; give the reference picture\'s, 1 to 20000 pixels',
        'cheque.toml, line 5: page 1, field 1, key "name": is missing; give a text in quotes',
    ]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (with_field("cells =", "cell ="), 8, 'field "date": key "cell" is unknown; did you mean "cells"?'),
        (with_field("kind =", "Kind ="), 6, 'key "Kind" is unknown; did you mean "kind"?'),
        (with_field("cells = 8", "cells = 8\nwidth = 3"), 9, "it belongs above a page's first field"),
        (HEAD + "cells = 8\n" + FIELD, 4, "it belongs below a [[field]]"),
        (HEAD + "wxyz = 8\n" + FIELD, 4, "the keys here are width, height"),
        ('name = "a"\n[[page]]\nwidth = 9\nheight = 9\n' + FIELD, 5, "write [[page.field]]"),
        ('name = "a"\nwidth = 9\n[[page]]\nwidth = 9\nheight = 9\n', 2, "belongs above a page's first field"),
    ],
)
def test_an_unknown_key_is_told_with_the_one_that_was_meant(text: str, line: int, words: str) -> None:
    told = faults(text)
    assert any(told.startswith(f"cheque.toml, line {line}: ") and words in told for told in told), told


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        ("8", "1001", "cells", "give 1 to 1000"),
        ("8", "8.0", "cells", "is 8.0"),
        ("8", "true", "cells", "is true"),
        ("8", '"8"', "cells", 'is "8"'),
        ("8", "201", "cells", "give at most 200"),
        ("cells = 8", "", "cells", "is missing"),
        ("cells = 8", "cell_boxes = []", "cell_boxes", "give 1 to 1000"),
        ("cells = 8", "cells = 1\ncell_boxes = [[100, 50, 9, 9]]", "cell_boxes", "leave one of the two out"),
        ("cells = 8", "cell_boxes = [[100, 50, 9, 9], [1, 2, 9, 9]]", "cell_boxes", "is [1, 2, 9, 9], and reaches"),
        ("cells = 8", "cell_boxes = [[100, 50, 9, 9], [1, 2, 9]]", "cell_boxes", "entry 2: is [1, 2, 9]; give"),
        ("cells = 8", "cell_boxes = [[100, 50, 9, 1]]", "cell_boxes", "at least 2 pixels"),
        ("cells = 8", "cell_boxes = 3", "cell_boxes", "is 3"),
        ('"boxes"', '"string"', "cells", "is not for a string; leave it out"),
        ('"boxes"', '"box"', "kind", "give boxes, string or mark"),
        ("[100, 50, 400, 30]", "[-1, 50, 400, 30]", "box", "begins off the page"),
        ("[100, 50, 400, 30]", "[100, -1, 400, 30]", "box", "begins off the page"),
        ("[100, 50, 400, 30]", "[100, 50, 901, 30]", "box", "off the page of 1000×500"),
        ("[100, 50, 400, 30]", "[100, 50, 400, 451]", "box", "off the page of 1000×500"),
        ("[100, 50, 400, 30]", "[100, 50, -400, 30]", "box", "at least 2 pixels"),
        ("[100, 50, 400, 30]", "[100, 50, 400, 0]", "box", "at least 2 pixels"),
        ("[100, 50, 400, 30]", "[100, 50, 9999999999999999999999999, 30]", "box", "off the page"),
        ("[100, 50, 400, 30]", "[100, 50, 400]", "box", "give [x, y, width, height]"),
        ("[100, 50, 400, 30]", "[100, 50, 400, nan]", "box", "give [x, y, width, height]"),
        ("[100, 50, 400, 30]", "[inf, 50, 400, 30]", "box", "give [x, y, width, height]"),
        ("[100, 50, 400, 30]", "{x = 1}", "box", "is a table"),
        ("[100, 50, 400, 30]", "1979-05-27", "box", "is 1979-05-27"),
        ("box = [100, 50, 400, 30]\n", "", "box", "is missing"),
        ('"date"', "3", "name", "give a text in quotes"),
        ('"date"', '""', "name", "empty"),
        ('"date"', f'"{"n" * 65}"', "name", "at most 64"),
        ('"date"', '"a\\nb"', "name", "cannot be seen"),
        ('"date"', '"a\\u202eb"', "name", "cannot be seen"),
        ('"date"', '" a"', "name", "space"),
        ('"date"', '"=a"', "name", "spreadsheet"),
        ('"date"', '"File"', "name", "column of every table"),
        ('"date"', '"lowest_confidence"', "name", "column of every table"),
        ("cells = 8", 'cells = 8\nblank = "never"', "blank", "give allowed, required or forbidden"),
        ("cells = 8", 'cells = 8\nrules = "length 8"', "rules", "give a list"),
        ("cells = 8", 'cells = 8\nrules = ["length 8", 3]', "rules", "entry 2: is 3"),
        ("cells = 8", 'cells = 8\nrules = [" "]', "rules", "entry 1"),
    ],
)  # fmt: skip
def test_a_bad_value_of_a_field_is_told_by_its_key(old: str, new: str, key: str, words: str) -> None:
    told = fault(with_field(old, new))
    assert f'key "{key}"' in told
    assert words in told


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("width = 1000", "width = 0", "width"),
        ("width = 1000", "width = 20001", "width"),
        ("width = 1000", "width = nan", "width"),
        ("width = 1000\n", "", "width"),
        ("width = 1000\nheight = 500", "width = 20000\nheight = 5001", "height"),
        ("height = 500", "height = 500\ndpi = nan", "dpi"),
        ("height = 500", "height = 500\ndpi = inf", "dpi"),
        ("height = 500", "height = 500\ndpi = 0", "dpi"),
        ("height = 500", "height = 500\nreference = 3", "reference"),
        ('name = "cheque"\n', "", "name"),
    ],
)
def test_a_bad_value_of_a_page_is_told_by_its_key(old: str, new: str, key: str) -> None:
    assert f'key "{key}"' in fault(HEAD.replace(old, new) + FIELD)


@pytest.mark.parametrize(
    "text", ["field = 3", "field = [3]", "[field]\nname = 'a'", "page = []", "page = 3", "page = [3]"]
)
def test_what_is_no_list_of_tables_is_told_with_its_brackets(text: str) -> None:
    key = text.strip("[]")[:5].strip()
    assert any(f'key "{key}"' in told and "[[" in told for told in faults(HEAD + text)), faults(HEAD + text)


@pytest.mark.parametrize(
    "name",
    ["a/b", "a\\\\b", "a:b", "a*", "a?", "<a", "a|b", ".a", "a.", "auto", "Whole", "nul", "Com1.x", "é" * 64, "-a", ""],
)
def test_a_form_is_named_so_that_its_table_can_be_a_file(name: str) -> None:
    assert 'key "name"' in fault(HEAD.replace("cheque", name) + FIELD)


@pytest.mark.parametrize("name", ["Überweisung Nr. 3", "mark-sheet", "form", "支票", "n" * 64])
def test_a_form_may_be_named_in_any_language(name: str) -> None:
    assert len(form_file(parse(HEAD.replace("cheque", name) + FIELD).name).encode()) < 240


def test_field_names_are_unique_over_all_pages_whatever_their_case() -> None:
    page = "[[page]]\nwidth = 900\nheight = 400\n" + FIELD.replace("field", "page.field")
    told = fault('name = "two"\n' + page + page.replace('"date"', '"DATE"'))
    assert 'line 14: field "DATE", key "name": is "DATE", as is that of page 1, field 1' in told


def test_spreadsheet_signs_are_those_of_the_tables() -> None:
    assert FORMULA_STARTS == escape.FORMULA_STARTS


def test_a_form_without_fields_is_told() -> None:
    assert "has no field" in fault(HEAD)


def test_large_forms_are_read_and_larger_ones_told() -> None:
    fields = [FIELD.replace("date", f"f{n}") for n in range(2001)]
    assert len(parse(HEAD + "".join(fields[:2000])).pages[0].fields) == 2000
    assert 'line 10004: field "f2000": is beyond' in fault(HEAD + "".join(fields))
    page = "[[page]]\nwidth = 9\nheight = 9\n"
    assert "give 1 to" not in faults('name = "a"\n' + page * 100)[0]
    assert "1 to 100 pages" in faults('name = "a"\n' + page * 101)[0]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (with_field("8", "00123"), 8, 'field "date", key "cells": is no TOML'),
        (with_field("8", "00123"), 8, "a number has no leading zeros"),
        (with_field("cells = 8", "cells = 8\ncells = 9"), 8, 'field "date", key "cells": is given again in line 9'),
        (HEAD + FIELD + "[[field]\n", 9, "is no TOML"),
        (HEAD + FIELD.replace('"date"', "date"), 5, "is no TOML"),
        (HEAD + FIELD.replace("30]", "30"), 8, "is no TOML"),
        (HEAD + "\0", 4, "is no TOML"),
        (HEAD + 'x = """', 4, "is no TOML"),
        (HEAD.encode() + b"# \xff\n" + FIELD.encode(), 4, "is not UTF-8"),
        ((HEAD + FIELD).encode("utf-16"), 1, "is not UTF-8"),
        (HEAD + "x = " + "[" * 900_000, 4, "more than 16 brackets"),
        (HEAD + "x = " + "{a = " * 100_000, 4, "more than 16 brackets"),
        (HEAD + "a." * 400_000 + "a = 1", 4, "more than 16 parts"),
        (HEAD + "[[" + "a." * 400_000 + "a]]", 4, "more than 16 parts"),
        (HEAD + "x = 0x" + "f" * 900_000, 4, 'key "x": has a value of more than 100 digits'),
        (HEAD + "x = [" + "1," * 490_000 + "]", 4, 'key "x": has more than 400000 words'),
        (HEAD + "[[field]]\n" * 90_000, 25_001, "more than 25000 keys"),
        (HEAD + "".join(f"[k{n}]\n" for n in range(90_000)), 25_001, "more than 25000 keys"),
    ],
)
def test_what_is_no_toml_or_too_much_is_told_by_its_line(text: str | bytes, line: int, words: str) -> None:
    told = fault(text)
    assert told.startswith(f"cheque.toml, line {line}: ")
    assert words in told


def test_ten_megabytes_are_refused_unread() -> None:
    assert "more than 1 MB" in fault(b"#" * 10_000_000)


def test_windows_marks_and_line_ends_are_taken() -> None:
    assert parse_form(("\ufeff" + HEAD + FIELD).replace("\n", "\r\n").encode(), WHERE).name == "cheque"
