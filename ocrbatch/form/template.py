"""A form as a value: its pages, and where each of its fields lies in the reference picture's pixels."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from ocrbatch.form.rules.rule import FormRule
from ocrbatch.geometry import Box


class Kind(StrEnum):
    """How a field is read."""

    BOXES = "boxes"
    """A digit a cell."""
    STRING = "string"
    """A free run of digits."""
    MARK = "mark"
    """Ticked, crossed, struck out or empty."""


class Blank(StrEnum):
    """Whether a field may be left blank."""

    ALLOWED = "allowed"
    REQUIRED = "required"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class Field:
    """A named place on a form: ``box`` around it, and ``cells`` (n, 4, 2) float32, read-only, a quadrilateral a cell.

    Both are in the reference picture's pixels. A ``string`` and a ``mark`` have one cell, which is the box.
    """

    name: str
    kind: Kind
    box: Box
    cells: npt.NDArray[np.float32]
    blank: Blank = Blank.ALLOWED
    rules: tuple[FormRule, ...] = ()


@dataclass(frozen=True, slots=True)
class FormPage:
    """One page of a form: ``number`` from 1; ``width`` and ``height`` are the reference picture's, in pixels.

    ``reference`` is that picture as a file's bytes, or None where the form has none: its boxes' lines must do then.
    """

    number: int
    width: int
    height: int
    dpi: float | None
    reference: bytes | None
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """A form: its pages in order, and the ``sha256`` in hexadecimal of its file and its reference pictures."""

    name: str
    pages: tuple[FormPage, ...]
    sha256: str
