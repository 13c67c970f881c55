import sys
from pathlib import Path

import numpy as np
import pytest

from ocrbatch.model.datasets import load_pictures
from tests.helpers import draw_digits


def test_drawn_digits_are_a_set_to_train_and_to_test_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "drawn.npz"
    monkeypatch.setattr(sys, "argv", ["draw_digits", str(out), "--count", "200"])
    assert draw_digits.main() == 0
    _, taught, held_out, _ = load_pictures(str(out))
    assert (len(taught.pictures), len(held_out.pictures)) == (200, 20)
    assert set(taught.labels.tolist()) == set(range(10))
    assert all(np.count_nonzero(picture > 128) > 40 for picture in taught.pictures)
    assert not np.array_equal(taught.pictures[:20], held_out.pictures)
