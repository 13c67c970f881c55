"""The frozen values that flow from stage to stage; every array in them is read-only."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from ocrbatch.geometry import Box, Quad

Grey = npt.NDArray[np.uint8]
Tiles = npt.NDArray[np.uint8]
Probabilities = npt.NDArray[np.float32]
Array = TypeVar("Array", bound=npt.NDArray[Any])

LABELS: tuple[str, ...] = ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
NOT_A_DIGIT = len(LABELS)
"""The index of the classifier's eleventh output."""
UNREAD = "?"
"""Stands in a text for ink that could not be read as a digit."""
CORRECTED = "corrected"
"""The reason of a field whose value a person gave."""


def read_only(array: Array) -> Array:
    """Forbid writing to an array and give it back."""
    array.setflags(write=False)
    return array


class Status(StrEnum):
    """What the reader says of a field."""

    ACCEPTED = "accepted"
    REVIEW = "review"
    BLANK = "blank"
    INVALID = "invalid"


class PageStatus(StrEnum):
    """The one state in which every page of the input ends."""

    READ = "read"
    REVIEW = "review"
    FAILED = "failed"
    SKIPPED = "skipped"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Page:
    """One decoded page: ``pixels`` (H, W) uint8, 0 black ink to 255 white paper, upright as its file says.

    ``dpi`` is that of the pixels (square; a fax's are made so), or None where the file does not say.
    """

    number: int
    pixels: Grey
    dpi: float | None


@dataclass(frozen=True, slots=True)
class PageFailure:
    """A page that gave no picture: ``code`` is the short stable word, ``detail`` what a person can use."""

    number: int
    code: str
    detail: str = ""

    @property
    def reason(self) -> str:
        """Both in one line."""
        return f"{self.code}: {self.detail}" if self.detail else self.code


class Rule(Protocol):
    """What a form demands of a field's value."""

    @property
    def name(self) -> str:
        """The rule's first word: ``luhn``, ``date``, ``sum``."""
        ...

    @property
    def others(self) -> tuple[str, ...]:
        """The names of the fields that it speaks of beside its own: those of ``sum`` and ``equals``, else none."""
        ...

    def allows(self, value: str) -> bool:
        """Tell whether the field's own value keeps it; True of a rule that speaks of other fields."""
        ...


@dataclass(frozen=True, slots=True)
class FieldPlace:
    """Where a field lies: ``cells`` (n, 4, 2) float32, a quadrilateral a cell in the page's pixels.

    ``kind`` is a form's (``boxes``, ``string``, ``mark``), or that of a picture that is one field (``row``, ``digit``),
    which is read as boxes. ``blank`` tells whether it may be left blank
    (``allowed``), must be (``required``) or must not be (``forbidden``). ``rules`` are those of the form.
    ``placed`` in 0–1 is the probability that the field lies there.
    """

    name: str
    kind: str
    cells: npt.NDArray[np.float32]
    blank: str = "allowed"
    rules: tuple[Rule, ...] = ()
    placed: float = 1.0


@dataclass(frozen=True, slots=True)
class RegisteredPage:
    """A page with its fields' places; ``registration`` in 0–1, ``skew_degrees`` clockwise on the page.

    ``form_page`` is the number of the form's page that this one is, from 1. ``problem`` says in short words why there
    are no places: ``not registered``, ``unknown form``, ``no boxes found``, ``no paper``; it is empty where there are.
    """

    page: Page
    form: str
    places: tuple[FieldPlace, ...]
    registration: float
    skew_degrees: float
    form_page: int = 1
    problem: str = ""


@dataclass(frozen=True, slots=True)
class CellImage:
    """A cell without its lines: ``ink`` (h, w) uint8, 0 paper to 255 ink, strokes kept grey.

    ``blank`` says that no writing was found; ``notes`` are reasons for a person's look (``touches edge``).
    """

    ink: Grey
    blank: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """One candidate digit of a lattice: from node ``start`` to node ``end``, read from tile ``tile``.

    ``tile`` indexes the field's own tiles; it is None for a blank cell, which reads as nothing. ``weight`` (natural
    logarithm) is what the size, place and gaps of the piece say for it.
    """

    start: int
    end: int
    tile: int | None
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class FieldImage:
    """A field's cells in reading order, and its ``box`` on the page in the page's pixels.

    Of a run of digits, ``cells`` and ``place.cells`` are all candidate digits, one each of its lattice's ``edges``;
    ``strip`` (32, w) uint8 is the whole of it for the network that reads strings: paper 0, ink up to 255.
    ``strip_quad`` (4, 2) float32 are the strip's corners in the page's pixels.
    """

    place: FieldPlace
    box: Box
    cells: tuple[CellImage, ...]
    strip: Grey | None = None
    strip_quad: Quad | None = None
    edges: tuple[Edge, ...] = ()


@dataclass(frozen=True, slots=True)
class Lattice:
    """Every way to cut a field: nodes 0…``nodes``−1, edges sorted by start, and its tiles (n, 28, 28) uint8."""

    nodes: int
    edges: tuple[Edge, ...]
    tiles: Tiles


@dataclass(frozen=True, slots=True)
class FieldReading:
    """What was read in a field.

    ``value`` is the text (a space for a blank cell between written ones); ``confidence`` in 0–1 is the
    probability that ``value`` is right; ``reasons`` say in short words why a person should look;
    ``raw`` is the reading before rules took part; ``digit_confidence`` has a number a digit of ``value``;
    ``box`` is the field's place on the page and ``cells`` (n, 4, 2) its cells, in the page's pixels;
    ``cell_values`` has a text a cell: a digit, ``?`` for ink that is no digit, empty for a blank.
    """

    name: str
    kind: str
    value: str
    confidence: float
    status: Status
    reasons: tuple[str, ...]
    raw: str
    runner_up: str
    digit_confidence: tuple[float, ...]
    box: Box
    cells: npt.NDArray[np.float32]
    cell_values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PageResult:
    """The end of one page's way; ``page`` counts from 1 within its file, ``form_page`` within its form."""

    page: int
    form: str
    status: PageStatus
    reason: str
    registration: float
    skew_degrees: float
    fields: tuple[FieldReading, ...]
    form_page: int = 1


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page's result together with its picture; ``page`` is None where the page gave none."""

    result: PageResult
    page: Page | None


@dataclass(frozen=True, slots=True)
class FilePage:
    """A page of a job: its file's path below the input with ``/`` (as Python decodes names), and its content.

    ``sha256`` is the file's, in hexadecimal, empty where it was never opened; ``crops`` has a path below the output
    folder for each field, or nothing where none were asked for.
    """

    file: str
    sha256: str
    result: PageResult
    crops: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model as bytes, already checked against its card where it has one.

    ``kind`` is ``tflite``, ``keras`` or ``h5``; ``sha256`` is the content's, in hexadecimal; ``temperature``
    divides the logits before the softmax (1 where no card tells).
    """

    content: bytes
    kind: str
    name: str
    sha256: str
    temperature: float


def cell_quads(cells: list[Quad]) -> npt.NDArray[np.float32]:
    """Stack quadrilaterals (4, 2) to a read-only array (n, 4, 2)."""
    stacked = np.stack(cells) if cells else np.empty((0, 4, 2), np.float32)
    return read_only(stacked.astype(np.float32))
