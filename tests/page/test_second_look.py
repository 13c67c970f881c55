import numpy as np

from ocrbatch.page.second_look import DOUBTFUL, VIEWS, SecondLook
from ocrbatch.records import Probabilities, Tiles


class Unsure:
    """Be sure of bright tiles, and of others say by their upper left corner how likely a 3 is."""

    def __init__(self) -> None:
        self.read = 0

    def scores(self, tiles: Tiles) -> Probabilities:
        self.read += len(tiles)
        scores = np.zeros((len(tiles), 11), np.float32)
        likely = np.where(tiles[:, 14, 14] == 255, 1.0, np.where(tiles[:, 0, 0] > 0, 0.4, 0.8))
        scores[:, 3], scores[:, 5] = likely, 1 - likely
        return scores


def tile(middle: int, corner: int) -> Tiles:
    picture = np.zeros((28, 28), np.uint8)
    picture[14, 14], picture[0, 0] = middle, corner
    return picture


def test_sure_readings_get_one_look() -> None:
    first = Unsure()
    scores = SecondLook(first.scores).scores(np.stack([tile(255, 0)] * 3))
    assert first.read == 3
    assert (scores[:, 3] == 1).all()


def test_a_doubtful_reading_is_what_most_looks_say() -> None:
    first = Unsure()
    # At the first look a 5; once the corner has moved away, a 3.
    (scores,) = SecondLook(first.scores).scores(np.stack([tile(9, 200)]))
    assert first.read == 1 + len(VIEWS)
    assert first.scores(np.stack([tile(9, 200)]))[0].argmax() == 5
    assert scores.argmax() == 3
    assert scores.sum() == np.float32(1) or abs(scores.sum() - 1) < 1e-6


def test_what_is_impossible_stays_so() -> None:
    (scores,) = SecondLook(Unsure().scores).scores(np.stack([tile(9, 200)]))
    assert scores[10] == 0
    assert scores[[0, 1, 2, 4, 6, 7, 8, 9]].tolist() == [0] * 8


def test_a_tiles_scores_do_not_depend_on_the_others() -> None:
    tiles = np.stack([tile(255, 0), tile(9, 200), tile(9, 0)])
    together = SecondLook(Unsure().scores).scores(tiles)
    alone = np.concatenate([SecondLook(Unsure().scores).scores(part[None]) for part in tiles])
    assert np.allclose(together, alone)
    assert together[2].max() < DOUBTFUL


def test_no_tiles_have_no_scores() -> None:
    assert SecondLook(Unsure().scores).scores(np.zeros((0, 28, 28), np.uint8)).shape == (0, 11)
