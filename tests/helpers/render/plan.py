"""What a page shows and how it was scanned: plain values. Places are in millimetres from the upper left."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Colour = tuple[int, int, int]
"""Red, green, blue, 0–255."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

BLACK: Colour = (25, 25, 28)
PINK: Colour = (238, 130, 150)
PALE_BLUE: Colour = (140, 175, 225)
WHITE: Colour = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Lines:
    """How the boxes are ruled; no line is thinner than ``least`` pixels."""

    kind: Literal["solid", "dotted", "broken", "dashed"] = "solid"
    width: float = 0.25
    colour: Colour = BLACK
    least: float = 1.0


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells in rows: each string of ``rows`` is a run of boxes, a character (digit or space) a cell.

    ``boxes`` stand apart by ``gap``; a ``comb`` (or table) shares its dividers; ``open`` has only a bottom line
    with ticks that reach up by ``tick`` of a cell's height.
    """

    x: float
    y: float
    rows: tuple[str, ...]
    cell: tuple[float, float] = (7.0, 9.0)
    kind: Literal["boxes", "comb", "open"] = "comb"
    gap: float = 1.6
    tick: float = 1.0

    @property
    def columns(self) -> int:
        """Cells in a row."""
        return len(self.rows[0])

    def cell_box(self, row: int, column: int) -> Box:
        """Give a cell's sides: the middle of its lines."""
        width, height = self.cell
        gap = self.gap if self.kind == "boxes" else 0.0
        left, top = self.x + column * (width + gap), self.y + row * (height + gap)
        return left, top, left + width, top + height


@dataclass(frozen=True, slots=True)
class Text:
    """Printed words: ``place`` is their upper left, ``size`` the height of the type in millimetres."""

    place: tuple[float, float]
    words: str
    size: float = 3.2
    colour: Colour = BLACK


@dataclass(frozen=True, slots=True)
class Paper:
    """The sheet's colour and the faint print on it."""

    colour: Colour = (246, 246, 242)
    print_kind: Literal["none", "waves", "rosettes"] = "none"
    print_colour: Colour = (205, 228, 208)


@dataclass(frozen=True, slots=True)
class Hand:
    """The writer: pen, and how freely the digits fill their cells.

    ``fill`` is the range of a digit's height in cells, ``crossing`` the share of digits that reach over a line.
    """

    pen: Colour = (45, 45, 50)
    fill: tuple[float, float] = (0.58, 0.8)
    crossing: float = 0.1
    slant: float = 0.12


@dataclass(frozen=True, slots=True)
class Scan:
    """The device: ``skew`` in degrees clockwise, ``perspective`` 0 (flat) to 1 (a steep photograph).

    ``blur`` is a sigma in pixels at 300 dpi, ``noise`` one in grey levels, ``light`` the share of light lost at
    the darkest place, ``levels`` the greys that are kept (256: all).
    """

    skew: float = 0.0
    perspective: float = 0.0
    blur: float = 0.8
    noise: float = 2.0
    light: float = 0.06
    colour: bool = False
    bilevel: bool = False
    levels: int = 256
    desk: Colour = (92, 74, 60)


@dataclass(frozen=True, slots=True)
class PageSpec:
    """One page: its size in millimetres and all that is printed and written on it.

    ``rules`` are level lines to write on (left, y, right), ``flourishes`` strokes of the pen: a signature.
    """

    size: tuple[float, float]
    grids: tuple[Grid, ...]
    texts: tuple[Text, ...] = ()
    rules: tuple[tuple[float, float, float], ...] = ()
    flourishes: tuple[tuple[tuple[float, float], ...], ...] = ()
    lines: Lines = field(default_factory=Lines)
    paper: Paper = field(default_factory=Paper)
    hand: Hand = field(default_factory=Hand)


def runs(spec: PageSpec) -> list[tuple[Grid, int]]:
    """Give the runs of boxes of an upright page in reading order, each as its grid and row."""
    found = [(grid, row) for grid in spec.grids for row in range(len(grid.rows))]
    boxes = [(*grid.cell_box(row, 0)[:2], *grid.cell_box(row, grid.columns - 1)[2:]) for grid, row in found]
    return [found[i] for i in reading_order(boxes)]


def reading_order(boxes: Sequence[Box]) -> list[int]:
    """Order boxes (left, top, right, bottom) from the top, and from left to right within a line.

    Two stand in one line where they share more than half of the smaller height.
    """
    lines: list[list[int]] = []
    for index in sorted(range(len(boxes)), key=lambda i: boxes[i][1] + boxes[i][3]):
        _, top, _, bottom = boxes[index]
        for line in lines:
            _, first_top, _, first_bottom = boxes[line[0]]
            shared = min(bottom, first_bottom) - max(top, first_top)
            if shared > 0.5 * min(bottom - top, first_bottom - first_top):
                line.append(index)
                break
        else:
            lines.append([index])
    return [i for line in lines for i in sorted(line, key=lambda i: boxes[i][0])]
