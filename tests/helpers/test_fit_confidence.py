from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from ocrbatch.page.evidence import BOXES_EVIDENCE
from tests.helpers import fit_confidence
from tests.helpers.fit_confidence import boxes, fit, strings
from tests.helpers.render import drawn_digits
from tests.model.strings.banks import drawn_bank


@pytest.mark.parametrize("compose", [strings, boxes])
def test_composed_fields_lie_on_their_pages_and_tell_what_is_written(compose) -> None:  # type: ignore[no-untyped-def]
    fields = list(islice(compose(drawn_bank(), 3), 12))
    for one in fields:
        height, width = one.pixels.shape
        assert not one.pixels.flags.writeable
        assert set(one.written) <= set("0123456789 ")
        assert one.place.cells.min() > -0.1 * height
        assert one.place.cells[..., 0].max() < 1.1 * width
    again = next(compose(drawn_bank(), 3))
    assert np.array_equal(again.pixels, fields[0].pixels)
    assert sum(bool(one.written) for one in fields) > 10


def test_the_fit_finds_the_odds_by_which_readings_are_right() -> None:
    rng = np.random.default_rng(1)
    evidence = rng.normal(0, 3, (4000, 2))
    right = rng.random(4000) < 1 / (1 + np.exp(-(0.8 * evidence[:, 0] - 0.3 * evidence[:, 1] + 0.5)))
    assert fit(evidence, right) == pytest.approx([0.8, -0.3, 0.5], abs=0.15)


def test_its_numbers_are_told_by_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    digits = drawn_digits(3)
    x, y = digits.pictures, digits.labels
    np.savez(tmp_path / "digits.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    asked = ["--data", str(tmp_path / "digits.npz"), "--fields", "16", "--kind", "boxes"]
    monkeypatch.setattr("sys.argv", ["fit_confidence", *asked])
    assert fit_confidence.main() == 0
    told = capsys.readouterr().out
    assert told.startswith("boxes: ")
    assert all(f"{name} " in told for name in (*BOXES_EVIDENCE, "constant"))
