import cv2
import numpy as np
import numpy.typing as npt
import pytest

from ocrbatch.geometry import transform_points
from ocrbatch.page.lines import LineMap, Lines, find_lines
from ocrbatch.records import Grey, Page

PAPER = 238


def paper(height: int = 600, width: int = 800) -> Grey:
    return np.full((height, width), PAPER, np.uint8)


def ruled(pixels: Grey, *ends: tuple[float, float, float, float], ink: int = 60, thick: int = 2) -> Grey:
    for x0, y0, x1, y1 in ends:
        points = [(round((x - 0.5) * 16), round((y - 0.5) * 16)) for x, y in ((x0, y0), (x1, y1))]
        cv2.line(pixels, points[0], points[1], ink, thick, cv2.LINE_AA, 4)
    return pixels


def scanned(pixels: Grey, seed: int = 0) -> Page:
    soft = cv2.GaussianBlur(pixels, (0, 0), 0.7).astype(np.float64)
    soft += np.random.default_rng(seed).normal(0, 2, soft.shape)
    return Page(1, np.clip(soft, 0, 255).astype(np.uint8), 150.0)


def nearest(line_map: LineMap, x: float, y: float, *, upright: bool = False) -> tuple[Lines, int, float]:
    """Give the line that passes nearest to a point of the page, and how far off it is in the levelled frame."""
    px, py = transform_points(line_map.to_levelled, np.array([x, y])).tolist()
    t, place = (py, px) if upright else (px, py)
    lines = line_map.verticals if upright else line_map.horizontals
    misses = [abs(lines.at(i, t) - place) for i in range(len(lines.curves))]
    index = int(np.argmin(misses))
    return lines, index, float(misses[index])


def spread(line_map: LineMap, points: npt.NDArray[np.float64], *, upright: bool = False) -> float:
    return max(nearest(line_map, x, y, upright=upright)[2] for x, y in points.tolist())


@pytest.mark.parametrize("degrees", [-15.0, -7.0, -1.0, 0.0, 0.3, 4.0, 15.0])
def test_a_line_is_found_where_it_lies_at_every_skew(degrees: float) -> None:
    slope = np.tan(np.radians(degrees))
    page = paper()
    for y in (200, 300, 400):
        ruled(page, (80, y - 320 * slope, 720, y + 320 * slope))
    for x in (200, 400, 600):
        ruled(page, (x + 180 * slope, 120, x - 180 * slope, 480))
    found = find_lines(scanned(page))
    places = np.linspace(120, 680, 9)
    along = np.column_stack([places, 300 + (places - 400) * slope])
    assert spread(found, along) < 1.2
    heights = np.linspace(140, 460, 9)
    down = np.column_stack([400 - (heights - 300) * slope, heights])
    assert spread(found, down, upright=True) < 1.2


def test_the_levelled_frame_holds_the_whole_page() -> None:
    found = find_lines(scanned(ruled(paper(), (50, 100, 750, 200), (50, 300, 750, 400))))
    corners = np.array([[0, 0], [800, 0], [800, 600], [0, 600]], np.float64)
    inside = transform_points(found.to_levelled, corners)
    assert inside.min() > -1.5
    assert (inside <= [found.width + 1.5, found.height + 1.5]).all()


def test_support_tells_where_a_line_is_seen_and_where_not() -> None:
    found = find_lines(scanned(ruled(paper(), (100, 300, 300, 300), (340, 300, 600, 300))))
    lines, index, miss = nearest(found, 200, 300)
    assert miss < 1
    assert lines.support(index, 110, 290) == 1.0
    assert lines.support(index, 350, 590) == 1.0
    assert lines.support(index, 308, 332) == 0.0
    assert lines.support(index, 640, 780) == 0.0
    assert lines.support(index, 0, 90) == 0.0
    assert 0.85 < lines.support(index, 100, 600) < 0.97


@pytest.mark.parametrize("ink", [30, 130, 200, 222])
def test_dark_lines_and_pale_ones_are_found(ink: int) -> None:
    found = find_lines(scanned(ruled(paper(), (100, 300, 700, 300), (100, 340, 700, 340), ink=ink)))
    lines, index, miss = nearest(found, 400, 300)
    assert miss < 1
    assert lines.support(index, 110, 690) > 0.95
    assert 0.4 * (PAPER - ink) < lines.contrast[index] < 1.2 * (PAPER - ink)


