from hypothesis import given
from hypothesis import strategies as st

from ocrbatch.design.names import Nameless, in_reading_order, propose_names
from ocrbatch.geometry import Box

BOXES = st.builds(Box, st.integers(0, 900), st.integers(0, 900), st.integers(5, 100), st.integers(5, 100))
FIELDS = st.lists(st.builds(Nameless, BOXES, st.booleans(), st.integers(0, 2), st.integers(1, 3)), max_size=14)


def names(*boxes: tuple[int, int], mark: bool = False) -> tuple[str, ...]:
    return propose_names([Nameless(Box(x, y, 100, 40), mark) for x, y in boxes], 900, 600)


@given(FIELDS)
def test_no_two_fields_have_one_name(fields: list[Nameless]) -> None:
    found = propose_names(fields, 1000, 1000)
    assert len(set(found)) == len(fields)
    assert all(name.isidentifier() and name.islower() for name in found)


@given(FIELDS.filter(lambda fields: len({field.box for field in fields}) == len(fields)), st.randoms())
def test_a_name_does_not_depend_on_the_order_of_the_fields(fields: list[Nameless], random: object) -> None:
    turned = fields[::-1]
    assert dict(zip(fields, propose_names(fields, 1000, 1000), strict=True)) == dict(
        zip(turned, propose_names(turned, 1000, 1000), strict=True)
    )


def test_a_few_fields_are_named_by_their_part_of_the_page() -> None:
    assert names((20, 20), (780, 20), (400, 300), (20, 540)) == ("top_left", "top_right", "centre", "bottom_left")


def test_fields_that_share_a_part_are_all_named_by_their_lines() -> None:
    assert names((20, 20), (780, 20), (20, 80), (20, 540)) == ("row1_left", "row1_right", "row2_left", "row3_left")


def test_many_in_a_line_are_counted() -> None:
    assert names(*[(x, 20) for x in (20, 160, 300, 440)]) == ("row1_1", "row1_2", "row1_3", "row1_4")


def test_marks_are_counted_in_reading_order() -> None:
    assert names((400, 22), (20, 20), (20, 90), mark=True) == ("mark2", "mark1", "mark3")


def test_rows_of_a_table_are_named_by_it() -> None:
    rows = [
        Nameless(Box(20 + 200 * part, 40 * row, 150, 40), table=2, row=row) for row in (1, 2) for part in range(row)
    ]
    assert propose_names(rows, 900, 600) == ("table2_row1", "table2_row2_1", "table2_row2_2")


def test_boxes_are_read_line_by_line_though_a_line_is_uneven() -> None:
    assert in_reading_order([Box(300, 95, 50, 40), Box(10, 200, 50, 40), Box(10, 100, 50, 40)]) == [[2, 0], [1]]


def test_nothing_has_no_name() -> None:
    assert propose_names([], 900, 600) == ()
    assert in_reading_order([]) == []
