import hashlib
from pathlib import Path

import numpy as np
import pytest

from ocrbatch.errors import MissingExtraError, ModelError
from ocrbatch.model.card import load_model_file
from ocrbatch.page import classify
from ocrbatch.page.classify import make_classifier, to_probabilities
from ocrbatch.records import ModelFile, Tiles

MNIST = Path(__file__).parents[2] / "../shared/data/digits/mnist.npz"


@pytest.fixture(scope="module")
def tiles() -> Tiles:
    return np.random.default_rng(3).integers(0, 256, (150, 28, 28)).astype(np.uint8)


def test_scores_are_probabilities_of_eleven_labels(tiles: Tiles) -> None:
    scores = make_classifier(load_model_file()).scores(tiles)
    assert scores.shape == (150, 11)
    assert scores.dtype == np.float32
    assert np.allclose(scores.sum(axis=1), 1, atol=1e-5)


def test_a_tile_is_read_alike_alone_and_among_others(tiles: Tiles) -> None:
    classifier = make_classifier(load_model_file())
    together = classifier.scores(tiles)
    for index in (0, 63, 64, 149):
        assert np.array_equal(classifier.scores(tiles[index : index + 1])[0], together[index])
    assert np.array_equal(classifier.scores(tiles), together)


def test_no_tiles_give_no_scores() -> None:
    scores = make_classifier(load_model_file()).scores(np.zeros((0, 28, 28), np.uint8))
    assert scores.shape == (0, 11)


def test_threads_do_not_change_the_scores(tiles: Tiles) -> None:
    one, two = (make_classifier(load_model_file(), threads=threads) for threads in (1, 2))
    assert np.array_equal(one.scores(tiles), two.scores(tiles))


def test_opening_a_model_prints_nothing(capfd: pytest.CaptureFixture[str], tiles: Tiles) -> None:
    make_classifier(load_model_file()).scores(tiles)
    assert capfd.readouterr() == ("", "")


def test_a_higher_temperature_is_less_sure_of_the_same_label() -> None:
    logits = np.array([[9.0, 2.0, -1.0]], np.float32)
    cool, warm = to_probabilities(logits, 1.0), to_probabilities(logits, 3.0)
    assert cool.argmax() == warm.argmax() == 0
    assert cool.max() > warm.max()


@pytest.mark.parametrize("content", [b"", b"TFL3", b"\x1c\0\0\0TFL3" + bytes(100), b"x" * 5000])
def test_a_file_that_is_no_model_is_a_model_error(content: bytes) -> None:
    with pytest.raises(ModelError, match="mine"):
        make_classifier(ModelFile(content, "tflite", "mine", hashlib.sha256(content).hexdigest(), 1.0))


@pytest.mark.parametrize("share", [0.25, 0.5, 0.9, 0.999])
def test_a_truncated_model_without_a_card_is_a_model_error(share: float) -> None:
    content = load_model_file().content
    cut = content[: int(len(content) * share)]
    with pytest.raises(ModelError, match="mine"):
        make_classifier(ModelFile(cut, "tflite", "mine", "", 1.0))


def test_without_tensorflow_the_command_that_installs_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "keras", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'ocrbatch\[train\]'"):
        make_classifier(ModelFile(b"", "keras", "mine", "", 1.0))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.eye(10, dtype=np.float32)[:2] * 0.9 + 0.01, 0.9),
        (np.log(np.eye(10, dtype=np.float32)[:2] * 0.9 + 0.01) + 5, 0.9),
    ],
    ids=["probabilities", "logits"],
)
def test_ten_outputs_of_either_sort_get_an_impossible_eleventh(values: np.ndarray, expected: float) -> None:
    scores = to_probabilities(classify._widened(values))
    assert scores.shape == (2, 11)
    assert (scores[:, 10] == 0).all()
    assert scores.max(axis=1) == pytest.approx(expected, abs=0.02)


@pytest.mark.real
@pytest.mark.skipif(not MNIST.exists(), reason="the real digits are not here")
def test_the_shipped_model_reads_mnists_test_digits() -> None:
    with np.load(MNIST) as stored:
        pictures, labels = stored["x_test"], stored["y_test"]
    read = make_classifier(load_model_file()).scores(pictures).argmax(axis=1)
    assert (read == labels).mean() >= 0.995
