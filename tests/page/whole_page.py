"""A test's double of a page and of OpenCV, which tells of what goes over all of a page, or much of it."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any
from unittest.mock import patch

import cv2
import numpy as np
import numpy.typing as npt

WHOLE = 0.5
"""Of a page's pixels: what has so many is as good as the whole page."""
LEAST = 0.02
"""What has fewer, as a field has, is not counted at all."""
SAMPLERS = frozenset({"warpPerspective", "warpAffine", "remap", "getRectSubPix"})
"""Of what they take they look at no more than they give."""


class Passes:
    """What went over pages so far: ``whole`` has the functions that met a whole page, ``floats`` those that met one
    whose pixels are no bytes; ``shares`` has, by function, how many pages' worth of pixels it went over.
    """

    def __init__(self, pixels: int) -> None:
        self._pixels = pixels
        self.whole: list[str] = []
        self.floats: list[str] = []
        self.shares: Counter[str] = Counter()

    def counts(self, value: object) -> bool:
        """Tell whether a value has so many pixels that it is counted."""
        return isinstance(value, np.ndarray) and value.size >= LEAST * self._pixels

    def note(self, name: str, *values: object) -> None:
        """Note a function by the largest of what it took and gave."""
        large = [value for value in _flat(values) if isinstance(value, np.ndarray) and self.counts(value)]
        share = max((value.size / self._pixels for value in large), default=0.0)
        self.shares[name] += share
        if share >= WHOLE:
            self.whole.append(name)
        if any(value.dtype.kind in "fc" and value.size >= WHOLE * self._pixels for value in large):
            self.floats.append(name)


class WatchedPixels(npt.NDArray[Any]):
    """Pixels of which NumPy's functions are noted, and of what is made of them while it is large."""

    passes: Passes

    def __array_finalize__(self, other: object) -> None:
        self.passes = getattr(other, "passes", None)  # type: ignore[assignment]

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if "out" in options:
            options["out"] = tuple(_plain(one) for one in options["out"])
        return self._noted(ufunc.__name__, getattr(ufunc, method), inputs, options)

    def __array_function__(self, function: Callable[..., Any], types: Any, inputs: Any, options: Any) -> Any:
        return self._noted(function.__name__, function, inputs, options)

    def astype(self, *how: Any, **options: Any) -> Any:
        return self._noted("astype", _plain(self).astype, how, options, self)

    def copy(self, *how: Any) -> Any:
        return self._noted("copy", _plain(self).copy, how, {}, self)

    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(_plain(place))
        if self.passes is not None and not np.may_share_memory(_plain(found), _plain(self)):
            self.passes.note("[]", self)
        return found

    def _noted(
        self, name: str, function: Callable[..., Any], inputs: Any, options: dict[str, Any], *more: object
    ) -> Any:
        # Without the double: what the function does by others is its own affair, and one pass.
        result = function(*_plain(inputs), **{key: _plain(value) for key, value in options.items()})
        if self.passes is None:
            return result
        self.passes.note(name, inputs, result, *more)
        return watched(result, self.passes)


@contextmanager
def counted(pixels: int) -> Iterator[Passes]:
    """Count what goes over a page of so many pixels: every function of OpenCV, and NumPy's on ``watched``."""
    passes = Passes(pixels)
    doubles = {name: _double(name, function, passes) for name, function in vars(cv2).items() if _is_function(function)}
    with patch.multiple(cv2, **doubles):
        yield passes


def watched(value: Any, passes: Passes) -> Any:
    """Give a page's pixels as ones that are watched; what is too small to count as it is."""
    if not passes.counts(value):
        return value
    seen = value.view(WatchedPixels)
    seen.passes = passes
    return seen


def _double(name: str, function: Callable[..., Any], passes: Passes) -> Callable[..., Any]:
    @wraps(function)
    def called(*inputs: Any, **options: Any) -> Any:
        result = function(*inputs, **options)
        passes.note(name, result, *(() if name in SAMPLERS else (inputs, tuple(options.values()))))
        return tuple(watched(one, passes) for one in result) if type(result) is tuple else watched(result, passes)

    return called


def _is_function(value: object) -> bool:
    return type(value).__name__ == "builtin_function_or_method"


def _plain(value: Any) -> Any:
    if isinstance(value, WatchedPixels):
        return value.view(np.ndarray)
    if type(value) in (list, tuple):
        return type(value)(_plain(one) for one in value)
    return value


def _flat(value: object) -> Iterator[object]:
    if isinstance(value, list | tuple):
        for one in value:
            yield from _flat(one)
    else:
        yield value
