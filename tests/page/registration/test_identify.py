import numpy as np
import pytest

from ocrbatch.page.registration.features import Features, glance_features, orb_features
from ocrbatch.page.registration.identify import sign, votes
from tests.helpers.formsheets import blank_of, filled, seen, sheet_form

FORMS = [sheet_form(f"form {seed}", seed) for seed in range(12)]


@pytest.mark.parametrize("written", [False, True], ids=["blank", "filled"])
def test_the_right_one_of_a_dozen_forms_is_among_the_first(written: bool) -> None:
    ranks = np.zeros((2, len(FORMS)), int)
    for row, find in enumerate((glance_features, orb_features)):
        signature = sign([find(blank_of(form)) for form in FORMS])
        assert signature.forms == len(FORMS)
        for number, form in enumerate(FORMS):
            sheet = filled(blank_of(form), form.pages[0].fields, number) if written else blank_of(form)
            ballot = votes(signature, find(seen(sheet, turn=7.0 - number + 180 * (number % 2), scale=0.9)[0]))
            assert ballot.shape == (len(FORMS),)
            ranks[row, number] = (ballot > ballot[number]).sum()
    assert ranks.min(axis=0).max() <= 3
    assert (ranks.min(axis=0) == 0).sum() >= 6


def made(random: np.random.Generator, count: int) -> Features:
    points = random.uniform(0, 900, (count, 2)).astype(np.float32)
    return Features(points, random.integers(0, 256, (count, 32), np.uint8))


def test_a_form_with_more_print_has_no_better_chances() -> None:
    random = np.random.default_rng(0)
    little, much = made(random, 20), made(random, 200)
    signature = sign([little, much])
    assert votes(signature, little).argmax() == 0
    assert votes(signature, much).argmax() == 1
    # A page that has something of both in the same shares speaks for neither.
    both = Features(
        np.concatenate([little.points, much.points])[::2], np.concatenate([little.descriptors, much.descriptors])[::2]
    )
    assert np.abs(votes(signature, both)).max() < 8


def test_features_that_look_like_none_have_no_vote() -> None:
    random = np.random.default_rng(1)
    signature = sign([made(random, 100), made(random, 100)])
    assert np.abs(votes(signature, made(random, 200))).max() <= 2


@pytest.mark.parametrize("counts", [(), (0,), (0, 0), (50, 0)])
def test_a_page_without_features_or_forms_without_give_no_votes(counts: tuple[int, ...]) -> None:
    random = np.random.default_rng(2)
    signature = sign([made(random, count) for count in counts])
    assert votes(signature, made(random, 0)).tolist() == [0.0] * len(counts)
    if not any(counts):
        assert votes(signature, made(random, 30)).tolist() == [0.0] * len(counts)
