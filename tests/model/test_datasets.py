"""Sets in MNIST's form, their labels, and mixtures of them."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocrbatch.errors import ModelError, UsageError
from ocrbatch.model.datasets import LOOKALIKES, Mixture, load_dataset, load_mixture, load_pictures
from ocrbatch.page.crop import ink_of
from ocrbatch.page.normalize import normalize
from tests.helpers.render import drawn_digits

DRAWN = drawn_digits(4, 3)
TILES, LABELS = DRAWN.pictures, DRAWN.labels
REAL = Path(__file__).parents[2] / "../shared/data/digits"
COUNTS = {
    # training and test pictures; of handwritten09 about a tenth is kept
    "mnist": (60000, 10000),
    "optdigits": (1934, 1797),
    "usps": (7291, 2007),
    "handwritten09": (19366, 2134),
}


def save(path: Path, **arrays: np.ndarray) -> str:
    np.savez_compressed(path, **arrays)
    return str(path)


@pytest.fixture
def digits(tmp_path: Path) -> str:
    return save(tmp_path / "digits.npz", x_train=TILES, y_train=LABELS, x_test=TILES[:3], y_test=LABELS[:3])


def test_tiles_in_mnists_form_are_used_as_they_are(digits: str) -> None:
    data = load_dataset(digits)
    assert (data.name, len(data.test_tiles)) == ("digits", 3)
    assert np.array_equal(data.train_tiles, TILES)
    assert np.array_equal(data.train_labels, LABELS)


@pytest.mark.parametrize("size", [(28, 28), (70, 45), (16, 16)])
def test_others_are_read_as_a_reader_reads_them(tmp_path: Path, size: tuple[int, int]) -> None:
    pictures = np.stack([255 - cv2.resize(tile, size[::-1], interpolation=cv2.INTER_AREA) for tile in TILES])
    data = load_dataset(save(tmp_path / "a.npz", x_train=pictures, y_train=LABELS, x_test=pictures, y_test=LABELS))
    assert np.array_equal(data.train_tiles[5], normalize(ink_of(pictures[5])))
    assert np.median(data.train_tiles[:, 0]) == 0
    assert np.array_equal(data.train_labels, LABELS)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (3, 2), (9, 9)])
def test_the_smallest_pictures_are_tiles_too(tmp_path: Path, size: tuple[int, int]) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (40, *size)).astype(np.uint8)
    assert load_dataset(save(tmp_path / "a.npz", x=pictures, y=LABELS)).train_tiles.shape[1:] == (28, 28)


def test_a_fixed_tenth_is_the_test_part_where_there_is_none(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 40, (600, 28, 28)).astype(np.uint8)
    labels = np.arange(600) % 10
    less = load_dataset(save(tmp_path / "a.npz", x=pictures[:500], y=labels[:500]))
    more = load_dataset(save(tmp_path / "b.npz", x=np.tile(pictures, (2, 1, 1)), y=np.tile(labels, 2)))
    assert 30 < len(less.test_tiles) < 75
    assert len(less.train_tiles) + len(less.test_tiles) == 500
    kept = {tile.tobytes() for tile in more.test_tiles}
    assert {tile.tobytes() for tile in less.test_tiles} <= kept
    assert not kept & {tile.tobytes() for tile in more.train_tiles}


def test_the_same_pictures_have_the_same_sha256_whatever_the_container(tmp_path: Path, digits: str) -> None:
    for part, count in (("train", len(TILES)), ("test", 3)):
        for index in range(count):
            path = tmp_path / "crops" / part / str(LABELS[index]) / f"{index:02}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(cv2.imencode(".png", TILES[index])[1].tobytes())
    assert load_dataset(str(tmp_path / "crops")).sha256 == load_dataset(digits).sha256
    fewer = save(tmp_path / "fewer.npz", x_train=TILES[1:], y_train=LABELS[1:], x_test=TILES[:3], y_test=LABELS[:3])
    assert load_dataset(fewer).sha256 != load_dataset(digits).sha256


def test_blanks_are_left_out_and_other_marks_are_no_digit(tmp_path: Path) -> None:
    labels = np.array([-1, -2, -3, 10, 4, *[-1] * 35], np.int16)
    source = save(tmp_path / "a.npz", x_train=TILES, y_train=labels, x_test=TILES, y_test=labels)
    data = load_dataset(source)
    assert data.train_labels.tolist() == [10, 10, 10, 4]
    assert np.array_equal(data.test_tiles, TILES[1:5])
    assert load_dataset(source, strangers=True).train_labels.tolist() == [10, 10, 10]


def test_strangers_are_neither_digits_nor_their_look_alikes(tmp_path: Path) -> None:
    codes = [*map(ord, LOOKALIKES + "0189"), 3, -1, ord("A"), ord("x"), -2, 10, 20]
    x, y = np.resize(TILES, (len(codes), 28, 28)), np.array(codes)
    data = load_dataset(save(tmp_path / "a.npz", x_train=x, y_train=y, x_test=x, y_test=y), strangers=True)
    assert data.train_labels.tolist() == [10] * 5
    assert np.array_equal(data.train_tiles, x[-5:])


@pytest.mark.parametrize(
    ("labels", "complaint"),
    [
        (LABELS + 2, r"has the labels 2, .*11; digits are 0 to 9.*blank -1$"),
        (LABELS + 65, r"65, .*74; digits are 0 to 9.*--strangers"),
        (np.full(40, 10**12), "1000000000000"),
    ],
)
def test_labels_out_of_range_are_named(tmp_path: Path, labels: np.ndarray, complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint):
        load_dataset(save(tmp_path / "a.npz", x=TILES, y=labels))


def test_a_set_with_nothing_to_train_on_is_a_model_error(tmp_path: Path) -> None:
    for pictures, labels in ((TILES[:0], LABELS[:0]), (TILES, np.full(40, -1))):
        with pytest.raises(ModelError, match="no pictures with a label"):
            load_dataset(save(tmp_path / "a.npz", x=pictures, y=labels))
    with pytest.raises(ModelError, match="look-alikes"):
        load_dataset(save(tmp_path / "a.npz", x=TILES, y=LABELS), strangers=True)


def test_pictures_come_as_they_are_with_their_labels_and_parts(tmp_path: Path) -> None:
    pictures = np.stack([255 - cv2.resize(tile, (45, 70)) for tile in TILES])
    source = save(tmp_path / "large.npz", x_train=pictures, y_train=LABELS, x_test=pictures[:4], y_test=LABELS[:4])
    name, train, test, divided = load_pictures(source)
    assert (name, divided) == ("large", False)
    assert np.array_equal(np.stack(train.pictures), pictures)
    assert np.array_equal(np.stack(test.pictures), pictures[:4])
    assert train.labels.tolist() == LABELS.tolist()


def test_pictures_and_tiles_are_told_apart_alike(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    source = save(
        tmp_path / "a.npz", x=rng.integers(0, 40, (200, 28, 28)).astype(np.uint8), y=rng.integers(-3, 10, 200)
    )
    data = load_dataset(source)
    _, train, test, divided = load_pictures(source)
    assert divided
    assert data.divided
    assert (train.labels.tolist(), test.labels.tolist()) == (data.train_labels.tolist(), data.test_labels.tolist())
    assert np.array_equal(np.stack(test.pictures), data.test_tiles)
    assert set(load_pictures(source, strangers=True)[1].labels.tolist()) == {10}


def test_a_mixture_has_its_sets_with_their_weights(tmp_path: Path, digits: str) -> None:
    marks = save(tmp_path / "marks.npz", x=TILES, y=np.full(40, -2))
    mixture = load_mixture([digits, f"{digits}:2.5"], [f"{marks}:0.5"])
    assert mixture.name == "digits+digits+marks"
    assert mixture.weights == (1.0, 2.5, 0.5)
    assert set(mixture.sets[2].train_labels) == {10}


def test_a_path_with_a_colon_that_is_there_wins(tmp_path: Path, digits: str) -> None:
    odd = tmp_path / "digits.npz:3"
    odd.write_bytes(Path(digits).read_bytes())
    assert load_mixture([str(odd)]).weights == (1.0,)
    assert load_mixture([f"{odd}:3"]).weights == (3.0,)


@pytest.mark.parametrize("weight", ["0", "-1", "nan", "inf", "1e9", "", "much"])
def test_a_weight_that_is_none_is_a_usage_error(digits: str, weight: str) -> None:
    with pytest.raises(UsageError, match="is no weight"):
        load_mixture([f"{digits}:{weight}"])


def test_no_set_at_all_and_one_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--data"):
        load_mixture([])
    with pytest.raises(ModelError, match="no such set"):
        load_mixture([str(tmp_path / "none.npz:x")])


def test_digits_that_no_set_has_are_named(tmp_path: Path) -> None:
    def part(name: str, *left_out: int) -> str:
        keep = ~np.isin(LABELS, left_out)
        x, y = TILES[keep], LABELS[keep]
        return save(tmp_path / name, x_train=x, y_train=y, x_test=TILES, y_test=LABELS)

    few, other = part("a.npz", 3, 7, 8), part("b.npz", 3, 8, 9)
    with pytest.raises(ModelError, match=r"is labelled 3, 8; add some"):
        load_mixture([few, other])
    assert len(load_mixture([few, part("c.npz", 1)]).sets) == 2
    assert len(load_mixture([few], every_digit=False).sets) == 1


def test_a_mixtures_sha256_tells_its_sets_and_weights(digits: str) -> None:
    one = load_mixture([digits])
    others = [Mixture(one.sets * 2, (1.0, 1.0)), Mixture(one.sets, (2.0,))]
    others.append(Mixture((replace(one.sets[0], sha256="0" * 64),), one.weights))
    assert one.sha256 == load_mixture([f"{digits}:1"]).sha256
    assert len({one.sha256, *(other.sha256 for other in others)}) == 4


real = [pytest.mark.real, pytest.mark.slow, pytest.mark.skipif(not REAL.exists(), reason="the real digits are absent")]


@pytest.mark.parametrize("name", [pytest.param(name, marks=real) for name in COUNTS])
def test_the_real_sets_are_loaded_whole(name: str) -> None:
    data = load_dataset(str(REAL / f"{name}.npz"))
    assert (len(data.train_tiles), len(data.test_tiles)) == COUNTS[name]
    assert set(data.train_labels) == set(range(10))
    assert data.train_tiles.reshape(len(data.train_tiles), -1).max(axis=1).min() > 100


@pytest.mark.parametrize(
    ("name", "strangers", "count"),
    [
        pytest.param("mark_cells", False, 9282, marks=real),
        pytest.param("letters", True, 5200 - 100 * sum(map(str.isalpha, LOOKALIKES)), marks=real),
        pytest.param("odk_marks", True, 949, marks=real),
    ],
)
def test_the_real_strangers_are_loaded_whole(name: str, strangers: bool, count: int) -> None:
    data = load_dataset(str(REAL / f"{name}.npz"), strangers=strangers)
    assert len(data.train_tiles) + len(data.test_tiles) == count
    assert 0.05 < len(data.test_tiles) / count < 0.15
    assert (set(data.train_labels) == {10}) == strangers


@pytest.mark.parametrize("_", [pytest.param(0, marks=real)])
def test_real_letters_are_no_digits(_: int) -> None:
    with pytest.raises(ModelError, match=r"65, 66.*--strangers"):
        load_dataset(str(REAL / "letters.npz"))
