import re
from functools import cache
from pathlib import Path

import numpy as np

from ocrbatch.form.store import parse_form
from ocrbatch.model.card import load_model_file
from ocrbatch.page.classify import make_classifier
from ocrbatch.page.decode import decode
from ocrbatch.page.reader import ACCEPT, PreparedPage, finish, prepare, read_pages
from ocrbatch.page.registration.index import index_forms
from ocrbatch.records import LABELS, FieldReading, Page, Probabilities, Status

SAMPLES = Path(__file__).parents[2] / "samples"
SLIP = SAMPLES / "forms" / "slip.toml"
DATE = "17092016"


@cache
def slip() -> Page:
    page = next(decode((SAMPLES / "slip-green.jpg").read_bytes()))
    assert isinstance(page, Page)
    return page


def prepared(rule: str) -> PreparedPage:
    return prepare(slip(), index_forms([parse_form(with_rule(rule), SLIP)]))


def with_rule(rule: str) -> bytes:
    """Give the slip's form with another rule for its date."""
    text, count = re.subn(r'(?m)^rules = \["date .*"\]$', f'rules = ["{rule}"]', SLIP.read_text("utf-8"))
    assert count == 1
    return text.encode()


def scores_of(page: PreparedPage, *weak: tuple[int, str, str]) -> Probabilities:
    """Scores that read the date as it is, but for cells that are said to be rather another digit."""
    scores = np.full((page.tile_count, 11), 1e-6, np.float32)
    scores[:, 0] = 1
    for cell, digit in enumerate(DATE):
        scores[cell] = 1e-6
        scores[cell, LABELS.index(digit)] = 1
    for cell, first, second in weak:
        scores[cell] = 1e-6
        scores[cell, LABELS.index(first)], scores[cell, LABELS.index(second)] = 0.7, 0.3
    return scores


def date_of(page: PreparedPage, *weak: tuple[int, str, str]) -> FieldReading:
    return finish(page, scores_of(page, *weak), ACCEPT).fields[0]


def test_a_forms_rule_reaches_the_reading_of_a_page() -> None:
    index = index_forms([parse_form(with_rule("date %Y%m%d"), SLIP)])
    (page,) = read_pages([slip()], make_classifier(load_model_file()), index=index)
    date = page.result.fields[0]
    assert (date.value, date.raw, date.status, date.reasons[0]) == (DATE, DATE, Status.INVALID, "breaks date")


def test_a_date_that_is_none_is_read_as_the_likeliest_that_is_one() -> None:
    date = date_of(prepared("date %d%m%Y"), (2, "7", "0"), (1, "7", "2"))
    assert (date.value, date.raw, date.status) == (DATE, "17792016", Status.REVIEW)
    assert date.reasons[:2] == ("changed by date", "close runner-up")
    assert date.runner_up == "12092016"
    assert date.cell_values == tuple(DATE)
    assert date.confidence < 0.5


def test_a_date_that_keeps_its_rule_is_accepted_as_it_was() -> None:
    date = date_of(prepared("date %d%m%Y"))
    assert (date.value, date.raw, date.status, date.reasons) == (DATE, DATE, Status.ACCEPTED, ())