@pytest.mark.parametrize("thick", [1, 2, 4, 5])
def test_thin_lines_and_thick_ones_are_found_by_their_middle(thick: int) -> None:
    found = find_lines(scanned(ruled(paper(), (100, 300, 700, 300), thick=thick)))
    lines, index, miss = nearest(found, 400, 300)
    assert miss < 1
    assert lines.support(index, 110, 690) > 0.95


def test_a_line_in_dots_is_one_line() -> None:
    page = paper()
    for x in range(100, 700, 5):
        page[299:301, x : x + 2] = 60
    lines, index, miss = nearest(find_lines(scanned(page)), 400, 300)
    assert miss < 1
    assert lines.support(index, 120, 680) > 0.8


def test_a_bent_line_is_followed() -> None:
    page = paper()
    x = np.linspace(60, 740, 200)
    y = 300 + 9 * ((x - 400) / 340) ** 2
    cv2.polylines(page, [np.column_stack([x * 16 - 8, y * 16 - 8]).astype(np.int32)], False, 60, 2, cv2.LINE_AA, 4)
    found = find_lines(scanned(page))
    assert spread(found, np.column_stack([x, y])[5:-5]) < 1.5


def test_writing_on_a_line_does_not_draw_it_aside() -> None:
    page = ruled(paper(), (80, 300, 720, 300))
    for i in range(8):
        cv2.putText(page, "8", (100 + 75 * i, 303 + i), cv2.FONT_HERSHEY_SIMPLEX, 1.6, 40, 4, cv2.LINE_AA)
    found = find_lines(scanned(page))
    places = np.linspace(100, 700, 9)
    assert spread(found, np.column_stack([places, np.full(9, 300.0)])) < 1.2


def test_two_lines_close_together_stay_two() -> None:
    found = find_lines(scanned(ruled(paper(), (80, 300, 720, 300), (80, 316, 720, 316))))
    first, second = (nearest(found, 400, y) for y in (300, 316))
    assert first[1] != second[1]
    assert max(first[2], second[2]) < 1


@pytest.mark.parametrize("shape", [(600, 800), (1200, 1600), (2400, 3200)])
def test_a_large_page_is_looked_at_reduced_and_told_in_its_own_pixels(shape: tuple[int, int]) -> None:
    scale = shape[0] / 600
    page = cv2.resize(ruled(paper(), (80, 300, 720, 300), (80, 400, 720, 400)), shape[::-1])
    found = find_lines(Page(1, page, 150.0 * scale))
    assert nearest(found, 400 * scale, 300 * scale)[2] < 1
    assert found.width <= 1000


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_an_even_page_has_no_lines(grey: int) -> None:
    found = find_lines(Page(1, np.full((600, 400), grey, np.uint8), None))
    assert len(found.horizontals.curves) == len(found.verticals.curves) == 0


@pytest.mark.parametrize(("share", "shape"), [(0.02, (3300, 2550)), (0.05, (1100, 850)), (0.05, (1650, 1275))])
def test_specks_all_over_a_page_are_no_lines(share: float, shape: tuple[int, int]) -> None:
    pixels = np.full(shape, 255, np.uint8)
    pixels[np.random.default_rng(0).random(shape) < share] = 0
    found = find_lines(Page(1, pixels, None))
    assert len(found.horizontals.curves) == len(found.verticals.curves) == 0


@pytest.mark.parametrize(("side", "gap"), [(24, 0), (32, 10), (56, 0), (56, 10)])
def test_many_small_boxes_are_no_specks(side: int, gap: int) -> None:
    pixels = np.full((1754, 1240), 235, np.uint8)
    tops, lefts = (range(100, end - side - 60, side + space) for end, space in ((1754, max(gap, 6)), (1240, gap)))
    for top in tops:
        for left in lefts:
            cv2.rectangle(pixels, (left, top), (left + side, top + side), 60, 2)
    found = find_lines(Page(1, pixels, 150.0))
    assert len(found.horizontals.curves) >= 2 * len(tops)
    assert len(found.verticals.curves) >= len(lefts)
