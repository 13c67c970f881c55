from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrbatch.form.template import Blank, Form, Kind
from ocrbatch.page.register import NOT_REGISTERED, UNKNOWN_FORM, register
from ocrbatch.page.registration.index import FormIndex, index_forms
from ocrbatch.records import Grey, Page, RegisteredPage
from tests.helpers.formsheets import (
    SIZE,
    blank_of,
    blank_sheet,
    farthest,
    filled,
    is_right,
    page_of,
    scribbled,
    seen,
    sheet_form,
    with_field_moved,
)
from tests.helpers.render import Grid, PageSpec, render_page

FORM = sheet_form("order", 0)
OTHER = sheet_form("receipt", 1)
LEAFLET = sheet_form("leaflet", 30, pages=2)
FIELDS = FORM.pages[0].fields


@pytest.fixture(scope="module")
def index() -> FormIndex:
    return index_forms([FORM, OTHER, LEAFLET])


@pytest.fixture(scope="module")
def one_form() -> FormIndex:
    return index_forms([FORM])


def filled_sheet(form: Form, page: int = 1, seed: int = 0) -> Grey:
    return filled(blank_of(form, page), form.pages[page - 1].fields, seed)


def is_given_up(registered: RegisteredPage) -> bool:
    """Tell whether a page has no places and says why."""
    return registered.places == () and registered.problem.startswith((NOT_REGISTERED, UNKNOWN_FORM))


def same(one: RegisteredPage, other: RegisteredPage) -> bool:
    """Tell whether two registrations agree to the last bit."""
    told = [(r.form, r.form_page, r.registration, r.skew_degrees, r.problem) for r in (one, other)]
    pairs = zip(one.places, other.places, strict=True)
    return told[0] == told[1] and all(np.array_equal(a.cells, b.cells) and a.name == b.name for a, b in pairs)


def sheet(rows: int) -> Page:
    table = Grid(12, 10, tuple("1234" for _ in range(rows)), (9, 9))
    return render_page(PageSpec((70, 50 + 9 * rows), (table,)), dpi=150, written=False).page()


@pytest.mark.parametrize("rows", [1, 4])
def test_every_run_of_boxes_becomes_a_field_named_from_the_top(rows: int) -> None:
    page = sheet(rows)
    registered = register(page)
    assert registered.page is page
    assert registered.form == "auto"
    assert registered.registration == 1.0
    assert [place.name for place in registered.places] == [f"r{i:02}" for i in range(1, rows + 1)]
    assert {place.kind for place in registered.places} == {"boxes"}
    tops = [float(place.cells[0, 0, 1]) for place in registered.places]
    assert tops == sorted(tops)
    assert all(place.cells.dtype == np.float32 and not place.cells.flags.writeable for place in registered.places)


def test_names_stay_sortable_where_there_are_more_than_ninety_nine_fields() -> None:
    # Four blocks of 26 rows.
    blocks = tuple(Grid(8 + 44 * i, 8, ("12",) * 26, (8, 8)) for i in range(4))
    page = render_page(PageSpec((186, 226), blocks), dpi=110, written=False).page()
    names = [place.name for place in register(page).places]
    assert len(names) == 104
    assert names == sorted(names)
    assert (names[0], names[-1]) == ("r001", "r104")


def test_a_page_without_boxes_has_no_fields_and_no_registration() -> None:
    registered = register(Page(3, np.full((300, 200), 240, np.uint8), 150.0))
    assert registered.places == ()
    assert registered.registration == 0.0


@pytest.mark.parametrize("skew", [-6.0, -3.0, 0.0, 5.0])
def test_the_skew_is_told_clockwise(skew: float) -> None:
    spec = PageSpec((90, 70), (Grid(10, 12, ("123456",) * 4, (10, 9)),))
    page = render_page(spec, dpi=150, skew=skew, written=False).page()
    assert register(page).skew_degrees == pytest.approx(skew, abs=0.6)


def test_a_forms_own_reference_gives_the_forms_own_cells(index: FormIndex) -> None:
    for form in (FORM, OTHER):
        page = page_of(blank_of(form))
        registered = register(page, index)
        fields = form.pages[0].fields
        assert registered.page is page
        assert (registered.form, registered.form_page, registered.problem) == (form.name, 1, "")
        assert registered.registration > 0.9
        assert registered.skew_degrees == pytest.approx(0, abs=0.05)
        assert [place.name for place in registered.places] == [one.name for one in fields]
        for place, one in zip(registered.places, fields, strict=True):
            assert np.abs(place.cells - one.cells).max() < 1
            assert place.cells.dtype == np.float32
            assert not place.cells.flags.writeable


