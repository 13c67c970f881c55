import tomllib
from collections.abc import Iterator
from textwrap import dedent
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ocrbatch.form.lines import DEEPEST, Path, scan_lines

WORDS = st.sampled_from(["name", "field", "box", "a", "'b c'", '"d.e"', '"\\u0066"', "1", "-"])
SCALARS = st.sampled_from(
    ["1", "-0.5", "true", '"x"', "'#'", '""', '"""\n\n"""', "'''\n'\n'''", '"\\""', "07:32:00", "1e3"]
)


def lines_of(text: str) -> dict[Path, int]:
    return scan_lines(dedent(text)).known


def paths_in(value: Any, path: Path = ()) -> Iterator[Path]:
    if path:
        yield path
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in entries:
        yield from paths_in(entry, (*path, key))


def test_every_kind_of_table_and_key_has_its_line() -> None:
    known = lines_of("""\
        # a comment [[field]] with a table
        name = "a # b"  # width = 1
        [ settings . deep ]
        "quoted key" = 1
        dotted.'literal'.key = 2
        [[page]]
        width = 1
        [[page.field]]
        name = 'x'
        [[page.field]]
        name = 'y'
        [[page]]
        [[page.field]]
        name = 'z'
    """)
    assert known["name",] == 2
    assert known["settings", "deep"] == 3
    assert known["settings", "deep", "quoted key"] == 4
    assert known["settings", "deep", "dotted", "literal", "key"] == 5
    assert known["page", 0, "width"] == 7
    assert known["page", 0, "field", 1] == 10
    assert known["page", 0, "field", 1, "name"] == 11
    assert known["page", 1, "field", 0, "name"] == 14


def test_texts_and_lists_over_several_lines_count_their_lines() -> None:
    known = lines_of('''\
        text = """
        key = 1
        [[field]] \\""" """
        box = [
          1, # comment ]
          [2,
           3],
        ]
        """not a text""" = 3
        last = { inner = [1, { deep = 2 }] }
    ''')
    assert known["text",] == 1
    assert ("key",) not in known
    assert known["box",] == 4
    assert known["box", 0] == 5
    assert known["box", 1] == 6
    assert known["last", "inner"] == known["last", "inner", 1, "deep"] == 10


def test_windows_line_ends_count_once() -> None:
    assert scan_lines("a = 1\r\n\r\nb = [\r\n2]\r\n").known == {("a",): 1, ("b",): 3, ("b", 0): 4}


def test_a_path_unknown_has_the_line_of_what_is_around_it() -> None:
    lines = scan_lines("a = 1\n[[field]]\nname = 'x'\nbox = [1, 2]\n")
    assert lines.line(("field", 0, "box", 1)) == 4
    assert lines.line(("field", 0, "cells")) == 2
    assert lines.line(("width",)) == 1
    assert lines.names == {("field", 0): "x"}


def test_what_no_person_writes_ends_the_scan_with_its_line() -> None:
    for text in ("x = " + "[" * 99, "x = " + "{a = " * 99, "a." * 99 + "a = 1", "x = " + "9" * 999, "k=1\n" * 30_000):
        limit = scan_lines("\n\n" + text).limit
        assert limit is not None
        assert limit[0] >= 3
    assert scan_lines("x = " + "[" * DEEPEST + "]" * DEEPEST).limit is None


@settings(deadline=None)
@given(st.text(st.sampled_from("[]{}=.,\"'\\# \n\rab1"), max_size=200))
def test_no_text_breaks_the_scanner(text: str) -> None:
    found = scan_lines(text)
    assert all(1 <= line <= text.count("\n") + 1 for line in found.known.values())


@st.composite
def values(draw: st.DrawFn, depth: int = 0) -> str:
    if depth > 2 or draw(st.booleans()):
        return draw(SCALARS)
    if draw(st.booleans()):
        gap = draw(st.sampled_from(["", "\n", " # ]\n"]))
        return f"[{''.join(f'{gap}{entry},{gap}' for entry in draw(st.lists(values(depth + 1), max_size=3)))}]"
    pairs = [f"{draw(WORDS)} = {value}" for value in draw(st.lists(values(depth + 1), max_size=3))]
    return f"{{{', '.join(pairs)}}}"


@st.composite
def statements(draw: st.DrawFn) -> str:
    key = ".".join(draw(st.lists(WORDS, min_size=1, max_size=3)))
    form = draw(st.sampled_from(["[{0}]", "[[{0}]]", "{0} = {1}", "{0}={1} # {0} = 1", "# {0}", ""]))
    return form.format(key, draw(values()))


@settings(deadline=None)
@given(st.lists(statements(), max_size=8), st.sampled_from(["\n", "\r\n"]))
def test_every_key_of_a_valid_text_is_found_on_a_line_that_has_it(texts: list[str], end: str) -> None:
    text = end.join(text.replace("\n", end) for text in texts)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    lines = scan_lines(text)
    written = text.split("\n")
    for path in paths_in(data):
        keys = [part for part in path if isinstance(part, str)]
        assert path in lines.known or isinstance(path[-1], int)
        assert keys[-1] in written[lines.line(path) - 1] or keys[-1] == "f" or isinstance(path[-1], int)
