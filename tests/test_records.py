import dataclasses
import inspect

import numpy as np
import pytest

from ocrbatch import records
from ocrbatch.records import LABELS, NOT_A_DIGIT, PageStatus, Status, cell_quads, read_only

VALUES = [kind for _, kind in inspect.getmembers(records, dataclasses.is_dataclass) if isinstance(kind, type)]


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: kind.__name__)
def test_every_value_is_frozen_and_slotted(kind: type) -> None:
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert "__slots__" in vars(kind)


def test_a_read_only_array_refuses_writing() -> None:
    array = read_only(np.zeros(3, np.uint8))
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1


def test_stacked_cells_are_read_only_float32_even_when_there_are_none() -> None:
    quad = np.array([[0, 0], [5, 0], [5, 7], [0, 7]], np.float64)
    for count in (0, 1, 3):
        cells = cell_quads([quad] * count)
        assert cells.shape == (count, 4, 2)
        assert cells.dtype == np.float32
        assert not cells.flags.writeable


def test_the_words_of_the_tables_are_those_promised() -> None:
    assert set(Status) == {"accepted", "review", "blank", "invalid"}
    assert set(PageStatus) == {"read", "review", "failed", "skipped", "pending"}


def test_the_labels_are_the_digits_and_the_stranger_comes_after_them() -> None:
    assert "".join(LABELS) == "0123456789"
    assert NOT_A_DIGIT == 10
