"""A set divided for one training, and tiles as a network takes them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ocrbatch.errors import ModelError
from ocrbatch.model.augment import augment_epoch
from ocrbatch.model.datasets import Dataset, Labels
from ocrbatch.records import Tiles

VALIDATION_SHARE = 1 / 12


@dataclass(frozen=True, slots=True)
class Split:
    """The parts of one training: ``fit`` is augmented anew each epoch, the others stay as they are.

    ``clean`` are the digits kept back from training, ``worn`` the same after one augmentation, with strangers.
    """

    fit_tiles: Tiles
    fit_labels: Labels
    clean_tiles: Tiles
    clean_labels: Labels
    worn_tiles: Tiles
    worn_labels: Labels


def split_dataset(data: Dataset, seed: int) -> Split:
    """Keep a twelfth of the training part back, and wear it once for good."""
    rng = np.random.default_rng([seed, 0])
    order = rng.permutation(len(data.train_tiles))
    kept = max(1, round(len(order) * VALIDATION_SHARE))
    if kept >= len(order):
        raise ModelError(f"{data.name}: one digit is too few to train on")
    clean_tiles, clean_labels = data.train_tiles[order[:kept]], data.train_labels[order[:kept]]
    worn_tiles, worn_labels = augment_epoch(clean_tiles, clean_labels, rng)
    fit = np.sort(order[kept:])
    return Split(data.train_tiles[fit], data.train_labels[fit], clean_tiles, clean_labels, worn_tiles, worn_labels)


def to_input(tiles: Tiles) -> npt.NDArray[np.float32]:
    """Bring tiles (n, 28, 28) uint8 to what a network takes: (n, 28, 28, 1) float32 in 0–1."""
    return (tiles[..., None] / np.float32(255)).astype(np.float32)
