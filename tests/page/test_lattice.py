import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.geometry import Box
from ocrbatch.page.lattice import best_ways, blank_lattice, boxes_lattice
from ocrbatch.page.normalize import normalize
from ocrbatch.records import NOT_A_DIGIT, CellImage, FieldImage, FieldPlace, read_only

blanks = st.lists(st.booleans(), max_size=12)


def field_of(blank: list[bool]) -> FieldImage:
    cells = []
    for index, empty in enumerate(blank):
        ink = np.zeros((40, 30), np.uint8)
        if not empty:
            ink[5 : 15 + 2 * index, 10:14] = 255
        cells.append(CellImage(read_only(ink), empty))
    places = np.zeros((len(blank), 4, 2), np.float32)
    return FieldImage(FieldPlace("r01", "boxes", read_only(places)), Box(0, 0, 1, 1), tuple(cells))


@given(blanks)
def test_a_field_of_boxes_has_one_way_through_with_a_tile_for_each_written_cell(blank: list[bool]) -> None:
    field = field_of(blank)
    lattice = boxes_lattice(field)
    assert lattice.nodes == len(blank) + 1
    assert [(edge.start, edge.end) for edge in lattice.edges] == [(i, i + 1) for i in range(len(blank))]
    assert [edge.tile is None for edge in lattice.edges] == blank
    written = [edge.tile for edge in lattice.edges if edge.tile is not None]
    assert written == list(range(len(written)))
    assert lattice.tiles.shape == (len(written), 28, 28)
    assert not lattice.tiles.flags.writeable
    inks = [cell.ink for cell in field.cells if not cell.blank]
    assert all(np.array_equal(tile, normalize(ink)) for tile, ink in zip(lattice.tiles, inks, strict=True))


@given(blanks, st.integers(0, 2**32 - 1))
def test_the_path_takes_each_cells_best_and_second_best(blank: list[bool], seed: int) -> None:
    lattice = boxes_lattice(field_of(blank))
    scores = np.random.default_rng(seed).dirichlet(np.full(11, 0.3), len(lattice.tiles)).astype(np.float32)
    steps = best_ways(lattice, scores, 1)[0].steps
    assert [step.text == "" for step in steps] == blank
    assert all(step.confidence == 1.0 for step in steps if not step.text)
    for step, row in zip([step for step in steps if step.text], scores, strict=True):
        texts = [*"0123456789", "?"]
        assert (step.confidence, step.second_confidence) == tuple(np.sort(row)[::-1][:2])
        assert (row[texts.index(step.text)], row[texts.index(step.second)]) == (
            step.confidence,
            step.second_confidence,
        )
        assert step.text != step.second


def test_ink_that_is_no_digit_reads_as_a_question_mark() -> None:
    scores = np.zeros((1, 11), np.float32)
    scores[0, NOT_A_DIGIT], scores[0, 7] = 0.8, 0.2
    (step,) = best_ways(boxes_lattice(field_of([False])), scores, 1)[0].steps
    assert (step.text, step.second) == ("?", "7")


def test_a_field_that_the_classifier_does_not_see_has_a_way_without_tiles() -> None:
    lattice = blank_lattice(field_of([False]))
    assert lattice.tiles.shape == (0, 28, 28)
    assert [step.text for step in best_ways(lattice, np.zeros((0, 11), np.float32), 1)[0].steps] == [""]
