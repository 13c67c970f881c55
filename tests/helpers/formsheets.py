"""Forms drawn from a seed: print, boxes and lines, and their sheets filled, scribbled on, turned, tilted.

All pictures are grey (H, W) uint8; a matrix (3, 3) leads from the form's own pixels to those of a picture.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np

from ocrbatch.design.print import print_form
from ocrbatch.form.template import Field, Form, FormPage, Kind
from ocrbatch.geometry import Box, Matrix, quad_size, transform_points
from ocrbatch.records import FieldPlace, Grey, Page, RegisteredPage, cell_quads
from tests.helpers.pictures import saved

SIZE = (700, 900)
DPI = 90.0
PAPER, INK, PEN, DESK = 248, 30, 60, 110
LETTERS = list("abcdefghijklmnoprstuvwz")


def field(name: str, box: tuple[int, int, int, int], columns: int = 1, kind: Kind = Kind.BOXES) -> Field:
    """Give a field of equal cells side by side; ``box`` is x, y, width and height."""
    x, y, width, height = box
    xs = np.linspace(x, x + width, columns + 1)
    cells = [np.float32([[a, y], [b, y], [b, y + height], [a, y + height]]) for a, b in pairwise(xs)]
    return Field(name, kind, Box(*box), cell_quads(cells))


def sheet_form(
    name: str, seed: int, *, pages: int = 1, size: tuple[int, int] = SIZE, reference: bool = True, words: bool = True
) -> Form:
    """Make a form of labelled runs of boxes between lines of print; the seed decides where all of it stands."""
    made = []
    for number in range(1, pages + 1):
        fields = _fields(np.random.default_rng((seed, number)), size, number)
        picture = blank_sheet(fields, size, (seed, number) if words else None)
        content = saved(picture, "PNG") if reference else None
        made.append(FormPage(number, *size, DPI, content, fields))
    return Form(name, tuple(made), hashlib.sha256(f"{name} {seed}".encode()).hexdigest())


def _fields(random: np.random.Generator, size: tuple[int, int], page: int) -> tuple[Field, ...]:
    fields, y = [], 110 + int(random.integers(0, 30))
    while y < size[1] - 160 and len(fields) < 8:
        columns = int(random.integers(3, 11))
        width = columns * int(random.integers(24, 29))
        x = int(random.integers(150, max(size[0] - width - 40, 151)))
        fields.append(field(f"p{page}_{len(fields) + 1}", (x, y, width, 30), columns))
        y += int(random.integers(62, 120))
    return tuple(fields)


def blank_sheet(fields: Sequence[Field], size: tuple[int, int], seed: object = None) -> Grey:
    """Draw a blank sheet: the fields' lines and, with a seed, a headline, labels and lines of words."""
    width, height = size
    pixels = np.full((height, width), PAPER, np.uint8)
    for one in fields:
        cv2.polylines(pixels, [np.rint(cell).astype(np.int32) for cell in one.cells], True, (INK,), 1)
    if seed is not None:
        random = np.random.default_rng(seed)
        _put(pixels, _words(random, 2), (30 + int(random.integers(0, 150)), 60), 1.1, 2)
        for one in fields:
            _put(pixels, _words(random, 1), (one.box.x - 110, one.box.bottom - 8), 0.5, 1)
            if random.random() < 0.6:
                _put(pixels, _words(random, 5), (int(random.integers(20, 200)), one.box.bottom + 20), 0.4, 1)
        for row in range(3):
            _put(pixels, _words(random, 7), (30, height - 90 + 22 * row), 0.42, 1)
    return pixels


def _words(random: np.random.Generator, count: int) -> str:
    return " ".join("".join(random.choice(LETTERS, random.integers(3, 9))).capitalize() for _ in range(count))


def _put(pixels: Grey, text: str, place: tuple[int, int], size: float, thickness: int) -> None:
    cv2.putText(pixels, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, (INK,), thickness, cv2.LINE_AA)


def blank_of(form: Form, page: int = 1) -> Grey:
    """Give the reference picture of a form's page, as it was drawn."""
    content = np.frombuffer(form.pages[page - 1].reference or b"", np.uint8)
    pixels: Grey = cv2.imdecode(content, cv2.IMREAD_GRAYSCALE)
    return pixels


def filled(pixels: Grey, fields: Sequence[Field], seed: int) -> Grey:
    """Write a digit by pen in most cells."""
    random = np.random.default_rng(seed)
    out = pixels.copy()
    for cell in (cell for one in fields for cell in one.cells):
        if random.random() < 0.8:
            x, y = (cell[3] + random.uniform(-3, 6, 2) * (1, -1)).round().astype(int)
            digit = str(random.integers(10))
            cv2.putText(out, digit, (x, y), cv2.FONT_HERSHEY_SIMPLEX, random.uniform(0.7, 1.1), (PEN,), 2, cv2.LINE_AA)
    return out


