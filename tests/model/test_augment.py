import cv2
import numpy as np
import pytest

from ocrbatch.model import hands
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


@pytest.fixture
def big_seven() -> Grey:
    canvas = np.zeros((72, 72), np.uint8)
    cv2.line(canvas, (22, 12), (50, 12), 255, 4)
    cv2.line(canvas, (50, 12), (36, 60), 255, 4)
    return canvas


@pytest.fixture
def never_retraced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hands, "RETRACED", {})
    monkeypatch.setattr(hands, "RETRACED_OF_OTHERS", 0.0)


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
def test_an_upstroke_only_adds_ink_to_the_left_of_a_1(big_one: Grey, seed: int, never_retraced: None) -> None:
    changed = national_form(big_one, 1, np.random.default_rng(seed))
    assert (changed >= big_one).all()
    assert not changed[20:50, 44:].any()


def test_the_other_digits_have_one_form(big_one: Grey, never_retraced: None) -> None:
    for label in (4, 5, 6, 8, 9, 10):
        assert national_form(big_one, label, np.random.default_rng(label)) is big_one


@pytest.mark.parametrize("label", [2, 3, 7])
def test_hooks_curls_and_bars_only_add_ink(
    label: int, big_one: Grey, never_retraced: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hands, "ROUNDED", 0.0)
    forms = [national_form(big_one, label, np.random.default_rng(seed)) for seed in range(60)]
    changed = [form for form in forms if form is not big_one]
    assert changed
    assert all((form >= big_one).all() for form in changed)


def test_the_bar_of_a_7_crosses_its_stem_from_a_third_to_near_its_foot(
    big_seven: Grey, never_retraced: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hands, "ROUNDED", 0.0)
    monkeypatch.setattr(hands, "HOOKED", 0.0)
    rows = []
    for seed in range(120):
        changed = national_form(big_seven, 7, np.random.default_rng(seed))
        if changed is not big_seven:
            added = cv2.subtract(changed, big_seven) > 127
            rows.append(float(np.nonzero(added)[0].mean()))
            columns = np.nonzero(added.any(axis=0))[0]
            stem = np.nonzero(big_seven[round(rows[-1])] > 127)[0]
            assert columns.min() < stem.min()
            assert columns.max() > stem.max()
    assert 12 + 0.33 * 48 < min(rows) < 12 + 0.42 * 48
    assert 12 + 0.68 * 48 < max(rows) < 12 + 0.83 * 48


def test_the_top_of_a_7_sags_or_arches_and_its_ends_stay(
    big_seven: Grey, never_retraced: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hands, "ROUNDED", 1.0)
    monkeypatch.setattr(hands, "HOOKED", 0.0)
    tops = set()
    for seed in range(60):
        changed = national_form(big_seven, 7, np.random.default_rng(seed))
        if changed is not big_seven:
            tops.add(int((changed[:, 36] > 127).argmax()))
            assert changed[8:17, 20:30].max() > 127
            assert changed[8:17, 42:53].max() > 127
    assert min(tops) < 9
    assert max(tops) > 20


def test_no_bar_closes_a_loop(big_seven: Grey, never_retraced: None) -> None:
    hooked = big_seven.copy()
    cv2.line(hooked, (22, 12), (22, 34), 255, 4)
    for seed in range(80):
        changed = national_form(hooked, 7, np.random.default_rng(seed))
        outlines, _ = cv2.findContours((changed > 60).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        assert len(outlines) == 1


def test_a_stroke_leads_into_a_0_or_on_from_it_in_its_upper_half(
    never_retraced: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hands, "SLASHED", 0.0)
    ring = np.zeros((72, 72), np.uint8)
    cv2.ellipse(ring, (36, 36), (14, 22), 0, 0, 360, 255, 4)
    added = [cv2.subtract(national_form(ring, 0, np.random.default_rng(seed)), ring) > 60 for seed in range(300)]
    assert not any(ink[40:].any() for ink in added)
    left, right = (sum(bool(ink[:, side].any()) for ink in added) for side in (slice(None, 19), slice(54, None)))
    assert 5 < right < left < 60


def test_a_digit_gone_over_again_lies_close_to_itself(big_seven: Grey, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hands, "RETRACED_OF_OTHERS", 1.0)
    near = cv2.dilate(big_seven, np.ones((17, 17), np.uint8)) > 0
    twice = [national_form(big_seven, 4, np.random.default_rng(seed)) for seed in range(40)]
    assert all((form > 127).any() and not (form[~near] > 127).any() for form in twice)
    stems = [np.diff((form[44] > 127).astype(np.int8), prepend=0, append=0) for form in twice]
    # Some show both strokes of the stem, with paper between.
    assert {int((stem == 1).sum()) for stem in stems} == {1, 2}


def test_few_digits_are_gone_over_again(big_seven: Grey) -> None:
    rng = np.random.default_rng(0)
    count = sum(national_form(big_seven, 4, rng) is not big_seven for _ in range(1000))
    assert 5 <= count <= 50


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
