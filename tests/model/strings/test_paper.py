import numpy as np
import pytest

from ocrbatch.model.strings.paper import draw_paper, draw_ruling, scan

SHAPE = (60, 240)
BOX = (30, 15, 180, 30)
SEEDS = range(40)


def test_paper_is_bright_and_no_two_sheets_are_alike() -> None:
    sheets = [draw_paper(SHAPE, np.random.default_rng(seed)) for seed in (*SEEDS, 0)]
    assert {(sheet.shape, sheet.dtype) for sheet in sheets} == {(SHAPE, np.dtype(np.float32))}
    assert min(np.median(sheet) for sheet in sheets) > 90
    assert np.isfinite(sheets).all()
    assert np.array_equal(sheets[0], sheets[-1])
    assert len({sheet.tobytes() for sheet in sheets}) == len(SEEDS)


@pytest.mark.parametrize("shape", [(1, 1), (5, 900), (300, 3)])
def test_paper_of_any_shape_is_drawn_and_scanned(shape: tuple[int, int]) -> None:
    for seed in range(12):
        rng = np.random.default_rng(seed)
        assert scan(draw_paper(shape, rng), rng).shape == shape


def test_ruling_darkens_a_field_s_sides_alone() -> None:
    x, y, width, height = BOX
    kinds = set()
    for seed in SEEDS:
        paper = np.full(SHAPE, 200, np.float32)
        draw_ruling(paper, BOX, np.random.default_rng(seed))
        darker = paper < 199
        assert paper.max() <= 200
        assert not darker[y + 7 : y + height - 7, x + 5 : x + width - 5].any()
        kinds.add((bool(darker[y - 4 : y + 5].any()), bool(darker[y + height - 4 : y + height + 5].any())))
    assert kinds == {(False, False), (False, True), (True, True)}


def test_a_scan_keeps_ink_darker_than_paper() -> None:
    picture = np.full(SHAPE, 220, np.float32)
    picture[20:40, 100:140] = 60
    levels = set()
    for seed in SEEDS:
        scanned = scan(picture, np.random.default_rng(seed))
        assert (scanned.shape, scanned.dtype) == (SHAPE, np.uint8)
        assert scanned[25:35, 105:135].max() < scanned[:, :90].min()
        levels.add(len(np.unique(scanned)) == 2)
    assert levels == {True, False}
