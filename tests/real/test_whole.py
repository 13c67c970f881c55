"""Real digits and amounts, cut out already, come through ``ocrbatch run --whole`` as they are."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

import ocrbatch
from tests.commands.conftest import Command, command  # noqa: F401 - a fixture
from tests.real.digits import DIGITS
from tests.real.truth import PAGES

pytestmark = pytest.mark.real
AMOUNTS = PAGES / "orand_car_a/images"


def rows(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.skipif(not DIGITS.exists(), reason="the real digits are not there")
def test_digits_are_read_as_well_as_the_model_predicts_them(command: Command, tmp_path: Path) -> None:  # noqa: F811
    with np.load(DIGITS / "mnist.npz", allow_pickle=False) as data:
        pictures, labels = data["x_test"][:200], [str(label) for label in data["y_test"][:200]]
    (tmp_path / "in").mkdir()
    for number, picture in enumerate(pictures):
        (tmp_path / f"in/{number:03d}.png").write_bytes(bytes(cv2.imencode(".png", picture)[1]))
    assert command("run", tmp_path / "in", "-o", tmp_path / "out", "--whole", "digit", "--jobs", "1").code == 0
    fields = rows(tmp_path / "out/results.csv")
    predicted = ocrbatch.load_model().predict(list(pictures))
    assert [row["value"] for row in fields] == [digit.label or "?" for digit in predicted]
    assert sum(row["value"] == label for row, label in zip(fields, labels, strict=True)) >= 198
    taken = [row["value"] == label for row, label in zip(fields, labels, strict=True) if row["status"] == "accepted"]
    assert len(taken) >= 170
    assert all(taken)


@pytest.mark.skipif(not AMOUNTS.exists(), reason="the real amounts are not there")
def test_amounts_come_through_with_a_value_or_a_reason_each(command: Command, tmp_path: Path) -> None:  # noqa: F811
    paths = sorted(AMOUNTS.iterdir())[:40]
    assert command("run", *paths, "-o", tmp_path / "out", "--whole", "string", "--jobs", "1").code == 0
    fields = rows(tmp_path / "out/results.csv")
    assert len(fields) == len(paths)
    assert all(row["value"] or row["reasons"] for row in fields)
