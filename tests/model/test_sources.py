"""The files that sets come in: each form read, and each kind of damage a ModelError that names the file."""

import gzip
import io
import math
import struct
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrbatch.errors import MissingExtraError, ModelError
from ocrbatch.model import sources
from ocrbatch.model.sources import IDX_NAMES, read_source

PICTURES = np.random.default_rng(1).integers(0, 256, (12, 28, 28)).astype(np.uint8)
LABELS = (np.arange(12) % 10).astype(np.uint8)
SHARES = (0, 0.01, 0.25, 0.5, 0.9, 0.99, 1)
PACKS = pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["raw", "gz"])


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def saved(folder: Path, content: bytes) -> str:
    (folder / "set.npz").write_bytes(content)
    return str(folder / "set.npz")


def idx_folder(folder: Path, pictures: bytes, pack: Callable[[bytes], bytes] = bytes) -> str:
    ending = "" if pack is bytes else ".gz"
    (folder / (IDX_NAMES["x_train"] + ending)).write_bytes(pictures)
    (folder / (IDX_NAMES["y_train"] + ending)).write_bytes(pack(idx(LABELS)))
    return str(folder)


def crop(path: Path, picture: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, picture)[1].tobytes())


def claiming(shape: tuple[int, ...], descr: str = "|u1") -> bytes:
    """Give an .npz whose pictures say that they have a shape and hold nothing of it."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": descr, "fortran_order": False, "shape": shape})
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x_train.npy", header.getvalue())
    return file.getvalue()


@pytest.mark.parametrize(
    ("train", "test"), [("_train", "_test"), ("_train", "_windep"), ("_train", None), ("", None), ("", "_test")]
)
def test_an_npz_file_has_a_training_part_and_at_most_one_other(tmp_path: Path, train: str, test: str | None) -> None:
    arrays = {f"x{train}": PICTURES, f"y{train}": LABELS, "id": np.array(["a", "b"])}
    if test is not None:
        arrays |= {f"x{test}": PICTURES[:3], f"y{test}": LABELS[:3]}
    name, first, second = read_source(saved(tmp_path, npz(**arrays)))
    assert name == "set"
    assert np.array_equal(first.pictures, PICTURES)
    assert np.array_equal(first.labels, LABELS)
    assert (None if second is None else len(second.pictures)) == (None if test is None else 3)


def test_arrays_stored_by_columns_or_with_a_channel_are_the_same_pictures(tmp_path: Path) -> None:
    for pictures in (np.asfortranarray(PICTURES), PICTURES[..., None]):
        _, found, _ = read_source(saved(tmp_path, npz(x=pictures, y=LABELS.astype(np.int32))))
        assert np.array_equal(found.pictures, PICTURES)


@PACKS
@pytest.mark.parametrize("dot", ["-idx", ".idx"])
def test_a_folder_of_idx_files(tmp_path: Path, pack: Callable[[bytes], bytes], dot: str) -> None:
    ending = "" if pack is bytes else ".gz"
    for key, array in (("x_train", PICTURES), ("y_train", LABELS), ("x_test", PICTURES), ("y_test", LABELS)):
        (tmp_path / (IDX_NAMES[key].replace("-idx", dot) + ending)).write_bytes(pack(idx(array)))
    _, train, test = read_source(str(tmp_path))
    assert test is not None
    assert np.array_equal(test.pictures, PICTURES)
    assert np.array_equal(train.labels, LABELS)


def test_folders_of_crops_are_read_by_content_in_the_order_of_their_names(tmp_path: Path) -> None:
    crop(tmp_path / "7" / "b.bmp", PICTURES[1])
    crop(tmp_path / "7" / "a.png", PICTURES[0][:, :20])
    crop(tmp_path / "none" / "c.tif", PICTURES[2])
    crop(tmp_path / "3" / "colour.png", np.dstack([PICTURES[3]] * 3))
    (tmp_path / "3" / "Thumbs.db").write_text("")
    (tmp_path / ".cache").mkdir()
    (tmp_path / "README.txt").write_text("our crops")
    name, train, test = read_source(str(tmp_path))
    assert (name, test) == (tmp_path.name, None)
    assert train.labels.tolist() == [3, 7, 7, 10]
    for found, index in zip(train.pictures, (3, 0, 1, 2), strict=True):
        assert np.array_equal(found, PICTURES[index][:, : found.shape[1]])


def test_crops_may_be_divided_into_train_and_test(tmp_path: Path) -> None:
    crop(tmp_path / "train" / "1" / "a.png", PICTURES[0])
    crop(tmp_path / "test" / "2" / "a.png", PICTURES[0])
    _, train, test = read_source(str(tmp_path))
    assert test is not None
    assert (train.labels.tolist(), test.labels.tolist()) == ([1], [2])


@pytest.mark.parametrize(
    ("folders", "complaint"),
    [
        (["ten"], r"ten: is no label; folders are called 0 to 9, or none"),
        (["1", "train/a"], "holds the folders 1; needed is train"),
        (["train/seven"], "seven: is no label"),
        (["test/1"], "needed is train"),
        (["1/deeper"], "deeper: is no file of one picture"),
        ([], "holds neither IDX files"),
    ],
)
def test_folders_that_are_no_labels_are_named(tmp_path: Path, folders: list[str], complaint: str) -> None:
    for folder in folders:
        (tmp_path / folder).mkdir(parents=True)
    with pytest.raises(ModelError, match=complaint):
        read_source(str(tmp_path))


@pytest.mark.parametrize("content", [b"", b"hello", cv2.imencode(".png", PICTURES[0])[1].tobytes()[:-40]])
def test_a_crop_that_is_no_picture_is_named(tmp_path: Path, content: bytes) -> None:
    crop(tmp_path / "1" / "good.png", PICTURES[0])
    (tmp_path / "1" / "zz.png").write_bytes(content)
    with pytest.raises(ModelError, match=r"zz\.png: is not one picture \(.+\); mend it"):
        read_source(str(tmp_path))


@pytest.mark.parametrize(
    ("arrays", "complaint"),
    [
        ({"x_train": PICTURES}, "no y_train"),
        ({"y_train": LABELS}, "no x_train"),
        ({"x_train": PICTURES, "y_train": LABELS, "x_test": PICTURES}, "belong together"),
        ({"x_test": PICTURES, "y_test": LABELS}, "needed are x_train and y_train"),
        ({f"{x}_{n}": a for x, a in (("x", PICTURES), ("y", LABELS)) for n in ("train", "a", "b")}, "at most one"),
        ({"a": PICTURES}, "none of them"),
        ({"x": PICTURES[0], "y": LABELS}, r"\(n, height, width\)"),
        ({"x": PICTURES.reshape(12, -1), "y": LABELS}, r"\(n, height, width\)"),
        ({"x": PICTURES[:, :0], "y": LABELS}, r"\(n, height, width\)"),
        ({"x": PICTURES / 255, "y": LABELS}, "uint8"),
        ({"x": PICTURES, "y": LABELS[:5]}, "one whole number a picture"),
        ({"x": PICTURES, "y": LABELS + 1.5}, "one whole number a picture"),
        ({"x": PICTURES, "y": LABELS + np.uint64(2**63)}, "is no label"),
        ({"x": np.array([{}], object), "y": LABELS}, "Python objects"),
    ],
)
def test_what_is_wrong_with_an_npz_file_is_named(tmp_path: Path, arrays: dict[str, np.ndarray], complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint):
        read_source(saved(tmp_path, npz(**arrays)))


def fake_keras(load_data: Callable[[], object]) -> ModuleType:
    module = ModuleType("keras.datasets")
    module.mnist = SimpleNamespace(load_data=load_data)  # type: ignore[attr-defined]
    return module


def test_the_word_mnist_downloads_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "keras", ModuleType("keras"))
    parts = (PICTURES, LABELS), (PICTURES[:2], LABELS[:2])
    monkeypatch.setitem(sys.modules, "keras.datasets", fake_keras(lambda: parts))
    name, train, test = read_source("mnist")
    assert test is not None
    assert (name, len(train.pictures), len(test.pictures)) == ("mnist", 12, 2)

    def offline() -> None:
        raise Exception("URL fetch failure")

    monkeypatch.setitem(sys.modules, "keras.datasets", fake_keras(offline))
    with pytest.raises(ModelError, match="--data FILE"):
        read_source("mnist")
    monkeypatch.setitem(sys.modules, "keras.datasets", None)
    with pytest.raises(MissingExtraError, match="pip install"):
        read_source("mnist")


@pytest.mark.parametrize("source", ["none.npz", "a" * 5000, "mnist:0.5:2"])
def test_a_set_that_is_not_there_is_a_model_error(source: str) -> None:
    with pytest.raises(ModelError, match="no such set"):
        read_source(source)


@pytest.mark.parametrize("shape", [(2**40, 2**20, 2**20), (10**6, 10**4, 10), (-1, 28, 28), (5, 28, 28)])
def test_an_npz_file_that_claims_more_than_it_holds_is_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(ModelError, match="x_train"):
        read_source(saved(tmp_path, claiming(shape)))


def test_no_room_is_made_for_what_a_file_only_claims(tmp_path: Path) -> None:
    shape = (2, 1000, 1000, 1000)
    assert math.prod(shape) < sources.LARGEST
    (tmp_path / "idx").mkdir()
    for source in (
        saved(tmp_path, claiming(shape)),
        idx_folder(tmp_path / "idx", bytes([0, 0, 8, 4]) + struct.pack(">4I", *shape)),
    ):
        tracemalloc.start()
        with pytest.raises(ModelError, match="holds 0 bytes"):
            read_source(source)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 10**8


@pytest.mark.parametrize("descr", ["|V0", "<U0", "no such", "[" * 900])
def test_an_npz_file_of_odd_types_is_a_model_error(tmp_path: Path, descr: str) -> None:
    with pytest.raises(ModelError):
        read_source(saved(tmp_path, claiming((3, 28, 28), descr)))


def test_an_npz_file_that_unpacks_without_a_limit_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.npz", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("x.npy", b"")
    with pytest.raises(ModelError, match="unusual way"):
        read_source(str(tmp_path / "set.npz"))


def test_more_pictures_than_are_read_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "LARGEST", PICTURES.nbytes - 1)
    for index, picture in enumerate(PICTURES):
        crop(tmp_path / "1" / f"{index}.png", picture)
    (tmp_path / "idx").mkdir()
    with pytest.raises(ModelError, match="up to"):
        read_source(idx_folder(tmp_path / "idx", idx(PICTURES)))
    with pytest.raises(ModelError, match="up to"):
        read_source(saved(tmp_path, npz(x=PICTURES, y=LABELS)))
    (tmp_path / "idx" / IDX_NAMES["x_train"]).unlink()
    (tmp_path / "idx").rename(tmp_path / ".idx")
    with pytest.raises(ModelError, match="give smaller crops"):
        read_source(str(tmp_path))


@PACKS
@pytest.mark.parametrize(
    "content",
    [
        bytes([0, 0, 8, 3]) + b"\xff" * 12,
        bytes([0, 0, 8, 255]) + b"\0\0\0\1" * 255 + b"a",
        bytes([0, 0, 13, 3]) + b"\0" * 12,
        bytes([0, 0, 8, 0]) + b"a",
        idx(PICTURES) + b"a",
        idx(PICTURES[0]),
    ],
    ids=["giant", "255 sides", "floats", "no side", "too long", "one picture"],
)
def test_an_idx_file_of_another_form_is_a_model_error(
    tmp_path: Path, content: bytes, pack: Callable[[bytes], bytes]
) -> None:
    with pytest.raises(ModelError, match=r"idx|x_train"):
        read_source(idx_folder(tmp_path, pack(content), pack))


@PACKS
@pytest.mark.parametrize("share", SHARES)
def test_a_truncated_idx_file_is_a_model_error(tmp_path: Path, pack: Callable[[bytes], bytes], share: float) -> None:
    content = pack(idx(PICTURES))
    with pytest.raises(ModelError, match="fetch it again"):
        read_source(idx_folder(tmp_path, content[: min(int(share * len(content)), len(content) - 1)], pack))


@pytest.mark.parametrize("share", SHARES)
def test_a_truncated_npz_file_is_a_model_error(tmp_path: Path, share: float) -> None:
    content = npz(x_train=PICTURES, y_train=LABELS)
    with pytest.raises(ModelError, match="make or fetch it again"):
        read_source(saved(tmp_path, content[: min(int(share * len(content)), len(content) - 1)]))


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(["npz", "raw", "gz"]))
def test_damage_anywhere_is_a_model_error_or_none(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, kind: str
) -> None:
    """Every prefix is refused; a changed byte, too, or what is read is what was written."""
    pack = gzip.compress if kind == "gz" else bytes
    content = npz(x=PICTURES, y=LABELS) if kind == "npz" else pack(idx(PICTURES))
    place = data.draw(st.integers(0, len(content) - 1))
    changed = content[:place] + bytes([content[place] ^ data.draw(st.integers(1, 255))]) + content[place + 1 :]
    for damaged, allowed in ((content[:place], False), (changed, True)):
        folder = tmp_path_factory.mktemp("damaged")
        source = saved(folder, damaged) if kind == "npz" else idx_folder(folder, damaged, pack)
        try:
            found = read_source(source)[1]
        except ModelError:
            continue
        assert allowed
        # A plain IDX file has no sum to check its pixels by.
        assert kind == "raw" or np.array_equal(found.pictures, PICTURES)


def test_an_npz_file_that_python_2_wrote_is_read(tmp_path: Path) -> None:
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (12L, 28L, 28L), }\n"
    magic = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header))
    with zipfile.ZipFile(saved(tmp_path, npz(y=LABELS)), "a") as archive:
        archive.writestr("x.npy", magic + header + PICTURES.tobytes())
    _, found, _ = read_source(str(tmp_path / "set.npz"))
    assert np.array_equal(found.pictures, PICTURES)


def test_an_npz_member_with_a_damaged_header_is_a_model_error(tmp_path: Path) -> None:
    for header in (
        b"\x93NUMPY\x01\x00\x10\x00{'descr': '|u1'",
        b"\x93NUMPY\x03\x00",
        b"\x93NUMPY\x01\x00\x04\x00'''\n",
        b"",
    ):
        with zipfile.ZipFile(tmp_path / "set.npz", "w") as archive:
            archive.writestr("x.npy", header)
        with pytest.raises(ModelError, match=r"set\.npz"):
            read_source(str(tmp_path / "set.npz"))
