from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocrbatch.job.ledger import Ledger
from ocrbatch.review.pictures import LONGEST, PictureError, Pictures, Scan
from tests.review.jobs import a_job, many_fields

SECRET = b"not for anybody"


def scan_of(out: Path, **changes: object) -> Scan:
    with Ledger(out, writable=False) as ledger:
        ((name, state),) = ledger.states().items()
        (page,) = ledger.pages_of(name)
    return Scan(replace(page, **changes), state.path, 100_000_000)  # type: ignore[arg-type]


def pixels_of(content: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)


def test_a_saved_crop_is_shown_and_encoded_anew(tmp_path: Path) -> None:
    scan = scan_of(out := a_job(tmp_path, [many_fields(2)], crops=True))
    saved = out / scan.page.crops[0]
    saved.parent.mkdir(parents=True)
    own = bytes(cv2.imencode(".png", np.full((9, 17), 77, np.uint8))[1])
    saved.write_bytes(own + SECRET)
    shown = Pictures(out).crop(scan, 0).content
    assert pixels_of(shown).shape == (9, 17)
    assert SECRET not in shown
    assert pixels_of(Pictures(out).crop(scan, 1).content).shape != (9, 17), "the other is cut from the page"


@pytest.mark.parametrize("crop", ["../secret.png", "/etc/passwd", "ledger.sqlite"])
def test_what_is_no_crop_of_ours_is_never_shown(tmp_path: Path, crop: str) -> None:
    out = a_job(tmp_path, [many_fields(1)])
    (tmp_path / "secret.png").write_bytes(bytes(cv2.imencode(".png", np.full((9, 17), 77, np.uint8))[1]))
    scan = scan_of(out, crops=(crop,))
    assert pixels_of(Pictures(out).crop(scan, 0).content).shape != (9, 17)


def test_the_page_is_reduced_and_says_by_how_much(tmp_path: Path) -> None:
    out = a_job(tmp_path, [many_fields(40)])
    scan = scan_of(out)
    shown = Pictures(out).page(scan)
    height, width = pixels_of(scan.path.read_bytes()).shape
    assert pixels_of(shown.content).shape == (LONGEST, round(width * shown.scale))
    assert shown.scale == pytest.approx(LONGEST / height)


def test_a_cell_is_cut_where_it_lies(tmp_path: Path) -> None:
    scan = scan_of(out := a_job(tmp_path, [many_fields(1)]))
    pictures = Pictures(out)
    page = pixels_of(scan.path.read_bytes())
    for cell, quad in enumerate(scan.page.result.fields[0].cells):
        (left, top), (right, bottom) = quad[0].astype(int), quad[2].astype(int)
        own = page[top:bottom, left:right]
        shown = pixels_of(pictures.cell(scan, 0, cell).content)
        inner = cv2.resize(shown, (46, 46))[3:43, 3:43]
        assert abs(inner.astype(float) - own).mean() < 12


def test_a_page_is_decoded_once_for_all_that_is_cut_from_it(tmp_path: Path) -> None:
    scan = scan_of(out := a_job(tmp_path, [many_fields(3)]))
    pictures = Pictures(out)
    pictures.crop(scan, 0)
    scan.path.unlink()
    for place in range(3):
        pictures.crop(scan, place)
    pictures.page(scan)
    pictures.cell(scan, 2, 1)


def test_a_picture_with_more_pixels_than_the_job_takes_is_refused(tmp_path: Path) -> None:
    scan = replace(scan_of(out := a_job(tmp_path, [many_fields(1)])), max_pixels=100)
    with pytest.raises(PictureError, match="too large"):
        Pictures(out).page(scan)
