import re

import pytest

from ocrbatch import errors
from ocrbatch.errors import DecodeError, ExitCode, OcrbatchError

PROMISED = {
    "UsageError": 2,
    "InputError": 4,
    "OutputError": 5,
    "LockedError": 6,
    "ModelError": 7,
    "MissingExtraError": 7,
    "FormError": 8,
}


def tree(root: type[OcrbatchError]) -> set[type[OcrbatchError]]:
    below = {kind for child in root.__subclasses__() for kind in tree(child)}
    return {root} | {kind for kind in below if kind.__module__ == errors.__name__}


def test_the_exit_codes_are_those_promised() -> None:
    assert {int(code) for code in ExitCode} == {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 130, 143}
    codes = {kind.__name__: int(kind.exit_code) for kind in tree(OcrbatchError)}
    assert {name: codes.get(name) for name in PROMISED} == PROMISED


def test_every_error_stands_in_the_drawn_tree_with_its_code() -> None:
    drawn = dict(re.findall(r"[├└]── (\w+) +(\d+|\()", errors.__doc__ or ""))
    assert set(drawn) | {"OcrbatchError"} == {kind.__name__ for kind in tree(OcrbatchError)}
    for kind in tree(OcrbatchError):
        if drawn.get(kind.__name__, "(") != "(":
            assert int(drawn[kind.__name__]) == kind.exit_code


@pytest.mark.parametrize(("detail", "text"), [("", "truncated"), ("ends early", "truncated: ends early")])
def test_a_decode_error_tells_its_code_and_what_a_person_can_use(detail: str, text: str) -> None:
    error = DecodeError("truncated", detail)
    assert (error.code, error.detail, str(error)) == ("truncated", detail, text)
