import json

import numpy as np
import pytest

from ocrbatch.model.evaluate import Evaluation, measure
from ocrbatch.model.report import as_json, as_text, compare
from tests.model.test_evaluate import scores_of

READINGS = scores_of((1, 0.95), (2, 0.9), (2, 0.5), (7, 0.8), (6, 0.97), (10, 0.7))
TRUTH = np.array([1, 2, 3, 7, 10, 10])
NOTHING = measure(np.zeros((0, 11), np.float32), np.zeros(0, np.int64))


@pytest.fixture
def result() -> Evaluation:
    return measure(READINGS, TRUTH)


def told(text: str) -> dict[str, list[str]]:
    """Give each line's words after its first 19 characters by what stands there."""
    return {line[:19].strip(): line[19:].split() for line in text.splitlines()}


def test_the_text_tells_every_measure(result: Evaluation) -> None:
    lines = told(as_text(result))
    assert lines["tiles"] == ["6"]
    assert lines["accuracy"] == ["66.67%"]
    assert lines["non-digits taken"] == ["50.00%"]
    # The surest of all, 0.97, is wrong.
    assert lines["rejected for 0.5%"] == lines["rejected for 0.1%"] == ["-"]
    assert lines["AURC"] == [f"{result.aurc:.6f}"]
    assert lines["loss"] == [f"{result.loss:.5f}"]
    assert lines["calibration error"] == [f"{result.calibration_error:.4f}"]


def test_the_text_tells_how_many_are_rejected() -> None:
    lines = told(as_text(measure(READINGS[:4], TRUTH[:4])))
    assert lines["rejected for 0.5%"] == lines["rejected for 0.1%"] == ["25.00%"]
    assert lines["non-digits taken"] == ["-"]


def test_each_label_has_its_count_and_f1(result: Evaluation) -> None:
    rows = [line.split() for line in as_text(result).split("\n\n")[1].splitlines()]
    assert rows[0] == ["label", "count", "found", "right", "F1"]
    assert ["2", "1", "100.0%", "50.0%", "66.7%"] in rows
    assert ["none", "2", "50.0%", "100.0%", "66.7%"] in rows
    assert ["6", "0", "-", "0.0%", "0.0%"] in rows
    assert [row[0] for row in rows[1:]] == ["1", "2", "3", "6", "7", "none"]


def test_json_holds_all_measures(result: Evaluation) -> None:
    plain = json.loads(json.dumps(as_json(result), allow_nan=False))
    assert (plain["count"], plain["wrong"]) == (6, 2)
    assert plain["accuracy"] == pytest.approx(4 / 6, abs=1e-6)
    assert plain["aurc"] == pytest.approx(result.aurc, abs=1e-6)
    assert plain["rejected_for"] == {"0.005": None, "0.001": None}
    assert plain["non_digits_taken"] == 0.5
    assert plain["label_counts"] == [0, 1, 1, 1, 0, 0, 0, 1, 0, 0, 2]
    assert plain["f1"][2] == pytest.approx(2 / 3, abs=1e-6)
    assert plain["recall"][0] is plain["f1"][0] is plain["precision"][0] is None
    assert sum(found["count"] for found in plain["reliability"]) == 6
    assert plain["reliability"][0] == {"count": 0, "confidence": None, "accuracy": None}
    assert plain["rejection"][0] == {"rejected": 0, "error": pytest.approx(2 / 6, abs=1e-6)}
    assert plain["rejection"][-1] == {"rejected": pytest.approx(5 / 6, abs=1e-6), "error": 1}
    assert len(plain["rejection"]) == 6


def test_json_thins_a_long_curve() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 10, 2000)
    scores = scores_of(*((int(label), float(sure)) for label, sure in zip(labels, rng.random(2000), strict=True)))
    rejection = as_json(measure(scores, labels))["rejection"]
    shares = [point["rejected"] for point in rejection]
    assert shares == pytest.approx([*np.arange(100) / 100, 1999 / 2000], abs=1e-6)


def test_what_is_undefined_is_told_as_such() -> None:
    plain = json.loads(json.dumps(as_json(NOTHING), allow_nan=False))
    names = ("accuracy", "loss", "calibration_error", "aurc", "non_digits_taken")
    assert [plain[name] for name in names] == [None] * 5
    assert plain["rejected_for"] == {"0.005": None, "0.001": None}
    assert plain["rejection"] == []
    assert "nan" not in as_text(NOTHING) + compare([("digits", "none", NOTHING)])


def test_models_stand_side_by_side(result: Evaluation) -> None:
    text = compare([("one", "a long name", measure(READINGS[:4], TRUTH[:4])), ("another", "set", result)])
    lines = text.splitlines()
    assert len({len(line) for line in lines}) == 1
    first, second = lines[1].split(), lines[2].split()
    assert first[:6] == ["a", "long", "name", "one", "4", "75.00%"]
    assert (first[-2], first[-1]) == ("25.00%", "-")
    assert second[:5] == ["set", "another", "6", "66.67%", "2"]
    assert (second[-2], second[-1]) == ("-", "50.00%")
    for heading, value in (("loss", f"{result.loss:.5f}"), ("AURC", f"{result.aurc:.6f}"), ("wrong", "2")):
        end = lines[0].index(heading) + len(heading)
        assert lines[2][:end].endswith(f" {value}")
