"""Training of the network that reads strings, on composed runs that are kept in shards while it goes on."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ocrbatch.errors import ModelError
from ocrbatch.model.strings.bending import bend
from ocrbatch.model.strings.network import build_network
from ocrbatch.model.strings.pool import WIDEST, Labels, read_shard
from ocrbatch.page.strings.sequence import COLUMNS
from ocrbatch.page.strings.strip import HIGH
from ocrbatch.records import Grey

WIDTHS = (96, 160, 224, 320, WIDEST)
"""Strips of about one width are taught together."""
CTC = {"time_major": False, "ignore_longer_outputs_than_inputs": True}
PROCESSOR = Path("/proc/cpuinfo")
HALF_AS_WIDE = ("avx512_bf16", "amx_bf16")
"""Processors with one of these reckon in bfloat16 about 1.4 times as fast; others far slower."""
WARM_UP = 400
"""So many steps the rate rises."""
BEND, BEND_LENGTHS = 1.0, (2.5, 5.0)
"""By how many pixels of a strip its points are moved at most, on average, and over how many."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Settings:
    """How to teach: for so many ``minutes``, in which the rate falls from ``learning_rate`` to nothing."""

    minutes: float
    learning_rate: float = 2e-3
    batch: int = 64
    seed: int = 0
    report_every: int = 300


def train_network(pool: Path, out: Path, settings: Settings, tell: Tell, start: Any | None = None) -> Any:
    """Teach a network, ``start`` or a new one, from the shards in ``pool``, which may grow meanwhile.

    Weights are kept in ``out`` at every report; the network that is given back has the mean of its last weights.
    Raises ModelError where no shard fills a batch.
    """
    import keras
    import tensorflow as tf

    given = build_network() if start is None else start
    net = _for_teaching(given)
    optimizer = keras.optimizers.AdamW(settings.learning_rate, weight_decay=1e-3, use_ema=True, ema_momentum=0.998)
    optimizer.build(net.trainable_variables)

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def learn(strips: Any, labels: Any, lengths: Any) -> Any:
        with tf.GradientTape() as tape:
            logits = tf.cast(net(strips, training=True), tf.float32)
            frames = tf.fill([tf.shape(strips)[0]], tf.shape(logits)[1])
            # The older operation takes a third of the newer one's time; the blank is the last output in both.
            where = tf.where(tf.sequence_mask(lengths, tf.shape(labels)[1]))
            texts = tf.SparseTensor(where, tf.gather_nd(labels, where), tf.shape(labels, tf.int64))
            loss = tf.reduce_mean(tf.compat.v1.nn.ctc_loss(texts, logits, frames, **CTC))
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, net.trainable_variables), 5.0)
        optimizer.apply_gradients(zip(gradients, net.trainable_variables, strict=True))
        return loss

    began, seen, losses = time.monotonic(), 0, []
    rng = np.random.default_rng(settings.seed)
    for step, (strips, labels, lengths) in enumerate(_batches(pool, settings.batch, rng), 1):
        done = (time.monotonic() - began) / (60 * settings.minutes)
        if done >= 1:
            break
        share = min(step / WARM_UP, 1) * 0.5 * (1 + np.cos(np.pi * done))
        optimizer.learning_rate.assign(settings.learning_rate * share)
        losses.append(float(learn(strips, labels, lengths)))
        seen += len(strips)
        if step % settings.report_every == 0:
            net.save_weights(out / "last.weights.h5")
            tell(f"{time.monotonic() - began:6.0f} s {seen:8d} strips  loss {np.mean(losses):.4f}")
            losses.clear()
    optimizer.finalize_variable_values(net.trainable_variables)
    given.set_weights(net.get_weights())
    given.save(out / "strings.keras")
    return given


def _for_teaching(net: Any) -> Any:
    """Give a network of the same weights that reckons in bfloat16 where the processor does, its weights in float32.

    After P. Micikevicius et al., "Mixed precision training" (2018).
    """
    import keras

    if not PROCESSOR.exists() or not any(name in PROCESSOR.read_text() for name in HALF_AS_WIDE):
        return net

    def mixed(layer: Any) -> Any:
        plain = isinstance(layer, keras.layers.InputLayer)
        return type(layer).from_config(layer.get_config() | ({} if plain else {"dtype": "mixed_bfloat16"}))

    teaching = keras.models.clone_model(net, clone_function=mixed)
    teaching.set_weights(net.get_weights())
    return teaching


def _batches(pool: Path, size: int, rng: np.random.Generator) -> Iterator[tuple[Any, Any, Any]]:
    """Give batches without end: strips (n, 32, w, 1) float32 of ink 0–1, labels (n, 24) int32, lengths (n,) int32.

    Raises ModelError where no shard fills a batch.
    """
    filled = 0
    while True:
        for path in rng.permutation(sorted(pool.glob("[!.]*.npz"))):
            shard = read_shard(Path(path))
            worn = [_worn(strip, rng) for strip in shard.strips]
            order = rng.permutation(len(worn))
            bands = np.searchsorted(WIDTHS, [strip.shape[1] for strip in worn])
            batches = [
                own[i : i + size]
                for band in range(len(WIDTHS))
                for own in [order[bands[order] == band]]
                for i in range(0, len(own) - size + 1, size)
            ]
            for index in rng.permutation(len(batches)):
                chosen = batches[index]
                width = WIDTHS[bands[chosen[0]]]
                filled += 1
                yield _stacked([worn[i] for i in chosen], shard.labels[chosen], width)
        if not filled:
            raise ModelError(f"{pool}: no shard fills a batch of {size}; compose more runs, or teach fewer at once")


def _stacked(strips: list[Grey], labels: Labels, width: int) -> tuple[Any, Any, Any]:
    filled = np.zeros((len(strips), HIGH, width, 1), np.float32)
    for row, strip in zip(filled, strips, strict=True):
        row[:, : strip.shape[1], 0] = strip
    lengths = np.minimum((labels >= 0).sum(axis=1), width // COLUMNS).astype(np.int32)
    return filled / np.float32(255), np.maximum(labels, 0).astype(np.int32), lengths


def _worn(strip: Grey, rng: np.random.Generator) -> Grey:
    """Change a strip a little, so that none is ever seen twice: bent, moved, stretched, fainter, grained."""
    kind = rng.random(4)
    if kind[3] < 0.5:
        strip = bend(strip, float(rng.uniform(0.1, BEND)), float(rng.uniform(*BEND_LENGTHS)), rng)
    if kind[0] < 0.6:
        # What would be cut off at the end is still among the labels.
        scale = min(float(rng.uniform(0.85, 1.15)), WIDEST / strip.shape[1])
        high = float(rng.uniform(0.9, 1.08))
        down = float(rng.uniform(-1.5, 1.5)) + (1 - high) * HIGH / 2
        matrix = np.array([[scale, float(rng.normal(0, 0.08)), 0], [0, high, down]], np.float32)
        size = (max(int(strip.shape[1] * scale), COLUMNS), HIGH)
        strip = cv2.warpAffine(strip, matrix, size, flags=cv2.INTER_LINEAR)
    if kind[1] < 0.6:
        levels = np.clip(np.linspace(0, 1, 256) ** rng.uniform(0.7, 1.5) * rng.uniform(0.75, 1.15) * 255, 0, 255)
        strip = cv2.LUT(strip, levels.astype(np.uint8))
    if kind[2] < 0.3:
        grain = rng.normal(0, rng.uniform(2, 14), strip.shape)
        strip = np.clip(strip + grain, 0, 255).astype(np.uint8)
    return strip[:, : WIDTHS[-1]]