def test_a_place_tells_its_fields_kind_and_whether_it_may_be_blank() -> None:
    kinds = (Kind.STRING, Kind.BOXES, Kind.MARK, Kind.BOXES)
    blanks = (Blank.REQUIRED, Blank.FORBIDDEN, Blank.ALLOWED, Blank.REQUIRED)
    fields = tuple(replace(f, kind=k, blank=b) for f, k, b in zip(FIELDS, kinds, blanks, strict=False))
    form = replace(FORM, pages=(replace(FORM.pages[0], fields=fields),))
    places = register(page_of(blank_of(FORM)), index_forms([form])).places
    assert [(p.name, p.kind, p.blank) for p in places] == [(f.name, str(f.kind), str(f.blank)) for f in fields]


@pytest.mark.parametrize("turn", [-10, 10, 45, 90, 180, 270])
def test_a_filled_sheet_is_found_however_it_is_turned(index: FormIndex, turn: float) -> None:
    picture, matrix = seen(filled_sheet(FORM), turn=turn)
    registered = register(page_of(picture), index)
    assert is_right(registered, FORM, matrix)
    assert (registered.skew_degrees - turn + 180) % 360 == pytest.approx(180, abs=0.3)


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_a_filled_sheet_is_found_at_any_resolution(index: FormIndex, scale: float) -> None:
    picture, matrix = seen(filled_sheet(FORM), scale=scale)
    assert is_right(register(page_of(picture), index), FORM, matrix)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 99),
    turn=st.floats(-10, 10),
    upside_down=st.booleans(),
    scale=st.floats(0.6, 2),
    shear=st.floats(-0.05, 0.05),
    tilt=st.floats(-0.15, 0.15),
)
def test_every_field_is_found_on_a_sheet_that_was_turned_sheared_and_tilted(
    seed: int, turn: float, upside_down: bool, scale: float, shear: float, tilt: float
) -> None:
    form = sheet_form("any", seed)
    turn += 180 * upside_down
    picture, matrix = seen(filled_sheet(form, 1, seed), turn=turn, scale=scale, shear=shear, tilt=tilt, seed=seed)
    assert is_right(register(page_of(picture), index_forms([form])), form, matrix)


