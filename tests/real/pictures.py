"""Pictures of a page's failure: what was found in green, what was expected and missed in red."""

import cv2
import numpy as np

from ocrbatch.page.reader import PreparedPage, prepare
from ocrbatch.records import FieldReading, Grey, Page, PageResult
from tests.real.measure import Outcome

GREEN, RED = (0, 160, 0), (0, 0, 255)
TILE = 84


def overlay(page: Page, result: PageResult, outcome: Outcome) -> bytes:
    """Draw a page's cells and readings over it; gives a PNG's bytes."""
    picture = cv2.cvtColor(page.pixels, cv2.COLOR_GRAY2BGR)
    thick = max(1, max(page.pixels.shape) // 900)
    for reading in result.fields:
        for quad, text in zip(reading.cells, reading.cell_values, strict=True):
            cv2.polylines(picture, [np.rint(quad).astype(np.int32)], True, GREEN, thick)
            x, y = (int(v) for v in quad[3])
            cv2.putText(picture, text, (x + 3, y - 3), cv2.FONT_HERSHEY_SIMPLEX, 0.4 * thick, GREEN, thick)
    for quad in outcome.expected:
        cv2.polylines(picture, [np.rint(quad).astype(np.int32)], True, RED, 2 * thick)
    margin = np.full((16 * thick * len(outcome.notes) + 8, picture.shape[1], 3), 255, np.uint8)
    for line, note in enumerate(outcome.notes):
        place = (4, 16 * thick * (line + 1) - 3)
        cv2.putText(margin, note, place, cv2.FONT_HERSHEY_SIMPLEX, 0.4 * thick, RED, thick)
    return _png(np.vstack([picture, margin]))


def strip(page: Page, reading: FieldReading) -> bytes:
    """Show a field large, under it the tiles that the classifier saw and the reading of each; a PNG's bytes."""
    box = reading.box
    around = page.pixels[max(box.y - 20, 0) : box.bottom + 20, max(box.x - 20, 0) : box.right + 20]
    width = TILE * max(len(reading.cells), 8)
    scale = width / around.shape[1]
    large = cv2.resize(around, (width, max(1, round(around.shape[0] * scale))), interpolation=cv2.INTER_AREA)
    tiles = np.zeros((TILE, width), np.uint8)
    texts = np.full((30, width), 255, np.uint8)
    for k, tile in enumerate(_tiles(prepare(page), reading)):
        if tile is not None:
            left = k * TILE
            tiles[:, left : left + TILE] = cv2.resize(tile, (TILE, TILE), interpolation=cv2.INTER_NEAREST)
        place = (k * TILE + TILE // 2 - 8, 22)
        cv2.putText(texts, reading.cell_values[k], place, cv2.FONT_HERSHEY_SIMPLEX, 0.8, 0, 2)
    return _png(np.vstack([large, tiles, texts]))


def _tiles(prepared: PreparedPage, reading: FieldReading) -> list[Grey | None]:
    """Give a tile a cell, None where the cell is blank."""
    names = [place.name for place in prepared.registered.places]
    lattice = prepared.lattices[names.index(reading.name)]
    return [None if edge.tile is None else lattice.tiles[edge.tile] for edge in lattice.edges]


def _png(picture: Grey) -> bytes:
    done, content = cv2.imencode(".png", picture)
    assert done
    return bytes(content.tobytes())
