"""Folders of real pages, each of a content of its own: copies of the samples, a little other behind their end."""

import io
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

from PIL import Image

SAMPLES = Path(__file__).parents[2] / "samples"
LIGHT = ("slip-green.jpg", "card-pink.jpg", "tally-dotted.png")
"""Samples of one page that take little time."""
QUALITY = 40


def real_pages(place: Path, count: int, samples: Sequence[str] = LIGHT, *, small: bool = False) -> Path:
    """Fill ``in`` below a folder with copies of the samples by turns; gives it. ``small`` packs them tightly."""
    folder = place / "in"
    folder.mkdir(parents=True, exist_ok=True)
    contents = [_packed(SAMPLES / name) if small else (SAMPLES / name).read_bytes() for name in samples]
    for number, (name, content) in enumerate(islice(cycle(zip(samples, contents, strict=True)), count)):
        # What stands behind the end of a picture is no part of it, but of its content.
        (folder / f"{number:05}{Path(name).suffix}").write_bytes(content + b"%d" % number)
    return folder


def _packed(sample: Path) -> bytes:
    if sample.suffix not in (".jpg", ".png"):
        return sample.read_bytes()
    file = io.BytesIO()
    with Image.open(sample) as image:
        image.convert("RGB").save(file, "JPEG", quality=QUALITY, dpi=image.info.get("dpi", (200, 200)))
    return file.getvalue()