def test_a_field_that_lies_apart_from_the_rest_is_followed(one_form: FormIndex) -> None:
    # A sheet of 180 dpi; the field's strip of paper, its label included, has slipped down by 3 pixels.
    plain = cv2.resize(blank_of(FORM), None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    for number in (1, 3):
        one = FIELDS[number]
        large = replace(one, box=replace(one.box, x=2 * one.box.x - 240, y=2 * one.box.y, height=60, width=1100))
        slipped = with_field_moved(plain, large, (0, 3), margin=40)
        registered = register(page_of(slipped), one_form)
        errors = [place.cells - 2 * field.cells for place, field in zip(registered.places, FIELDS, strict=True)]
        assert np.abs(errors[number] - (0, 3)).max() < 1.7
        assert max(np.abs(error).max() for i, error in enumerate(errors) if i != number) < 1


@pytest.mark.parametrize("seed", range(3))
def test_writing_all_over_the_page_does_not_draw_it_off(one_form: FormIndex, seed: int) -> None:
    picture, matrix = seen(scribbled(filled_sheet(FORM), seed, 70), turn=5)
    registered = register(page_of(picture), one_form)
    assert is_right(registered, FORM, matrix)
    assert farthest(registered.places, FIELDS, matrix) < 0.08


def test_a_page_written_over_past_all_finding_is_given_up_and_never_wrong(one_form: FormIndex) -> None:
    given_up = 0
    for seed, strokes in enumerate((100, 150, 250, 400)):
        picture, matrix = seen(scribbled(filled_sheet(FORM), seed, strokes), turn=5)
        registered = register(page_of(picture), one_form)
        given_up += is_given_up(registered)
        assert is_given_up(registered) or is_right(registered, FORM, matrix)
    assert given_up


@pytest.mark.parametrize("form", [FORM, OTHER], ids=lambda form: form.name)
def test_the_right_one_of_two_forms_is_found(index: FormIndex, form: Form) -> None:
    picture, matrix = seen(filled_sheet(form), turn=-3, scale=0.8)
    assert is_right(register(page_of(picture), index), form, matrix)


def test_filled_sheets_are_found_among_a_dozen_forms() -> None:
    forms = [sheet_form(f"form {seed}", seed) for seed in range(12)]
    many = index_forms(forms)
    for number in (3, 4, 5, 6):
        picture, matrix = seen(filled_sheet(forms[number], 1, number), turn=7 - number, scale=0.9)
        assert is_right(register(page_of(picture), many), forms[number], matrix)


@pytest.mark.parametrize("shades", [3, 6])
@pytest.mark.parametrize("margin", [0, 25], ids=["scanned", "on a desk"])
def test_a_pale_copy_is_found(one_form: FormIndex, shades: int, margin: int) -> None:
    picture, matrix = seen(240 - (248 - filled_sheet(FORM)) // shades, margin=margin, noise=1)
    assert is_right(register(page_of(picture), one_form), FORM, matrix)


@pytest.mark.parametrize(("number", "turn"), [(1, 0), (2, 0), (1, 174), (2, 186)])
def test_each_page_of_a_form_is_told_with_its_number_and_skew(index: FormIndex, number: int, turn: float) -> None:
    picture, matrix = seen(filled_sheet(LEAFLET, number), turn=turn)
    registered = register(page_of(picture), index)
    assert is_right(registered, LEAFLET, matrix, number)
    assert registered.form_page == number
    assert (registered.skew_degrees - turn + 180) % 360 == pytest.approx(180, abs=0.3)


def _noise(height: int, width: int) -> Grey:
    return np.random.default_rng(0).integers(0, 256, (height, width), np.uint8)


STRANGE = {
    "another form": seen(filled_sheet(sheet_form("unheard of", 77)))[0],
    "another form's boxes alone": blank_sheet(sheet_form("bare", 78).pages[0].fields, SIZE),
    "writing alone": scribbled(np.full((900, 700), 250, np.uint8), 3, 150),
    "blank": np.full((900, 700), 250, np.uint8),
    "black": np.zeros((900, 700), np.uint8),
    "noise": _noise(900, 700),
    "10×10": _noise(10, 10),
    "a pixel": _noise(1, 1),
    "a blank speck": np.full((3, 2), 255, np.uint8),
}
SLIVERS = {"1×5000": _noise(1, 5000), "5000×3": _noise(5000, 3)}


@pytest.mark.parametrize(
    "pixels",
    [pytest.param(pixels, id=name) for name, pixels in STRANGE.items()]
    + [pytest.param(pixels, id=name) for name, pixels in SLIVERS.items()],
)
def test_a_page_that_is_none_of_the_forms_is_an_unknown_form(index: FormIndex, pixels: Grey) -> None:
    registered = register(page_of(pixels), index)
    assert (registered.form, registered.places, registered.problem) == ("", (), UNKNOWN_FORM)
    assert registered.registration < 0.2


@pytest.mark.parametrize("name", ["another form", "writing alone", "noise"])
def test_a_page_is_not_taken_for_the_only_form_that_there_is(one_form: FormIndex, name: str) -> None:
    assert register(page_of(STRANGE[name]), one_form).problem == UNKNOWN_FORM


def test_with_no_form_at_all_every_page_is_an_unknown_form() -> None:
    assert register(page_of(blank_of(FORM)), index_forms([])).problem == UNKNOWN_FORM


HALVES = {
    "top": np.s_[:450, :],
    "bottom": np.s_[450:, :],
    "left": np.s_[:, :350],
    "right": np.s_[:, 350:],
}


@pytest.mark.parametrize("half", HALVES.values(), ids=HALVES.keys())
@pytest.mark.parametrize("cover", [128, None], ids=["covered", "cut off"])
def test_a_page_of_which_half_is_missing_is_not_read(
    one_form: FormIndex, half: tuple[slice, slice], cover: int | None
) -> None:
    sheet = filled_sheet(FORM)
    if cover is None:
        sheet = sheet[half]
    else:
        sheet[half] = cover
    registered = register(page_of(sheet), one_form)
    assert is_given_up(registered)
    assert registered.problem == UNKNOWN_FORM or registered.registration > 0.1


@pytest.mark.parametrize("cut", [pytest.param(60, id="in part"), pytest.param(110, id="whole")])
def test_a_page_whose_last_field_alone_is_cut_off_is_not_read(one_form: FormIndex, cut: int) -> None:
    below = max(one.box.bottom for one in FIELDS) + 40 - cut
    assert is_given_up(register(page_of(filled_sheet(FORM)[:below]), one_form))


def test_a_page_whose_fields_are_doubtful_says_which_form_it_seems_and_gives_no_places(one_form: FormIndex) -> None:
    # Too much written over the print to be sure, and enough left to tell it.
    problems = set()
    for seed in range(5):
        registered = register(page_of(scribbled(filled_sheet(FORM), seed, 190)), one_form)
        problems.add(registered.problem)
        assert registered.problem == "" or registered.places == ()
        if registered.problem == NOT_REGISTERED:
            assert (registered.form, registered.form_page) == (FORM.name, 1)
            assert 0 < registered.registration < 1
    assert NOT_REGISTERED in problems


def test_a_result_depends_on_nothing_but_the_page_and_the_forms(index: FormIndex) -> None:
    page = page_of(seen(filled_sheet(FORM), turn=7, tilt=0.1)[0])
    fresh = register(page, index_forms([FORM, OTHER, LEAFLET]))
    register(page_of(seen(filled_sheet(OTHER), turn=3)[0]), index)
    register(page_of(_noise(300, 200)), index)
    cv2.setRNGSeed(12345)
    np.random.seed(12345)  # noqa: NPY002
    assert same(register(page, index), fresh)


@pytest.mark.parametrize("form", [FORM, OTHER], ids=lambda form: form.name)
def test_the_order_of_the_forms_does_not_matter(form: Form) -> None:
    page = page_of(seen(filled_sheet(form), turn=-6)[0])
    forms = [FORM, OTHER, LEAFLET]
    assert same(register(page, index_forms(forms)), register(page, index_forms(forms[::-1])))


@pytest.mark.parametrize("turn", [4, 184])
def test_a_form_without_a_reference_picture_is_found_by_its_lines(turn: float) -> None:
    bare = sheet_form("lines", 50, reference=False)
    index = index_forms([bare, sheet_form("other lines", 51, reference=False)])
    picture, matrix = seen(filled_sheet(sheet_form("lines", 50)), turn=turn, scale=1.2)
    assert is_right(register(page_of(picture), index), bare, matrix)


def test_a_page_of_a_form_that_has_no_fields_is_known_too() -> None:
    form = sheet_form("leaflet", 8, pages=2)
    bare = replace(form, pages=(form.pages[0], replace(form.pages[1], fields=())))
    registered = register(page_of(seen(blank_of(form, 2), turn=2)[0]), index_forms([bare]))
    assert (registered.form, registered.form_page, registered.problem) == ("leaflet", 2, "")
    assert registered.registration > 0.9


def test_forms_that_look_the_same_are_not_guessed_at() -> None:
    form = sheet_form("alpha", 8)
    twin = replace(form, name="zeta")
    sheet = page_of(seen(filled_sheet(form), turn=3)[0])
    for forms in ((form, twin), (twin, form)):
        registered = register(sheet, index_forms(forms))
        assert registered.problem == f"{NOT_REGISTERED}: could be alpha or zeta"
        assert registered.places == ()


def test_a_guess_is_given_to_who_asks_for_it_with_the_problem() -> None:
    index = index_forms([FORM])
    doubtful = [page_of(scribbled(filled_sheet(FORM), seed, 190)) for seed in range(5)]
    told = [(register(sheet, index), register(sheet, index, guess=True)) for sheet in doubtful]
    assert any(plain.problem == NOT_REGISTERED for plain, _ in told)
    for plain, guess in told:
        assert guess.problem == plain.problem
        assert len(guess.places) == (len(FIELDS) if guess.form else 0)


def test_the_fields_of_a_page_that_is_less_surely_found_are_less_surely_placed(one_form: FormIndex) -> None:
    sheets = [scribbled(filled_sheet(FORM), 1, strokes) for strokes in (0, 80, 190)]
    found = [register(page_of(sheet), one_form, guess=True) for sheet in sheets]
    for registered in found:
        assert {place.placed for place in registered.places} == {registered.places[0].placed}
    told = sorted((registered.registration, registered.places[0].placed) for registered in found)
    assert [placed for _, placed in told] == sorted(placed for _, placed in told)
    assert told[0][0] < told[-1][0]
    assert 0.5 < told[0][1] < told[-1][1] <= 1


def test_fields_that_no_form_places_lie_where_they_were_found() -> None:
    assert {place.placed for place in register(sheet(2)).places} == {1.0}
