import numpy as np

from ocrbatch.form.marks import marker_ids, marker_quads


def test_the_markers_of_a_page_never_change() -> None:
    assert marker_ids("delivery_note", 1) == (352, 353, 354, 355)
    assert marker_ids("delivery_note", 2) == (968, 969, 970, 971)
    assert marker_ids("", 1)[0] % 4 == 0


def test_many_pages_spread_over_the_dictionary() -> None:
    firsts = {marker_ids(f"form {number}", 1)[0] for number in range(1000)}
    assert len(firsts) > 200
    assert min(firsts) >= 0
    assert max(firsts) + 3 < 1000


def test_markers_stand_in_the_corners_clockwise_from_the_upper_left() -> None:
    quads = marker_quads(2100, 1480, 254.0)
    assert quads.shape == (4, 4, 2)
    assert np.allclose(quads[0], [[80, 80], [160, 80], [160, 160], [80, 160]])
    assert np.allclose(quads[:, 0], [[80, 80], [1940, 80], [1940, 1320], [80, 1320]])
