"""Tesseract by its C library, opened once: ``python -m tests.bench.peers.tesseract GIVEN``."""

import ctypes
import ctypes.util
import sys
from typing import Any

from tests.bench.peers.given import given, timed

DPI = 300
SPARSE_TEXT, ONE_CHARACTER = 11, 10
"""How a page is taken apart: for text wherever it stands, or not at all."""
INSTALL = 3
"""This exit code says that it is not installed."""


class Tesseract:
    """Digits only, English."""

    def __init__(self) -> None:
        name = ctypes.util.find_library("tesseract")
        if name is None:
            sys.exit(INSTALL)
        self._library = ctypes.CDLL(name)
        for function in ("TessBaseAPICreate", "TessBaseAPIGetUTF8Text"):
            getattr(self._library, function).restype = ctypes.c_void_p
        self._handle = ctypes.c_void_p(self._library.TessBaseAPICreate())
        if self._library.TessBaseAPIInit3(self._handle, None, b"eng"):
            sys.exit(INSTALL)
        self._library.TessBaseAPISetVariable(self._handle, b"tessedit_char_whitelist", b"0123456789")

    def read(self, picture: Any, mode: int) -> str:
        """Read a grey picture (h, w) uint8 as a page of a kind."""
        height, width = picture.shape
        self._library.TessBaseAPISetPageSegMode(self._handle, mode)
        data = picture.ctypes.data_as(ctypes.c_char_p)
        self._library.TessBaseAPISetImage(self._handle, data, width, height, 1, int(picture.strides[0]))
        self._library.TessBaseAPISetSourceResolution(self._handle, DPI)
        text = ctypes.c_void_p(self._library.TessBaseAPIGetUTF8Text(self._handle))
        try:
            return (ctypes.string_at(text) if text else b"").decode("utf-8", "replace")
        finally:
            self._library.TessDeleteText(text)


def main() -> None:
    """Read the cells one by one, then whole pages."""
    pages, cells = given()
    tesseract = Tesseract()
    timed("a cell", cells, len(cells), lambda picture: tesseract.read(picture, ONE_CHARACTER))
    timed("a page", pages, len(pages) * len(cells), lambda picture: tesseract.read(picture, SPARSE_TEXT))


if __name__ == "__main__":
    main()
