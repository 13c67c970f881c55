import base64
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocrbatch.quality.pictures import LARGEST, load_picture

PNG = bytes(cv2.imencode(".png", np.full((7, 30), 200, np.uint8))[1])


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out/crops").mkdir(parents=True)
    (tmp_path / "out/crops/a.png").write_bytes(PNG)
    (tmp_path / "secret.png").write_bytes(PNG)
    return tmp_path / "out"


def test_a_crop_becomes_an_uri_with_its_size(out: Path) -> None:
    picture = load_picture(out, "crops/a.png")
    assert picture is not None
    assert (picture.width, picture.height) == (30, 7)
    assert base64.b64decode(picture.uri.removeprefix("data:image/png;base64,")) == PNG


@pytest.mark.parametrize(
    "name", ["", "crops", "crops/b.png", "../secret.png", "crops/../../secret.png", "a\0b", "x" * 5000]
)
def test_what_is_none_or_lies_elsewhere_is_not_opened(out: Path, name: str) -> None:
    assert load_picture(out, name) is None
    assert load_picture(out, str(out.parent / "secret.png")) is None


def test_a_link_does_not_lead_out_of_the_folder(out: Path) -> None:
    (out / "crops/link.png").symlink_to(out.parent / "secret.png")
    (out / "crops/loop.png").symlink_to(out / "crops/loop.png")
    assert load_picture(out, "crops/link.png") is None
    assert load_picture(out, "crops/loop.png") is None


@pytest.mark.parametrize("content", [b"", PNG[:20], b"<svg onload=alert(1)>", PNG + bytes(LARGEST)])
def test_what_is_no_small_png_is_not_shown(out: Path, content: bytes) -> None:
    (out / "crops/a.png").write_bytes(content)
    assert load_picture(out, "crops/a.png") is None
