"""What every LiteRT model needs: its interpreter, and its own numbers for grey levels and outputs."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ocrbatch.errors import ModelError
from ocrbatch.records import Grey, ModelFile

Shape = tuple[int, ...]

UNIT_LEVELS = np.arange(256, dtype=np.float32) / np.float32(255)
"""What a grey level is to a model of float32: ink from 0 to 1."""


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Keep what C++ libraries print to standard error while they load off the terminal."""
    try:
        kept = os.dup(2)
    except OSError:
        yield
        return
    with tempfile.TemporaryFile() as sink:
        os.dup2(sink.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


class Network:
    """A .tflite model of one input and one output; either is float32, int8 or uint8.

    ``fit`` gives the shape that the input shall have, of the one that it has in the file. Raises ModelError where the
    model cannot be opened so.
    """

    def __init__(self, model: ModelFile, threads: int, fit: Callable[[Shape], Shape]) -> None:
        try:
            with quiet_stderr():
                self._interpreter = _open_interpreter(model.content, threads, fit)
            given = self._interpreter.get_input_details()[0]
            made = self._interpreter.get_output_details()[0]
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"{model.name}: is no LiteRT model that can be opened ({error})") from error
        self.given_shape = _shape(given)
        self.made_shape = _shape(made)
        self._given, self._made = int(given["index"]), int(made["index"])
        self._levels = _input_levels(model.name, given)
        self._scale, self._zero = _quantization(made)

    def run(self, pictures: Grey) -> npt.NDArray[np.float32]:
        """Give the outputs, of ``made_shape``, for as many grey levels as ``given_shape`` has: 255 is ink, 1 to it."""
        self._interpreter.set_tensor(self._given, self._levels[pictures].reshape(self.given_shape))
        self._interpreter.invoke()
        values = self._interpreter.get_tensor(self._made).astype(np.float32)
        scaled: npt.NDArray[np.float32] = (values - self._zero) * self._scale
        return scaled


def _open_interpreter(content: bytes, threads: int, fit: Callable[[Shape], Shape]) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=content, num_threads=threads)
    given = interpreter.get_input_details()[0]
    wanted = fit(_shape(given))
    if wanted != _shape(given):
        interpreter.resize_tensor_input(given["index"], list(wanted))
    interpreter.allocate_tensors()
    return interpreter


def _shape(details: dict[str, Any]) -> Shape:
    return tuple(int(side) for side in details["shape"])


def _input_levels(name: str, details: dict[str, Any]) -> npt.NDArray[Any]:
    """Give what each of the 256 grey levels is to the model, whose own scale is ink from 0 to 1."""
    kind = np.dtype(details["dtype"])
    if kind == np.float32:
        return UNIT_LEVELS
    if kind not in (np.dtype(np.int8), np.dtype(np.uint8)):
        raise ModelError(f"{name}: takes {kind}; it must take float32, int8 or uint8")
    scale, zero = _quantization(details)
    limits = np.iinfo(kind)
    return np.clip(np.round(UNIT_LEVELS / scale + zero), limits.min, limits.max).astype(kind)


def _quantization(details: dict[str, Any]) -> tuple[np.float32, np.float32]:
    scale, zero = details["quantization"]
    return np.float32(scale or 1.0), np.float32(zero)
