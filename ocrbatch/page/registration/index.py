"""The forms of a job, learned once a process: what is looked for on every page."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ocrbatch.errors import FormError
from ocrbatch.form.template import Form, FormPage
from ocrbatch.geometry import Matrix
from ocrbatch.page.decode import decode
from ocrbatch.page.registration.identify import Signature, sign
from ocrbatch.page.registration.prints import Floats, PrintPoints, print_points
from ocrbatch.page.registration.view import PageView
from ocrbatch.records import Page, PageFailure


@dataclass(frozen=True, slots=True)
class Reference:
    """A page of a form as it is looked for: in its *working frame*, the reference picture at the working size.

    ``to_form`` (3, 3) leads from the working frame to the form's own pixels; ``boxes`` (fields, 4) are the fields'
    x, y, width and height in the working frame.
    """

    form: Form
    page: FormPage
    size: tuple[int, int]
    to_form: Matrix
    view: PageView
    prints: PrintPoints
    boxes: Floats


@dataclass(frozen=True, slots=True)
class FormIndex:
    """Forms, ready to be looked for."""

    forms: tuple[Form, ...]
    references: tuple[Reference, ...]
    signature: Signature


def index_forms(forms: Sequence[Form]) -> FormIndex:
    """Learn forms from their reference pictures. Raises FormError where one cannot be decoded."""
    references = tuple(_learn(form, page) for form in forms for page in form.pages)
    return FormIndex(tuple(forms), references, sign([reference.view.orb for reference in references]))


def _learn(form: Form, page: FormPage) -> Reference:
    view = PageView(_picture(form, page))
    to_form = view.to_page
    scale = 1 / to_form[0, 0]
    boxes = np.array([[b.x, b.y, b.width, b.height] for b in (one.box for one in page.fields)], dtype=np.float32)
    return Reference(
        form=form,
        page=page,
        size=(view.work.shape[1], view.work.shape[0]),
        to_form=to_form,
        view=view,
        prints=print_points(view.work, page.fields, scale),
        boxes=boxes.reshape(-1, 4) * np.float32(scale),
    )


def _picture(form: Form, page: FormPage) -> Page:
    """Give the reference picture of a form's page."""
    if page.reference is None:
        raise NotImplementedError
    decoded = next(decode(page.reference), None)
    if not isinstance(decoded, Page):
        reason = decoded.reason if isinstance(decoded, PageFailure) else "no picture in it"
        raise FormError(f"form {form.name}, page {page.number}: the reference picture cannot be read ({reason})")
    if decoded.pixels.shape != (page.height, page.width):
        height, width = decoded.pixels.shape
        raise FormError(
            f"form {form.name}, page {page.number}: the reference picture has {width}×{height} pixels, "
            f"the form says {page.width}×{page.height}; correct width and height"
        )
    return decoded
