"""What the README shows of the review's pages, made of the samples: ``python -m tests.helpers.review_pictures``."""

import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from tests.helpers.readme import ROOT, run_samples
from tests.review.servers import browsed, served

REVIEW = ROOT / ".github" / "review.jpg"
SHEET = ROOT / ".github" / "digit-sheet.jpg"
WIDTH, REVIEW_HEIGHT, SHEET_HEIGHT = 1200, 640, 380
QUALITY = 82


def draw_review(job: Path, review: Path, sheet: Path) -> None:
    """Draw the page of one field, and the digit sheet, of a job."""
    with browsed() as browser, served("review", job, "--who", "Ada") as server:
        page = browser.new_page(viewport={"width": WIDTH, "height": REVIEW_HEIGHT})
        page.goto(server.link)
        _save(page, review, "() => document.querySelector('main').dataset.key && document.images[1].complete")
        page.set_viewport_size({"width": WIDTH, "height": SHEET_HEIGHT})
        page.goto(f"{server.address}/digits?digit=7")
        _save(page, sheet, "() => document.querySelector('main').dataset.ready")


def _save(page: Any, path: Path, ready: str) -> None:
    page.wait_for_function(ready)
    page.wait_for_timeout(500)
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        picture.convert("RGB").save(path, quality=QUALITY, optimize=True)


def main(run: Callable[[Path], Path] = run_samples) -> None:
    """Renew the pictures; with a job's folder as argument, from that."""
    with tempfile.TemporaryDirectory() as folder:
        job = Path(sys.argv[1]) if len(sys.argv) > 1 else run(Path(folder) / "out")
        draw_review(job, REVIEW, SHEET)


if __name__ == "__main__":
    main()
