"""Pictures of misread fields, to look at rather than to read: each enlarged, and all on contact sheets."""

import re
from pathlib import Path

import cv2
import numpy as np

from ocrbatch.quality.compare import Compared
from ocrbatch.records import Grey
from tests.real.field_figures import taken

WIDTH, HEIGHT = 460, 130
CAPTION = 62
COLUMNS, ROWS = 4, 8
MARGIN = 6
BLACK, RED, WHITE, PALE = (0, 0, 0), (0, 0, 220), (255, 255, 255), (225, 225, 225)
FONT = cv2.FONT_HERSHEY_DUPLEX


def write_pictures(folder: Path, wrong: dict[str, list[Compared]], jobs: Path) -> None:
    """Draw the misread fields of each set, read with crops in ``jobs``; ``sheet-…`` show them all.

    Those that were accepted wrongly come first, in a red frame, and their files' names begin with ``accepted``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    ordered = [(name, pair) for name, pairs in wrong.items() for pair in pairs]
    for name, pair in sorted(ordered, key=lambda both: not taken(both[1])):
        tile = draw(name, pair, _crop(jobs / name / "out", pair))
        state = "accepted" if taken(pair) else "wrong"
        file = re.sub(r"[^\w.-]", "_", f"{state}-{name}-{Path(pair.file).stem}-{pair.field}.png")
        (folder / file).write_bytes(_png(tile))
        drawn.append(tile)
    size = COLUMNS * ROWS
    for number, first in enumerate(range(0, len(drawn), size), start=1):
        (folder / f"sheet-{number:02}.png").write_bytes(_png(sheet(drawn[first : first + size])))


def draw(name: str, pair: Compared, crop: Grey | None) -> Grey:
    """Draw a field's crop as large as its tile takes, under it what is written and what was read; (h, w, 3)."""
    tile = np.full((HEIGHT + CAPTION, WIDTH, 3), 255, np.uint8)
    if crop is None:
        tile[:HEIGHT] = PALE
    else:
        scale = min(WIDTH / crop.shape[1], HEIGHT / crop.shape[0])
        width, height = (max(1, round(scale * side)) for side in crop.shape[1::-1])
        way = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
        tile[:height, :width] = cv2.resize(crop, (width, height), interpolation=way)[..., None]
    place = f"{name} {Path(pair.file).stem}" + ("" if pair.field == "whole" else f" {pair.field}")
    read = f"{pair.read or '(blank)'}  {pair.confidence:.3f} {pair.status}" if pair.status else "(not found)"
    _write(tile, 0, pair.true or "(blank)", BLACK, 0.55)
    _write(tile, 1, read, RED, 0.55)
    _write(tile, 2, place, BLACK, 0.4)
    return cv2.copyMakeBorder(tile, *[MARGIN] * 4, cv2.BORDER_CONSTANT, value=RED if taken(pair) else WHITE)


def sheet(tiles: list[Grey]) -> Grey:
    """Put tiles of one size side by side, row below row."""
    empty = np.full_like(tiles[0], 255)
    columns = min(COLUMNS, len(tiles))
    filled = tiles + [empty] * (-len(tiles) % columns)
    return np.vstack([np.hstack(filled[first : first + columns]) for first in range(0, len(filled), columns)])


def _write(tile: Grey, line: int, text: str, colour: tuple[int, int, int], size: float) -> None:
    cv2.putText(tile, text, (4, HEIGHT + 18 + 20 * line), FONT, size, colour, 1, cv2.LINE_AA)


def _crop(out: Path, pair: Compared) -> Grey | None:
    if not pair.crop:
        return None
    return cv2.imdecode(np.frombuffer((out / pair.crop).read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)


def _png(picture: Grey) -> bytes:
    done, content = cv2.imencode(".png", picture)
    assert done
    return bytes(content.tobytes())
