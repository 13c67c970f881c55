import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.errors import ModelError
from ocrbatch.model.datasets import IDX_NAMES, load_dataset

PICTURES = np.random.default_rng(1).integers(0, 256, (12, 28, 28)).astype(np.uint8)
LABELS = (np.arange(12) % 10).astype(np.uint8)


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def save(path: Path, **arrays: np.ndarray) -> str:
    np.savez_compressed(path, **arrays)
    return str(path)


def test_an_npz_file_with_and_without_a_test_part(tmp_path: Path) -> None:
    both = save(tmp_path / "a.npz", x_train=PICTURES, y_train=LABELS, x_test=PICTURES[:3], y_test=LABELS[:3])
    data = load_dataset(both)
    assert (data.name, len(data.train_tiles), len(data.test_tiles)) == ("a", 12, 3)
    assert np.array_equal(data.train_tiles, PICTURES)
    assert len(load_dataset(save(tmp_path / "b.npz", x_train=PICTURES, y_train=LABELS)).test_tiles) == 0


@pytest.mark.parametrize("pack", [lambda content: content, gzip.compress], ids=["raw", "gz"])
@pytest.mark.parametrize("dot", ["-idx", ".idx"])
def test_a_folder_of_idx_files(tmp_path: Path, pack: Callable[[bytes], bytes], dot: str) -> None:
    ending = "" if pack(b"a") == b"a" else ".gz"
    for key, array in (("x_train", PICTURES), ("y_train", LABELS), ("x_test", PICTURES), ("y_test", LABELS)):
        (tmp_path / (IDX_NAMES[key].replace("-idx", dot) + ending)).write_bytes(pack(idx(array)))
    data = load_dataset(str(tmp_path))
    assert np.array_equal(data.test_tiles, PICTURES)
    assert np.array_equal(data.train_labels, LABELS)


def test_pictures_with_a_channel_of_their_own_are_taken(tmp_path: Path) -> None:
    assert load_dataset(save(tmp_path / "a.npz", x_train=PICTURES[..., None], y_train=LABELS)).train_tiles.ndim == 3


def test_the_same_arrays_have_the_same_sha256_whatever_the_container(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / IDX_NAMES["x_train"]).write_bytes(idx(PICTURES))
    (tmp_path / "set" / IDX_NAMES["y_train"]).write_bytes(idx(LABELS))
    npz = save(tmp_path / "a.npz", x_train=PICTURES, y_train=LABELS.astype(np.int32))
    assert load_dataset(str(tmp_path / "set")).sha256 == load_dataset(npz).sha256


@pytest.mark.parametrize(
    ("arrays", "complaint"),
    [
        ({"x_train": PICTURES}, "no y_train"),
        ({"y_train": LABELS}, "no x_train"),
        ({"x_train": PICTURES, "y_train": LABELS, "x_test": PICTURES}, "belong together"),
        ({"x_train": PICTURES[:, :20], "y_train": LABELS}, r"\(n, 28, 28\)"),
        ({"x_train": PICTURES / 255, "y_train": LABELS}, "uint8"),
        ({"x_train": PICTURES, "y_train": LABELS[:5]}, "one whole number a picture"),
        ({"x_train": PICTURES, "y_train": LABELS + 1.5}, "one whole number a picture"),
        ({"x_train": PICTURES, "y_train": LABELS + 3}, "0 to 9"),
        ({"x_train": PICTURES[:0], "y_train": LABELS[:0]}, "empty"),
    ],
)
def test_what_is_wrong_with_a_set_is_named(tmp_path: Path, arrays: dict[str, np.ndarray], complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint):
        load_dataset(save(tmp_path / "bad.npz", **arrays))


def test_a_missing_set_an_empty_folder_and_a_text_file_are_model_errors(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("hello")
    for source, complaint in (
        (tmp_path / "none.npz", "no such set"),
        (tmp_path, "no IDX files"),
        (tmp_path / "text.npz", "no readable"),
    ):
        with pytest.raises(ModelError, match=complaint):
            load_dataset(str(source))


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no readable"):
        load_dataset(save(tmp_path / "a.npz", x_train=np.array([{}], object), y_train=LABELS))


@given(st.integers(0, len(idx(PICTURES)) - 1))
def test_a_truncated_idx_file_is_a_model_error(tmp_path_factory: pytest.TempPathFactory, length: int) -> None:
    folder = tmp_path_factory.mktemp("idx")
    (folder / IDX_NAMES["x_train"]).write_bytes(idx(PICTURES)[:length])
    (folder / IDX_NAMES["y_train"]).write_bytes(idx(LABELS))
    with pytest.raises(ModelError):
        load_dataset(str(folder))
