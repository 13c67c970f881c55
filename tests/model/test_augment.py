import cv2
import numpy as np
import pytest

from ocrbatch.model.augment import augment_epoch
from ocrbatch.model.hands import national_form
from ocrbatch.model.strangers import DRAWERS, SHARES, draw_stranger
from ocrbatch.records import NOT_A_DIGIT, Grey, Tiles


def drawn_digits(count: int = 60) -> tuple[Tiles, np.ndarray]:
    """Draw printed digits, in MNIST's form more or less."""
    tiles = np.zeros((count, 28, 28), np.uint8)
    labels = np.arange(count) % 10
    for tile, label in zip(tiles, labels, strict=True):
        cv2.putText(tile, str(label), (6, 23), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 255, 2, cv2.LINE_AA)
    return tiles, labels.astype(np.int64)


@pytest.fixture
def big_one() -> Grey:
    canvas = np.zeros((72, 72), np.uint8)
    cv2.line(canvas, (36, 12), (34, 60), 255, 4)
    return canvas


def test_every_label_stays_and_strangers_are_added() -> None:
    tiles, labels = drawn_digits()
    changed, new = augment_epoch(tiles, labels, np.random.default_rng(0))
    assert changed.dtype == np.uint8
    assert changed.shape == (len(new), 28, 28)
    counts = np.bincount(new, minlength=11)
    assert counts[:10].tolist() == np.bincount(labels).tolist()
    assert counts[NOT_A_DIGIT] == round(0.12 * len(labels))


def test_the_same_seed_gives_the_same_epoch_and_another_one_another() -> None:
    tiles, labels = drawn_digits()
    first, again, other = (augment_epoch(tiles, labels, np.random.default_rng(seed))[0] for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_no_tile_is_empty_and_most_are_changed() -> None:
    tiles, labels = drawn_digits(200)
    changed, _ = augment_epoch(tiles, labels, np.random.default_rng(4))
    assert (changed.reshape(len(changed), -1).max(axis=1) > 20).all()
    known = {tile.tobytes() for tile in tiles}
    assert np.mean([tile.tobytes() in known for tile in changed]) < 0.15


@pytest.mark.parametrize("seed", range(30))
def test_an_upstroke_only_adds_ink_to_the_left_of_a_1(big_one: Grey, seed: int) -> None:
    changed = national_form(big_one, 1, np.random.default_rng(seed))
    assert (changed >= big_one).all()
    assert not changed[20:50, 44:].any()


def test_the_other_digits_have_one_form(big_one: Grey) -> None:
    for label in (4, 5, 6, 8, 9, 10):
        assert national_form(big_one, label, np.random.default_rng(label)) is big_one


@pytest.mark.parametrize("label", [2, 3, 7])
def test_hooks_curls_and_bars_only_add_ink(label: int, big_one: Grey) -> None:
    forms = [national_form(big_one, label, np.random.default_rng(seed)) for seed in range(60)]
    changed = [form for form in forms if form is not big_one]
    assert changed
    assert all((form >= big_one).all() for form in changed)


def test_strangers_are_added_only_where_they_are_asked_for() -> None:
    tiles, labels = drawn_digits(50)
    _, with_them = augment_epoch(tiles, labels, np.random.default_rng(1))
    _, without = augment_epoch(tiles, labels, np.random.default_rng(1), strangers=False)
    assert (with_them == 10).sum() == 6
    assert len(without) == 50
    assert (without < 10).all()


@pytest.mark.parametrize("drawer", DRAWERS, ids=lambda drawer: drawer.__name__)
def test_every_kind_of_stranger_can_be_drawn_of_every_digit(drawer: object, big_one: Grey) -> None:
    assert callable(drawer)
    for label in range(10):
        for seed in range(5):
            stranger = drawer(big_one, label, big_one, np.random.default_rng(seed))
            assert stranger.dtype == np.uint8
            assert stranger.ndim == 2


def test_the_shares_of_strangers_add_up() -> None:
    assert len(SHARES) == len(DRAWERS)
    assert sum(SHARES) == pytest.approx(1)


def test_no_box_piece_is_a_lone_upright_line(big_one: Grey) -> None:
    for seed in range(400):
        stranger = draw_stranger(big_one, 1, big_one, np.random.default_rng(seed))
        rows, columns = np.nonzero(stranger > 60)
        if len(rows) > 20:
            assert np.ptp(rows) + 1 < 6 * (np.ptp(columns) + 1)
