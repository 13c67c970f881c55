"""Sets divided for one training, what an epoch shows of them, and tiles as a network takes them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ocrbatch.errors import ModelError
from ocrbatch.model.augment import augment_epoch
from ocrbatch.model.datasets import Labels, Mixture
from ocrbatch.records import Tiles

VALIDATION_SHARE = 1 / 12

Weights = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Split:
    """The parts of one training: ``fit`` is drawn and augmented anew each epoch, the others stay as they are.

    ``clean`` are the digits kept back from training, ``worn`` the same after one augmentation; tiles are
    (n, 28, 28) uint8, labels (n,) int64. ``fit_weights`` (n,) float32 say how many times an epoch shows each.
    """

    fit_tiles: Tiles
    fit_labels: Labels
    clean_tiles: Tiles
    clean_labels: Labels
    worn_tiles: Tiles
    worn_labels: Labels
    fit_weights: Weights


def split_mixture(mixture: Mixture, seed: int, *, worn: bool = True, strangers: bool = True) -> Split:
    """Keep a twelfth of each set's training part back, and wear it once for good.

    ``strangers`` are drawn among the worn; without ``worn`` that part stays empty. Raises ModelError for a set
    with too little to keep any back.
    """
    rng = np.random.default_rng([seed, 0])
    fits, kept = [], []
    for data in mixture.sets:
        # A picture too pale to be seen teaches nothing but that nothing is a digit.
        order = rng.permutation(np.flatnonzero(data.train_tiles.any(axis=(1, 2))))
        cut = max(1, round(len(order) * VALIDATION_SHARE))
        if cut >= len(order):
            raise ModelError(f"{data.name}: {len(order)} to train on is too few; give 2 or more")
        fits.append(np.sort(order[cut:]))
        kept.append(order[:cut])
    fit_tiles, fit_labels = _gathered(mixture, fits)
    clean_tiles, clean_labels = _gathered(mixture, kept)
    worn_tiles, worn_labels = clean_tiles[:0], clean_labels[:0]
    if worn:
        worn_tiles, worn_labels = augment_epoch(clean_tiles, clean_labels, rng, strangers=strangers)
    weights = np.repeat(np.array(mixture.weights, np.float32), [len(fit) for fit in fits])
    return Split(fit_tiles, fit_labels, clean_tiles, clean_labels, worn_tiles, worn_labels, weights)


def draw_epoch_indices(fit_weights: Weights, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Give the fit tiles that one epoch shows, by their indices, shuffled.

    Each is shown as often as the whole part of its weight says, and once more with the probability of the rest; one
    at least is shown.
    """
    times = np.floor(fit_weights)
    counts = times.astype(np.int64) + (rng.random(len(fit_weights)) < fit_weights - times)
    if not counts.any():
        counts[rng.integers(len(counts))] = 1
    return rng.permutation(np.repeat(np.arange(len(fit_weights), dtype=np.int64), counts))


def to_input(tiles: Tiles) -> npt.NDArray[np.float32]:
    """Bring tiles (n, 28, 28) uint8 to what a network takes: (n, 28, 28, 1) float32 in 0–1."""
    return (tiles[..., None] / np.float32(255)).astype(np.float32)


def _gathered(mixture: Mixture, parts: list[npt.NDArray[np.int64]]) -> tuple[Tiles, Labels]:
    pairs = list(zip(mixture.sets, parts, strict=True))
    tiles: Tiles = np.concatenate([data.train_tiles[part] for data, part in pairs])
    labels: Labels = np.concatenate([data.train_labels[part] for data, part in pairs])
    return tiles, labels
