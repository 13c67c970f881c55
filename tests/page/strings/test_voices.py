import math

import numpy as np
import pytest

from ocrbatch.form.rules import Length
from ocrbatch.geometry import Box
from ocrbatch.page.lattice import Step, Way
from ocrbatch.page.strings.beam import FrameLogs
from ocrbatch.page.strings.looks import Looks
from ocrbatch.page.strings.voices import join
from ocrbatch.records import CellImage, FieldImage, FieldPlace, Rule, read_only
from tests.page.strings.test_beam import spell

LEFT, TOP, SCALE = 100, 50, 2


def field(
    cells: int = 4, width: int = 80, *, blank: bool = False, strip: bool = True, rules: tuple[Rule, ...] = ()
) -> FieldImage:
    """Give a field whose strip lies twice as large on the page, from (100, 50)."""
    ink = read_only(np.zeros((4, 4), np.uint8))
    right, bottom = LEFT + SCALE * width, TOP + SCALE * 32
    quad = np.array([[LEFT, TOP], [right, TOP], [right, bottom], [LEFT, bottom]], np.float32)
    place = FieldPlace("amount", "string", read_only(np.zeros((cells, 4, 2), np.float32)), rules=rules)
    pixels = np.tile(np.arange(width, dtype=np.uint8), (32, 1)) if strip else None
    return FieldImage(place, Box(0, 0, 9, 9), (CellImage(ink, blank),) * cells, pixels, quad if strip else None)


def way(text: str, share: float) -> Way:
    """Give a way; ``,`` is a piece that is left out."""
    steps = tuple(Step("" if c == "," else c, 0.9, "1", 0.1) for c in text)
    return Way(steps, tuple(range(len(text))), math.log(share))


def looks(spelling: str, sure: float = 0.97) -> Looks:
    return (spell(spelling, sure),)


def test_what_both_say_is_the_best_and_surer_than_what_one_says() -> None:
    image = field()
    (_, agreed), (_, alone) = (
        join((way(text, 0.8), way("99", 0.1)), looks("__1__2______________"), image) for text in ("12", "17")
    )
    assert agreed[0].text == alone[0].text == "12"
    assert agreed[0].log_probability > alone[0].log_probability


def test_shares_are_of_one_and_texts_differ() -> None:
    _, ways = join((way("12", 0.5), way("72", 0.4)), looks("__1__2______________", 0.6), field())
    assert sum(math.exp(one.log_probability) for one in ways) == pytest.approx(1, abs=1e-3)
    assert len({one.text for one in ways}) == len(ways)
    assert [one.log_probability for one in ways] == sorted((one.log_probability for one in ways), reverse=True)


def torn(one: int, other: int) -> Looks:
    """Give a look at two digits that is torn between two for the first one."""
    logs: FrameLogs = spell("__1__2______________", 0.97).copy()
    logs[2, [one, other]] = math.log(0.48)
    return (read_only(logs),)


@pytest.mark.parametrize("first", [7, 9, 0])
def test_what_may_be_either_begins_as_amounts_do_and_a_name_as_it_is_read(first: int) -> None:
    ways = (way(f"{first}2", 0.5), way("12", 0.45))
    _, amount = join(ways, torn(1, first), field())
    _, name = join(ways, torn(1, first), field(rules=(Length("length 2", 2, 2),)))
    assert (amount[0].text, name[0].text) == ("12", f"{first}2")


def test_the_places_of_separators_count_in_an_amount_alone() -> None:
    ways = (way("71430", 0.5), way("7430", 0.45))
    spelt = spell("__7__1__4__3__0_____", 0.97).copy()
    spelt[5, [1, 10]] = math.log(0.5), math.log(0.48)
    _, amount = join(ways, (read_only(spelt),), field())
    _, name = join(ways, (read_only(spelt),), field(rules=(Length("length 5", 5, 5),)))
    assert (amount[0].text, name[0].text) == ("7430", "71430")


def test_a_way_of_the_pieces_keeps_its_steps_and_cells() -> None:
    given = way("12", 0.9)
    image, ways = join((given,), looks("__1__2______________"), field())
    assert (ways[0].steps, ways[0].cells) == (given.steps, given.cells)
    assert np.array_equal(image.place.cells[:4], field().place.cells)


def test_a_text_of_the_strip_alone_has_cells_of_its_own_on_the_page() -> None:
    image, ways = join((way("34", 0.9),), looks("__1_________2_______"), field())
    assert ways[0].text == "12"
    assert len(image.cells) == len(image.place.cells) > 4
    assert min(ways[0].cells) >= 4
    first, second = (image.place.cells[cell] for cell in ways[0].cells)
    assert first.tolist() == [[LEFT, TOP], [LEFT + 56, TOP], [LEFT + 56, TOP + 64], [LEFT, TOP + 64]]
    assert second[0].tolist() == [LEFT + 64, TOP]
    assert image.cells[ways[0].cells[1]].ink[0].tolist() == list(range(32, 68))
    assert [step.text for step in ways[0].steps] == ["1", "2"]
    assert all(step.confidence > 0.9 for step in ways[0].steps)


@pytest.mark.parametrize(("unsure", "text"), [(0.9, "12"), (0.6, "72")])
def test_where_looks_disagree_two_are_followed_unless_the_third_is_far_surer(unsure: float, text: str) -> None:
    one, seven = spell("__1__2______________", unsure), spell("__7__2______________", 0.9)
    _, ways = join((way("72", 0.5), way("12", 0.5)), (one, seven, one), field(rules=(Length("length 2", 2, 2),)))
    assert ways[0].text == text


def test_a_text_that_one_look_alone_knows_takes_part() -> None:
    _, ways = join((way("9", 0.9),), (spell("__9_________________"), spell("__5__4__________", 0.99)), field())
    assert "54" in [one.text for one in ways]


def test_signs_beside_and_between_the_digits_are_left_out() -> None:
    _, ways = join((way("?1,2?", 0.6), way("12", 0.3)), looks("_,1,_2_____,________"), field(5))
    assert (ways[0].text, ways[0].cells) == ("12", (1, 3))
    assert [one.text for one in ways].count("12") == 1


def test_writing_without_digits_stays_unread() -> None:
    _, ways = join((way("?", 0.9),), looks("____________________", 0.999), field(1))
    assert ways[0].text == "?"


@pytest.mark.parametrize("image", [field(1, blank=True), field(2, strip=False)])
def test_a_blank_field_and_one_without_a_strip_stay_as_they_are(image: FieldImage) -> None:
    ways = (Way((), (), 0.0),)
    assert join(ways, looks("_1__"), image) == (image, ways)
