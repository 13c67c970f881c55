"""Forms as values, for the tests of what is made of them."""

import numpy as np

from ocrbatch.form.template import Field, Form, FormPage, Kind
from ocrbatch.geometry import Box
from ocrbatch.records import read_only


def a_field_of_form(name: str, x: int = 100, y: int = 80, kind: Kind = Kind.STRING) -> Field:
    box = Box(x, y, 200, 40)
    corners = [[box.x, box.y], [box.right, box.y], [box.right, box.bottom], [box.x, box.bottom]]
    return Field(name, kind, box, read_only(np.array([corners], np.float32)))


def a_form(name: str = "claim", *pages: tuple[str, ...], sha256: str = "ef" * 32) -> Form:
    """Make a form of pages, each the names of its fields, one below the other; no page is one page with ``total``."""
    return Form(
        name,
        tuple(
            FormPage(number, 800, 600, 100.0, None, tuple(a_field_of_form(f, y=60 * i) for i, f in enumerate(names, 1)))
            for number, names in enumerate(pages or (("total",),), 1)
        ),
        sha256,
    )
