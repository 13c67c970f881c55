import io
import sys
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("matplotlib")

from ocrbatch.errors import MissingExtraError
from ocrbatch.model import plots
from ocrbatch.model.evaluate import measure

HISTORY = [
    {"epoch": 1, "loss": 1.0, "accuracy": 0.8, "clean_loss": 0.5, "worn_loss": 0.9, "rate": 0.1},
    {"epoch": 2, "loss": 0.6, "accuracy": 0.9, "clean_loss": 0.3, "worn_loss": 0.6, "rate": 0.1},
]


def readings(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 11, count)
    scores = rng.dirichlet(np.full(11, 0.3), count)
    scores[np.arange(count), labels] += rng.random(count)
    scores = (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32).reshape(count, 11)
    return rng.integers(0, 256, (count, 28, 28), np.uint8), labels, scores


def curves(count: int, seed: int) -> dict[str, plots.Curve]:
    _, labels, scores = readings(count, seed)
    return {"plain": (scores.max(axis=1), scores.argmax(axis=1) == labels)}


def history(count: int, seed: int) -> bytes:
    return plots.history_picture([{**row, "loss": row["loss"] + seed} for row in HISTORY[:count]])


def confusion(count: int, seed: int) -> bytes:
    _, labels, scores = readings(count, seed)
    return plots.confusion_picture(measure(scores, labels))


PICTURES: dict[str, Callable[[int, int], bytes]] = {
    "history": history,
    "confusion": confusion,
    "mistakes": lambda count, seed: plots.mistakes_picture(*readings(count, seed)),
    "predictions": lambda count, seed: plots.predictions_picture(*readings(count, seed)),
    "reliability": lambda count, seed: plots.reliability_picture(curves(count, seed)),
    "rejection": lambda count, seed: plots.rejection_picture(curves(count, seed)),
}
each = pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)


def size(picture: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(picture)) as image:
        assert image.format == "PNG"
        return image.size


@each
def test_a_picture_depends_on_its_data_alone(draw: Callable[[int, int], bytes]) -> None:
    first = draw(60, 1)
    width, height = size(first)
    assert 1000 <= width <= 1400
    assert 400 <= height <= 1200
    assert draw(60, 1) == first
    assert draw(60, 2) != first


@each
def test_nothing_to_draw_is_said_in_a_picture(draw: Callable[[int, int], bytes]) -> None:
    assert size(draw(0, 0))[0] >= 1000


def test_curves_without_tiles_or_errors_are_drawn() -> None:
    none = (np.zeros(0, np.float32), np.zeros(0, bool))
    sure = (np.full(5, 0.9, np.float32), np.ones(5, bool))
    for picture in (plots.reliability_picture, plots.rejection_picture):
        assert picture({}) == picture({"none": none})
        assert picture({"sure": sure}) == picture({"none": none, "sure": sure}) != picture({})


def test_without_wrong_readings_no_tile_is_drawn() -> None:
    tiles, labels, scores = readings(30)
    right = scores.argmax(axis=1) == labels
    nothing = plots.mistakes_picture(tiles[:0], labels[:0], scores[:0])
    assert plots.mistakes_picture(tiles[right], labels[right], scores[right]) == nothing
    assert plots.mistakes_picture(tiles, labels, scores) != nothing


def test_the_surest_mistakes_are_shown() -> None:
    tiles, labels, scores = readings(400)
    wrong = scores.argmax(axis=1) != labels
    assert wrong.sum() > plots.TILES_SHOWN
    surest = np.flatnonzero(wrong)[scores[wrong].max(axis=1).argmax()]
    changed = tiles.copy()
    changed[surest] = 255 - changed[surest]
    assert plots.mistakes_picture(changed, labels, scores) != plots.mistakes_picture(tiles, labels, scores)
    least = np.flatnonzero(wrong)[scores[wrong].max(axis=1).argmin()]
    changed = tiles.copy()
    changed[least] = 255 - changed[least]
    assert plots.mistakes_picture(changed, labels, scores) == plots.mistakes_picture(tiles, labels, scores)


def test_other_columns_of_the_history_are_left_out() -> None:
    fewer = [{name: value for name, value in row.items() if name != "rate"} for row in HISTORY]
    assert plots.history_picture(fewer) == plots.history_picture(HISTORY)


def test_the_epoch_of_the_least_loss_is_the_best() -> None:
    assert plots._best_epoch(HISTORY) == 1
    assert plots._best_epoch([*HISTORY, {"clean_loss": 0.2, "worn_loss": 0.9}]) == 1
    assert plots._best_epoch([{"clean_loss": float("nan")}, {"clean_loss": 1.0}]) == 1
    assert plots._best_epoch([{"loss": 1.0}]) is None


@pytest.mark.parametrize("picture", [plots.reliability_picture, plots.rejection_picture])
def test_curves_are_drawn_whatever_their_order(picture: Callable[[dict[str, plots.Curve]], bytes]) -> None:
    confidence, right = np.array([0.9, 0.5, 0.5, 0.7], np.float32), np.array([True, False, True, False])
    turned = {"plain": (confidence[::-1], right[::-1])}
    assert picture({"plain": (confidence, right)}) == picture(turned) != picture({"plain": (confidence, ~right)})


def test_every_count_has_its_place_whichever_labels_occur() -> None:
    _, labels, scores = readings(60)
    few = measure(scores[labels < 3], labels[labels < 3])
    whole = measure(scores, labels)
    drawn = [np.asarray(Image.open(io.BytesIO(plots.confusion_picture(found)))) for found in (few, whole)]
    blue = [(picture[..., :3] == (0xCF, 0xE3, 0xF1)).all(axis=2) for picture in drawn]
    # The diagonal, one blue cell for each of the eleven labels, in both.
    for places in blue:
        rows, columns = np.flatnonzero(places.any(axis=1)), np.flatnonzero(places.any(axis=0))
        assert np.ptp(rows) == pytest.approx(np.ptp(columns), abs=2)
        assert places.sum() == pytest.approx(np.ptp(rows) ** 2 / 11, rel=0.1)
    assert np.ptp(np.flatnonzero(blue[0].any(axis=1))) == np.ptp(np.flatnonzero(blue[1].any(axis=1)))


@pytest.mark.parametrize("picture", [plots.reliability_picture, plots.rejection_picture])
def test_a_name_is_no_formula_and_is_not_hidden(picture: Callable[[dict[str, plots.Curve]], bytes]) -> None:
    curve = curves(60, 1)["plain"]
    assert picture({r"$\nothing$": curve}) != picture({r"$\nowhere$": curve})
    assert picture({"_a": curve}) != picture({"_b": curve})
    assert size(picture({"a/" * 200: curve})) == size(picture({"a": curve}))


def test_a_long_name_keeps_both_ends() -> None:
    assert plots._legible("a" * 48) == "a" * 48
    short = plots._legible("begin" + "/" * 200 + "end")
    assert len(short) <= 50
    assert short.startswith("begin")
    assert short.endswith("end")


@each
def test_a_missing_library_names_its_mend(draw: Callable[[int, int], bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match="pip install"):
        draw(20, 0)
