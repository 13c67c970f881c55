"""Labelled pictures as their files hold them: an .npz, IDX files, folders of crops, Keras' download of MNIST.

Every size is compared with what the file really holds before anything of that size is made.
"""

import gzip
import math
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ocrbatch.errors import MissingExtraError, ModelError
from ocrbatch.page.classify import INSTALL_TRAIN
from ocrbatch.page.decode import decode
from ocrbatch.records import LABELS, NOT_A_DIGIT, Grey, Page

IDX_NAMES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
LARGEST = 2**31
"""A set of more bytes of pictures is refused: MNIST has 55 million."""
NONE = "none"
"""The folder of crops that are no digit."""
FOLDERS = {**{name: label for label, name in enumerate(LABELS)}, NONE: NOT_A_DIGIT}
PARTS = ("train", "test")

_IDX_UBYTE = 0x08
_CHUNK = 2**24
_CLUTTER = ("Thumbs.db", "desktop.ini")

Arrays = dict[str, npt.NDArray[Any]]


class Readable(Protocol):
    """A file open for reading bytes."""

    def read(self, size: int, /) -> bytes:
        """Give up to ``size`` bytes, none at the end."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures as they were found, (h, w) uint8 of any size and polarity, with a whole number for each."""

    pictures: Sequence[Grey]
    labels: npt.NDArray[np.int64]


def read_source(source: str) -> tuple[str, Pictures, Pictures | None]:
    """Read a set: its name, its training part, and its test part where it has one.

    Raises ModelError, whose text names the file, for whatever is missing, damaged or of another form.
    """
    path = Path(source)
    if source == "mnist" and not is_there(source):
        return "mnist", *_divided(source, _download_mnist())
    if is_there(source) and path.is_dir():
        name = path.resolve().name
        arrays = _read_idx_folder(path)
        return (name, *_divided(source, arrays)) if arrays else (name, *_read_crops(path))
    if is_there(source) and path.is_file():
        return path.stem, *_divided(source, _read_npz(path))
    raise ModelError(
        f"{source}: no such set; give an .npz file, a folder of IDX files, a folder of crops sorted by label, "
        "or the word mnist to download it"
    )


def is_there(path: str) -> bool:
    """Tell whether there is a file or folder of this name; a name that cannot be one is none."""
    try:
        return Path(path).exists()
    except OSError:  # too long, or in a folder that may not be looked into
        return False


def _divided(source: str, arrays: Arrays) -> tuple[Pictures, Pictures | None]:
    """Find the training part, and the one other, among arrays named x, y or x_NAME, y_NAME."""
    names = sorted({key[1:] for key in arrays})
    for name in names:
        if f"x{name}" not in arrays or f"y{name}" not in arrays:
            lone, missing = (f"x{name}", f"y{name}") if f"x{name}" in arrays else (f"y{name}", f"x{name}")
            raise ModelError(f"{source}: has {lone} but no {missing}; pictures and their labels belong together")
    first = "_train" if "_train" in names else ""
    others = [name for name in names if name != first]
    if first not in names or len(others) > 1:
        found = ", ".join(f"x{name}" for name in names) or "none of them"
        raise ModelError(
            f"{source}: needed are x_train and y_train with at most one other pair (x_test, y_test), or x and y alone; "
            f"there are {found}"
        )
    parts = [_checked(source, name, arrays) for name in (first, *others)]
    return parts[0], parts[1] if others else None


def _checked(source: str, name: str, arrays: Arrays) -> Pictures:
    pictures, labels = arrays[f"x{name}"], arrays[f"y{name}"]
    if pictures.ndim == 4 and pictures.shape[-1] == 1:
        pictures = pictures[..., 0]
    if pictures.dtype != np.uint8 or pictures.ndim != 3 or 0 in pictures.shape[1:]:
        raise ModelError(
            f"{source}: x{name} is {pictures.shape} {pictures.dtype}; needed is (n, height, width) uint8, 0 to 255"
        )
    if labels.ndim != 1 or len(labels) != len(pictures) or labels.dtype.kind not in "iu":
        raise ModelError(
            f"{source}: y{name} is {labels.shape} {labels.dtype} for {len(pictures)} pictures; needed is one "
            "whole number a picture"
        )
    if labels.size and int(labels.max()) > np.iinfo(np.int64).max:
        raise ModelError(f"{source}: y{name} holds {labels.max()}, which is no label")
    return Pictures(list(pictures), labels.astype(np.int64))


def _read_npz(path: Path) -> Arrays:
    try:
        with zipfile.ZipFile(path) as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a header that Python 2 wrote
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            wanted = [key for key in members if key in ("x", "y") or key.startswith(("x_", "y_"))]
            return {key: _read_member(path, archive, members[key]) for key in wanted}
    except ModelError:
        raise
    except Exception as error:  # damaged bytes make zipfile, zlib and NumPy's parser raise all kinds
        raise ModelError(f"{path}: is no readable .npz file ({error}); make or fetch it again") from error


