"""A run of digits read whole by a small convolutional network trained with CTC: strips of ink to frames.

The network sees a strip of 32 rows and any width, and gives for each frame of 4 columns what stands there: a digit, a
sign between digits (a separator, a dash, a slash, a currency's), or nothing new. ``beam`` tells texts from that.
"""

import math
from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np

from ocrbatch.errors import ModelError
from ocrbatch.page.litert import Network, Shape
from ocrbatch.page.strings.beam import FrameLogs
from ocrbatch.page.strings.looks import LOOKS, Looks, seen
from ocrbatch.page.strings.strip import HIGH
from ocrbatch.records import Grey, ModelFile, read_only

COLUMNS = 4
"""A frame is so many columns of a strip wide."""
OUTPUTS = 12
"""The digits, a sign, and CTC's blank."""
WIDTHS = (64, 96, 128, 192, 256, 384, 512, 768, 1024)
BEYOND = 2
"""So many frames of the paper to the right of a strip are kept: a last digit may be told there."""
LEAST = math.log(1e-9)


class StringReader(Protocol):
    """Reads whole strips; any object with this method will do."""

    def looks(self, strips: Sequence[Grey]) -> list[Looks]:
        """Give the looks at each strip: (32, w) uint8, 0 paper to 255 ink, to (t, 12) float32 log-probabilities each.

        A frame of the first look is ``frame_width(w)`` columns wide. Columns 0 to 9 are the digits, 10 is a sign, 11
        the blank. What is told of a strip depends on it alone.
        """
        ...


def make_string_reader(model: ModelFile, threads: int = 1) -> StringReader:
    """Open a model that reads strips.

    Raises ModelError where the model cannot be opened or takes or gives other shapes than strips have.
    """
    if model.kind != "tflite":
        raise ModelError(f"{model.name}: is a {model.kind} file; strings are read by a .tflite model")
    return LiteRtStringReader(model, threads)


def frame_width(width: int) -> float:
    """Give how many columns of a strip so wide one frame spans."""
    return COLUMNS * max(width / WIDTHS[-1], 1.0)


def log_probabilities(logits: FrameLogs, temperature: float = 1.0) -> FrameLogs:
    """Give the log-probabilities (t, k) of logits, or of other log-probabilities, divided by the temperature."""
    scaled = logits / np.float32(temperature)
    return np.asarray(scaled - np.logaddexp.reduce(scaled, axis=1, keepdims=True), np.float32)


class LiteRtStringReader:
    """A .tflite model, one interpreter a width: to resize one costs more than to read a strip."""

    def __init__(self, model: ModelFile, threads: int = 1) -> None:
        self._model, self._threads = model, threads
        self._networks: dict[int, Network] = {}
        # A model that is none, or of one width alone, should be known before the first page.
        for width in WIDTHS[:2]:
            self._network(width)

    def looks(self, strips: Sequence[Grey]) -> list[Looks]:
        """Give the looks at each strip, of (t, 12) float32 log-probabilities each."""
        return [self._read(strip) for strip in strips]

    def _read(self, strip: Grey) -> Looks:
        if strip.ndim != 2 or strip.shape[0] != HIGH or not strip.shape[1] or strip.dtype != np.uint8:
            raise ValueError(f"a strip is {strip.dtype} {strip.shape}, and must be uint8 ({HIGH}, w)")
        strip = _narrowed(strip)
        return tuple(self._frames(_narrowed(seen(strip, look))) for look in LOOKS)

    def _frames(self, strip: Grey) -> FrameLogs:
        own = strip.shape[1]
        width = next(width for width in WIDTHS if width >= own)
        padded = np.pad(strip, ((0, 0), (0, width - own)))
        logits = self._network(width).run(padded).reshape(-1, OUTPUTS)[: -(-own // COLUMNS) + BEYOND]
        return read_only(np.maximum(log_probabilities(logits, self._model.temperature), np.float32(LEAST)))

    def _network(self, width: int) -> Network:
        if width not in self._networks:
            network = Network(self._model, self._threads, lambda own: _strip_shape(self._model.name, own, width))
            made, wanted = network.made_shape, (1, width // COLUMNS, OUTPUTS)
            # The height that the network has brought to 1 may still be there.
            if made not in (wanted, (1, *wanted)):
                raise ModelError(f"{self._model.name}: gives {made}; a model of strings gives {wanted}")
            self._networks[width] = network
        return self._networks[width]


def _strip_shape(name: str, own: Shape, width: int) -> Shape:
    if len(own) != 4 or (own[0], own[1], own[3]) != (1, HIGH, 1):
        raise ModelError(f"{name}: takes {own}; a model of strings takes (1, {HIGH}, w, 1)")
    return (1, HIGH, width, 1)


def _narrowed(strip: Grey) -> Grey:
    """Shrink a strip that is wider than the widest."""
    if strip.shape[1] <= WIDTHS[-1]:
        return strip
    shrunk: Grey = cv2.resize(strip, (WIDTHS[-1], HIGH), interpolation=cv2.INTER_AREA)
    return shrunk
