"""Calling the picture libraries so that nothing leaks: no exception, no warning, no line on standard error."""

import contextlib
import os
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator

import cv2
import numpy as np
from PIL import Image

from ocrbatch.errors import DecodeError
from ocrbatch.records import Grey

LIBRARY_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,  # Pillow's own: UnidentifiedImageError, "image file is truncated", "decoder error"
    RuntimeError,  # pypdfium2's PdfiumError, RecursionError, NotImplementedError
    SyntaxError,  # Pillow says so of a bad header
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
    cv2.error,
    Image.DecompressionBombError,
)
"""What Pillow, OpenCV and pypdfium2 raise on bad bytes."""

_STANDARD_ERROR = 2
_CV_NO_MEMORY = -4
"""OpenCV's code for an allocation that failed."""
_PIPE_BYTES = 1 << 16
_one_at_a_time = threading.RLock()


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Turn whatever a picture library raises into DecodeError, hide its warnings, lift its own pixel limit.

    The limit is ours to keep: every reader compares the header with ``max_pixels`` before it decodes.
    """
    limit = Image.MAX_IMAGE_PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Image.MAX_IMAGE_PIXELS = None
            yield
    except DecodeError:
        raise
    except LIBRARY_ERRORS as error:
        if lacked_memory(error):
            raise DecodeError("too large", "the memory does not hold the picture") from error
        detail = " ".join(str(error).split())[:200]
        code = "truncated" if "truncated" in detail.lower() else "broken"
        raise DecodeError(code, f"{type(error).__name__}: {detail}") from error
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def lacked_memory(error: Exception) -> bool:
    """Tell whether an error says that there was no memory: OpenCV says so by a code of its own."""
    return isinstance(error, MemoryError) or getattr(error, "code", None) == _CV_NO_MEMORY


def imdecode(data: bytes, flags: int) -> tuple[np.ndarray | None, str]:
    """Decode JPEG or PNG bytes by OpenCV; give the array (None when it refuses) and what it said.

    The orientation that the file names is not applied. libjpeg tells of missing data by a line on standard
    error only and fills the rest with grey, so that line is caught here and is the caller's to judge.
    """
    buffer = np.frombuffer(data, np.uint8)
    with captured_standard_error() as said:
        try:
            picture = cv2.imdecode(buffer, flags | cv2.IMREAD_IGNORE_ORIENTATION)
        except cv2.error as error:
            if lacked_memory(error):
                raise
            said.append(str(error).encode())
            picture = None
    return picture, b"".join(said).decode("latin-1")


def grey_of(picture: np.ndarray) -> Grey:
    """Assert that OpenCV gave a grey uint8 picture (H, W)."""
    if picture.ndim != 2 or picture.dtype != np.uint8:
        raise DecodeError("unsupported", f"decoded to {picture.dtype} {picture.shape}")
    return picture


@contextlib.contextmanager
def captured_standard_error() -> Iterator[list[bytes]]:
    """Collect what is written to file descriptor 2; the list is filled when the block ends."""
    with _one_at_a_time:
        said: list[bytes] = []
        with _redirected(said):
            yield said


@contextlib.contextmanager
def _redirected(said: list[bytes]) -> Iterator[None]:
    """Put a pipe in the place of standard error, and its content at the end into ``said``."""
    try:
        kept = os.dup(_STANDARD_ERROR)
    except OSError:  # closed: nothing can be said, nothing can be caught
        yield
        return
    read_end, write_end = os.pipe()
    # A full pipe must lose text rather than block the library for ever.
    os.set_blocking(write_end, False)
    os.set_blocking(read_end, False)
    try:
        os.dup2(write_end, _STANDARD_ERROR)
        try:
            yield
        finally:
            os.dup2(kept, _STANDARD_ERROR)
            with contextlib.suppress(BlockingIOError):
                said.append(os.read(read_end, _PIPE_BYTES))
    finally:
        for descriptor in (kept, read_end, write_end):
            os.close(descriptor)