def _read_member(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> npt.NDArray[Any]:
    # Other methods than NumPy's own two unpack without a limit.
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ModelError(f"{path}: {info.filename} is packed in an unusual way; save it with numpy.savez_compressed")
    with archive.open(info) as file:
        version = np.lib.format.read_magic(file)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, by_columns, dtype = read_header(file)
        if dtype.hasobject:
            raise ModelError(f"{path}: {info.filename} holds Python objects, which are not read; save plain numbers")
        content = _read_shape(f"{path}: {info.filename}", file, shape, dtype.itemsize)
    return np.frombuffer(content, dtype).reshape(shape, order="F" if by_columns else "C")


def _read_shape(name: str, file: Readable, shape: tuple[int, ...], itemsize: int) -> bytes:
    """Read an array's bytes to the end of ``file``; ModelError where there are more or fewer, or far too many."""
    size = math.prod(shape) * itemsize
    if size > LARGEST:
        raise ModelError(f"{name}: says it has the shape {shape}, {size} bytes; up to {LARGEST} are read")
    # Bit by bit, for asking for all at once makes room for all, be it there or not.
    content = bytearray()
    while len(content) <= size and (chunk := file.read(min(_CHUNK, size + 1 - len(content)))):
        content += chunk
    if len(content) != size:
        held = f"{len(content)} bytes" if len(content) < size else f"more than {size} bytes"
        raise ModelError(f"{name}: holds {held} for shape {shape}; make or fetch it again")
    return bytes(content)


def _read_idx_folder(folder: Path) -> Arrays:
    """Read those IDX files that are there, by either spelling of MNIST's names; nothing where none is."""
    arrays: Arrays = {}
    for key, name in IDX_NAMES.items():
        for spelling in (name, name.replace("-idx", ".idx")):
            for path in (folder / spelling, folder / f"{spelling}.gz"):
                if path.is_file():
                    arrays[key] = _read_idx(path)
    return arrays


def _read_idx(path: Path) -> npt.NDArray[np.uint8]:
    """Read one IDX file of bytes: zeros, type, number of sides, the sides (big-endian), the data."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            head = file.read(4)
            if len(head) < 4 or head[:3] != bytes([0, 0, _IDX_UBYTE]) or not 1 <= head[3] <= 4:
                raise ModelError(f"{path}: is no IDX file of bytes; fetch it again")
            sides = file.read(4 * head[3])
            shape = tuple(int(side) for side in np.frombuffer(sides, ">u4"))
            content = _read_shape(str(path), file, shape, 1)
    except ModelError:
        raise
    except Exception as error:  # gzip lets its own errors, zlib's and the system's through
        raise ModelError(f"{path}: cannot be read ({error}); fetch it again") from error
    return np.frombuffer(content, np.uint8).reshape(shape)


def _read_crops(folder: Path) -> tuple[Pictures, Pictures | None]:
    """Read folders called 0 to 9 and none, or a train folder, and a test folder, that hold such folders."""
    found = {path.name for path in _listed(folder) if path.is_dir()}
    if not found:
        raise ModelError(f"{folder}: holds neither IDX files ({IDX_NAMES['x_train']}) nor folders of crops (0 to 9)")
    if not found & set(PARTS):
        return _read_label_folders(folder), None
    if "train" not in found or found - set(PARTS):
        others = ", ".join(sorted(found - {"train"}))
        raise ModelError(f"{folder}: holds the folders {others}; needed is train, with nothing but test beside it")
    train = _read_label_folders(folder / "train")
    return train, _read_label_folders(folder / "test") if "test" in found else None


def _read_label_folders(folder: Path) -> Pictures:
    pictures: list[Grey] = []
    labels: list[int] = []
    total = 0
    for inner in _listed(folder):
        if not inner.is_dir():
            continue
        if inner.name not in FOLDERS:
            raise ModelError(f"{inner}: is no label; folders are called 0 to 9, or {NONE} for what is no digit")
        for path in _listed(inner):
            pictures.append(_read_crop(path))
            labels.append(FOLDERS[inner.name])
            total += pictures[-1].size
            if total > LARGEST:
                raise ModelError(f"{folder}: holds more than {LARGEST} bytes of pictures; give smaller crops")
    return Pictures(pictures, np.array(labels, np.int64))


def _read_crop(path: Path) -> Grey:
    if not path.is_file() or path.stat().st_size > LARGEST:
        raise ModelError(f"{path}: is no file of one picture; take it out of the folder")
    try:
        pages = list(decode(path.read_bytes()))
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); take it out of the folder") from error
    page = pages[0] if len(pages) == 1 else None
    if not isinstance(page, Page):
        told = f"{len(pages)} pages" if page is None else page.code + (f", {page.detail}" if page.detail else "")
        raise ModelError(f"{path}: is not one picture ({told}); mend it or take it out of the folder")
    return page.pixels


def _listed(folder: Path) -> list[Path]:
    """List a folder by name, without what file managers leave in it."""
    try:
        return sorted(p for p in folder.iterdir() if not p.name.startswith(".") and p.name not in _CLUTTER)
    except OSError as error:
        raise ModelError(f"{folder}: cannot be read ({error.strerror}); give its owner's leave to read it") from error


def _download_mnist() -> Arrays:
    try:
        from keras.datasets import mnist
    except ImportError as error:
        raise MissingExtraError(f"The download of MNIST needs Keras; install it: {INSTALL_TRAIN}") from error
    try:
        (x_train, y_train), (x_test, y_test) = mnist.load_data()
    except Exception as error:  # Keras wraps whatever its download met in a bare Exception
        raise ModelError(f"MNIST could not be downloaded ({error}); give the file with --data FILE") from error
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
