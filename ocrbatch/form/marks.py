"""The registration marks of printed forms: ArUco markers in the page's corners, which say form, page and corner.

After S. Garrido-Jurado et al., "Automatic generation and detection of highly reliable fiducial markers under
occlusion", Pattern Recognition 47 (2014).
"""

import hashlib

import numpy as np
import numpy.typing as npt

MARKER_DICTIONARY = 3
"""``cv2.aruco.DICT_4X4_1000``: 1000 markers of 4×4 modules within a black border of one module."""
MARKER_MODULES = 6
MARKER_MM = 8.0
MARKER_FROM_EDGE_MM = 8.0
QUIET_MM = MARKER_MM / MARKER_MODULES
"""White on every side of a marker: one module."""
CORNERS = ("upper left", "upper right", "lower right", "lower left")
_SETS = 250


def marker_ids(form_name: str, page: int) -> tuple[int, int, int, int]:
    """Give the markers' ids in the order of ``CORNERS``: 4k to 4k+3, the same on every machine.

    ``page`` is the form's page, from 1; k is a hash (0–249) of the name and it, so that two pages may share their ids.
    """
    digest = hashlib.sha256(f"{form_name}\n{page}".encode("utf-8", "surrogatepass")).digest()
    first = 4 * (int.from_bytes(digest[:8], "big") % _SETS)
    return first, first + 1, first + 2, first + 3


def marker_quads(width: float, height: float, dpi: float) -> npt.NDArray[np.float32]:
    """Give the markers' corners (4, 4, 2) on a page of ``width``×``height`` pixels, in these, in ``CORNERS``' order."""
    side, inset = MARKER_MM * dpi / 25.4, MARKER_FROM_EDGE_MM * dpi / 25.4
    left, top, right, bottom = inset, inset, width - inset - side, height - inset - side
    starts = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    square = side * np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    return (starts[:, None] + square[None]).astype(np.float32)
