"""Labelled digits from an .npz file, a folder of IDX files, or Keras' own download of MNIST."""

import gzip
import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ocrbatch.errors import MissingExtraError, ModelError
from ocrbatch.records import LABELS, Tiles

SIDE = 28
INSTALL_TRAIN = "pip install 'ocrbatch[train]'"
IDX_NAMES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
_IDX_UBYTE = 0x08

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Dataset:
    """Digits in MNIST's form: tiles (n, 28, 28) uint8, ink bright on 0, and labels (n,) 0–9.

    The test part is empty where the source has none; ``sha256`` is that of the source's arrays.
    """

    name: str
    train_tiles: Tiles
    train_labels: Labels
    test_tiles: Tiles
    test_labels: Labels
    sha256: str


def load_dataset(source: str) -> Dataset:
    """Load and check a set; ``source`` is a file, a folder, or the word ``mnist``.

    Raises ModelError where something is missing or of the wrong shape, before any training begins.
    """
    path = Path(source)
    if source == "mnist" and not path.exists():
        name, arrays = "mnist", _download_mnist()
    elif path.is_dir():
        name, arrays = path.resolve().name, _read_idx_folder(path)
    elif path.is_file():
        name, arrays = path.stem, _read_npz(path)
    else:
        raise ModelError(
            f"{source}: no such set; give an .npz file, a folder of IDX files, or the word mnist to download it"
        )
    return _checked(name, source, arrays)


def _checked(name: str, source: str, arrays: dict[str, npt.NDArray[np.generic]]) -> Dataset:
    for key in ("x_train", "y_train"):
        if key not in arrays:
            raise ModelError(f"{source}: has no {key}; an .npz needs x_train and y_train (x_test, y_test too)")
    if ("x_test" in arrays) != ("y_test" in arrays):
        raise ModelError(f"{source}: x_test and y_test belong together, but only one of them is there")
    train_tiles, train_labels = _checked_part(source, "train", arrays["x_train"], arrays["y_train"])
    test_tiles, test_labels = _checked_part(
        source, "test", arrays.get("x_test", train_tiles[:0]), arrays.get("y_test", train_labels[:0])
    )
    if len(train_tiles) == 0:
        raise ModelError(f"{source}: x_train is empty; there is nothing to train on")
    digest = hashlib.sha256()
    for part in (train_tiles, train_labels, test_tiles, test_labels):
        digest.update(np.ascontiguousarray(part).tobytes())
    return Dataset(name, train_tiles, train_labels, test_tiles, test_labels, digest.hexdigest())


def _checked_part(
    source: str, part: str, pictures: npt.NDArray[np.generic], labels: npt.NDArray[np.generic]
) -> tuple[Tiles, Labels]:
    if pictures.ndim == 4 and pictures.shape[-1] == 1:
        pictures = pictures[..., 0]
    if pictures.dtype != np.uint8 or pictures.ndim != 3 or pictures.shape[1:] != (SIDE, SIDE):
        raise ModelError(
            f"{source}: x_{part} is {pictures.shape} {pictures.dtype}; needed is (n, {SIDE}, {SIDE}) uint8, "
            "ink bright on 0 (as MNIST)"
        )
    if labels.ndim != 1 or len(labels) != len(pictures) or labels.dtype.kind not in "iu":
        raise ModelError(
            f"{source}: y_{part} is {labels.shape} {labels.dtype} for {len(pictures)} pictures; needed is one "
            "whole number a picture"
        )
    if len(labels) and not (int(labels.min()) >= 0 and int(labels.max()) < len(LABELS)):
        raise ModelError(f"{source}: y_{part} holds {labels.min()} to {labels.max()}; labels are 0 to 9")
    return pictures.astype(np.uint8), labels.astype(np.int64)


def _read_npz(path: Path) -> dict[str, npt.NDArray[np.generic]]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {key: stored[key] for key in IDX_NAMES if key in stored.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, AttributeError) as error:
        raise ModelError(f"{path}: is no readable .npz file ({error})") from error


def _read_idx_folder(folder: Path) -> dict[str, npt.NDArray[np.generic]]:
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    for key, name in IDX_NAMES.items():
        # Both spellings of MNIST's files are about: "train-images-idx3-ubyte" and "train-images.idx3-ubyte".
        for spelling in (name, name.replace("-idx", ".idx")):
            for path in (folder / spelling, folder / f"{spelling}.gz"):
                if path.is_file():
                    arrays[key] = _read_idx(path)
    if not arrays:
        raise ModelError(f"{folder}: holds no IDX files (looked for {IDX_NAMES['x_train']}, with or without .gz)")
    return arrays


def _read_idx(path: Path) -> npt.NDArray[np.uint8]:
    """Read one IDX file of bytes: zeros, type, number of sides, the sides (big-endian), the data."""
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError) as error:
        raise ModelError(f"{path}: cannot be read ({error})") from error
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != _IDX_UBYTE:
        raise ModelError(f"{path}: is no IDX file of bytes; fetch it again")
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise ModelError(f"{path}: is truncated; fetch it again")
    shape = tuple(int(side) for side in np.frombuffer(content, ">u4", content[3], 4))
    if len(content) - start != int(np.prod(shape, dtype=np.int64)):
        raise ModelError(f"{path}: holds {len(content) - start} bytes for shape {shape}; fetch it again")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _download_mnist() -> dict[str, npt.NDArray[np.generic]]:
    try:
        from keras.datasets import mnist
    except ImportError as error:
        raise MissingExtraError(f"The download of MNIST needs Keras; install it: {INSTALL_TRAIN}") from error
    try:
        (x_train, y_train), (x_test, y_test) = mnist.load_data()
    except Exception as error:  # Keras wraps whatever its download met in a bare Exception
        raise ModelError(f"MNIST could not be downloaded ({error}); give the file with --data FILE") from error
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