def scribbled(pixels: Grey, seed: int, strokes: int = 60) -> Grey:
    """Write all over a sheet in long wavy strokes, boxes and print included."""
    random = np.random.default_rng(seed)
    height, width = pixels.shape
    out = pixels.copy()
    for _ in range(strokes):
        steps = np.cumsum(random.normal((12, 0), (6, 14), (12, 2)), axis=0)
        points = np.rint(random.uniform((0, 0), (width - 100, height)) + steps).astype(np.int32)
        cv2.polylines(out, [points], False, (PEN,), 2, cv2.LINE_AA)
    return out


def with_field_moved(pixels: Grey, one: Field, shift: tuple[int, int], margin: int = 12) -> Grey:
    """Move a field with the paper around it by whole pixels, as a fold or a glued slip does."""
    box = one.box
    x0, y0, x1, y1 = box.x - margin, box.y - margin, box.right + margin, box.bottom + margin
    out = pixels.copy()
    out[y0 + shift[1] : y1 + shift[1], x0 + shift[0] : x1 + shift[0]] = pixels[y0:y1, x0:x1]
    return out


def seen(
    pixels: Grey,
    *,
    turn: float = 0.0,
    scale: float = 1.0,
    shear: float = 0.0,
    tilt: float = 0.0,
    margin: int = 12,
    noise: float = 2.0,
    seed: int = 0,
) -> tuple[Grey, Matrix]:
    """Look at a sheet on a grey desk; gives the picture, and the matrix to it from the sheet.

    ``turn`` in degrees clockwise, ``shear`` in pixels a pixel, ``tilt`` the share by which the far edge is shorter.
    """
    height, width = pixels.shape
    cos, sin = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    matrix = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1.0]]) @ np.array([[1, shear, 0], [0, 1, 0], [0, 0, 1.0]])
    matrix = np.array([[1, 0, 0], [0, 1, 0], [0, tilt / height, 1.0]]) @ matrix @ _moved(-width / 2, -height / 2)
    matrix = np.diag([scale, scale, 1.0]) @ matrix
    corners = transform_points(matrix, np.array([[0, 0], [width, 0], [width, height], [0, height]], float))
    low, high = corners.min(axis=0), corners.max(axis=0)
    matrix = _moved(margin - low[0], margin - low[1]) @ matrix
    across, down = (int(side) for side in np.ceil(high - low + 2 * margin))
    # A pixel's coordinates are its corner's; OpenCV's are its centre's. Twice as fine, then averaged: no pixel is lost.
    fine = np.linalg.inv(_moved(0.5, 0.5)) @ np.diag([2, 2, 1.0]) @ matrix @ _moved(0.5, 0.5)
    large = cv2.warpPerspective(pixels, fine, (2 * across, 2 * down), flags=cv2.INTER_LINEAR, borderValue=(DESK,))
    picture = cv2.resize(large, (across, down), interpolation=cv2.INTER_AREA).astype(np.float32)
    picture += np.random.default_rng(seed).normal(0, noise, picture.shape).astype(np.float32)
    return np.clip(picture, 0, 255).astype(np.uint8), matrix


def _moved(x: float, y: float) -> Matrix:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


def page_of(pixels: Grey) -> Page:
    """Give a picture as a decoded page."""
    return Page(1, np.ascontiguousarray(pixels), None)


def farthest(places: Sequence[FieldPlace], fields: Sequence[Field], matrix: Matrix) -> float:
    """Give the largest distance of a cell's corner from where it is, as a share of its field's height there."""
    worst = 0.0
    for place, one in zip(places, fields, strict=True):
        true = transform_points(matrix, one.cells)
        height = min(quad_size(cell)[1] for cell in true)
        worst = max(worst, float(np.linalg.norm(place.cells - true, axis=2).max()) / height)
    return worst


def is_right(registered: RegisteredPage, form: Form, matrix: Matrix, page: int = 1) -> bool:
    """Tell whether a page was taken for this one, and every field found within a quarter of its height."""
    if (registered.form, registered.form_page, registered.problem) != (form.name, page, ""):
        return False
    fields = form.pages[page - 1].fields
    named = [place.name for place in registered.places] == [one.name for one in fields]
    return named and farthest(registered.places, fields, matrix) <= 0.25


def printed_form(name: str, seed: int, pages: int = 1) -> Form:
    """Make a form as ocrbatch prints it, markers in its corners; its reference is the printed sheet."""
    bare = sheet_form(name, seed, pages=pages, reference=False)
    pictures = print_form(bare).references
    return replace(bare, pages=tuple(replace(p, reference=r) for p, r in zip(bare.pages, pictures, strict=True)))
