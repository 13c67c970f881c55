"""The trained network of strings to the file that reads with it, and its card."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ocrbatch.errors import ModelError
from ocrbatch.model.card import Card, write_card
from ocrbatch.model.convert import converted, to_keras
from ocrbatch.model.export import made_with
from ocrbatch.model.strings.pool import Shard
from ocrbatch.page.classify import import_keras
from ocrbatch.page.strings.looks import Looks, likely_texts, told_by_all
from ocrbatch.page.strings.sequence import StringReader, log_probabilities, make_string_reader
from ocrbatch.page.strings.strip import HIGH
from ocrbatch.records import Grey, ModelFile

NAME = "strings"
TYPICAL = 300
STEP = 32
LARGEST_LOSS = 0.01
"""How many more strings the int8 form may misread before it counts as broken."""
LEAST_TOLD = -20.0
"""A true text that is held for less likely (natural logarithm) counts as so likely."""


def to_int8(network: Any, strips: tuple[Grey, ...]) -> bytes:
    """Convert a network of strings to LiteRT: int8 throughout, one strip of any width at a time.

    ``strips`` (32, w) uint8 are typical ones, from which the ranges of the activations are taken.
    """
    import tensorflow as tf

    keras = import_keras()

    def typical() -> Iterator[list[npt.NDArray[np.float32]]]:
        for strip in strips[:TYPICAL]:
            filled = _filled(strip)
            # The full range must be among them, so that a pixel's level is its int8 value less 128.
            filled[0, 0, -1, 0] = 1
            yield [filled]

    given = keras.Input(batch_shape=(1, HIGH, None, 1))
    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Model(given, network(given, training=False)))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = typical
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return converted(converter)


def export_strings(network: Any, typical: Shard, held_out: Shard, folder: Path, facts: Mapping[str, Any]) -> Card:
    """Write ``strings.tflite``, ``strings.keras`` to teach further, and their card ``strings.json``; gives the card.

    ``held_out`` are runs of digits that no training saw: on them the temperature is fitted, the first half, and the
    card's figures are measured, the second. ``facts`` go into the card. Raises ModelError where int8 reads worse.
    """
    content = to_int8(network, typical.strips)
    half = len(held_out.strips) // 2
    texts = [_text(labels) for labels in held_out.labels.tolist()]
    raw = _reader(content, 1.0).looks(held_out.strips)
    # Each look is to be as sure as it is right; what all of them say together is calibrated as a field's confidence.
    temperature = _fit_temperature([looks[:1] for looks in raw[:half]], texts[:half])
    read = _reader(content, temperature).looks(held_out.strips[half:])
    right = _exact([looks[:1] for looks in read], texts[half:])
    before = _exact(_keras_looks(network, held_out.strips[half:]), texts[half:])
    if right < before - LARGEST_LOSS:
        raise ModelError(f"the int8 form reads {right:.4f} of the strings, and the network {before:.4f}")
    contents = {f"{NAME}.tflite": content, f"{NAME}.keras": to_keras(network)}
    card: Card = {
        "name": NAME,
        "about": "Runs of handwritten digits: strips 32 pixels high to a digit, a sign or nothing every 4 columns",
        "files": {name: hashlib.sha256(made).hexdigest() for name, made in contents.items()},
        "temperature": temperature,
        "parameters": int(network.count_params()),
        **facts,
        "metrics": {
            "composed": len(texts) - half,
            "exact": round(_exact(read, texts[half:]), 5),
            "exact_one_look": round(right, 5),
            "exact_float_one_look": round(before, 5),
        },
        "made_with": made_with(),
    }
    for name, made in contents.items():
        (folder / name).write_bytes(made)
    write_card(folder / f"{NAME}.json", card)
    return card


def _reader(content: bytes, temperature: float) -> StringReader:
    return make_string_reader(ModelFile(content, "tflite", NAME, hashlib.sha256(content).hexdigest(), temperature))


def _text(labels: list[int]) -> str:
    return "".join(str(label) for label in labels if 0 <= label < 10)


def _exact(read: Sequence[Looks], texts: list[str]) -> float:
    return float(np.mean([_likeliest(looks) == text for looks, text in zip(read, texts, strict=True)]))


def _likeliest(looks: Looks) -> str:
    found = likely_texts(looks)
    return found[int(np.argmax(told_by_all(looks, found, amount=False)))] if found else ""


def _filled(strip: Grey) -> npt.NDArray[np.float32]:
    """Give a strip as the network takes it (1, 32, w, 1) float32, ink 0–1, paper to a full step at its right."""
    filled = np.zeros((1, HIGH, -(-strip.shape[1] // STEP) * STEP, 1), np.float32)
    filled[0, :, : strip.shape[1], 0] = strip / np.float32(255)
    return filled


def _keras_looks(network: Any, strips: tuple[Grey, ...]) -> list[Looks]:
    return [(log_probabilities(np.asarray(network(_filled(strip), training=False))[0]),) for strip in strips]


def _fit_temperature(read: Sequence[Looks], texts: list[str]) -> float:
    """Find the temperature under which the true texts are most probable, given looks at temperature 1."""

    def loss(temperature: float) -> float:
        total = 0.0
        for looks, text in zip(read, texts, strict=True):
            scaled = tuple(log_probabilities(frames, temperature) for frames in looks)
            total -= max(float(told_by_all(scaled, [text], amount=False)[0]), LEAST_TOLD)
        return total

    temperatures = np.round(np.exp(np.linspace(np.log(0.6), np.log(2.0), 13)), 4)
    return float(temperatures[int(np.argmin([loss(float(value)) for value in temperatures]))])
