from dataclasses import replace

import numpy as np
import pytest

from ocrbatch.model.card import load_model_file
from ocrbatch.page.classify import make_classifier
from ocrbatch.page.decode import decode
from ocrbatch.page.legibility import LITTLE_READ, with_doubt
from ocrbatch.page.reader import read_pages
from ocrbatch.records import FieldReading, Page, PageResult, Status, cell_quads
from tests.helpers.readme import ROOT

SAMPLES = ROOT / "samples"


def field(text: str, sure: float = 0.999, status: Status = Status.ACCEPTED) -> FieldReading:
    quads = cell_quads([np.zeros((4, 2), np.float32)] * len(text))
    return FieldReading(
        name="r01",
        kind="boxes",
        value=text,
        confidence=sure,
        status=status,
        reasons=(),
        raw=text,
        runner_up="",
        digit_confidence=(sure,) * len(text),
        box=(0, 0, 1, 1),
        cells=quads,
        cell_values=tuple(text),
    )


def turned(name: str, quarters: int) -> PageResult:
    page = next(iter(decode((SAMPLES / name).read_bytes())))
    assert isinstance(page, Page)
    pixels = np.ascontiguousarray(np.rot90(page.pixels, quarters))
    (read,) = read_pages([Page(1, pixels, page.dpi)], make_classifier(load_model_file()))
    return read.result


@pytest.mark.parametrize("name", ["slip-green.jpg", "card-pink.jpg", "card-grey.png"])
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_of_a_page_that_is_turned_nothing_is_accepted(name: str, quarters: int) -> None:
    assert Status.ACCEPTED not in {one.status for one in turned(name, quarters).fields}


def test_an_upright_page_is_not_doubted() -> None:
    fields = turned("card-pink.jpg", 0).fields
    assert Status.ACCEPTED in {one.status for one in fields}
    assert not any(LITTLE_READ in one.reasons for one in fields)


def test_half_of_the_cells_must_be_read() -> None:
    sure, unread = field("0"), field("???", 0.9, Status.REVIEW)
    assert [one.status for one in with_doubt([sure, unread])] == [Status.REVIEW, Status.REVIEW]
    assert LITTLE_READ in with_doubt([sure, unread])[0].reasons
    assert with_doubt([field("00000"), unread])[0].status is Status.ACCEPTED


def test_few_cells_tell_nothing_of_a_page() -> None:
    assert with_doubt([field("0"), field("??", 0.9, Status.REVIEW)])[0].status is Status.ACCEPTED


def test_blank_fields_stay_as_they_are_and_none_that_waits_could_be_accepted_by_a_lower_threshold() -> None:
    blank, unread = field("", status=Status.BLANK), field("????", 0.5, Status.REVIEW)
    unsure = replace(field("1", 0.97, Status.REVIEW), reasons=("low confidence in cell 1",))
    found = with_doubt([blank, unread, unsure])
    assert found[0] == blank
    assert [one.status for one in found[1:]] == [Status.REVIEW, Status.REVIEW]
    assert found[2].reasons == ("low confidence in cell 1", LITTLE_READ)
