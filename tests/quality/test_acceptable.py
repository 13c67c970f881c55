import pytest

from ocrbatch.output.results import ResultRow
from ocrbatch.page.confidence import unsure_cells
from ocrbatch.page.lattice import Step
from ocrbatch.quality.acceptable import can_be_accepted


@pytest.mark.parametrize(
    ("status", "reasons", "can"),
    [
        ("accepted", (), True),
        ("accepted", ("changed by luhn",), True),
        ("review", ("low confidence in cell 3",), True),
        ("review", ("low confidence in cells 1 2", "touches edge in cell 1"), False),
        ("review", ("not a digit in cell 1",), False),
        ("review", (), False),
        ("invalid", ("low confidence in cell 3",), False),
        ("blank", (), False),
    ],
)
def test_only_a_low_confidence_can_be_made_good(status: str, reasons: tuple[str, ...], can: bool) -> None:
    assert can_be_accepted(ResultRow("a.png", 1, "f", "r01", "12", 0.9, status, reasons)) is can


def test_a_field_without_a_value_is_not_accepted() -> None:
    assert not can_be_accepted(ResultRow("a.png", 1, "f", "r01", "", 0.9, "review", ("low confidence in cell 1",)))


def test_the_reason_that_the_reader_gives_for_a_low_confidence_is_known() -> None:
    reason = unsure_cells((Step("1", 0.9, "7", 0.1), Step("2", 0.5, "3", 0.4)), 0.99)
    assert can_be_accepted(ResultRow("a.png", 1, "f", "r01", "12", 0.45, "review", (reason,)))
