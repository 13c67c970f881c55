from pathlib import Path

import pytest

from ocrbatch.errors import FormError
from ocrbatch.form.store import load_forms, parse_form
from ocrbatch.form.template import Form

FORM = """\
name = "sheet"
[[page]]
width = 900
height = 400
[[page.field]]
name = "first"
kind = "string"
box = [10, 10, 90, 30]
rules = ["FIRST"]
[[page.field]]
name = "second part"
kind = "boxes"
box = [10, 50, 90, 30]
cells = 3
rules = ["SECOND"]
[[page.field]]
name = "paid"
kind = "mark"
box = [10, 90, 30, 30]
[[page]]
width = 900
height = 400
[[page.field]]
name = "other"
kind = "string"
box = [10, 10, 90, 30]
"""


def parse(first: str, second: str = "length 3", where: Path = Path("sheet.toml")) -> Form:
    text = FORM.replace('"FIRST"', f"'{first}'").replace('"SECOND"', f"'{second}'")
    return parse_form(text.encode(), where)


def faults(first: str, second: str = "length 3") -> list[str]:
    with pytest.raises(FormError) as caught:
        parse(first, second)
    return str(caught.value).split("\n")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("sum secnd", 'there is no field "secnd"'),
        ("sum Other", 'did you mean "other"?'),
        ("sum first other", "names its own field"),
        ("equals other", 'field "other" is on another page'),
        ("digit-sum paid", 'field "paid" is a mark'),
        ("luhm", 'is "luhm"; there is no rule "luhm"; did you mean "luhn"?'),
    ],
)
def test_a_rule_that_cannot_be_is_told_by_field_key_and_line(rule: str, words: str) -> None:
    (told,) = faults(rule)
    assert told.startswith('sheet.toml, line 9: field "first", key "rules", entry 1: ')
    assert words in told


def test_a_ring_of_sums_is_told_once() -> None:
    (told,) = faults('sum "second part"', "equals first")
    assert "makes a ring: " in told
    assert '"first" from "second part" from "first"' in told or '"second part" from "first" from "second part"' in told


def test_a_long_ring_is_told_and_a_long_chain_is_none() -> None:
    fields = [
        f'[[field]]\nname = "f{n}"\nkind = "string"\nbox = [1, 1, 9, 9]\nrules = ["sum f{n + 1}"]\n'
        for n in range(1999)
    ]
    last = '[[field]]\nname = "f1999"\nkind = "string"\nbox = [1, 1, 9, 9]\n'
    head = 'name = "long"\nwidth = 99\nheight = 99\n'
    assert parse_form((head + "".join(fields) + last).encode(), Path("long.toml")).name == "long"
    with pytest.raises(FormError, match=r"makes a ring: .*…; leave"):
        parse_form((head + "".join(fields) + last + 'rules = ["equals f0"]\n').encode(), Path("long.toml"))


def test_a_field_with_faults_of_its_own_is_not_told_missing() -> None:
    (told,) = faults("sum 'second part'".replace("'", '"'), "length 4")
    assert 'field "second part", key "rules", entry 1: is "length 4", and the field has 3 cells' in told


def test_a_mark_has_no_rules() -> None:
    text = (
        FORM.replace('"FIRST"', "")
        .replace('"SECOND"', "")
        .replace("[10, 90, 30, 30]", '[10, 90, 30, 30]\nrules = ["luhn"]')
    )
    with pytest.raises(FormError, match='field "paid", key "rules": are for digits'):
        parse_form(text.encode(), Path("sheet.toml"))


def test_a_string_may_be_given_its_number_of_digits() -> None:
    text = FORM.replace('["FIRST"]', "[]\ndigits = [1, 9]").replace('"SECOND"', "")
    (rule,) = parse_form(text.encode(), Path("sheet.toml")).pages[0].fields[0].rules
    assert [rule.allows("1" * count) for count in (1, 9, 10)] == [True, True, False]
    for digits, words in (
        ("[9, 1]", "the least first"),
        ("[1]", "as in [1, 9]"),
        ("3", "as in [1, 9]"),
        ("[0, 2]", "as in"),
    ):
        with pytest.raises(FormError) as caught:
            parse_form(text.replace("[1, 9]", digits).encode(), Path("sheet.toml"))
        assert words in str(caught.value)
    with pytest.raises(FormError, match="make the kind string"):
        parse_form(text.replace("cells = 3", "cells = 3\ndigits = [1, 9]").encode(), Path("sheet.toml"))


def test_lists_lie_beside_the_form_and_count_for_its_hash(tmp_path: Path) -> None:
    where = tmp_path / "sheet.toml"
    text = FORM.replace('"FIRST"', '"one-of lists/known numbers.txt"').replace('"SECOND"', "")
    where.write_text(text)
    with pytest.raises(FormError, match=r"entry 1: .* lists/known numbers.txt cannot be used .*; put the list beside"):
        load_forms([where])
    (tmp_path / "lists").mkdir()
    known = tmp_path / "lists" / "known numbers.txt"
    known.write_text("123\n")
    (one,) = load_forms([where])
    known.write_text("123\n456\n")
    (two,) = load_forms([where])
    assert [form.pages[0].fields[0].rules[0].allows("456") for form in (one, two)] == [False, True]
    assert one.sha256 != two.sha256


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", ".."])
def test_a_list_out_of_the_forms_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("123\n")
    (tmp_path / "forms").mkdir()
    with pytest.raises(FormError, match=r"no path below this file's folder"):
        parse(f"one-of {name}", where=tmp_path / "forms" / "sheet.toml")
