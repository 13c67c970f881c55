"""Composed runs of digits on disk: shards that are written while others are read."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ocrbatch.model.datasets import load_pictures
from ocrbatch.model.strings.compose import compose_strip
from ocrbatch.model.strings.glyphs import GlyphBank, glyphs_of
from ocrbatch.page.strings.strip import HIGH
from ocrbatch.records import Grey

LONGEST = 24
WIDEST = 512
SHARD = 4000

Labels = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Shard:
    """Composed strips: ``strips`` (32, w) uint8 each, and ``labels`` (n, 24) int8, −1 behind the last."""

    strips: tuple[Grey, ...]
    labels: Labels


def load_bank(sources: Sequence[tuple[str, float]], *, test: bool = False) -> GlyphBank:
    """Load the glyphs of sets, each with its weight: of what is to train on, or to ``test`` on.

    Raises ModelError for a set that cannot be read.
    """
    loaded = [load_pictures(source) for source, _ in sources]
    parts = [(held_out if test else taught) for _, taught, held_out, _ in loaded]
    banks = tuple(glyphs_of(part.pictures, part.labels.tolist()) for part in parts)
    return GlyphBank(banks, tuple(weight for _, weight in sources))


def compose_shard(bank: GlyphBank, seed: tuple[int, int], count: int = SHARD) -> Shard:
    """Compose strips; the same ``seed`` gives the same ones."""
    rng = np.random.default_rng(seed)
    strips: list[Grey] = []
    labels = np.full((count, LONGEST), -1, np.int8)
    while len(strips) < count:
        strip, own = compose_strip(bank, rng)
        if strip.shape[1] <= WIDEST and len(own) <= LONGEST:
            labels[len(strips), : len(own)] = own
            strips.append(strip)
    return Shard(tuple(strips), labels)


def write_shard(path: Path, shard: Shard) -> None:
    """Write strips and their labels to one file, at once or not at all."""
    draft = path.with_name(f".{path.stem}.draft.npz")
    widths = np.array([strip.shape[1] for strip in shard.strips])
    np.savez(draft, w=widths, x=np.concatenate([strip.ravel() for strip in shard.strips]), y=shard.labels)
    draft.replace(path)


def read_shard(path: Path) -> Shard:
    """Read what ``write_shard`` wrote."""
    with np.load(path) as file:
        widths, pixels, labels = file["w"], file["x"], file["y"]
    ends = np.cumsum(widths * HIGH)
    strips = tuple(
        pixels[end - HIGH * width : end].reshape(HIGH, width) for end, width in zip(ends, widths, strict=True)
    )
    return Shard(strips, labels)
